"""The sentences of an answer that cite nothing, though others do: nobody has compared them with a passage."""

import re
from collections.abc import Sequence

from core.retrieval.claims.citations import only_points, unmarked
from core.retrieval.words import sentences
from core.types import Citation

_CODE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_LEAST_WORDS = 4
_LEADS_ON = (":", "?")
_HEADING = re.compile(r"#{1,6} |\*\*[^*\n]+\*\*$|\|")


def uncited(answer: str, citations: Sequence[Citation]) -> int:
    """How many sentences state something and belong to no claim; questions, headings, what leads on to a list, and
    sentences that only say where something stands are left out."""
    claims = [(each.claim_start, each.claim_end) for each in citations]
    plain = _CODE.sub(lambda found: " " * len(found[0]), unmarked(answer))
    return sum(
        _states(plain[start:end])
        and not any(start < last and first < end for first, last in claims)
        for start, end in sentences(plain)
    )


def _states(sentence: str) -> bool:
    said = sentence.strip(" \t-*>_")
    if said.endswith(_LEADS_ON) or _HEADING.match(sentence) or only_points(said):
        return False
    return len(re.findall(r"\w+", said)) >= _LEAST_WORDS
