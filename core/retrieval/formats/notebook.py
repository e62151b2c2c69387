"""Jupyter notebooks: text, code and what the code printed, cell by cell."""

import json
from pathlib import Path
from typing import Any

from core.errors import Refused
from core.retrieval.draft import Draft
from core.retrieval.formats.plain import decode


def read(path: Path, draft: Draft) -> None:
    """Every cell in order; code and its output in fences, pictures left out."""
    try:
        book = json.loads(decode(path.read_bytes()))
        cells = book.get("cells")
        if cells is None:
            cells = [cell for sheet in book["worksheets"] for cell in sheet["cells"]]
        draft.add("\n\n".join(text for cell in cells if (text := _cell(cell))))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Refused(
            "damaged: it is not a notebook", hint="Open it in Jupyter and save it again."
        ) from error


def _cell(cell: dict[str, Any]) -> str:
    source = _text(cell.get("source", cell.get("input", ""))).strip()
    if cell.get("cell_type") != "code":
        return source
    parts = [_fenced(source)] if source else []
    parts += [_fenced(text) for each in cell.get("outputs", []) if (text := _output(each).strip())]
    return "\n\n".join(parts)


def _output(output: dict[str, Any]) -> str:
    if "text" in output:
        return _text(output["text"])
    if "ename" in output:
        return f"{output['ename']}: {output.get('evalue', '')}"
    data = output.get("data")
    return _text(data.get("text/plain", "")) if isinstance(data, dict) else ""


def _text(value: Any) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value)


def _fenced(text: str) -> str:
    fence = "~~~" if "```" in text else "```"
    return f"{fence}\n{text}\n{fence}"
