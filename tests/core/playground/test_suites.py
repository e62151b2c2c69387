"""Cases of a prompt, run: priced before, stopped, kept, and compared with the labelled version."""

import json
import threading
from decimal import Decimal
from typing import Any

import pytest

from core.cases import Check, totals
from core.errors import Conflict, NotFound, Refused
from core.playground.judging import NOBODY

LUNA = "openai:gpt-6-luna"
ONE_CALL = Decimal("0.000105")  # 1,000 tokens in and 10 out of gpt-6-luna
SIXTY, CITED = Check("contains", "sixty"), Check("cites", "rider.txt")
NOTICE = {
    "question": "How long is the notice?",
    "passages": [{"number": 1, "name": "rider.txt", "text": "Sixty days of notice."}],
}


def shorter(bench: Any) -> Any:
    """A draft that says so to the model."""
    raw = bench.prompts.get("answer").raw
    return bench.prompts.draft("answer", raw.replace("Answer briefly,", "Answer in one word,"))


def keep(bench: Any, name: str = "notice", *checks: Check, **inputs: Any) -> Any:
    return bench.cases.keep("local", "answer", name, {**NOTICE, **inputs}, checks)


def run(bench: Any, template: Any = None, judge: str = "", model: str = LUNA) -> Any:
    """The plan of a run that has ended, and how it ended."""
    pair = bench.cases.pair(template or shorter(bench), model, judge)
    plan = bench.bridge.run(bench.suites.plan("local", pair))
    bench.bridge.run(bench.suites.start("local", plan))
    return plan, ended(bench)


def ended(bench: Any) -> Any:
    *_, last = bench.bridge.iterate(bench.suites.follow("local", "answer"), 60)
    while last is None or not last.ended:
        last = bench.suites.find("local", "answer").progress
    return last


def changes(bench: Any, plan: Any) -> dict[str, Any]:
    return {each.case.name: each.change for each in bench.cases.compare("local", plan.pair)}


def by_style(old: str, new: str) -> Any:
    """A vendor that answers the draft in one way and the labelled version in another."""

    def said(body: dict[str, Any]) -> str:
        return new if "one word" in body["messages"][0]["content"] else old

    return said


def test_a_run_says_what_it_will_cost_and_costs_no_more(paid: Any, vendor: Any) -> None:
    keep(paid, "one", SIXTY)
    keep(paid, "two", SIXTY, question="And in winter?")
    plan, last = run(paid)
    assert (plan.estimate.calls, plan.taken, len(plan.runs)) == (4, 0, 4)  # both versions
    assert last.done == last.total == 4
    assert last.cost == 4 * ONE_CALL == sum(row.cost for row in paid.ledger.rows("local"))
    reserved = sum(row.reserved for row in paid.ledger.rows("local"))
    assert plan.estimate.worst * Decimal("0.8") < reserved <= plan.estimate.worst
    assert 0 < plan.estimate.expected < plan.estimate.worst
    assert {row.purpose for row in paid.ledger.rows("local")} == {"playground"}


def test_results_of_the_labelled_version_are_taken_from_the_last_run(
    paid: Any, vendor: Any
) -> None:
    keep(paid, "notice", SIXTY)
    run(paid)
    plan, _ = run(paid)
    assert (plan.taken, len(plan.runs), len(vendor.asked)) == (1, 1, 3)
    assert plan.estimate.calls == 1
    [case] = paid.cases.cases("local", "answer")
    paid.cases.keep("local", "answer", "renamed", case.inputs, (*case.checks, CITED), case.id)
    plan, _ = run(paid)
    assert (plan.taken, len(plan.runs)) == (0, 2)  # other checks, other results


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ("Ninety.", "Sixty days.", "better"),
        ("Sixty days.", "Ninety.", "worse"),
        ("Sixty days.", "It is sixty.", "same"),
        ("Sixty days.", "The term is ninety [1].", "worse"),  # a citation won, the fact lost
        ("Sixty days.", "Sixty [1].", "better"),
    ],
)
def test_a_case_is_better_or_worse_or_the_same_as_with_the_labelled_version(
    paid: Any, vendor: Any, old: str, new: str, change: str
) -> None:
    keep(paid, "notice", SIXTY, CITED)
    vendor.says["gpt-6-luna"] = by_style(old, new)
    plan, _ = run(paid)
    assert changes(paid, plan) == {"notice": change}
    [each] = paid.cases.compare("local", plan.pair)
    assert each.result.version == "answer@draft" and each.baseline.version == "answer@1"
    assert each.result.outcome.text.strip() == new
    assert totals([each.result]).cost == ONE_CALL


