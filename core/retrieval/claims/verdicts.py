"""A verdict on each claim that cites a passage: verbatim, supported, other source, not found."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.retrieval.claims.citations import unmarked
from core.retrieval.claims.comparison import quick_share
from core.retrieval.claims.parse import read
from core.retrieval.claims.passage import Passage, best_run, passages_of
from core.retrieval.claims.statements import Statement
from core.retrieval.claims.support import denies, misquotes, why_not
from core.retrieval.claims.uncited import uncited
from core.retrieval.words import COMMON_WEIGHT, Form, words
from core.types import Citation, Source, Verdict

_LONGEST_PASSAGE = 8_000
_MOST_WORK = 1_500_000  # words of claims times sentences of passages: a second or two
_WORTH_A_LOOK = 0.4
_QUOTATION = re.compile(
    '(?<![\\w"])"([^"\n]{2,600})"|[“„«「]\\s?([^"”“»」«\n]{2,600}?)\\s?["”“»」]'
    "|(?<!\\w)‘([^‘’\n]{2,600})’(?!\\w)"
)
_LEFT_OUT = re.compile(r"\.\.\.|…|\[[^\]\n]{0,40}\]")


def judged(
    answer: str, citations: Sequence[Citation], sources: Sequence[Source]
) -> tuple[Citation, ...]:
    """The same citations, each with the verdict on its claim."""
    if not citations:
        return ()
    plain, forms = unmarked(answer), dict[str, Form]()
    judge = Judge(passages_of(sources, forms), forms)
    together: dict[tuple[int, int], list[int]] = {}
    for each in citations:
        together.setdefault((each.claim_start, each.claim_end), []).append(each.number)
    found = []
    for each in citations:
        span = each.claim_start, each.claim_end
        verdict, found_in = judge.verdict(plain[slice(*span)], each.number, together[span])
        found.append(replace(each, verdict=verdict, found_in=found_in))
    return tuple(found)


class Judge:
    """Says of claims whether the passages of one window bear them out."""

    def __init__(self, passages: Mapping[int, Passage], forms: dict[str, Form]) -> None:
        self._passages = passages
        self._forms = forms
        self._statements: dict[int, Statement] = {}
        self._claims: dict[str, Statement] = {}
        self._alone: dict[tuple[str, int], Verdict] = {}
        self._work = _MOST_WORK

    def verdict(self, claim: str, number: int, cited: Sequence[int]) -> tuple[Verdict, int]:
        """The verdict on a claim that cites passage `number` among others, and the passage that
        bears it out when that is another one, else 0."""
        if not re.search(r"\w", claim):
            return "unchecked", 0
        own = self._on(claim, number)
        if own != "not_found":
            return own, 0
        others = [n for n in dict.fromkeys((*cited, *self._passages)) if n != number]
        for other in others:
            if self._on(claim, other) in ("verbatim", "supported"):
                return "other_source", other
        return ("not_found" if self._work > 0 else "unchecked"), 0

    def _on(self, claim: str, number: int) -> Verdict:
        """What this passage alone says of the claim."""
        if (claim, number) not in self._alone:
            if self._work <= 0:
                return "unchecked"
            self._alone[claim, number] = self._look(claim, number)
        return self._alone[claim, number]

    def _look(self, claim: str, number: int) -> Verdict:
        passage = self._passages[number]
        if number not in self._statements:
            self._statements[number] = read(passage.told[:_LONGEST_PASSAGE])
        theirs = self._statements[number]
        ours = self._claims.get(claim) or self._claims.setdefault(claim, read(claim))
        self._work -= (len(ours.tokens) + 5) * (len(theirs.by_part) + 5)
        quoted = quotations(claim)
        if not all(self._stands(piece, passage) for piece in quoted):
            return "not_found"
        if quoted and not misquotes(ours, theirs):
            return "verbatim"
        if quick_share(ours, theirs) < _WORTH_A_LOOK:
            return "not_found"
        if self._stands(claim, passage) and not (denies(ours, theirs) or misquotes(ours, theirs)):
            return "verbatim"
        return "not_found" if why_not(ours, theirs) else "supported"

    def _stands(self, piece: str, passage: Passage) -> bool:
        """Whether the words stand in the passage one after the other, common ones at the ends
        aside."""
        wanted = words(piece, self._forms)
        while wanted and wanted[0].weight <= COMMON_WEIGHT:
            wanted.pop(0)
        while wanted and wanted[-1].weight <= COMMON_WEIGHT:
            wanted.pop()
        return not wanted or len(best_run(wanted, passage)) == len(wanted)


def quotations(claim: str) -> list[str]:
    """What the claim puts in quotation marks, without what it says to have left out."""
    return [
        piece
        for found in _QUOTATION.finditer(claim)
        for piece in _LEFT_OUT.split(found[1] or found[2] or found[3] or "")
        if re.search(r"\w", piece)
    ]


def summary(citations: Sequence[Citation], answer: str) -> str:
    """How many claims are borne out by a passage that they cite, how many by another one, and how many sentences
    of the answer cite nothing, in words; "" without a claim.

    Marks that follow each other ([1][2]) are one claim, and one of them is enough."""
    claims: list[list[Verdict]] = []
    before: Citation | None = None
    for citation in citations:
        if before and _same_claim(before, citation):
            claims[-1].append(citation.verdict)
        else:
            claims.append([citation.verdict])
        before = citation
    checked = [verdicts for verdicts in claims if set(verdicts) != {"unchecked"}]
    if not checked:
        return ""
    others = [each for each in checked if not {"verbatim", "supported"} & set(each)]
    elsewhere = sum("other_source" in each for each in others)
    supported = len(checked) - len(others)
    told = f"{supported} of {len(checked)} {'claim' if len(checked) == 1 else 'claims'} supported"
    if elsewhere:
        told += f", {elsewhere} by another passage"
    if silent := uncited(answer, citations):
        told += f", {silent} {'sentence cites' if silent == 1 else 'sentences cite'} nothing"
    return told


def _same_claim(before: Citation, citation: Citation) -> bool:
    if citation.claim_end > citation.claim_start:
        ours = (citation.claim_start, citation.claim_end)
        return ours == (before.claim_start, before.claim_end)
    return citation.start - before.end <= 2
