"""Word: paragraphs, headings, lists and tables in their order, as Markdown, with their notes."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from core.retrieval.draft import Draft
from core.retrieval.formats import pipes
from core.retrieval.formats.word_notes import Beside

_CONTAINERS = {"sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag"}
# What was deleted or moved away, properties, and the second copy of a drawing for old programs.
_SKIPPED = {"del", "moveFrom", "Fallback", "pPr", "rPr", "tblPr", "tcPr", "trPr", "sdtPr"}
_BREAKS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
# In front of what is raised; private use, so no text means it. Behind a number it is a power.
_RAISED = re.compile("\ue002")
_POWER = re.compile("(?<=\\d)\ue002(?=[-−+]?\\d)")
_SAY_EVERY = 200
_MOST_COLUMNS = 63  # of a table of Word


def read(path: Path, draft: Draft) -> None:
    """The document between its headers and footers, each note behind what refers to it; text that is
    formatted as hidden is counted and left out."""
    import docx

    document = docx.Document(str(path))
    styles = document.styles.element
    writer = _Writer(_levels(styles), _lists(styles), draft)
    beside = Beside(document, writer.part)
    blocks = list(_blocks(document.element.body))
    texts = _weighed(beside.margin("header"), draft)
    for done, block in enumerate(blocks):
        texts += _weighed([writer.block(block), *beside.named(block)], draft)
        if done % _SAY_EVERY == 0:
            draft.report(done, len(blocks))
    texts += _weighed([*beside.rest(), *beside.margin("footer")], draft)
    draft.pages.append(_join(texts))


def _weighed(texts: Iterable[str], draft: Draft) -> list[str]:
    kept = [text for text in texts if text.strip()]
    draft.weigh(sum(map(len, kept)))
    return kept


def _join(texts: list[str]) -> str:
    """Paragraphs with a blank line between them; items of one list without."""
    joined = ""
    for before, text in zip(["", *texts], texts, strict=False):
        in_list = before.startswith("- ") and text.startswith("- ")
        joined += ("" if not joined else "\n" if in_list else "\n\n") + text
    return joined


def _local(element: Any) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _value(element: Any, path: str) -> str | None:
    """The w:val of a property below the element, None when it is not there."""
    for step in path.split("/"):
        element = next((child for child in element if _local(child) == step), None)
        if element is None:
            return None
    found = [value for name, value in element.attrib.items() if name.endswith("}val")]
    return found[0] if found else ""


def _blocks(parent: Any) -> Iterator[Any]:
    for child in parent:
        match _local(child):
            case "p" | "tbl":
                yield child
            case name if name in _CONTAINERS:
                yield from _blocks(child)


def _levels(styles: Any) -> dict[str, int]:
    """The heading level of each paragraph style, by the style's id."""
    levels: dict[str, int] = {}
    for style in styles:
        name = (_value(style, "name") or "").lower()
        identity = next((v for k, v in style.attrib.items() if k.endswith("}styleId")), "")
        outline = _value(style, "pPr/outlineLvl")
        if name == "title":
            levels[identity] = 1
        elif name.startswith("heading ") and name[8:].isdecimal():
            levels[identity] = min(6, max(1, int(name[8:10])))
        elif outline and outline.isdecimal() and int(outline) < 6:
            levels[identity] = int(outline) + 1
    return levels


def _lists(styles: Any) -> set[str]:
    """The paragraph styles whose paragraphs are items of a list, by their ids."""
    items = [style for style in styles if _value(style, "pPr/numPr/numId") not in (None, "0")]
    return {v for style in items for k, v in style.attrib.items() if k.endswith("}styleId")}


class _Writer:
    def __init__(self, levels: dict[str, int], lists: set[str], draft: Draft) -> None:
        self._levels = levels
        self._lists = lists
        self._draft = draft

    def block(self, element: Any) -> str:
        """A paragraph or a table."""
        return self._table(element) if _local(element) == "tbl" else self._paragraph(element)

    def part(self, root: Any) -> str:
        """All that stands in a header, a footer or a note."""
        return _join([text for block in _blocks(root) if (text := self.block(block)).strip()])

    def _paragraph(self, element: Any) -> str:
        text = _RAISED.sub("", _POWER.sub("^", "".join(self._runs(element)))).strip()
        style = _value(element, "pPr/pStyle") or ""
        level = self._levels.get(style)
        if level and text:
            return f"{'#' * level} {' '.join(text.split())}"
        number = _value(element, "pPr/numPr/numId")
        if text and (number != "0" if number is not None else style in self._lists):
            return f"- {text}"
        return text

    def _runs(self, element: Any) -> Iterator[str]:
        for child in element:
            name = _local(child)
            if name == "t":
                yield child.text or ""
            elif name in _BREAKS:
                yield _BREAKS[name]
            elif name == "r" and _value(child, "rPr/vanish") not in (None, "0", "false"):
                self._draft.hidden += sum(len(part) for part in self._runs(child))
            elif name == "r" and _value(child, "rPr/vertAlign") == "superscript":
                yield from (_RAISED.pattern, *self._runs(child))
            elif name and name not in _SKIPPED:
                yield from self._runs(child)
                if name == "p":
                    yield "\n"  # a paragraph in a text box

    def _table(self, element: Any) -> str:
        return pipes.table(self._rows(element))

    def _rows(self, table: Any) -> Iterator[list[str]]:
        for row in _inside(table, "tr"):
            if _value(row, "trPr/del") is None:  # a row that is marked as deleted
                yield [text for cell in _inside(row, "tc") for text in self._cells(cell)]

    def _cells(self, element: Any) -> list[str]:
        """The text of a cell, and an empty one for each further column that it spans."""
        spans = _value(element, "tcPr/gridSpan") or ""
        more = min(int(spans), _MOST_COLUMNS) - 1 if spans.isdecimal() else 0
        return [self._cell(element), *[""] * more]

    def _cell(self, element: Any) -> str:
        if _value(element, "tcPr/vMerge") in ("", "continue"):
            return ""  # the lower part of a merged cell
        return "\n".join(
            pipes.inner(self._rows(block)) if _local(block) == "tbl" else self._paragraph(block)
            for block in _blocks(element)
        )


def _inside(element: Any, wanted: str) -> Iterator[Any]:
    for child in element:
        name = _local(child)
        if name == wanted:
            yield child
        elif name in _CONTAINERS:
            yield from _inside(child, wanted)