def test_a_saved_draft_keeps_the_results_that_it_had(paid: Any, vendor: Any) -> None:
    keep(paid, "notice", SIXTY)
    plan, _ = run(paid)
    saved = paid.bridge.run(
        paid.prompts.save("answer", plan.pair.template.raw, "In one word", who="local")
    )
    pair = paid.cases.pair(saved, LUNA)
    [each] = paid.cases.compare("local", pair)
    assert each.result is not None and each.change == "same"
    same = paid.cases.pair(paid.prompts.get("answer"), LUNA)
    assert same.labelled is None
    assert [each.change for each in paid.cases.compare("local", same)] == ["new"]


def test_a_cap_ends_the_run_before_anything_more_is_sent_and_says_so(
    paid: Any, vendor: Any
) -> None:
    for number in range(6):
        keep(paid, f"case {number}", SIXTY)
    paid.caps.set("local", "day", Decimal("0.0001"))
    plan, last = run(paid)
    assert plan.estimate.worst > Decimal("0.0001")
    assert last.error is not None and "cap of $0.0001" in str(last.error) and last.error.hint
    assert (last.done, vendor.asked) == (0, [])
    assert changes(paid, plan) == dict.fromkeys((f"case {n}" for n in range(6)), None)
    [cap] = paid.caps.list("local")
    assert (cap.spent, cap.reserved) == (0, 0)


def test_a_stop_in_mid_run_keeps_what_is_done_and_settles_the_rest(paid: Any, vendor: Any) -> None:
    go_on, waiting = threading.Event(), threading.Event()

    def said(body: dict[str, Any]) -> Any:
        if "winter" in body["messages"][-1]["content"]:
            waiting.set()
            return ["Sixty", go_on]
        return "Sixty days."

    vendor.says["gpt-6-luna"] = said
    keep(paid, "summer", SIXTY)
    keep(paid, "winter", SIXTY, question="And in winter?")
    pair = paid.cases.pair(paid.prompts.get("answer"), LUNA)
    plan = paid.bridge.run(paid.suites.plan("local", pair))
    paid.bridge.run(paid.suites.start("local", plan))
    with pytest.raises(Refused, match="are being run"):
        paid.bridge.run(paid.suites.start("local", plan))
    assert waiting.wait(30)
    for progress in paid.bridge.iterate(paid.suites.follow("local", "answer"), 60):
        if progress and progress.done:
            break
    paid.bridge.run(paid.suites.stop("local", "answer"))
    go_on.set()
    last = ended(paid)
    assert (last.stopped, last.done, last.total) == (True, 1, 2)
    assert changes(paid, plan) == {"summer": "new", "winter": None}
    assert {row.state for row in paid.ledger.rows("local")} == {"settled"}
    assert paid.suites.find("somebody else", "answer") is None


def test_an_answer_that_fails_is_told_and_the_other_cases_go_on(paid: Any, vendor: Any) -> None:
    vendor.says["gpt-6-luna"] = lambda body: (
        400 if "winter" in body["messages"][-1]["content"] else "Sixty days."
    )
    keep(paid, "summer", SIXTY)
    keep(paid, "winter", SIXTY, question="And in winter?")
    plan, last = run(paid, paid.prompts.get("answer"))
    assert (last.done, last.error) == (2, None)
    assert changes(paid, plan) == {"summer": "new", "winter": "unanswered"}
    failed = next(
        e.result for e in paid.cases.compare("local", plan.pair) if e.case.name == "winter"
    )
    assert failed.outcome.error["code"] == "request_rejected"
    assert [(v.passed, v.reason) for v in failed.verdicts] == [(None, "there is no answer")]


def test_a_case_that_cannot_be_sent_is_named_before_the_run(paid: Any) -> None:
    keep(paid, "endless", SIXTY, question="word " * 40_000)
    keep(paid, "fine", SIXTY)
    pair = paid.cases.pair(paid.prompts.get("answer"), "quotes")
    plan = paid.bridge.run(paid.suites.plan("local", pair))
    [(name, error)] = plan.problems
    assert name == "endless with answer@1" and "do not fit" in str(error)
    assert (plan.estimate.calls, plan.estimate.worst) == (1, 0)


# --- the judge ------------------------------------------------------------------------------------


def test_a_model_judges_against_the_rubric_and_is_booked_as_the_judge(
    paid: Any, vendor: Any
) -> None:
    rubric = Check("judged", "It names a number of days.")

    def said(body: dict[str, Any]) -> str:
        if "You judge an answer" not in body["messages"][0]["content"]:
            return "Sixty days."
        assert "It names a number of days." in body["messages"][0]["content"]
        assert "Sixty days." in body["messages"][-1]["content"]
        return json.dumps({"reason": "It says sixty.", "passes": True})

    vendor.says["gpt-6-luna"] = said
    keep(paid, "notice", rubric)
    plan, last = run(paid, paid.prompts.get("answer"), judge=LUNA)
    [each] = paid.cases.compare("local", plan.pair)
    assert [(v.passed, v.reason) for v in each.result.verdicts] == [(True, "It says sixty.")]
    assert each.result.judge_cost == ONE_CALL and each.result.cost == 2 * ONE_CALL == last.cost
    rows = paid.ledger.rows("local")
    assert sorted(row.purpose for row in rows) == ["judge", "playground"]
    assert plan.estimate.calls == 2
    assert plan.estimate.worst >= sum(row.reserved for row in rows)
    assert each.result.judge == LUNA
    unjudged = paid.cases.pair(plan.pair.template, LUNA, "")
    assert paid.cases.compare("local", unjudged)[0].result is None  # another judge, another result


