"""Which words and numbers are one date."""

import re

from core.retrieval.claims.meanings import kinds
from core.retrieval.claims.statements import Placed, Token

MONTHS = kinds("january")
_IN_A_DATE = re.compile(r"(?:st|nd|rd|th|er|\.)?[ \u00a0]?(?:of |de )?(?:the )?", re.IGNORECASE)
_ALSO_WORDS = frozenset(("may", "march", "mars"))


def is_its_month(token: Token, placed: Placed, text: str) -> bool:
    """Whether the two are one date: "18 July", "July 18"."""
    if token.start == token.end or not kinds(token.key) & MONTHS:
        return False
    if token.key in _ALSO_WORDS and not token.is_capital:
        return False
    first, last = sorted(((token.start, token.end), (placed.quantity.start, placed.quantity.end)))
    return bool(_IN_A_DATE.fullmatch(text[first[1] : last[0]]))
