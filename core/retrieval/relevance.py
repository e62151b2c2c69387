"""How much each of several texts has to do with a question, by the words that tell them apart."""

import math
from bisect import bisect_left
from collections.abc import Sequence

from core.retrieval.words import COMMON_WEIGHT, Form, words


class Relevance:
    """Texts in their order, read once, so that many questions can be put to their beginnings."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._forms: dict[str, Form] = {}
        self._having: dict[str, list[int]] = {}
        self._sizes: list[float] = []
        for place, text in enumerate(texts):
            stems = {word.stem for word in words(text, self._forms)}
            self._sizes.append(math.sqrt(len(stems) or 1))
            for stem in stems:
                self._having.setdefault(stem, []).append(place)

    def scores(self, question: str, upto: int | None = None) -> tuple[float, ...]:
        """For each of the first `upto` texts the sum over the question's telling words that it has, each
        weighing the more the fewer of these texts have it, divided by the root of the text's own
        number of different words; 0 where none is shared. Computed, without a model."""
        count = len(self._sizes) if upto is None else upto
        found = [0.0] * count
        asked = {w.stem: w.weight for w in words(question, self._forms) if w.weight > COMMON_WEIGHT}
        for stem, weight in asked.items():
            places = self._having.get(stem, [])
            having = bisect_left(places, count)
            for place in places[:having]:
                found[place] += weight * math.log1p(count / having)
        return tuple(score / size for score, size in zip(found, self._sizes, strict=False))


def relevance(question: str, texts: Sequence[str]) -> tuple[float, ...]:
    """The scores of these texts for one question."""
    return Relevance(texts).scores(question)
