"""What a Word document says beside its body: headers, footers, footnotes, endnotes and comments."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from core.retrieval.reading.formats.elements import attribute, local

_LONGEST = 20_000
_PAGE_NUMBER = re.compile(r"[\W\d_]*(?:page|seite)?[\W\d_]*(?:of|von)?[\W\d_]*", re.IGNORECASE)
_NOTES = {"footnotes": "Footnote", "endnotes": "Endnote", "comments": "Comment"}
_REFERENCES = {"footnoteReference": "footnotes", "endnoteReference": "endnotes", "commentReference": "comments"}  # fmt: skip
_NO_NOTE = {"separator", "continuationSeparator", "continuationNotice"}
Written = Callable[[Any], str]


class Beside:
    """The parts of a document beside its body; each is said once, where it is first referred to."""

    def __init__(self, document: Any, written: Written) -> None:
        self._written = written
        self._notes: dict[tuple[str, str], str] = {}
        self._parts = sorted(_parts(document.part), key=lambda part: part[1])
        for kind, _, root in self._parts:
            for note in root if kind in _NOTES else ():
                identity, said = attribute(note, "id"), self._said(kind, note)
                if said and attribute(note, "type") not in _NO_NOTE:
                    self._notes[kind, identity] = said

    def _said(self, kind: str, note: Any) -> str:
        text = self._text(note)
        author = " ".join(attribute(note, "author").split())
        by = f" by {author}" if author else ""
        return f"{_NOTES[kind]}{by}: {text}" if text else ""

    def _text(self, root: Any) -> str:
        return self._written(root).strip()[:_LONGEST]

    def named(self, block: Any) -> Iterator[str]:
        """The notes and comments that a paragraph or a table refers to."""
        for element in block.iter():
            kind = _REFERENCES.get(local(element), "")
            if kind and (note := self._notes.pop((kind, attribute(element, "id")), "")):
                yield note

    def rest(self) -> Iterator[str]:
        """The notes that nothing refers to."""
        yield from self._notes.values()
        self._notes.clear()

    def margin(self, kind: str) -> Iterator[str]:
        """Each different `header` or `footer` once; a mere page number says nothing."""
        seen = set()
        for each, _, root in self._parts:
            text = self._text(root) if each == kind else ""
            if text and text not in seen and not _PAGE_NUMBER.fullmatch(text[:200]):
                seen.add(text)
                yield f"{kind.capitalize()}: {text}"


def _parts(main: Any) -> Iterator[tuple[str, str, Any]]:
    """Kind, name and root element of each part of these kinds that the document names."""
    from docx.oxml import parse_xml

    for relation in main.rels.values():
        kind = relation.reltype.rpartition("/")[2]
        if not relation.is_external and kind in (*_NOTES, "header", "footer"):
            part = relation.target_part
            yield kind, str(part.partname), parse_xml(part.blob)
