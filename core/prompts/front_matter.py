"""The head of a prompt file: YAML between two lines of three dashes, read without trusting it."""

import json
from dataclasses import dataclass
from typing import Any

import yaml

from core.errors import Refused

MAX_HEAD = 16_384
"""Characters of the front matter."""
_MAX_DEPTH = 12
# libyaml reads the same eight times as fast: a library of thousands of versions is read in seconds.
_FAST: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_HINT = "A prompt file begins with ---, its description and variables in YAML, and --- again."


@dataclass(frozen=True, slots=True)
class Head:
    """The front matter as plain data; `lines` says where each top-level key, each variable and each
    layer stands in the file, `body_line` where the body begins (from 1)."""

    data: dict[str, Any]
    text: str
    body: str
    body_line: int
    lines: dict[str, int]


def split(raw: str) -> Head:
    """The head and the body of a prompt file. Refused with line and column when it has no such shape."""
    lines = raw.split("\n")
    if lines[0].rstrip() != "---":
        raise Refused("line 1, column 1: the file does not begin with ---", hint=_HINT)
    end = next((i for i, line in enumerate(lines) if i and line.rstrip() == "---"), None)
    if end is None:
        raise Refused("line 1, column 1: the front matter is not closed by ---", hint=_HINT)
    text = "\n".join(lines[1:end])
    data, where = _load(text)
    return Head(data, text, "\n".join(lines[end + 1 :]), end + 2, where)


def with_message(raw: str, message: str) -> str:
    """The file with `message` as the reason for this version; the rest stays as it was written."""
    return with_key(raw, "message", " ".join(message.split()))


def with_key(raw: str, key: str, value: Any) -> str:
    """The file with this value of a top-level key, None without the key; the rest stays as it was."""
    head = split(raw)
    lines = head.text.split("\n")
    if (line := head.lines.get(key)) is not None:
        after = [at for each, at in head.lines.items() if at > line and "." not in each]
        end = min(after, default=len(lines) + 2)
        del lines[line - 2 : end - 2]  # the head's first line is line 2 of the file
    while lines and not lines[-1].strip():
        lines.pop()
    if value is not None:
        # JSON is YAML, on one line, whatever the value holds.
        lines.append(f"{key}: {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(["---", *lines, "---", head.body])


def with_variable(raw: str, name: str, kind: str, trust: str) -> str:
    """The file with one more variable declared, behind the others."""
    head = split(raw)
    entry = [f"  - name: {name}", f"    type: {kind}", f"    trust: {trust}"]
    listed = head.data.get("variables")
    line = head.lines.get("variables")
    lines = head.text.split("\n")
    if line is None:
        return "\n".join(
            [
                "---",
                *(each for each in lines if each.strip()),
                "variables:",
                *entry,
                "---",
                head.body,
            ]
        )
    if not listed:
        lines[line - 2 : line - 1] = ["variables:", *entry]
    elif lines[line - 2].split("#")[0].rstrip().endswith("variables:"):
        first = lines[head.lines["variables.0"] - 2]
        indent = " " * (len(first) - len(first.lstrip()))
        at = _end_of_key(head, line, lines)
        lines[at:at] = [indent + each.removeprefix("  ") for each in entry]
    else:
        raise Refused(
            f"line {line}, column 1: the variables are written on one line",
            hint=f"Write one more yourself: {{name: {name}, type: {kind}, trust: {trust}}}.",
        )
    return "\n".join(["---", *lines, "---", head.body])


def _end_of_key(head: Head, line: int, lines: list[str]) -> int:
    """The line of the head behind the last one that belongs to the key on this line of the file."""
    after = [number for key, number in head.lines.items() if number > line and "." not in key]
    end = min(after, default=len(lines) + 2) - 2
    while end and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    return end


def _load(text: str) -> tuple[dict[str, Any], dict[str, int]]:
    if len(text) > MAX_HEAD:
        raise Refused(f"the front matter has {len(text):,} characters: at most {MAX_HEAD:,}")
    try:
        try:
            data, node = _built(text, _FAST)
        except (yaml.YAMLError, UnicodeEncodeError):
            # The slow one says better what is wrong, and where.
            data, node = _built(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 2}, column {mark.column + 1}: " if mark else ""
        raise Refused(f"{where}not valid YAML: {error.problem or error.context}") from None
    except yaml.reader.ReaderError as error:
        lines = text[: error.position].split("\n")
        at = f"line {len(lines) + 1}, column {len(lines[-1]) + 1}"
        raise Refused(f"{at}: not valid YAML: unacceptable character") from None
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError, TypeError) as error:
        raise Refused(f"the front matter is not valid YAML: {_first_line(error)}") from None
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise Refused(
            "line 2, column 1: the front matter is not a list of `key: value`", hint=_HINT
        )
    return data, _lines(node) if isinstance(node, yaml.MappingNode) else {}


def _built(text: str, kind: Any) -> tuple[Any, Any]:
    """The data, and the node that says where each part of it stands."""
    _guard(text, kind)
    loader = kind(text)
    node = loader.get_single_node()
    _refuse_twice(node)
    return (loader.construct_document(node) if node else {}), node


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _guard(text: str, kind: Any) -> None:
    """Aliases could unfold to gigabytes, deep nesting exhausts the stack, and tags read what is not what
    it says: refused before anything is built."""
    depth = 0
    for event in yaml.parse(text, Loader=kind):
        if isinstance(event, yaml.AliasEvent):
            line = event.start_mark.line + 2 if event.start_mark else 2
            raise Refused(f"line {line}: aliases (*name) are not allowed in the front matter")
        if tag := getattr(event, "tag", None):
            said = tag.replace("tag:yaml.org,2002:", "!!")
            line = event.start_mark.line + 2 if event.start_mark else 2
            raise Refused(f"line {line}: tags ({said[:40]}) are not allowed in the front matter")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAX_DEPTH:
            raise Refused(f"the front matter is nested more than {_MAX_DEPTH} levels deep")


def _refuse_twice(node: yaml.Node | None) -> None:
    """YAML takes the last of two equal keys; whoever wrote both meant something else."""
    if isinstance(node, yaml.MappingNode):
        seen = set[tuple[str, str]]()
        for key, value in node.value:
            _refuse_twice(value)
            if not isinstance(key, yaml.ScalarNode):
                continue
            if (key.tag, key.value) in seen:
                at = f"line {key.start_mark.line + 2}, column {key.start_mark.column + 1}"
                raise Refused(f"{at}: {key.value!r} is given twice")
            seen.add((key.tag, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            _refuse_twice(each)


def _lines(node: yaml.MappingNode) -> dict[str, int]:
    """Where each top-level key stands, under `variables.N` each variable, under `defence.NAME` each layer."""
    found: dict[str, int] = {}
    for key, value in node.value:
        found[key.value] = key.start_mark.line + 2
        if key.value == "variables" and isinstance(value, yaml.SequenceNode):
            for number, item in enumerate(value.value):
                found[f"variables.{number}"] = item.start_mark.line + 2
        if key.value == "defence" and isinstance(value, yaml.MappingNode):
            for name, _ in value.value:
                found[f"defence.{name.value}"] = name.start_mark.line + 2
    return found
