"""One order from two searches: by meaning and by words, with what stands around a passage."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.retrieval.embed import Vectors
from core.retrieval.indexes.wordshard import WordMatches
from core.types import Candidate

_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\d+")
_FAIR = 0.3  # share of all that a passage could score by words
_NEAR = 0.95  # cosine from which the words of two passages are compared
_SAME = 0.9  # share of their words that two passages have in common when they say the same


@dataclass(frozen=True, slots=True)
class Blend:
    """How much of a score is the meaning (the rest is the words), what the passages beside it and the
    best of its document add, how many each search brings, and how much likeness to what is chosen
    already counts against a passage."""

    meaning: float = 0.35
    beside: float = 0.3
    document: float = 0.45
    pool: int = 100
    diversity: float = 0.0


def fuse(
    nearest: Sequence[int], cosines: Mapping[int, float], matches: WordMatches, blend: Blend
) -> list[Candidate]:
    """Every passage of the two searches, the best first; equal ones by id.

    `nearest` are the ids by meaning in order; `cosines` has theirs, those of the best by words and
    of the passages around both. One that is missing (deleted since) is left out.
    """
    dense = {number: rank for rank, number in enumerate(nearest, 1)}
    words = {number: rank for rank, number in enumerate(matches.best, 1)}
    pool = [number for number in dict.fromkeys([*dense, *words]) if number in cosines]
    own = _own(pool, cosines, matches, blend.meaning)
    best_of: dict[str, float] = {}
    for number in pool:
        document = matches.documents.get(number, "")
        best_of[document] = max(best_of.get(document, 0.0), own[number])
    whole = 1 + blend.beside + blend.document
    found = []
    for number in pool:
        beside = max((own.get(n, 0.0) for n in matches.around.get(number, ())), default=0.0)
        best = best_of[matches.documents.get(number, "")]
        score = (own[number] + blend.beside * beside + blend.document * best) / whole
        by_words = matches.scores.get(number, 0.0)
        candidate = Candidate(
            number, dense.get(number), cosines[number], words.get(number), by_words, score
        )
        found.append(candidate)
    return sorted(found, key=lambda each: (-each.fused, each.chunk_id))


def _own(
    pool: Sequence[int], cosines: Mapping[int, float], matches: WordMatches, meaning: float
) -> dict[int, float]:
    """What each passage comes to alone, 0 to 1: both scores between the worst and the best of the
    pool. BM25 begins at 0, where no word is shared, and its best counts in full only when it has a
    fair part of what was asked: one common word in it alone does not beat the meaning."""
    if not pool:
        return {}
    low = min(cosines[number] for number in pool)
    reach = max(cosines[number] for number in pool) - low or 1.0
    best = max(matches.scores.get(number, 0.0) for number in pool)
    most = max(best, _FAIR * matches.most) or 1.0
    return {
        number: meaning * min(max((cosine - low) / reach, 0.0), 1.0)
        + (1 - meaning) * min(matches.scores.get(number, 0.0) / most, 1.0)
        for number, cosine in cosines.items()
    }


def fold(
    candidates: Sequence[Candidate],
    vectors: Mapping[int, Vectors],
    texts: Callable[[Iterable[int]], Mapping[int, str]],
) -> list[Candidate]:
    """The same candidates in the same order, each that says what a better one says marked so.

    `texts` is asked for the few whose vectors are near; passages that differ in a number differ.
    """
    if not candidates:
        return []
    stacked = np.stack([vectors[each.chunk_id] for each in candidates])
    pairs = np.argwhere(np.triu(stacked @ stacked.T >= _NEAR, 1))
    asked = {candidates[place].chunk_id for place in np.unique(pairs).tolist()}
    known = texts(asked) if asked else {}
    folded = list(candidates)
    for better, worse in pairs.tolist():
        first, second = folded[better], folded[worse]
        if (
            first.duplicate_of is None
            and second.duplicate_of is None
            and _alike(known.get(first.chunk_id, ""), known.get(second.chunk_id, ""))
        ):
            folded[worse] = replace(second, duplicate_of=first.chunk_id)
    return folded


def _alike(one: str, other: str) -> bool:
    if sorted(_NUMBER.findall(one)) != sorted(_NUMBER.findall(other)):
        return False
    ours, theirs = set(_WORD.findall(one.casefold())), set(_WORD.findall(other.casefold()))
    both = ours | theirs
    return bool(both) and len(ours & theirs) >= _SAME * len(both)


def choose(
    candidates: Sequence[Candidate], vectors: Mapping[int, Vectors], k: int, diversity: float
) -> list[Candidate]:
    """The k best that are no duplicates. With `diversity` above 0 each next one is the best after
    its likeness to those chosen is taken off (MMR, Carbonell and Goldstein 1998)."""
    left = [each for each in candidates if each.duplicate_of is None]
    if diversity <= 0:
        return left[:k]
    stacked = np.stack([vectors[each.chunk_id] for each in left]) if left else np.empty((0, 0))
    merit = np.array([each.fused for each in left]) * (1 - diversity)
    likeness = np.zeros(len(left))
    open_ = np.ones(len(left), dtype=bool)
    chosen: list[Candidate] = []
    while open_.any() and len(chosen) < k:
        place = int(np.argmax(np.where(open_, merit - diversity * likeness, -np.inf)))
        open_[place] = False
        chosen.append(left[place])
        likeness = np.maximum(likeness, stacked @ stacked[place])
    return chosen
