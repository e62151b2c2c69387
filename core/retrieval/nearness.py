"""How sure it is that what was found bears on a question at all."""

import math
from collections.abc import Iterable

from core.retrieval.words import COMMON_WEIGHT, Form, words

NEAR = 0.2
"""From here on it is near. On the evaluation sets 2 % of the questions that can be answered fall below
it, and 6 % of those that cannot lie above (docs/retrieval.md)."""

# A logistic curve, fitted on questions put to their own documents and to others'.
_COSINE, _COVERAGE, _BIAS = 24.0, 7.0, -10.3


def nearness(cosine: float, coverage: float) -> float:
    """0 to 1, by the best cosine and the best coverage of the question's words."""
    return 1 / (1 + math.exp(-(_COSINE * cosine + _COVERAGE * coverage + _BIAS)))


def coverage(question: str, passages: Iterable[str]) -> float:
    """The largest share of the question's telling words, by weight, that one of the passages has."""
    forms: dict[str, Form] = {}
    asked = {
        word.stem: word.weight for word in words(question, forms) if word.weight > COMMON_WEIGHT
    }
    whole = sum(asked.values())
    if not whole:
        return 0.0
    shares = (
        sum(asked[stem] for stem in asked.keys() & {word.stem for word in words(text, forms)})
        for text in passages
    )
    return max(shares, default=0.0) / whole
