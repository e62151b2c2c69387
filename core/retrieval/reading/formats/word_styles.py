"""What the styles of a Word document say of its paragraphs, and the numbers that Word writes in front of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.retrieval.reading.formats.elements import attribute, below, is_on, local, value

_MOST_BASES = 20
_MOST_LEVELS = 9
_IN_NO_LIST = ("", "", "")
_PLACE = re.compile(r"%([1-9])")
_USUAL = re.compile(r"[Hh]eading ?([1-6])")
_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l")),
    *((40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
_MOST_ROMAN = 3_999


class Styles:
    """The styles by their ids; what one does not say, the one that it is based on says."""

    def __init__(self, root: Any) -> None:
        styles = [style for style in root if local(style) == "style"]
        self._styles = {attribute(style, "styleId"): style for style in styles}
        # Once for each style, not for each paragraph and run.
        self._headings = {each: self._heading_of(each) for each in self._styles}
        self._lists = {each: self._list_of(each) for each in self._styles}
        self._hidden = {each for each in self._styles if self._hides(each)}

    def heading(self, paragraph: Any) -> int:
        """The level of a heading, from 1; 0 of other paragraphs."""
        own = value(paragraph, "pPr/outlineLvl")
        if own is not None:
            return _outlined(own)
        style = value(paragraph, "pPr/pStyle") or ""
        # Some programs name the styles of Word and leave it to Word to know them.
        usual = _USUAL.fullmatch(style) if style not in self._styles else None
        return int(usual[1]) if usual else self._headings.get(style, 0)

    def list_of(self, paragraph: Any) -> tuple[str, str, str]:
        """The id of its list, "" of none; its level in it as far as it is said; the style that says so."""
        own = below(paragraph, "pPr/numPr")
        level = (value(own, "ilvl") if own is not None else "") or ""
        if own is not None and (number := value(own, "numId")):
            return ("" if number == "0" else number), level, ""
        number, said, style = self._lists.get(value(paragraph, "pPr/pStyle") or "", _IN_NO_LIST)
        return number, level or said, style

    def hides(self, run: Any) -> bool:
        """Whether the text of a run is formatted as hidden."""
        form = below(run, "rPr")
        if form is None:
            return False
        if below(form, "vanish") is not None:
            return is_on(form, "vanish")
        return value(form, "rStyle") in self._hidden

    def _lineage(self, identity: str | None) -> Iterator[Any]:
        for _ in range(_MOST_BASES):
            style = self._styles.get(identity or "")
            if style is None:
                return
            yield style
            identity = value(style, "basedOn")

    def _heading_of(self, identity: str) -> int:
        for style in self._lineage(identity):
            name = (value(style, "name") or "").lower()
            outline = value(style, "pPr/outlineLvl")
            if name == "title":
                return 1
            if name.startswith("heading ") and name[8:].isdecimal():
                return min(6, max(1, int(name[8:10])))
            if outline is not None:
                return _outlined(outline)
        return 0

    def _list_of(self, identity: str) -> tuple[str, str, str]:
        for style in self._lineage(identity):
            if number := value(style, "pPr/numPr/numId"):
                said = value(style, "pPr/numPr/ilvl") or ""
                return ("" if number == "0" else number), said, attribute(style, "styleId")
        return _IN_NO_LIST

    def _hides(self, identity: str) -> bool:
        return any(is_on(style, "rPr/vanish") for style in self._lineage(identity))


def _outlined(level: str) -> int:
    return int(level) + 1 if level.isdecimal() and int(level) < 6 else 0


@dataclass(slots=True)
class _Level:
    form: str
    text: str
    start: int
    style: str


class Numbers:
    """Counts the items of all lists, in the order in which they are asked for."""

    def __init__(self, root: Any) -> None:
        self._lists: dict[str, dict[int, _Level]] = {}
        self._list_of: dict[str, str] = {}
        self._starts: dict[str, dict[int, int]] = {}
        self._counts: dict[str, list[int]] = {}
        for each in root if root is not None else ():
            if local(each) == "abstractNum":
                self._lists[attribute(each, "abstractNumId")] = _levels(each)
            elif local(each) == "num":
                number = attribute(each, "numId")
                self._list_of[number] = value(each, "abstractNumId") or ""
                self._starts[number] = _overrides(each)

    def mark(self, number: str, said: str, style: str) -> tuple[str, int]:
        """What stands in front of the next item of this list: `- `, `3. `, `2.1 `; and how deep it is."""
        listed = self._list_of.get(number, "")
        levels = self._lists.get(listed, {})
        depth = int(said) if said.isdecimal() and int(said) < _MOST_LEVELS else 0
        if not said and style:
            depth = next((n for n, each in levels.items() if each.style == style), 0)
        level = levels.get(depth)
        if level is None or level.form == "bullet":
            return "- ", depth
        counts = self._counts.setdefault(listed, [])
        self._begin(counts, levels, depth, self._starts.get(number, {}))
        text = _PLACE.sub(lambda found: _shown(counts, levels, int(found[1]) - 1), level.text)
        return f"{text.strip()} " if text.strip() else "", depth

    def _begin(
        self, counts: list[int], levels: dict[int, _Level], depth: int, starts: dict[int, int]
    ) -> None:
        """Count the item, and begin anew what is deeper; a list that is told to start again does so once."""
        del counts[depth + 1 :]
        while len(counts) <= depth:
            level = levels.get(len(counts))
            first = level.start if level else 1
            counts.append(first if len(counts) < depth else first - 1)
        counts[depth] = starts.pop(depth, counts[depth] + 1)


def _levels(root: Any) -> dict[int, _Level]:
    found: dict[int, _Level] = {}
    for each in root:
        place = attribute(each, "ilvl")
        if local(each) == "lvl" and place.isdecimal():
            start = value(each, "start") or ""
            found[int(place)] = _Level(
                value(each, "numFmt") or "decimal",
                (value(each, "lvlText") or "")[:80],
                int(start) if start.isdecimal() and len(start) < 7 else 1,
                value(each, "pStyle") or "",
            )
    return found


def _overrides(number: Any) -> dict[int, int]:
    found: dict[int, int] = {}
    for each in number:
        place, start = attribute(each, "ilvl"), value(each, "startOverride") or ""
        if place.isdecimal() and start.isdecimal() and len(start) < 7:
            found[int(place)] = int(start)
    return found


def _shown(counts: list[int], levels: dict[int, _Level], depth: int) -> str:
    if depth >= len(counts):
        return ""
    count = counts[depth]
    match levels[depth].form if depth in levels else "decimal":
        case "lowerLetter" | "upperLetter" as form if count > 0:
            # After z comes aa, then bb.
            letter = chr(ord("a") + (count - 1) % 26) * min((count - 1) // 26 + 1, 9)
            return letter if form == "lowerLetter" else letter.upper()
        case "lowerRoman" | "upperRoman" as form if 0 < count <= _MOST_ROMAN:
            return _roman(count) if form == "lowerRoman" else _roman(count).upper()
        case "decimalZero":
            return f"{count:02}"
        case "none":
            return ""
        case _:
            return str(count)


def _roman(count: int) -> str:
    text = ""
    for worth, letters in _ROMAN:
        text += letters * (count // worth)
        count %= worth
    return text
