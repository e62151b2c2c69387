"""Each version's turns, cost and claims; and drafts, kept for their user alone."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from core.store.ledger import Ledger
from core.store.prompt_drafts import PromptDrafts
from core.store.prompt_uses import errand_uses, prompt_uses
from core.store.turns import Turns
from core.types import Budget, Citation, Usage
from tests.core.store.stories import ME, YOU, ask, end


def cite(claim: int, verdict: Any, number: int = 1) -> Citation:
    start = claim * 10
    return Citation(
        number, start + 5, start + 8, 0, 0, verdict, claim_start=start, claim_end=start + 5
    )


def answered(
    engine: Engine,
    turn: str,
    version: str,
    cost: Decimal | None,
    *citations: Citation,
    user: str = ME,
) -> None:
    turns, ledger = Turns(engine), Ledger(engine)
    ask(turns, turn, user=user)
    turns.context(user, turn, budget=Budget(1, ()), sources=(), model="m", prompt_version=version)
    ledger.reserve(user, f"r-{turn}", turn, "c1", "m", "answer", Decimal(1))
    ledger.settle(user, f"r-{turn}", Usage(1, 1), cost)
    ledger.reserve(user, f"e-{turn}", turn, "c1", "m", "condense", Decimal(1))
    ledger.settle(user, f"e-{turn}", Usage(1, 1), Decimal("0.5"))
    end(turns, turn, user=user, citations=citations)


def test_each_version_has_its_turns_its_cost_and_its_claims(engine: Engine) -> None:
    answered(engine, "t1", "answer@1", Decimal("0.25"), cite(0, "verbatim"), cite(1, "not_found"))
    answered(
        engine, "t2", "answer@1", Decimal("0.5"), cite(0, "not_found"), cite(0, "supported", 2)
    )
    answered(engine, "t3", "answer@2", None, cite(0, "unchecked"))
    answered(engine, "t4", "answer@1", Decimal(9), cite(0, "not_found"), user=YOU)
    uses = prompt_uses(engine, ME)
    one, two = uses["answer@1"], uses["answer@2"]
    assert (one.turns, one.cost, one.claims, one.supported) == (2, Decimal("0.75"), 3, 2)
    assert (two.turns, two.cost, two.claims) == (1, None, 0), "a price that is not known is not 0"
    assert set(uses) == {"answer@1", "answer@2"} and one.last is not None
    errands = errand_uses(engine, ME)
    assert set(errands) == {"condense"}
    assert (errands["condense"].turns, errands["condense"].cost) == (3, Decimal("1.5"))


def test_nothing_used_is_nothing(engine: Engine) -> None:
    assert prompt_uses(engine, ME) == {} == errand_uses(engine, ME)


def test_a_draft_is_kept_replaced_and_forgotten_for_its_user_alone(engine: Engine) -> None:
    drafts = PromptDrafts(engine)
    drafts.set(ME, "answer@1", "one")
    drafts.set(ME, "answer@1", "two {{ ü }}\n")
    drafts.set(ME, "name@3", "x" * 65_536)
    drafts.set(YOU, "answer@1", "yours")
    assert drafts.get(ME, "answer@1") == "two {{ ü }}\n"
    assert drafts.refs(ME) == ["answer@1", "name@3"]
    drafts.remove(ME, "answer@1")
    assert drafts.get(ME, "answer@1") is None and drafts.refs(ME) == ["name@3"]
    assert drafts.get(YOU, "answer@1") == "yours"


@pytest.mark.parametrize("ref", ["limits", "fallback"])
def test_a_draft_is_no_preference(engine: Engine, ref: str) -> None:
    from core.store.preferences import Preferences

    PromptDrafts(engine).set(ME, ref, "not JSON")
    assert Preferences(engine).limits(ME) == {} and Preferences(engine).fallback(ME) is None
