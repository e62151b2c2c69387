"""The headings of a text in Markdown, and which of them a place stands under."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from core.retrieval.reading.letters import letters
from core.types import Heading, Page

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*)")
_LATEX = re.compile(
    r"[ \t]*\\((?:sub){0,2}section|chapter|part)\*?(?:\[[^\]]*\])?\{(.+?)\}[ \t]*(?:\\|%|$)"
)
_LEVELS = {"part": 1, "chapter": 1, "section": 2, "subsection": 3, "subsubsection": 4}
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_UNDERLINE = re.compile(r" {0,3}(?:={3,}|-{3,})[ \t]*")
_PLAIN = re.compile(r" {0,3}[^\W_]| {0,3}[^-*+>|#`~\s=].*[^\W_]")
_CLOSING = re.compile(r"[ \t]#+[ \t]*$")
_LONGEST_TITLE = 120
_NUMBERING = 12  # letters of "Chapter 12:" before a title
_LONGEST = 200  # characters of a line that is underlined


def headings(text: str, *, hashes: bool = True) -> list[Heading]:
    """Every heading outside of code fences, in order: after a `#`, unless that is a comment (no `hashes`),
    alone above a line of `=` or `-`, or as a section of LaTeX."""
    found: list[Heading] = []
    start, fence = 0, ""
    over, above = "", ""  # the two lines before
    for line in text.split("\n"):
        if mark := _FENCE.match(line):
            fence = _after_fence(fence, mark[1])
        elif not fence and (marked := _marked(line, hashes)):
            level, title = marked
            if title:
                found.append(Heading(start, level, title[:_LONGEST_TITLE]))
        elif not fence and _UNDERLINE.fullmatch(line) and _is_title(over, above):
            level = 1 if "=" in line else 2
            found.append(Heading(start - len(above) - 1, level, above.strip()[:_LONGEST_TITLE]))
        over, above = above, line
        start += len(line) + 1
    return found


def _marked(line: str, hashes: bool) -> tuple[int, str] | None:
    """Level and title of a line that says itself that it is a heading, in Markdown or in LaTeX."""
    if hashes and (heading := _HEADING.match(line)):
        return len(heading[1]), _CLOSING.sub("", heading[2][:500]).strip()
    if "\\" in line[:200] and (heading := _LATEX.match(line[:500])):
        return _LEVELS[heading[1]], heading[2].strip()
    return None


def _is_title(over: str, line: str) -> bool:
    """Whether the line can be one that is underlined: alone, or under a line of `=`, and plain words."""
    return not over.strip(" =") and len(line) <= _LONGEST and _PLAIN.match(line) is not None


def _after_fence(fence: str, mark: str) -> str:
    """The fence that is open after this mark: only its own kind, at least as long, closes it."""
    if not fence:
        return mark
    return "" if mark[0] == fence[0] and len(mark) >= len(fence) else fence


def located(
    outline: Iterable[tuple[int, int, str]], text: str, pages: Sequence[Page]
) -> Iterator[Heading]:
    """The headings (number of the page, level and title) where their words stand on the page, in order;
    at its beginning when they do not."""
    reached = 0
    for number, level, title in outline:
        if not 0 < number <= len(pages) or not (wanted := letters(title)):
            continue
        page = pages[number - 1]
        if page.end < reached:
            continue  # back to where others were already
        start = max(page.start, reached)
        for line in text[start : page.end].split("\n"):
            if 0 < len(line) <= _LONGEST and _says(letters(line), wanted):
                reached = start
                break
            start += len(line) + 1
        else:
            reached = max(page.start, reached)
        yield Heading(reached, min(level, 6), title[:_LONGEST_TITLE])


def _says(line: str, title: str) -> bool:
    """Whether a line is the title, a number before it or not."""
    return line.endswith(title) and len(line) <= len(title) + _NUMBERING


class Outline:
    """Answers under which of the headings a place of the text stands: "Guide > Install"."""

    def __init__(self, found: Iterable[Heading]) -> None:
        self._starts: list[int] = []
        self._paths: list[str] = []
        above: list[Heading] = []
        for heading in found:
            above = [h for h in above if h.level < heading.level]
            above.append(heading)
            self._starts.append(heading.start)
            self._paths.append(" > ".join(h.title for h in above))

    def __bool__(self) -> bool:
        """Whether there is a heading at all."""
        return bool(self._starts)

    def path(self, start: int) -> str:
        """The headings above character `start`, a heading that begins there included."""
        place = bisect_right(self._starts, start)
        return self._paths[place - 1] if place else ""
