"""HTML: what a reader of the page sees, as Markdown."""

import codecs
import re
from pathlib import Path

from core.retrieval.draft import Draft
from core.retrieval.formats import pipes
from core.retrieval.formats.plain import decode

_UNSEEN = {"script", "style", "nav", "noscript", "template", "head", "svg", "iframe", "object"}
_UNSEEN |= {"select", "button", "dialog", "canvas", "audio", "video", "datalist"}
_OF_A_HEAD = {"title", "meta", "link", "style", "script", "base", "noscript", "template"}
_INLINE = {"a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i"}
_INLINE |= {"img", "ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strong"}
_INLINE |= {"sub", "sup", "time", "tt", "u", "var", "wbr", "input", "big", "strike", "nobr"}
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})")
_POWER = re.compile(r"[-−+]?\d")
_PIECE = 65_536


def read(path: Path, draft: Draft) -> None:
    """The visible text with its headings, lists, code and tables, of its main part where it says which
    that is; hidden text is counted."""
    draft.add(to_markdown(_decode(path.read_bytes()), draft))


def to_markdown(text: str, draft: Draft) -> str:
    """The page of this HTML; what it hides is counted in the draft."""
    from lxml import etree

    text = text.replace("\x00", "")
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


def _decode(data: bytes) -> str:
    """By the charset that the page declares, if that fits; else like any text."""
    declared = _CHARSET.search(data[:4096])
    if declared and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode(declared[1].decode())
        except (LookupError, UnicodeDecodeError):
            pass  # a declaration that is wrong is no declaration
    return decode(data)


class Page:
    """Takes the events of the parser and writes the page down."""

    def __init__(self) -> None:
        self.hidden = 0
        self._blocks: list[str] = []
        self._main: list[str] = []
        self._main_from = 0
        self._inline: list[str] = []
        self._rows: list[list[str]] = []
        self._tables = 0
        self._pre = 0
        self._unseen = 0
        self._in_head = False
        self._raised = False
        self._counting = False
        self._title: list[str] = []
        self._in_title = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """A tag opens."""
        if self._unseen == 1 and self._in_head and tag not in _OF_A_HEAD:
            # The parser knows no tag of HTML 5, and so does not see that the head is over.
            self._unseen, self._in_head = 0, False
        if self._unseen:
            self._unseen += 1
            self._in_title = tag == "title" and not self._title
        elif tag in _UNSEEN or _hides(attributes):
            self._counting, self._in_head = tag not in _UNSEEN, tag == "head"
            self._unseen = 1
        elif tag == "br":
            self._inline.append("\n")
        elif tag == "sup":
            self._raised = True
        elif tag not in _INLINE:
            self._open(tag)
            if tag == "main":
                self._main_from = len(self._blocks)

    def _open(self, tag: str) -> None:
        if tag == "table":
            self._flush()
            self._tables += 1
        elif self._tables:
            self._inline.append(" ")
            if self._tables == 1 and tag == "tr":
                self._rows.append([])
            elif self._tables == 1 and tag in ("td", "th"):
                self._inline.clear()
        else:
            if "".join(self._inline).strip() != "-":  # a paragraph at the start of an item
                self._flush()
            self._pre += tag == "pre"
            if tag == "li":
                self._inline.append("- ")

    def end(self, tag: str) -> None:
        """A tag closes."""
        if self._unseen:
            self._unseen -= 1
            self._in_title = False
        elif tag == "table" and self._tables:
            self._close_table()
        elif self._tables:
            self._close_cell(tag)
        elif tag not in _INLINE and tag != "br":
            self._flush(tag)
            if tag == "main":
                self._main += self._blocks[self._main_from :]
            self._pre = max(0, self._pre - (tag == "pre"))

    def data(self, text: str) -> None:
        """Text between tags."""
        if self._in_title:
            self._title.append(text)
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
        while self._tables:
            self._close_table()
        self._flush()

    def _close_cell(self, tag: str) -> None:
        if self._tables == 1 and tag in ("td", "th"):
            if not self._rows:
                self._rows.append([])
            self._rows[-1].append("".join(self._inline))
            self._inline.clear()
        elif tag not in _INLINE:
            self._inline.append(" ")

    def _close_table(self) -> None:
        self._tables -= 1
        if not self._tables:
            rest = "".join(self._inline)
            self._inline.clear()
            self._blocks += [pipes.table(self._rows), " ".join(rest.split())]
            self._rows = []

    def _flush(self, tag: str = "") -> None:
        text = "".join(self._inline)
        self._inline.clear()
        if self._pre and text.strip():
            fence = "~~~" if "```" in text else "```"
            body = text.strip("\n")
            self._blocks.append(f"{fence}\n{body}\n{fence}")
            return
        lines = [" ".join(line.split()) for line in text.split("\n")]
        flat = (" ".join(lines) if tag[:1] == "h" else "\n".join(lines)).strip()
        if flat and re.fullmatch("h[1-6]", tag):
            flat = f"{'#' * int(tag[1])} {flat}"
        if flat and flat != "-":
            self._blocks.append(flat)

    def text(self) -> str:
        """The page, or its main part, as Markdown, under its title when it has no heading of the first level."""
        blocks = [b for b in self._main if b] or [b for b in self._blocks if b]
        title = " ".join("".join(self._title).split())
        if blocks and title and not any(block.startswith("# ") for block in blocks):
            blocks.insert(0, f"# {title}")
        return "\n\n".join(blocks)


def _hides(attributes: dict[str, str]) -> bool:
    return (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or bool(_HIDING.search(attributes.get("style", "")))
    )
