"""What a workbook says beside its cells: comments and text boxes of each sheet."""

import posixpath
import zipfile
from collections.abc import Iterator
from typing import Any

from core.retrieval.reading.formats.elements import parsed

_LONGEST = 20_000


def beside(archive: zipfile.ZipFile, sheet: str) -> Iterator[str]:
    """The comments and the texts drawn on the sheet whose part has this name."""
    folder, name = posixpath.split(sheet)
    root = _parsed(archive, f"{folder}/_rels/{name}.rels")
    kinds: dict[str, list[Any]] = {}
    for relation in root if root is not None else ():
        kind = relation.get("Type", "").rpartition("/")[2]
        target = posixpath.normpath(posixpath.join(folder, relation.get("Target", "")))
        part = _parsed(archive, target.lstrip("/")) if kind in _READ else None
        if part is not None:
            kinds.setdefault(kind, []).append(part)
    # Beside comments with answers the file has a copy of each that says that Excel is too old.
    name = "threadedComment" if "threadedComment" in kinds else "comments"
    for root in kinds.get(name, []):
        yield from _comments(root)
    for root in kinds.get("drawing", []):
        yield from _boxes(root)


_READ = ("comments", "threadedComment", "drawing")


def _comments(root: Any) -> Iterator[str]:
    for comment in root.iter("{*}comment", "{*}threadedComment"):
        # A run of the old form holds its text in a `t`, the new form has one text in all.
        texts = (each.text or "" for each in comment.iter("{*}t", "{*}text"))
        if text := " ".join("".join(texts).split())[:_LONGEST]:
            yield f"Comment on {comment.get('ref', 'a cell')[:20]}: {text}"


def _boxes(root: Any) -> Iterator[str]:
    for body in root.iter("{*}txBody"):
        lines = ("".join(t.text or "" for t in each.iter("{*}t")) for each in body.iter("{*}p"))
        if text := "\n".join(line for line in lines if line.strip())[:_LONGEST]:
            yield f"Text box: {text}"


def _parsed(archive: zipfile.ZipFile, name: str) -> Any:
    """The root of a part; None when there is none of this name, or it is no XML."""
    from lxml import etree

    try:
        return parsed(archive.read(name))
    except (KeyError, etree.XMLSyntaxError):
        return None
