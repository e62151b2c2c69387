"""Which words of its source each [n] of an answer rests on; computed, without a model."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from core.retrieval.claims.passage import Passage, best_run, nearest_sentence, passages_of, weight
from core.retrieval.words import Form, sentences, words
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
# A sentence of nothing but these says where something stands, and is no claim of its own.
_POINTING = frozenset(
    re.findall(
        r"\w+",
        """information informations info answer details detail data statement source sources passage passages document
        documents text section file paragraph page reference references citation see refer according based
        quelle quellen siehe dokument abschnitt textstelle laut voir selon fuente fuentes véase según""",
    )
)
_NAME = r"[\"“„«][^\"“”»\n]{1,120}[\"“”»]"
_NAMED = re.compile(
    rf"(?:section|heading|file|document) {_NAME}|{_NAME} (?:section|heading|file|document)|[\w-]{{1,80}}\.[a-z]{{2,5}}\b"
)
"""A section or file by its name: where something stands, too."""
_BESIDE_IT = frozenset(
    re.findall(
        r"\w+",
        """this that these those the it all above my is are was were be been can has i you found stated mentioned given
        provided described listed contained taken comes come from in on by to per as also for more and of at here
        with under which following first second third cited supported
        diese dieser dieses die der das dem den steht stehen stammt ist findet finden sich aus im in zu und
        cette ces le la les est se trouve dans l du de cet ce esta este el la los las se encuentra en está""",
    )
)


@dataclass(frozen=True, slots=True)
class _Mark:
    start: int
    end: int
    numbers: tuple[tuple[int, int, int], ...]
    """Each number with the part of the mark that is its own."""


def check(answer: str, sources: Sequence[Source]) -> tuple[Citation, ...]:
    """Every citation of the answer in order: [1], [1, 2], [1][2]; numbers of no source are ignored.

    In [1, 2] each number has its own part of the mark: "[1," and " 2]". The quote is the
    weightiest run of words that the sentence shares with the passage, if that is most of what it
    says, else the sentence of the passage that shares most with it, numbers counting thrice.
    No verdict is given yet: see `verdicts.judged`.
    """
    forms: dict[str, Form] = {}
    passages = passages_of(sources, forms)
    marks = _marks(answer)
    plain = _without(marks, answer)
    quotes: dict[tuple[str, int], tuple[int, int]] = {}
    found: list[Citation] = []
    for mark, span in zip(marks, _claims(plain, marks, forms), strict=True):
        claim = plain[slice(*span)]
        for number, start, end in mark.numbers:
            if number not in passages:
                continue
            if (claim, number) not in quotes:
                within_reason = len(quotes) < _MOST_QUOTES
                where = quote(claim, passages[number], forms) if within_reason else (0, 0)
                quotes[claim, number] = where
            where = quotes[claim, number]
            found.append(Citation(number, start, end, *where, "unchecked", 0, *span))
    return tuple(found)


def unmarked(answer: str) -> str:
    """The answer with its marks blanked: every other character keeps its place."""
    return _without(_marks(answer), answer)


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


def _without(marks: list[_Mark], answer: str) -> str:
    """The answer with its marks blanked, so that one after a full stop begins no sentence."""
    plain = list(answer)
    for mark in marks:
        plain[mark.start : mark.end] = " " * (mark.end - mark.start)
    return "".join(plain)


def _claims(text: str, marks: list[_Mark], forms: dict[str, Form]) -> list[tuple[int, int]]:
    """For each mark the characters that it stands for: the words since the mark before it in its sentence; a
    mark after the end of a sentence belongs to that sentence, one at the start of a line to what
    follows, and one in a sentence that only points ("this is found in passage [1]") to what was said before it."""
    spans = sentences(text)
    claims: list[tuple[int, int]] = []
    place, reached = 0, 0
    for mark in marks:
        while place + 1 < len(spans) and spans[place + 1][0] < mark.start:
            place += 1
        if not spans:
            claims.append((mark.start, mark.start))
            continue
        start, end = spans[place]
        opens_line = not text[reached : mark.start].rpartition("\n")[2].strip(_BULLETS)
        follows = opens_line and place + 1 < len(spans) and start < mark.start and end <= mark.start
        if follows and spans[place + 1][0] >= mark.end:
            start, end = spans[place + 1]
        if claims and start < reached and not text[reached : mark.start].strip(" ,;"):
            claims.append(claims[-1])  # [1][2] stand for the same
        else:
            claim = _claim((start, end), text, mark, reached, forms)
            before = _before(claim, spans, reached) if only_points(text[slice(*claim)]) else None
            claims.append(before or claim)
        reached = mark.end
    return claims


def only_points(claim: str) -> bool:
    """Whether a sentence says where something stands, and nothing else: "this is found in passage [1]"."""
    said = set(re.findall(r"[^\W\d_]+", _NAMED.sub(" section ", claim.casefold())))
    return bool(said & _POINTING) and said <= _POINTING | _BESIDE_IT


def _before(
    claim: tuple[int, int], spans: list[tuple[int, int]], reached: int
) -> tuple[int, int] | None:
    """The sentences between the mark before and this claim, the last ones of them when they are many."""
    first = bisect_left(spans, (max(reached, claim[0] - _LONGEST_CLAIM),))
    between = spans[first : bisect_left(spans, (claim[0],))]
    return (between[0][0], between[-1][1]) if between else None


def _claim(
    span: tuple[int, int], text: str, mark: _Mark, reached: int, forms: dict[str, Form]
) -> tuple[int, int]:
    start, end = span
    until = min(end, mark.start)
    since = max(start, reached, until - _LONGEST_CLAIM)
    # "A [1] and so B [2]": a clause of its own, unless it says too little alone.
    if since < until and weight(words(text[since:until], forms)) >= _LEAST_RUN:
        return since, until
    return start, min(end, start + _LONGEST_CLAIM)


def quote(claim: str, passage: Passage, forms: dict[str, Form]) -> tuple[int, int]:
    """Characters [start, end) of the passage; equal when nothing in it bears on the claim."""
    for quoted in _QUOTED.findall(claim):
        wanted = words(quoted, forms)
        run = best_run(wanted, passage)
        if run and len(run) == len(wanted):
            return run[0].start, run[-1].end
    said = words(claim, forms)
    run = best_run(said, passage)
    carried = weight(run)
    if carried >= _LONG_RUN or (carried >= _LEAST_RUN and carried >= _MOST_OF_IT * weight(said)):
        return run[0].start, run[-1].end
    return nearest_sentence(said, passage)
