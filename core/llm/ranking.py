"""Finds the sentences that answer a question best, by the words that they share with it."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.llm.sentences import column_names, is_row, is_whole, sentences
from core.types import Source

# Words that say nothing about what a question is after, and those by which documents are asked for.
_STOP_TEXT = """
a about above after again all also am an and any are as at be because been before being below
between both but by can cannot could did do does doing done down during each few for from further
get give given gives had has have having he her here hers him his how i if in into is it its
itself just know let long make many may me might more most much must my no nor not now of off on
once only or other our out over own please same say says shall she should show so some such tell
than that the their them then there these they this those through to too under until up us very
was we were what when where which while who whom whose why will with would you your document
documents file files passage passages text page pages said mention mentioned mentions describe
explain summarize summarise summary der die das ein eine und oder ist sind war von zu mit für auf
im den dem des wie wer wo wann le la les un une et ou est sont de du que qui quoi pour dans
"""
_STOP = frozenset(_STOP_TEXT.split())
_WORD = re.compile(r"[^\W_]+(?:[’'][^\W_]+)?")
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_ENDINGS = ("ingly", "edly", "ing", "ed", "ly", "es", "s", "e")

_ENOUGH_WORDS = 0.34
"""Share of the question's weight that makes a sentence an answer, whatever its passage is."""
_CLOSE = 0.3
"""Cosine from which a passage is about the question, so that fewer common words will do."""
_NEAREST = 0.45
"""Cosine from which a passage is worth showing when it shares no word with the question."""
_ALIKE = 0.7
_LONGEST = 600


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence as it stands in the passage of source `number`; `place` is its order in it."""

    text: str
    number: int
    place: int
    terms: frozenset[str]
    score: float


def terms(text: str) -> frozenset[str]:
    """The words that matter, reduced to their stems."""
    found: set[str] = set()
    for word in _WORD.findall(text.casefold()):
        word = re.split("[’']", word)[0]
        if _WIDE.search(word):
            # Written without spaces: pairs of characters serve as words.
            found.update(word[at : at + 2] for at in range(max(1, len(word) - 1)))
        elif word not in _STOP and (len(word) > 1 or word.isdigit()):
            found.add(_stem(word))
    return frozenset(found)


def best(question: str, sources: Sequence[Source], most: int) -> list[Quote]:
    """At most `most` sentences that share the question's words, in reading order, none twice."""
    asked = terms(question)
    candidates = list(_candidates(sources))
    weights = _weights(asked, [terms(text) for _, _, text in candidates])
    rated = [_rated(source, place, text, weights) for source, place, text in candidates]
    fit = [quote for quote, relevant in rated if relevant]
    return _chosen(fit, most)


def nearest(sources: Sequence[Source], most: int, *, anyhow: bool) -> list[Quote]:
    """The first whole sentence of the passages that are about the question without its words."""
    quotes = []
    for source in sources:
        whole = [text for text in sentences(source.hit.chunk.text) if is_whole(text)]
        if whole and (anyhow or source.hit.score >= _NEAREST):
            rank = 1 / (1 + source.number)
            quotes.append(Quote(whole[0], source.number, 0, terms(whole[0]), rank))
    return _chosen(quotes, most)


def _candidates(sources: Sequence[Source]) -> Iterable[tuple[Source, int, str]]:
    for source in sources:
        for place, text in enumerate(sentences(source.hit.chunk.text)):
            if len(text) <= _LONGEST and not text.endswith("?"):
                yield source, place, text


def _weights(asked: frozenset[str], found: Sequence[frozenset[str]]) -> dict[str, float]:
    """The share of each word of the question: rare ones count for more."""
    among = Counter(term for each in found for term in each & asked)
    idf = {term: math.log(1 + len(found) / (1 + among[term])) for term in asked}
    whole = sum(idf.values()) or 1.0
    return {term: value / whole for term, value in idf.items()}


def _rated(source: Source, place: int, text: str, weights: dict[str, float]) -> tuple[Quote, bool]:
    chunk, said = source.hit.chunk, terms(text)
    own = sum(weights.get(term, 0.0) for term in said)
    # What stands under a heading, or in a column, is about it without repeating its words.
    over = f"{chunk.heading} {column_names(chunk.text)}" if is_row(text) else chunk.heading
    above = sum(weights.get(term, 0.0) for term in terms(over) - said)
    covered = own + above / 2
    score = covered * _shape(text, len(said)) / (1 + 0.08 * (source.number - 1))
    enough = covered >= _ENOUGH_WORDS or source.hit.score >= _CLOSE
    return Quote(text, source.number, place, said, score), own > 0 and enough


def _shape(text: str, words: int) -> float:
    if is_row(text):
        return 0.8
    fit = 1.0 if is_whole(text) else 0.5
    return fit * (0.6 if words < 3 else 1.0 if len(text) < 350 else 0.8)


def _chosen(quotes: list[Quote], most: int) -> list[Quote]:
    chosen: list[Quote] = []
    for quote in sorted(quotes, key=lambda quote: (-quote.score, quote.number, quote.place)):
        weak = chosen and quote.score < chosen[0].score * 0.6
        if len(chosen) == most or weak:
            break
        if not any(_alike(quote, other) for other in chosen):
            chosen.append(quote)
    return sorted(chosen, key=lambda quote: (quote.number, quote.place))


def _alike(one: Quote, other: Quote) -> bool:
    if one.text in other.text or other.text in one.text:
        return True
    union = len(one.terms | other.terms)
    return bool(union) and len(one.terms & other.terms) / union >= _ALIKE


def _stem(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)]
            doubled = len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz"
            return word[:-1] if doubled and ending in ("ing", "ed") else word
    return word