@pytest.mark.parametrize(
    ("judge", "said", "reason"),
    [
        ("", "", NOBODY),
        ("quotes", "", NOBODY),
        (LUNA, "I would rather not.", "not judged: The answer holds no JSON"),
    ],
)
def test_what_is_not_judged_is_neither_right_nor_wrong(
    paid: Any, vendor: Any, judge: str, said: str, reason: str
) -> None:
    vendor.says["gpt-6-luna"] = lambda body: (
        said if "You judge" in body["messages"][0]["content"] else "Sixty days."
    )
    keep(paid, "notice", SIXTY, Check("judged", "It is kind."))
    plan, _ = run(paid, paid.prompts.get("answer"), judge=judge)
    [each] = paid.cases.compare("local", plan.pair)
    held, open_ = each.result.verdicts
    assert (held.passed, open_.passed, each.result.passed) == (True, None, None)
    assert open_.reason.startswith(reason)


# --- keeping, taking along ------------------------------------------------------------------------


def test_every_kind_of_check_is_decided_in_one_run(paid: Any, vendor: Any) -> None:
    vendor.says["gpt-6-luna"] = "Sixty days [1]."
    checks = (
        SIXTY,
        Check("lacks", "ninety"),
        Check("matches", r"\d"),
        Check("matches", r"(\w+\s?)+$"),
        Check("json_schema", '{"type": "object"}'),
        Check("json_schema"),
        Check("no_canary", "heron-42-lamp"),
        CITED,
    )
    keep(paid, "all", *checks)
    plan, _ = run(paid, paid.prompts.get("answer"))
    [each] = paid.cases.compare("local", plan.pair)
    held = [verdict.passed for verdict in each.result.verdicts]
    assert held == [True, True, True, held[3], False, None, True, True]
    assert [verdict.check for verdict in each.result.verdicts] == list(checks)
    assert all(verdict.reason for verdict in each.result.verdicts)


def test_cases_travel_as_lines_that_change_only_with_their_content(paid: Any) -> None:
    keep(paid, "second", SIXTY)
    keep(paid, "Erste: ä", CITED, tone="formal")
    lines = paid.cases.export("local", "answer")
    assert lines.splitlines()[0].startswith('{"checks": [{"kind": "cites", "value": "rider.txt"}]')
    assert '"name": "Erste: ä"' in lines
    assert paid.cases.load("local", "answer", lines) == 0
    assert paid.cases.load("local", "extract", "\ufeff" + lines + "\n\n") == 2
    assert paid.cases.export("local", "extract") == lines
    assert paid.cases.load("somebody else", "answer", lines) == 2


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "line 2 is no case"),
        ('{"inputs": {}}', "line 2 is no case: name"),
        ('{"name": "x", "checks": [{"kind": "guess", "value": "1"}]}', "checks.0.kind"),
        ('{"name": " "}', "the name of a case"),
        ('{"name": "x", "checks": [{"kind": "matches", "value": "(open"}]}', "pattern cannot be"),
        ('{"name": "x", "checks": [{"kind": "contains", "value": " "}]}', "says nothing"),
        ('{"name": "x", "checks": [{"kind": "no_canary", "value": "a-b"}]}', "too short"),
        (json.dumps({"name": "x", "checks": [{"kind": "lacks", "value": "a"}] * 21}), "20"),
        ('{"name": "notice", "inputs": {"question": "another"}}', "with other content"),
    ],
)
def test_a_file_with_a_line_that_is_no_case_is_refused_whole(
    paid: Any, line: str, problem: str
) -> None:
    keep(paid, "notice", SIXTY)
    with pytest.raises(Refused, match=problem) as refused:
        paid.cases.load("local", "answer", '{"name": "fine"}\n' + line)
    assert refused.value.hint
    assert [case.name for case in paid.cases.cases("local", "answer")] == ["notice"]


def test_a_name_is_taken_once_and_a_case_that_is_gone_is_not_found(paid: Any) -> None:
    case = keep(paid, "notice", SIXTY)
    with pytest.raises(Conflict):
        keep(paid, " notice ")
    with pytest.raises(NotFound):
        paid.cases.delete("somebody else", case.id)
    paid.cases.delete("local", case.id)
    with pytest.raises(Refused, match="no case to run"):
        run(paid)
