"""How much each of several texts has to do with a question, by the words that tell them apart."""

import math
from collections import Counter
from collections.abc import Sequence

from core.retrieval.words import COMMON_WEIGHT, Form, words


def relevance(question: str, texts: Sequence[str]) -> tuple[float, ...]:
    """For each text the sum over the question's telling words that it has, each weighing the more the
    fewer of the texts have it, divided by the root of the text's own number of different words; 0
    where none is shared. Computed, without a model."""
    forms: dict[str, Form] = {}
    stems = [{word.stem for word in words(text, forms)} for text in texts]
    having = Counter(stem for each in stems for stem in each)
    asked = {
        word.stem: word.weight * math.log1p(len(texts) / having[word.stem])
        for word in words(question, forms)
        if word.weight > COMMON_WEIGHT and word.stem in having
    }
    return tuple(
        sum(weight for stem, weight in asked.items() if stem in each) / math.sqrt(len(each) or 1)
        for each in stems
    )
