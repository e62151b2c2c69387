"""Whether a passage bears a claim out: by its words, numbers, names, negations and roles.

A claim is borne out when none of the rules speaks against it:

- Each number is an amount of the passage (1,000 is 1.000, sixty minutes are an hour), or said to be the sum of
  those of the things that the claim names, on the same side of a limit, in the same case ("with hard water"), span
  ("a year") and date, and no other number of the passage fits better what is said of it.
- Each name and identifier stands in the passage, and not in the place of another one.
- What it says of one row of a table stands in that row, and of several in one breath in each of them; a bare
  number of a cell is in no unit that neither its heading nor the passage has.
- No word stands in the place of another one in the same words around it, no two numbers have changed
  places, and no two things ("the clocks on the first floor, the paintings on the second"): most of what two
  parts of the claim say together stands nearer together in the passage than the other way round.
- Its negations are those of the passage, unless that has most of the words and says them together nowhere; none
  of its words is the opposite of one there (a loose one, such as "on" or "more", with most of the words around
  it), or is said there only after a "not"; what only some may is not said of anybody, what needs
  something is not allowed without it, and what comes before what, or is more than what, stays so.
- What it says that one of two parties does, the passage does not say of the other one.
- No small word turns it round: "moving in" for "moving out", "after the first year" for "during" it.
- What it says of all, most, some or few is said of as many there, and what of nothing, half, the rest or the
  whole ("half of the price on the day itself") of no other portion.
- The passage has 55 % of its telling words and numbers (no articles, auxiliaries, ...) in some
  form, words away from the three sentences that fit best counting 0.6.

Any share from 45 to 60 % does alike on the first thirty passages of claims.txt in the tests, at 65 %
three in a hundred more of the true ones fall: 55 % leans to doubt. The other rules need no threshold
but a lead: another number must fit better by one word that stands beside it, another name by two. What it cannot see:
synonyms that no list of wordlists has, a lower-case thing in the place of another inside one
passage, and what follows from a text without standing in it.
"""

import re

from core.retrieval.claims.actors import done_by_another
from core.retrieval.claims.alignment import substituted
from core.retrieval.claims.cases import is_of_another_case, periods, says_both_sides
from core.retrieval.claims.comparison import Comparison, initials
from core.retrieval.claims.contrasts import turned_round
from core.retrieval.claims.dates import is_its_month
from core.retrieval.claims.exchange import coupled, crossed, exchanged
from core.retrieval.claims.meanings import kinds, signs
from core.retrieval.claims.opposites import opposed
from core.retrieval.claims.pairing import mispaired
from core.retrieval.claims.polarity import denied
from core.retrieval.claims.portions import of_another_portion
from core.retrieval.claims.quantifiers import counted_otherwise
from core.retrieval.claims.roles import replaced, reversed_roles
from core.retrieval.claims.sides import wrong_side
from core.retrieval.claims.statements import Placed, Statement, Token
from core.retrieval.claims.sums import against_numbers, is_sum
from core.retrieval.claims.table_rows import of_another_row
from core.retrieval.claims.wordlists import OPENERS

_LEAST_SHARE = 0.55
_LEAD = 1.0
_BARE_LEAD = 0.5
_LEAST_CONTEXT = 0.5  # of what is said of a number, for another one to be meant
_NO_NAME = re.compile(
    r"(?:s|ing|ly|ed|tion|ment|ness|ity|ance|ence|age|ure|one|body|ung|heit|keit|schaft|e)$"
)


def misquotes(claim: Statement, passage: Statement) -> bool:
    """Whether a claim with a quotation goes wrong in a number or name around it."""
    both = Comparison(claim, passage)
    return bool(_numbers(both) or _names(both))


def denies(claim: Statement, passage: Statement) -> bool:
    """Whether the passage says "not" of the very words of the claim, or says them of others."""
    both = Comparison(claim, passage)
    return bool(denied(both) or counted_otherwise(both))


def why_not(claim: Statement, passage: Statement) -> str:
    """What speaks against the claim in a few words, or "" when the passage bears it out."""
    both = Comparison(claim, passage)
    if both.share < _LEAST_SHARE:
        return f"{both.share:.0%} of its words"
    for rule in _RULES:
        if reason := rule(both):
            return reason
    return ""


def _numbers(both: Comparison) -> str:
    for placed in both.numbers:
        own = both.amounts[placed]
        if not own and is_sum(both, placed):
            continue
        if reason := _against(placed, own, both) if own else "no":
            return f"{reason} {both.claim.text[placed.quantity.start : placed.quantity.end]}"
    return ""


