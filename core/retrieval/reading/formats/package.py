"""Office files as their libraries want them: without what Office itself does not mind."""

import io
import posixpath
import re
import zipfile
from pathlib import Path
from typing import Any

from core.retrieval.reading.formats.elements import parsed

_TYPES = "[Content_Types].xml"
_USUAL = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml",
}
# With macros, as a template, as a show that plays by itself: the same inside.
_SISTERS = {
    "docx": re.compile(r"application/vnd\.(?:ms-word|openxml[\w-]+\.wordprocessingml)\.(?:document|template)\.(?:macroEnabled(?:Template)?\.)?main\+xml"),
    "pptx": re.compile(r"application/vnd\.(?:ms-powerpoint|openxml[\w-]+\.presentationml)\.(?:presentation|template|slideshow)\.(?:macroEnabled\.)?main\+xml"),
}  # fmt: skip


def mended(path: Path, kind: str) -> str | io.BytesIO:
    """The file; a copy of it in memory where something has to be changed: a relation to a part that is not
    there, a part of no declared type, a document that is one with macros or a template."""
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        changed = {}
        for name in names:
            if name == _TYPES or name.endswith(".rels"):
                data = archive.read(name)
                new = _types(data, kind, names) if name == _TYPES else _relations(data, name, names)
                if new is not None:
                    changed[name] = new
        if not changed:
            return str(path)
        copy = io.BytesIO()
        with zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as whole:
            for name in archive.namelist():
                whole.writestr(name, changed.get(name) or archive.read(name))
    return copy


def _types(data: bytes, kind: str, names: set[str]) -> bytes | None:
    root = parsed(data)
    is_changed = False
    declared = set()
    for each in root:
        said = each.get("ContentType", "")
        if said != _USUAL[kind] and _SISTERS[kind].fullmatch(said):
            each.set("ContentType", _USUAL[kind])
            is_changed = True
        declared |= {each.get("Extension", "").lower(), each.get("PartName", "").lstrip("/")}
    for ending in {posixpath.splitext(n)[1][1:].lower() for n in names - declared} - declared:
        if ending:
            added = root.makeelement(f"{root.tag.rpartition('}')[0]}}}Default", {})
            added.set("Extension", ending)
            added.set("ContentType", "application/octet-stream")
            root.insert(0, added)
            is_changed = True
    return _written(root) if is_changed else None


def _relations(data: bytes, name: str, names: set[str]) -> bytes | None:
    root = parsed(data)
    folder = posixpath.dirname(posixpath.dirname(name))
    written = {each.lower(): each for each in names}
    is_changed = False
    for each in list(root):
        target = each.get("Target", "")
        part = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
        if each.get("TargetMode") == "External" or part in names:
            continue
        is_changed = True
        if part.lower() in written:  # to Office the names of parts have no case
            each.set("Target", f"/{written[part.lower()]}")
        else:
            root.remove(each)
    return _written(root) if is_changed else None


def _written(root: Any) -> bytes:
    from lxml import etree

    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))
