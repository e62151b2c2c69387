"""Who of two parties does it: the tenant or the landlord, the buyer or the seller."""

from core.retrieval.claims.comparison import Comparison
from core.retrieval.claims.meanings import rivals
from core.retrieval.claims.statements import Statement, Token
from core.retrieval.claims.wordlists import ROLES

_LEAD = 1.0
_INHERITED = 0.5  # of a word that an earlier party of the sentence does: "B one of six months"
_BEFORE_DEEDS = frozenset(
    ("must", "may", "can", "shall", "should", "will", "has", "have", "had", "to", "only", "never", "not", "also", "is", "are")
)  # fmt: skip
# Who gets it is not who gives it, and the deed is the same.
_FROM_THE_OTHER_SIDE = frozenset(
    ("get", "gets", "got", "receive", "receives", "received", "be", "by", "of", "and", "or", "from", "with")
)  # fmt: skip


def done_by_another(both: Comparison) -> str:
    """What the claim says of its only party, and the passage of the other one ("the landlord pays ..." for "the
    tenant pays ..."), or nothing. In a part of a sentence without a party acts the one before."""
    parties = [t for t in both.telling if _role(t)]
    if len(parties) != 1:
        return ""
    who = parties[0]
    deed = _deed(who, both.claim)
    if not deed or deed.key in _FROM_THE_OTHER_SIDE or deed.sentence != who.sentence:
        return ""
    rest = {t.concept for t in both.telling if t is not who}
    own, other, by = 0.0, 0.0, ""
    for party, parts, earlier in _acts(both.passage):
        concepts = frozenset[str]().union(*(both.passage.by_part[n] for n in parts))
        before = frozenset[str]().union(*(both.passage.by_part[n] for n in earlier)) - concepts
        fit = both.common(rest, concepts) + _INHERITED * both.common(rest, before)
        fit += sum(any(p.part in parts for p in found) for found in both.amounts.values())
        if party.concept in both.meant(who.concept):
            own = max(own, fit)
        elif rivals(_role(who), _role(party)) and (
            deed.kind == "function" or both.meant(deed.concept) & (concepts | before)
        ):
            other, by = max((other, by), (fit, party.key))
    return f"{who.key} for {by}" if other >= own + _LEAD else ""


def _deed(party: Token, claim: Statement) -> Token | None:
    """The word that says what the party does."""
    after = claim.tokens[claim.tokens.index(party) + 1 :]
    return next((t for t in after if t.key not in _BEFORE_DEEDS), None)


def _role(token: Token) -> str:
    bare = token.key.removesuffix("'s")
    return next((each for each in (bare, bare.removesuffix("s")) if each in ROLES), "")


def _acts(passage: Statement) -> list[tuple[Token, list[int], list[int]]]:
    """Each party of a sentence with the parts that are its own, and those before them in the sentence."""
    found: list[tuple[Token, list[int], list[int]]] = []
    for number, part in enumerate(passage.parts):
        party = next((t for t in part if _role(t)), None)
        above = found[-1] if found else None
        is_sentence = above and part and above[0].sentence == part[0].sentence
        if party:
            earlier = [*above[2], *above[1]] if above and is_sentence else []
            found.append((party, [number], earlier))
        elif above and is_sentence:
            above[1].append(number)
    return found
