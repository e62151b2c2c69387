"""HTML: what a reader of the page sees, as Markdown."""

import re
from pathlib import Path

from core.retrieval.reading.draft import Draft
from core.retrieval.reading.formats.formulas import OfWeb
from core.retrieval.reading.formats.web_source import declared, without_xml
from core.retrieval.reading.formats.web_tables import MOST_NESTED, Table

_UNSEEN = {"script", "style", "nav", "noscript", "template", "head", "svg", "iframe", "object"}
_UNSEEN |= {"select", "button", "dialog", "canvas", "audio", "video", "datalist"}
_OF_A_HEAD = {"title", "meta", "link", "style", "script", "base", "noscript", "template"}
_INLINE = {"a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i"}
_INLINE |= {"img", "ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strong"}
_INLINE |= {"sub", "sup", "time", "tt", "u", "var", "wbr", "input", "big", "strike", "nobr"}
_INLINE |= {"ruby", "rb", "rt", "rp", "button"}
_TITLES = {"h1", "h2", "h3", "h4", "h5", "h6", "summary", "dt", "legend"}
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_POWER = re.compile(r"[-−+]?\d")
_PIECE = 65_536
_MOST_INDENTED = 8
_NO_NUMBERS = -1
_TAKES_ROOM = {"select", "button", "iframe", "object", "canvas", "audio", "video"}


def read(path: Path, draft: Draft) -> None:
    """The visible text with its headings, lists, code and tables, of its main part where it says which
    that is; hidden text is counted."""
    draft.add(to_markdown(declared(path.read_bytes()), draft))


def to_markdown(text: str, draft: Draft) -> str:
    """The page of this HTML; what it hides is counted in the draft."""
    from lxml import etree

    text = without_xml(text.replace("\x00", ""))
    if not text.strip():
        return ""  # the parser takes it for an error
    page = Page()
    # Events instead of a tree: no depth of nesting costs memory or a stack.
    parser = etree.HTMLParser(target=page, huge_tree=True)
    for start in range(0, len(text), _PIECE):
        parser.feed(text[start : start + _PIECE])
        if draft.total == 1:
            draft.report(start, len(text))
    parser.close()
    draft.hidden += page.hidden
    return page.text()


