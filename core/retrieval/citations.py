"""Which words of its source each [n] of an answer rests on; computed, without a model."""

import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from core.retrieval.words import COMMON_WEIGHT, Form, Word, sentences, words
from core.types import Citation, Source

_MARK = re.compile(
    r"\[[ \t]{0,3}\d{1,3}(?:[ \t]{0,3}[,;][ \t]{0,3}\d{1,3}){0,20}[ \t]{0,3}\](?!\()"
)
_NUMBER = re.compile(r"\d{1,3}")
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]{1,500}`", re.DOTALL)
_QUOTED = re.compile('["“„«「]([^"”“»」]{8,600})["”“»」]')
_LEAST_RUN = 2.5  # weight of a run that says something: three words, or a number
_MOST_OF_IT = 0.6  # share of the claim's weight that a run must carry
_LONG_RUN = 8.0  # weight of a run that nobody writes by chance
_LONGEST_CLAIM = 800
_MOST_QUOTES = 1_000  # a bound for answers that are nothing but marks
_BULLETS = " \t-*>#|.0123456789)"


@dataclass(frozen=True, slots=True)
class _Mark:
    start: int
    end: int
    numbers: tuple[tuple[int, int, int], ...]
    """Each number with the part of the mark that is its own."""


class _Passage:
    """A passage as words and sentences, taken apart once for all the claims that cite it."""

    def __init__(self, text: str, forms: dict[str, Form]) -> None:
        self.words = words(text, forms)
        self.places: dict[str, list[int]] = {}
        for place, word in enumerate(self.words):
            if word.weight > COMMON_WEIGHT:
                self.places.setdefault(word.key, []).append(place)
        starts = [word.start for word in self.words]
        self.sentences = [
            (
                start,
                end,
                {w.stem for w in self.words[bisect(starts, start - 1) : bisect(starts, end)]},
            )
            for start, end in sentences(text)
        ]


def check(answer: str, sources: Sequence[Source]) -> tuple[Citation, ...]:
    """Every citation of the answer in order: [1], [1, 2], [1][2]; numbers of no source are ignored.

    In [1, 2] each number has its own part of the mark: "[1," and " 2]". The quote is the
    weightiest run of words that the sentence shares with the passage, if that is most of what it
    says, else the sentence of the passage that shares most with it, numbers counting thrice.
    """
    forms: dict[str, Form] = {}
    passages = {s.number: _Passage(s.hit.chunk.text, forms) for s in sources}
    marks = _marks(answer)
    quotes: dict[tuple[str, int], tuple[int, int]] = {}
    found: list[Citation] = []
    for mark, claim in zip(marks, _claims(answer, marks, forms), strict=True):
        for number, start, end in mark.numbers:
            if number not in passages:
                continue
            if (claim, number) not in quotes:
                within_reason = len(quotes) < _MOST_QUOTES
                quote = _quote(claim, passages[number], forms) if within_reason else (0, 0)
                quotes[claim, number] = quote
            found.append(Citation(number, start, end, *quotes[claim, number]))
    return tuple(found)


def _marks(answer: str) -> list[_Mark]:
    code = [found.span() for found in _CODE.finditer(answer)]
    marks = []
    for found in _MARK.finditer(answer):
        if any(start <= found.start() < end for start, end in code):
            continue
        numbers = list(_NUMBER.finditer(answer, *found.span()))
        # Up to the comma after a number is its own; the last one has the closing bracket.
        ends = [answer.index(m, n.end()) + 1 for n, m in _separators(answer, numbers)]
        ends.append(found.end())
        starts = [found.start(), *ends[:-1]]
        parts = zip(numbers, starts, ends, strict=True)
        marks.append(_Mark(*found.span(), tuple((int(n[0]), s, e) for n, s, e in parts)))
    return marks


def _separators(answer: str, numbers: list[re.Match[str]]) -> Iterator[tuple[re.Match[str], str]]:
    for number, following in pairwise(numbers):
        between = answer[number.end() : following.start()]
        yield number, ";" if ";" in between else ","


def _claims(answer: str, marks: list[_Mark], forms: dict[str, Form]) -> list[str]:
    """For each mark what it stands for: the words since the mark before it in its sentence; a
    mark after the end of a sentence belongs to that sentence, one at the start of a line to what
    follows."""
    # Marks are blanked, so that one after a full stop does not begin a sentence of its own.
    plain = list(answer)
    for mark in marks:
        plain[mark.start : mark.end] = " " * (mark.end - mark.start)
    text = "".join(plain)
    spans = sentences(text)
    claims: list[str] = []
    place, reached = 0, 0
    for mark in marks:
        while place + 1 < len(spans) and spans[place + 1][0] < mark.start:
            place += 1
        if not spans:
            claims.append("")
            continue
        start, end = spans[place]
        opens_line = not text[reached : mark.start].rpartition("\n")[2].strip(_BULLETS)
        follows = opens_line and place + 1 < len(spans) and start < mark.start and end <= mark.start
        if follows and spans[place + 1][0] >= mark.end:
            start, end = spans[place + 1]
        if claims and start < reached and not text[reached : mark.start].strip(" ,;"):
            claims.append(claims[-1])  # [1][2] stand for the same
        else:
            claims.append(_claim((start, end), text, mark, reached, forms))
        reached = mark.end
    return claims


def _claim(
    span: tuple[int, int], text: str, mark: _Mark, reached: int, forms: dict[str, Form]
) -> str:
    start, end = span
    clause = text[max(start, reached) : min(end, mark.start)][-_LONGEST_CLAIM:]
    # "A [1] and so B [2]": a clause of its own, unless it says too little alone.
    if _weight(words(clause, forms)) >= _LEAST_RUN:
        return clause
    return text[start:end][:_LONGEST_CLAIM]


def _weight(run: Sequence[Word]) -> float:
    return sum(word.weight for word in run)


def _quote(claim: str, passage: _Passage, forms: dict[str, Form]) -> tuple[int, int]:
    """Characters [start, end) of the passage; equal when nothing in it bears on the claim."""
    for quoted in _QUOTED.findall(claim):
        wanted = words(quoted, forms)
        run = _best_run(wanted, passage)
        if run and len(run) == len(wanted):
            return run[0].start, run[-1].end
    said = words(claim, forms)
    run = _best_run(said, passage)
    weight = _weight(run)
    if weight >= _LONG_RUN or (weight >= _LEAST_RUN and weight >= _MOST_OF_IT * _weight(said)):
        return run[0].start, run[-1].end
    return _nearest_sentence(said, passage)


def _best_run(said: list[Word], passage: _Passage) -> list[Word]:
    """The weightiest run of words that both have, the first of equals."""
    best: list[Word] = []
    weight = 0.0
    reached: dict[int, int] = {}  # how far the runs of each shift have been followed
    for here, word in enumerate(said):
        for there in passage.places.get(word.key, ()):
            if reached.get(there - here, -1) >= here:
                continue
            back, on = _extent(said, passage.words, here, there)
            reached[there - here] = here + on
            run = passage.words[there - back : there + on]
            if (total := _weight(run)) > weight:
                best, weight = run, total
    return best


def _extent(said: list[Word], theirs: list[Word], here: int, there: int) -> tuple[int, int]:
    """How many words before and from these two on are the same in both."""
    back = 0
    while back < min(here, there) and said[here - back - 1].key == theirs[there - back - 1].key:
        back += 1
    on, most = 1, min(len(said) - here, len(theirs) - there)
    while on < most and said[here + on].key == theirs[there + on].key:
        on += 1
    return back, on


def _nearest_sentence(said: list[Word], passage: _Passage) -> tuple[int, int]:
    weights = {word.stem: word.weight for word in said if word.weight > COMMON_WEIGHT}
    best, nearest = 0.0, (0, 0)
    for start, end, stems in passage.sentences:
        # In the order of the claim: a sum of floats depends on its order.
        telling = sum(weight for stem, weight in weights.items() if stem in stems)
        # Of two that share the same, the shorter one says it more clearly.
        score = telling - 0.001 * min(len(stems), 200)
        if telling >= 1.0 and score > best:
            best, nearest = score, (start, end)
    return nearest
