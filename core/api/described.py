"""What the API takes and gives, as one page: without a script, and nobody else is asked for anything."""

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from core.sharing.snapshot_page import POLICY, document

_Schema = Mapping[str, Any]
_PROBLEM = {
    "title": "Problem",
    "description": "What went wrong: `code` names it for programs, `detail` says it, `hint` what to do next.",
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "hint"],
    "properties": {
        **{name: {"type": "string"} for name in ("type", "title", "code", "detail", "hint")},
        "status": {"type": "integer"},
    },
}
_STYLE = """<style>main { max-width: 60rem; } h2 { margin: 2.2rem 0 .6rem; font-size: 1.15rem; }
.in { padding: 0 .9rem .6rem; } table { border-collapse: collapse; width: 100%; font-size: .88rem; }
td { border-top: 1px solid var(--line); padding: .3rem .6rem .3rem 0; vertical-align: top; }
td:first-child { white-space: nowrap; } h3 { scroll-margin-top: 1rem; } a { color: var(--accent); } summary code { background: none; }</style>"""


def add_to(api: FastAPI) -> None:
    """Serve the page at /docs, and say in openapi.json what an error really looks like."""
    generated = api.openapi

    def openapi() -> dict[str, Any]:
        if api.openapi_schema is None:
            _honest(generated())
        return generated()

    api.openapi = openapi  # type: ignore[method-assign]

    @api.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(page(api.openapi()), headers={"content-security-policy": POLICY})


def _honest(told: dict[str, Any]) -> None:
    """FastAPI describes its own form of an error, which is never sent."""
    shapes = told["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        shapes.pop(name, None)
    shapes["ProblemOut"] = _PROBLEM
    form = {"schema": {"$ref": "#/components/schemas/ProblemOut"}}
    answer = {"description": "A problem", "content": {"application/problem+json": form}}
    for _, _, route in _routes(told):
        route["responses"].pop("422", None)
        route["responses"]["default"] = answer


def page(told: _Schema) -> str:
    """The page of an OpenAPI description: every route with what it takes and gives, then every shape."""
    groups: dict[str, list[str]] = {}
    for path, method, route in _routes(told):
        groups.setdefault(route.get("tags", ["app"])[0], []).append(_route(path, method, route))
    listed = "".join(
        f"<h2>{escape(name)}</h2>{''.join(routes)}" for name, routes in sorted(groups.items())
    )
    shapes = told["components"]["schemas"]
    return document(
        "Footlights API",
        f"{_STYLE}<h1>Footlights API</h1><p>{escape(told['info']['summary'])} Everything stands under "
        "<code>/api</code>; errors are <code>application/problem+json</code> with <code>code</code> and "
        '<code>hint</code>. The same for programs: <a href="/api/openapi.json">openapi.json</a>.</p>'
        f"{listed}<h2>Shapes</h2>{''.join(_shape(name, shapes[name]) for name in sorted(shapes))}",
    )


def _routes(told: _Schema) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in told["paths"].items():
        for method, route in methods.items():
            yield path, method.upper(), route


def _route(path: str, method: str, route: _Schema) -> str:
    promise, *more = route.get("description", "").split("\n\n")
    given = [
        _row(each["name"], each["schema"], each["required"], f"in the {each['in']}")
        for each in route.get("parameters", ())
    ]
    taken = _contents(route.get("requestBody", {}).get("content", {}), "Takes")
    given_back = "".join(
        _contents(answer.get("content", {}), f"Gives {status}") or f"<p>Gives {status}.</p>"
        for status, answer in route["responses"].items()
        if status != "default"
    )
    return (
        f"<details><summary><b>{method}</b><code>/api{escape(path)}</code> {_words(promise)}</summary>"
        f'<div class="in">{"".join(f"<p>{_words(each)}</p>" for each in more)}'
        f"{_table(given)}{taken}{given_back}</div></details>"
    )


def _contents(content: _Schema, verb: str) -> str:
    parts = []
    for kind, media in content.items():
        form = media.get("schema", {})
        parts.append(f"<p>{verb} <code>{escape(kind)}</code>: {_kind(form)}</p>{_fields(form)}")
        parts += [_shape(name, inner) for name, inner in form.get("$defs", {}).items()]
    return "".join(parts)


def _shape(name: str, shape: _Schema) -> str:
    examples = "".join(
        f"<pre><code>{escape(json.dumps(each, ensure_ascii=False))}</code></pre>"
        for each in shape.get("examples", ())
    )
    said = f"<p>{_words(shape['description'])}</p>" if "description" in shape else ""
    kind = "" if "properties" in shape else f"<p>{_kind(shape)}</p>"
    return f'<h3 id="{escape(name)}">{escape(name)}</h3>{said}{kind}{_fields(shape)}{examples}'


def _fields(shape: _Schema) -> str:
    needed = shape.get("required", ())
    fields = shape.get("properties", {})
    return _table([_row(name, fields[name], name in needed) for name in fields])


def _table(rows: list[str]) -> str:
    return f"<table>{''.join(rows)}</table>" if rows else ""


def _row(name: str, field: _Schema, needed: bool, where: str = "") -> str:
    default = json.dumps(field["default"]) if "default" in field else ""
    facts = (where, "needed" if needed else "", default and f"{default} unless said otherwise")
    told = "; ".join(each for each in facts if each)
    said = _words(field.get("description", ""))
    return (
        f"<tr><td><code>{escape(name)}</code></td><td>{_kind(field)}</td>"
        f"<td>{escape(told)} {said}</td></tr>"
    )


def _kind(field: _Schema) -> str:
    """What a field holds, in words; a shape by a link to it."""
    match field:
        case {"$ref": str(ref)}:
            name = escape(ref.rsplit("/", 1)[-1])
            return f'<a href="#{name}">{name}</a>'
        case {"const": value}:
            return f"<code>{escape(json.dumps(value))}</code>"
        case {"enum": [*values]}:
            return " or ".join(f"<code>{escape(json.dumps(each))}</code>" for each in values)
        case {"anyOf": [*ways]} | {"oneOf": [*ways]}:
            return " or ".join(_kind(each) for each in ways)
        case {"type": "array", "prefixItems": [*items]}:
            return f"[{', '.join(_kind(each) for each in items)}]"
        case {"type": "array"}:
            return f"list of {_kind(field.get('items', {}))}"
        case {"type": str(kind)}:
            return escape(kind) + _bounds(field)
        case _:
            return "anything"


def _bounds(field: _Schema) -> str:
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    parts = [f"{sign} {field[name]:g}" for name, sign in signs.items() if name in field]
    if "maxLength" in field:
        parts.append(f"at most {field['maxLength']:,} characters")
    return f" ({escape(', '.join(parts))})" if parts else ""


def _words(text: str) -> str:
    """The text of a docstring, with what stands between backquotes as code."""
    return re.sub(r"`+([^`]+)`+", r"<code>\1</code>", escape(text))
