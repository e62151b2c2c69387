"""How sure it is that what was found bears on a question at all."""

import math
import re
from collections.abc import Iterable

from core.retrieval.words import COMMON_WEIGHT, Form, stem, words

NEAR = 0.2
"""From here on it is near. On the evaluation sets 2 % of the questions that can be answered fall below
it, and 6 % of those that cannot lie above (docs/retrieval.md)."""

# Who asks for no more than this asks about the documents as they are, or is only polite.
_NOTHING_ELSE = frozenset(
    stem(word)
    for word in re.findall(
        r"\w+",
        "document documents file files pdf text page pages upload uploaded attached content contents about"
        " summary summarise summarize overview topic topics main point points key idea ideas tell give list"
        " explain describe show say know read please short brief briefly here this hello hi hey thanks"
        " thank ok okay good morning help whole everything all dem den des es was dokument dokumente datei"
        " dateien zusammenfassung zusammenfassen inhalt worum geht hallo danke bitte résumé résumer"
        " fichier contenu bonjour merci",
    )
)

# A logistic curve, fitted on questions put to their own documents and to others'.
_COSINE, _COVERAGE, _BIAS = 24.0, 7.0, -10.3


def nearness(cosine: float, coverage: float) -> float:
    """0 to 1, by the best cosine and the best coverage of the question's words."""
    # All its words in one passage are enough, whatever a small embedder makes of the whole.
    if coverage == 1:
        return 1.0
    return 1 / (1 + math.exp(-(_COSINE * cosine + _COVERAGE * coverage + _BIAS)))


def is_telling(question: str) -> bool:
    """Whether it names anything at all to look for; "and how long?" does not."""
    return bool(_telling(question, {}))


def _telling(question: str, forms: dict[str, Form]) -> dict[str, float]:
    found = words(question, forms)
    return {word.stem: word.weight for word in found if word.weight > COMMON_WEIGHT}


def coverage(question: str, passages: Iterable[str]) -> float:
    """The largest share of the question's telling words, by weight, that one of the passages has; all
    of them when it asks about nothing but the documents themselves ("what is this about?")."""
    forms: dict[str, Form] = {}
    asked = _telling(question, forms)
    if asked.keys() <= _NOTHING_ELSE:
        return 1.0
    whole = sum(asked.values())
    shares = (
        sum(asked[stem] for stem in asked.keys() & {word.stem for word in words(text, forms)})
        for text in passages
    )
    return max(shares, default=0.0) / whole