class Page:
    """Takes the events of the parser and writes the page down."""

    def __init__(self) -> None:
        self.hidden = 0
        self._blocks: list[str] = []
        self._main: list[str] = []
        self._main_from = 0
        self._inline: list[str] = []
        self._tables: list[Table] = []
        self._too_deep = 0
        self._lists: list[int] = []
        self._mark = ""
        self._pre = 0
        self._headings = 0
        self._unseen = 0
        self._in_head = False
        self._raised = False
        self._counting = False
        self._title: list[str] = []
        self._in_title = False
        self._formula: OfWeb | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """A tag opens."""
        if self._unseen == 1 and self._in_head and tag not in _OF_A_HEAD:
            # The parser knows no tag of HTML 5, and so does not see that the head is over.
            self._unseen, self._in_head = 0, False
        if self._unseen:
            self._unseen += 1
            self._in_title = tag == "title" and not self._title
        # A button is read where it is the heading of what it unfolds.
        elif (tag in _UNSEEN and not (tag == "button" and self._headings)) or _hides(attributes):
            self._counting, self._in_head = tag not in _UNSEEN, tag == "head"
            self._inline += " " * (tag in _TAKES_ROOM)
            self._unseen = 1
        elif self._formula or tag == "math":
            self._formula = self._formula or OfWeb()
            self._formula.start(tag)
        elif tag == "br":
            self._inline.append("\n")
        elif tag == "sup":
            self._raised = True
        elif tag not in _INLINE:
            self._flush()
            self._headings += tag in _TITLES
            self._open(tag, attributes)

    def _open(self, tag: str, attributes: dict[str, str]) -> None:
        match tag:
            case "table" | "tr" | "td" | "th":
                self._open_table(tag, attributes)
            case "ol" | "ul":
                self._lists.append(_first_number(attributes) if tag == "ol" else _NO_NUMBERS)
            case "li":
                self._mark = self._next_mark()
            case "pre":
                self._pre += 1
            case "main" if not self._tables:
                self._main_from = len(self._blocks)

    def _open_table(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "table" and len(self._tables) < MOST_NESTED:
            self._tables.append(Table())
        elif tag == "table":
            self._too_deep += 1
        elif self._tables and not self._too_deep:
            if tag == "tr":
                self._tables[-1].rows.append([])
            else:
                self._tables[-1].open(attributes)

    def _next_mark(self) -> str:
        """What stands in front of the next item: its number in a list that counts."""
        indent = "  " * (min(len(self._lists), _MOST_INDENTED) - 1)
        if not self._lists or self._lists[-1] == _NO_NUMBERS:
            return f"{indent}- "
        self._lists[-1] += 1
        return f"{indent}{self._lists[-1] - 1}. "

    def end(self, tag: str) -> None:
        """A tag closes."""
        if self._unseen:
            self._unseen -= 1
            self._in_title = False
        elif self._formula:
            if (whole := self._formula.end()) is not None:
                self._formula = None
                self._inline.append(whole)
        elif tag not in _INLINE and tag != "br":
            self._flush(tag)
            self._headings = max(0, self._headings - (tag in _TITLES))
            self._close(tag)

    def _close(self, tag: str) -> None:
        match tag:
            case "table" if self._too_deep:
                self._too_deep -= 1
            case "table" if self._tables:
                self._close_table()
            case "td" | "th" if self._tables and not self._too_deep:
                self._tables[-1].cell = None
            case "ol" | "ul":
                del self._lists[-1:]
            case "li":
                self._mark = ""
            case "main" if not self._tables:
                self._main += self._blocks[self._main_from :]
            case "pre":
                self._pre = max(0, self._pre - 1)

    def data(self, text: str) -> None:
        """Text between tags."""
        if self._in_title:
            self._title.append(text)
        elif self._formula and not self._unseen:
            self._formula.data(text)
        elif not self._unseen:
            self._inline.append(self._power(text))
        elif self._counting:
            self.hidden += len(text.strip())

    def _power(self, text: str) -> str:
        """The text, marked when it is raised behind a number: 10 with a raised 6 is no 106."""
        raised, self._raised = self._raised, False
        before = self._inline[-1][-1:] if self._inline else ""
        return f"^{text}" if raised and before.isdigit() and _POWER.match(text) else text

    def comment(self, text: str) -> None:
        """Nobody sees a comment."""

    def close(self) -> None:
        """The page is over."""
        self._flush()
        while self._tables:
            self._close_table()

    def _close_table(self) -> None:
        self._write(*self._tables.pop().blocks(), is_laid_out=True)

    def _write(self, *blocks: str, is_laid_out: bool = False) -> None:
        """The blocks, to where they stand: in a cell, in a table, on the page."""
        if not self._tables:
            self._blocks += blocks
        elif (cell := self._tables[-1].cell) is None:
            self._tables[-1].around += blocks
        else:
            cell.blocks += blocks
            cell.is_laid_out |= is_laid_out and bool(blocks)

    def _flush(self, tag: str = "") -> None:
        text = "".join(self._inline)
        self._inline.clear()
        if not text.strip():
            return
        mark, self._mark = self._mark, ""
        if self._pre:
            fence = "~~~" if "```" in text else "```"
            body = text.strip("\n")
            self._write(f"{fence}\n{body}\n{fence}", is_laid_out=True)
            return
        lines = [" ".join(line.split()) for line in text.split("\n")]
        if re.fullmatch("h[1-6]", tag):
            said = " ".join([mark.strip("- "), *lines]).split()
            self._write(f"{'#' * int(tag[1])} {' '.join(said)}", is_laid_out=True)
        else:
            self._write(mark + "\n".join(lines).strip())

    def text(self) -> str:
        """The page, or its main part, as Markdown, under its title when it has no heading of the first level."""
        blocks = [b for b in self._main if b] or [b for b in self._blocks if b]
        title = " ".join("".join(self._title).split())
        if blocks and title and not any(block.startswith("# ") for block in blocks):
            blocks.insert(0, f"# {title}")
        return "\n\n".join(blocks)


def _first_number(attributes: dict[str, str]) -> int:
    start = attributes.get("start", "")
    return int(start) if start.isdecimal() and len(start) < 6 else 1


def _hides(attributes: dict[str, str]) -> bool:
    return (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or bool(_HIDING.search(attributes.get("style", "")))
    )
