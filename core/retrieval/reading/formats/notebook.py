"""Jupyter notebooks: text, code and what the code printed, cell by cell."""

import json
from pathlib import Path
from typing import Any

from core.errors import Refused
from core.retrieval.reading.draft import Draft
from core.retrieval.reading.formats.plain import decode
from core.retrieval.reading.formats.web import to_markdown

_ONLY_A_NAME = "<IPython.core.display."
"""How the plain form of words and pages begins that a cell displays."""
_IN_WORDS = ("text/markdown", "text/latex")


def read(path: Path, draft: Draft) -> None:
    """Every cell in order; code and its output in fences, pictures left out."""
    try:
        book = json.loads(decode(path.read_bytes()))
        cells = book.get("cells")
        if cells is None:
            cells = [cell for sheet in book["worksheets"] for cell in sheet["cells"]]
        draft.add("\n\n".join(text for cell in cells if (text := _cell(cell, draft))))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Refused(
            "damaged: it is not a notebook", hint="Open it in Jupyter and save it again."
        ) from error


def _cell(cell: dict[str, Any], draft: Draft) -> str:
    source = _text(cell.get("source", cell.get("input", ""))).strip()
    if cell.get("cell_type") != "code":
        return source
    parts = [_fenced(source)] if source else []
    parts += [
        _fenced(text) for each in cell.get("outputs", []) if (text := _output(each, draft).strip())
    ]
    return "\n\n".join(parts)


def _output(output: dict[str, Any], draft: Draft) -> str:
    if "text" in output:
        return _text(output["text"])
    if "ename" in output:
        return f"{output['ename']}: {output.get('evalue', '')}"
    data = output.get("data")
    if not isinstance(data, dict):
        return ""
    plain = _text(data.get("text/plain", ""))
    if plain and not plain.startswith(_ONLY_A_NAME):
        return plain
    written = next((_text(data[kind]) for kind in _IN_WORDS if kind in data), "")
    return written or to_markdown(_text(data.get("text/html", "")), draft) or plain


def _text(value: Any) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value)


def _fenced(text: str) -> str:
    fence = "~~~" if "```" in text else "```"
    return f"{fence}\n{text}\n{fence}"
