"""How much a passage reads like an instruction to the model. It only flags: nothing's safety depends on it.

A logistic model over the signs. Its weights were fitted on the cases of the injection range, some 240 more
texts and 1,100 passages of code and prose; docs/defence.md has its recall and its false alarms, on
these and on texts that it was never fitted to.
"""

import math
from functools import lru_cache

from core.prompts.disguise import plain
from core.prompts.signs import SIGNS

FLAG = 0.5
"""From this score on a passage is flagged."""
_LONGEST = 20_000
"""Characters that are looked at; a passage has a tenth of them."""
_BIAS = -2.12
# As they were fitted, but for those that are enough alone: an order to ignore what was said, a text for
# machines by name, words in disguise.
_WEIGHTS = {
    "override": 2.5,
    "abroad": 2.3,
    "exactly": 1.7,
    "every": 1.8,
    "addressed": 2.2,
    "workers": 1.2,
    "persona": 0.4,
    "tokens": 1.1,
    "border": 1.8,
    "leak": 2.3,
    "carry": 2.3,
    "secret": 2.0,
    "decode": 1.7,
    "wrapped": 2.2,
    "pressure": 1.5,
    "authority": 2.2,
    "user": 1.1,
    "call": 1.3,
    "stop": 2.2,
    "demand": 1.3,
    "talk": 1.9,
    "twist": 1.8,
    "void": 2.0,
    "shots": 2.2,
    "mixed": 0.2,
    "unseen": 1.5,
    "leet": 2.2,
    "about": -1.0,
    "people": -1.5,
}


# The same passages are read for question after question, most of all behind a share link.
@lru_cache(1_024)
def suspicion(text: str) -> float:
    """The score of a text, 0 to 1: from FLAG on it reads like an instruction."""
    raw = text[:_LONGEST]
    read = plain(raw)
    total = sum(weight * SIGNS[name](raw, read) for name, weight in _WEIGHTS.items() if weight)
    return round(1 / (1 + math.exp(-total - _BIAS)), 3)