def _against(placed: Placed, own: list[Placed], both: Comparison) -> str:
    """What speaks against the number, though the passage has its own amounts of it."""
    if all(placed.bound * p.bound < 0 for p in own):
        beyond = says_both_sides(both.passage, (p.sentence for p in own))
        return "" if beyond else "the other side of"
    if all(is_of_another_case(p, placed, both) for p in own):
        return "another case than that of"
    context = _context(both, placed)
    others = _others(both, placed) if context else []
    if span := periods(placed, both.claim):
        spans = [p for p in others if span & periods(p, both.passage)]
        is_own = any(span & periods(p, both.passage) for p in own)
        # A later part of a sentence has the span of the part before it, but not the other way round.
        if not is_own and any(
            p.sentence == q.sentence and p.part > q.part for p in spans for q in own
        ):
            return "another number than"
        if all(periods(p, both.passage) - span for p in own):
            return "another span than that of"
        others = spans if is_own else others
    nearest = max(_closeness(both, p, context) for p in own)
    # "Three months" may be "three instalments" only where nothing is said of other months.
    rows = both.passage.rows
    is_bare = placed.quantity.unit and not any(p.quantity.unit or p.sentence in rows for p in own)
    least = max(
        nearest + (_BARE_LEAD if is_bare else _LEAD), _LEAST_CONTEXT * sum(context.values())
    )
    fitting = [p for p in others if not is_of_another_case(p, placed, both)]
    if any(_closeness(both, p, context) >= least for p in fitting):
        return "another number than"
    return ""


def _others(both: Comparison, placed: Placed) -> list[Placed]:
    """The numbers of the passage that the claim does not have and might mean."""
    taken = {p for found in both.amounts.values() for p in found}
    # A row "up to 5 kg | 14.90": the second is no other weight.
    is_bare = not any(p.quantity.unit for p in both.amounts[placed])
    return [
        p
        for p in both.passage.quantities
        if p not in taken
        and not p.quantity.is_faint
        and p.quantity.is_year == placed.quantity.is_year
        and (
            p.quantity.unit == placed.quantity.unit
            or (is_bare and not p.quantity.unit and p.sentence in both.passage.rows)
        )
    ]


def _context(both: Comparison, placed: Placed) -> dict[str, float]:
    """What is said of a number: the words beside it, and half as much the rest of its sentence."""
    sentence = [
        t
        for t in both.telling
        if t.sentence == placed.sentence and not is_its_month(t, placed, both.claim.text)
    ]
    beside = {t.concept: 1.0 for t in sentence if t.part == placed.part}
    weight = 0.5 if beside else 1.0  # "..., since 2016"
    is_few = len(beside) < 3 and (len(beside) > 0 or placed.quantity.is_year)
    others = {t.concept: weight for t in sentence} if is_few else {}
    return {**others, **beside}


def _closeness(both: Comparison, placed: Placed, context: dict[str, float]) -> float:
    passage = both.passage
    part, row = passage.by_part[placed.part], passage.by_sentence[placed.sentence]
    near = 0.0
    for each, weight in context.items():
        found = both.meant(each)
        near += weight if found & part else weight / 2 if found & row else 0.0
    return near + both.company[placed]


def _names(both: Comparison) -> str:
    spelt_out: frozenset[str] | None = None
    for token in both.telling:
        is_name = token.kind != "word" or (token.is_capital and _may_be_a_name(token, both.claim))
        if not is_name or both.meant(token.concept):
            continue
        if spelt_out is None:
            spelt_out = _spelt_out(both)
        if token.concept not in spelt_out:
            return f"no {token.key}"
    return ""


def _spelt_out(both: Comparison) -> frozenset[str]:
    """Names that the passage has as an abbreviation, and ones that the claim explains: SO2 (...)."""
    found: set[str] = set()
    for letters, spelt in initials(both.claim).items():
        if letters in both.passage.keys:
            found |= spelt
    for token in both.telling:
        text = both.claim.text
        is_explained = (
            text.startswith(" (", token.end) or text[token.start - 1 : token.start] == "("
        )
        if token.kind == "code" and is_explained:
            found.add(token.concept)
    return frozenset(found)


def _may_be_a_name(token: Token, claim: Statement) -> bool:
    """A word at the start of a sentence may be a name, unless it looks like another word."""
    if claim.is_german or len(token.key) < 4 or _NO_NAME.search(token.key):
        return False
    return token.key not in OPENERS and not kinds(token.key) and not signs(token.key)


_RULES = (
    _numbers,
    exchanged,
    mispaired,
    crossed,
    coupled,
    substituted,
    _names,
    denied,
    opposed,
    counted_otherwise,
    of_another_portion,
    turned_round,
    replaced,
    done_by_another,
    reversed_roles,
    wrong_side,
    against_numbers,
    of_another_row,
)
