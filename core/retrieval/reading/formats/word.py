"""Word: paragraphs, headings, lists and tables in their order, as Markdown, with their notes."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from core.retrieval.reading.draft import Draft
from core.retrieval.reading.formats import charts, diagrams, formulas, pipes
from core.retrieval.reading.formats.elements import attribute, below, is_on, local, value
from core.retrieval.reading.formats.package import mended
from core.retrieval.reading.formats.word_notes import Beside
from core.retrieval.reading.formats.word_styles import Numbers, Styles

_CONTAINERS = {"sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag"}
# What was deleted or moved away, properties, and the second copy of a drawing for old programs.
_SKIPPED = {"del", "moveFrom", "Fallback", "pPr", "rPr", "tblPr", "tcPr", "trPr", "sdtPr"}
_BREAKS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}
_DRAWN = {"relIds": "dm", "chart": "id"}
"""What refers to a drawing in a part of its own, and by which of its attributes."""
# A text box stands in the middle of the words around it, on lines of its own.
_BEFORE, _BEHIND = {"p": "\n"}, {"txbxContent": "\n"}
_SIGNS = {"t", "oMath", "ruby", "sym", "checkBox", *_BREAKS}
# In front of what is raised; private use, so no text means it. Behind a number it is a power.
_RAISED = re.compile("\ue002")
_POWER = re.compile("(?<=\\d)\ue002(?=[-−+]?\\d)")
_ITEM = re.compile(r" *(?:- |\d{1,4}[.)] )")
_SAY_EVERY = 200
_PICTURES = {
    **{"F0FC": "✓", "F0FE": "☑", "F052": "☑", "F0FD": "☒", "F078": "☒", "F0FB": "✗"},
    **{"F0A8": "☐", "F06F": "☐", "F071": "☐", "F0E0": "→", "F0B7": "•", "F0A7": "▪"},
}
"""Signs of Wingdings and Symbol that mean something: ticks, boxes, an arrow, bullets."""
_MOST_COLUMNS = 63  # of a table of Word


def read(path: Path, draft: Draft) -> None:
    """The document between its headers and footers, each note behind what refers to it; text that is
    formatted as hidden is counted and left out."""
    import docx

    document = docx.Document(mended(path, "docx"))
    writer = _Writer(
        Styles(document.styles.element), Numbers(_numbering(document)), draft, document.part
    )
    beside = Beside(document, writer.part)
    blocks = list(_blocks(document.element.body))
    texts = _weighed(beside.margin("header"), draft)
    for done, block in enumerate(blocks):
        texts += _weighed([writer.block(block), *beside.named(block)], draft)
        if done % _SAY_EVERY == 0:
            draft.report(done, len(blocks))
    texts += _weighed([*beside.rest(), *beside.margin("footer")], draft)
    draft.pages.append(_join(texts))


def _numbering(document: Any) -> Any:
    """The root of the lists; a document without one has no part for them."""
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.oxml import parse_xml

    for relation in document.part.rels.values():
        if relation.reltype == RELATIONSHIP_TYPE.NUMBERING and not relation.is_external:
            return parse_xml(relation.target_part.blob)
    return None


def _weighed(texts: Iterable[str], draft: Draft) -> list[str]:
    kept = [text for text in texts if text.strip()]
    draft.weigh(sum(map(len, kept)))
    return kept


def _join(texts: list[str]) -> str:
    """Paragraphs with a blank line between them; items of one list without."""
    joined = ""
    for before, text in zip(["", *texts], texts, strict=False):
        in_list = _ITEM.match(before) and _ITEM.match(text)
        joined += ("" if not joined else "\n" if in_list else "\n\n") + text
    return joined


def _blocks(parent: Any) -> Iterator[Any]:
    for child in parent:
        match local(child):
            case "p" | "tbl":
                yield child
            case name if name in _CONTAINERS:
                yield from _blocks(child)


class _Writer:
    def __init__(self, styles: Styles, numbers: Numbers, draft: Draft, main: Any) -> None:
        self._main = main
        self._styles = styles
        self._numbers = numbers
        self._draft = draft

    def block(self, element: Any) -> str:
        """A paragraph or a table."""
        return self._table(element) if local(element) == "tbl" else self._paragraph(element)

    def part(self, root: Any) -> str:
        """All that stands in a header, a footer or a note."""
        return _join([text for block in _blocks(root) if (text := self.block(block)).strip()])

    def _paragraph(self, element: Any) -> str:
        text = _RAISED.sub("", _POWER.sub("^", "".join(self._runs(element)))).strip()
        if not text:
            return ""
        level, (number, said, style) = self._styles.heading(element), self._styles.list_of(element)
        mark, depth = self._numbers.mark(number, said, style) if number else ("", 0)
        if level:
            return f"{'#' * level} {mark.removeprefix('- ')}{' '.join(text.split())}"
        return f"{'  ' * depth}{mark}{text}"

    def _runs(self, element: Any) -> Iterator[str]:
        for child in element:
            name = local(child)
            if name in _SIGNS:
                yield _sign(name, child)
            elif name in _DRAWN:
                yield from self._drawn(name, attribute(child, _DRAWN[name]))
            elif name == "r" and self._styles.hides(child):
                self._draft.hidden += sum(len(part) for part in self._runs(child))
            elif name == "r" and value(child, "rPr/vertAlign") == "superscript":
                yield from (_RAISED.pattern, *self._runs(child))
            elif name and name not in _SKIPPED:
                yield _BEFORE.get(name, "")
                yield from self._runs(child)
                yield _BEHIND.get(name, "")

    def _drawn(self, name: str, identity: str) -> Iterator[str]:
        """The diagram or the chart that a part of its own holds, on lines of its own."""
        from docx.oxml import parse_xml

        relation = self._main.rels.get(identity)
        if relation is None or relation.is_external:
            return
        blob = relation.target_part.blob
        lines = charts.of_part(blob) if name == "chart" else diagrams.items(parse_xml(blob))
        yield "\n".join(["", *lines, ""])

    def _table(self, element: Any) -> str:
        return pipes.table(self._rows(element))

    def _rows(self, table: Any) -> Iterator[list[str]]:
        for row in _inside(table, "tr"):
            if value(row, "trPr/del") is None:  # a row that is marked as deleted
                yield [text for cell in _inside(row, "tc") for text in self._cells(cell)]

    def _cells(self, element: Any) -> list[str]:
        """The text of a cell, and an empty one for each further column that it spans."""
        spans = value(element, "tcPr/gridSpan") or ""
        more = min(int(spans), _MOST_COLUMNS) - 1 if spans.isdecimal() else 0
        return [self._cell(element), *[""] * more]

    def _cell(self, element: Any) -> str:
        if value(element, "tcPr/vMerge") in ("", "continue"):
            return ""  # the lower part of a merged cell
        return "\n".join(
            pipes.inner(self._rows(block)) if local(block) == "tbl" else self._paragraph(block)
            for block in _blocks(element)
        )


def _sign(name: str, element: Any) -> str:
    """What stands for itself: text, a break, a formula, a sign of a font of pictures, a box of a form."""
    match name:
        case "t":
            return element.text or ""
        case "oMath":
            return formulas.of_word(element)
        case "ruby":
            base, said = (below(element, part) for part in ("rubyBase", "rt"))
            return f"{_words(base)}({_words(said)})"
        case "sym":
            return _PICTURES.get(attribute(element, "char").upper(), "")
        case "checkBox":
            said = "checked" if below(element, "checked") is not None else "default"
            return "☒ " if is_on(element, said) else "☐ "
        case _:
            return _BREAKS[name]


def _words(element: Any) -> str:
    return "" if element is None else "".join(each.text or "" for each in element.iter("{*}t"))


def _inside(element: Any, wanted: str) -> Iterator[Any]:
    for child in element:
        name = local(child)
        if name == wanted:
            yield child
        elif name in _CONTAINERS:
            yield from _inside(child, wanted)
