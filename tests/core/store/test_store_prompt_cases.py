"""Cases and their results, kept on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from core.cases import Case, CaseResult, Check, Outcome, Verdict
from core.errors import Conflict, NotFound
from core.store.prompt_cases import KEPT, PromptCases
from core.types import Usage
from tests.core.store.stories import ME, YOU

AT = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
CHECK = Check("contains", "sixty")
NOTICE = Case(
    "k1",
    "answer",
    "notice period",
    {"question": "How long?", "passages": [{"number": 1, "text": "Sixty days."}]},
    (CHECK, Check("judged", "It is short.")),
    AT,
)


def result(result_id: str = "r1", **given: Any) -> CaseResult:
    outcome = Outcome(
        "done", "Sixty days [1].", Usage(100, 7), Decimal("0.000105"), 0.2, 1.5, "finished"
    )
    made = CaseResult(
        result_id,
        "k1",
        NOTICE.digest,
        "answer",
        "answer@2",
        "t2",
        "openai:gpt-6-luna",
        "",
        outcome,
        (Verdict(CHECK, True, "the answer has “sixty”"),),
        Decimal(0),
        AT,
    )
    return replace(made, **given)


def test_a_case_comes_back_as_it_was_kept_and_is_changed_and_deleted(engine: Engine) -> None:
    cases = PromptCases(engine)
    cases.add(ME, [NOTICE, replace(NOTICE, id="k2", name="a first one")])
    assert cases.get(ME, "k1") == NOTICE
    assert [case.name for case in cases.list(ME, "answer")] == ["a first one", "notice period"]
    assert cases.list(ME, "summary") == []
    renamed = replace(NOTICE, name="term", checks=())
    cases.change(ME, renamed)
    assert cases.get(ME, "k1") == renamed
    cases.delete(ME, "k1")
    with pytest.raises(NotFound):
        cases.get(ME, "k1")
    with pytest.raises(NotFound):
        cases.change(ME, renamed)


def test_two_cases_of_a_prompt_cannot_have_one_name_and_then_none_is_added(engine: Engine) -> None:
    cases = PromptCases(engine)
    cases.add(ME, [NOTICE])
    with pytest.raises(Conflict) as conflict:
        cases.add(ME, [replace(NOTICE, id="k2", name="new"), replace(NOTICE, id="k3")])
    assert conflict.value.hint
    assert [case.id for case in cases.list(ME, "answer")] == ["k1"]
    cases.add(ME, [replace(NOTICE, id="k4", prompt="summary")])
    cases.add(ME, [replace(NOTICE, id="k5", name="other")])
    with pytest.raises(Conflict, match="notice period"):
        cases.change(ME, replace(NOTICE, id="k5"))


def test_a_result_keeps_its_money_to_the_picodollar_and_an_unknown_price_unknown(
    engine: Engine,
) -> None:
    cases = PromptCases(engine)
    cases.add(ME, [NOTICE])
    exact = replace(result().outcome, cost=Decimal("0.000000000001"))
    cases.note(ME, result("r1", outcome=exact, judge_cost=None))
    cases.note(ME, result("r2", outcome=replace(exact, cost=None), created_at=AT + timedelta(1)))
    unknown, known = cases.results(ME, "answer")
    assert unknown.outcome.cost is None and unknown.judge_cost == 0
    assert known == result("r1", outcome=exact, judge_cost=None)
    assert (known.cost, unknown.cost) == (None, None)


def test_of_results_with_the_same_text_and_model_the_newest_stay(engine: Engine) -> None:
    cases = PromptCases(engine)
    cases.add(ME, [NOTICE])
    for number in range(KEPT + 3):
        cases.note(ME, result(f"r{number}", created_at=AT + timedelta(seconds=number)))
    cases.note(ME, result("other", model="quotes", created_at=AT - timedelta(days=9)))
    kept = [each.id for each in cases.results(ME, "answer")]
    assert kept == ["r7", "r6", "r5", "r4", "r3", "other"]
    cases.note(ME, result("r7"))  # repeating a write changes nothing
    assert cases.results(ME, "answer")[0].created_at == AT + timedelta(seconds=7)


def test_results_go_with_their_case_and_none_is_kept_of_one_that_is_gone(engine: Engine) -> None:
    cases = PromptCases(engine)
    cases.add(ME, [NOTICE])
    cases.note(ME, result())
    cases.delete(ME, "k1")
    assert cases.results(ME, "answer") == []
    cases.note(ME, result("late"))
    assert cases.results(ME, "answer") == []


def test_somebody_else_sees_and_changes_nothing(engine: Engine) -> None:
    cases = PromptCases(engine)
    cases.add(ME, [NOTICE])
    cases.note(ME, result())
    assert cases.list(YOU, "answer") == [] and cases.results(YOU, "answer") == []
    for stolen in (cases.get, cases.delete):
        with pytest.raises(NotFound):
            stolen(YOU, "k1")
    with pytest.raises(NotFound):
        cases.change(YOU, NOTICE)
    cases.note(YOU, result("r9"))
    cases.add(YOU, [replace(NOTICE, name="mine")])
    assert cases.get(ME, "k1") == NOTICE
    assert [each.id for each in cases.results(ME, "answer")] == ["r1"]
