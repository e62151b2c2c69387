"""The headings of a text in Markdown, and which of them a place stands under."""

import re
from bisect import bisect_right
from dataclasses import dataclass

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
_LONGEST = 200  # characters of a line that is underlined


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading line that begins at character `start`; `level` is 1 to 6."""

    start: int
    level: int
    title: str


def headings(text: str) -> list[Heading]:
    """Every heading outside of code fences, in order: after a `#`, alone above a line of `=` or `-`,
    or as a section of LaTeX."""
    found: list[Heading] = []
    start, fence = 0, ""
    over, above = "", ""  # the two lines before
    for line in text.split("\n"):
        if mark := _FENCE.match(line):
            fence = _after_fence(fence, mark[1])
        elif not fence and (marked := _marked(line)):
            level, title = marked
            if title:
                found.append(Heading(start, level, title[:_LONGEST_TITLE]))
        elif not fence and _UNDERLINE.fullmatch(line) and _is_title(over, above):
            level = 1 if "=" in line else 2
            found.append(Heading(start - len(above) - 1, level, above.strip()[:_LONGEST_TITLE]))
        over, above = above, line
        start += len(line) + 1
    return found


def _marked(line: str) -> tuple[int, str] | None:
    """Level and title of a line that says itself that it is a heading, in Markdown or in LaTeX."""
    if heading := _HEADING.match(line):
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


class Outline:
    """Answers under which headings a place of the text stands: "Guide > Install"."""

    def __init__(self, text: str) -> None:
        self._starts: list[int] = []
        self._paths: list[str] = []
        above: list[Heading] = []
        for heading in headings(text):
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
