"""Which passages an answer rests on whose model named none; computed, without a model."""

from collections.abc import Sequence

from core.retrieval.claims.citations import check, quote
from core.retrieval.claims.passage import passages_of
from core.retrieval.claims.verdicts import Judge, judged
from core.retrieval.words import Form, sentences
from core.types import Citation, Source

_MOST_SENTENCES = 40
_LONGEST = 800


def cited(answer: str, sources: Sequence[Source]) -> tuple[Citation, ...]:
    """The citations of the answer with their verdicts; when it has none, each sentence that a passage bears out is cited
    for it, with an empty place (start == end) behind the sentence."""
    return judged(answer, check(answer, sources), sources) or _attributed(answer, sources)


def _attributed(answer: str, sources: Sequence[Source]) -> tuple[Citation, ...]:
    if not sources:
        return ()
    forms: dict[str, Form] = {}
    passages = passages_of(sources, forms)
    judge, found = Judge(passages, forms), []
    first = sources[0].number
    for start, end in sentences(answer)[:_MOST_SENTENCES]:
        claim = answer[start : min(end, start + _LONGEST)]
        verdict, number = judge.verdict(claim, first, [first])
        if verdict == "other_source":
            verdict, _ = judge.verdict(claim, number, [number])
        elif verdict in ("verbatim", "supported"):
            number = first
        else:
            continue
        place = quote(claim, passages[number], forms)
        found.append(Citation(number, end, end, *place, verdict, 0, start, end))
    return tuple(found)
