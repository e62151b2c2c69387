"""E-books (EPUB): their chapters in the order in which they are read."""

import posixpath
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from core.errors import Refused
from core.retrieval.reading.draft import Draft
from core.retrieval.reading.formats import office
from core.retrieval.reading.formats.elements import local, parsed
from core.retrieval.reading.formats.plain import decode
from core.retrieval.reading.formats.web import to_markdown

_CONTAINER = "META-INF/container.xml"


def read(path: Path, draft: Draft) -> None:
    """One section for each chapter."""
    try:
        with zipfile.ZipFile(path) as archive:
            office.check_size(archive.infolist(), draft.limits)
            _chapters(archive, draft)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, EOFError) as error:
        raise _damaged() from error


def _chapters(archive: zipfile.ZipFile, draft: Draft) -> None:
    package = _first(archive, _CONTAINER, "rootfile").get("full-path", "")
    root = _parsed(archive, package)
    items = {each.get("id"): each for each in _all(root, "item")}
    wanted = [items.get(each.get("idref")) for each in _all(root, "itemref")]
    found = [each for each in wanted if each is not None and each.get("href")]
    if not found:
        raise _damaged()
    draft.expect("section", len(found))
    for each in found:
        name = posixpath.normpath(
            posixpath.join(posixpath.dirname(package), unquote(each.get("href").split("#")[0]))
        )
        # One chapter that is missing does not take the others away.
        draft.add(to_markdown(_chapter(archive, name), draft))


def _chapter(archive: zipfile.ZipFile, name: str) -> str:
    names = archive.namelist()
    if name not in names:
        # Some programs write the names of files in another case than they have.
        alike = (each for each in names if each.lower() == name.lower())
        name = next(alike, "")
    if not name:
        return ""
    try:
        return decode(archive.read(name))
    except Refused as protected:
        raise _damaged() from protected


def _first(archive: zipfile.ZipFile, name: str, tag: str) -> Any:
    found = _all(_parsed(archive, name), tag)
    if not found:
        raise _damaged()
    return found[0]


def _parsed(archive: zipfile.ZipFile, name: str) -> Any:
    from lxml import etree

    try:
        return parsed(archive.read(name))
    except etree.XMLSyntaxError as error:
        raise _damaged() from error


def _all(root: Any, tag: str) -> list[Any]:
    return [each for each in root.iter() if local(each) == tag]


def _damaged() -> Refused:
    return Refused(
        "damaged: it cannot be opened as an e-book",
        hint="Save it again as EPUB, without a copy protection.",
    )
