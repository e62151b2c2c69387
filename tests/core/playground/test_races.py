"""Versions and models side by side, over real HTTP: what each costs, and what one does to the others."""

import json
import threading
from decimal import Decimal
from typing import Any

import pytest

from core.bootstrap import PlayColumn
from core.errors import FootlightsError, NotFound, Refused
from core.llm.pricing import worst_case

LUNA, SOL = "openai:gpt-6-luna", "openai:gpt-6.1-sol"
ASKED = {
    "question": "How long is the notice?",
    "passages": [{"number": 3, "name": "rider.txt", "page": 2, "text": "Sixty days of notice."}],
    "unknown": "left out",
}
ONE_CALL = Decimal("0.000105")  # 1,000 tokens in and 10 out of gpt-6-luna
SHAPE = '{"type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"]}'
OUTPUT = """---
description: JSON.
output: {type: object, properties: {days: {type: integer}}, required: [days]}
variables:
  - name: question
---
{% message "user" %}{{ question }}{% endmessage %}
"""


def raced(
    bench: Any, columns: list[PlayColumn], inputs: dict[str, Any] | None = None, schema: str = ""
) -> list[Any]:
    """Every state that was shown of the columns, the last one finished."""
    race = bench.bridge.run(
        bench.playground.start("local", columns, ASKED if inputs is None else inputs, schema)
    )
    return list(shown(bench, race))


def shown(bench: Any, race: str) -> Any:
    followed = bench.bridge.iterate(bench.playground.follow("local", race), 60)
    return (seen for seen in followed if seen)


def answer(bench: Any, raw: str | None = None) -> Any:
    template = bench.prompts.get("answer")
    return bench.prompts.draft("answer", raw) if raw else template


def test_columns_run_at_the_same_time_and_each_costs_what_the_vendor_reported(
    paid: Any, vendor: Any
) -> None:
    together = threading.Barrier(2, timeout=60)

    def meets(body: dict[str, Any]) -> str:
        together.wait()  # neither is answered before both were asked
        return f"Sixty days [3] says {body['model']}"

    vendor.says.update({"gpt-6-luna": meets, "gpt-6.1-sol": meets})
    template = answer(paid)
    *_, last = raced(paid, [PlayColumn(template, LUNA), PlayColumn(template, SOL)])
    luna, sol = (seen.outcome for seen in last)
    assert (luna.error, sol.error) == (None, None)
    assert luna.text.strip() == "Sixty days [3] says gpt-6-luna"
    assert sol.text.strip() == "Sixty days [3] says gpt-6.1-sol"
    assert luna.cost == ONE_CALL and sol.cost > luna.cost
    assert (luna.usage.input_tokens, luna.usage.output_tokens) == (1000, 10)
    assert luna.stop_reason == "finished"
    assert 0 < luna.first_token_seconds <= luna.seconds
    rows = paid.ledger.rows("local")
    assert {row.purpose for row in rows} == {"playground"}
    assert sum(row.cost for row in rows) == luna.cost + sol.cost
    sent = vendor.asked[0]["messages"][-1]["content"]
    assert "rider.txt, page 2" in sent and "left out" not in sent


def test_a_draft_runs_beside_the_version_it_was_made_from(paid: Any, vendor: Any) -> None:
    saved = answer(paid)
    draft = answer(paid, saved.raw.replace("Answer briefly,", "Answer in one word,"))
    raced(paid, [PlayColumn(saved, LUNA), PlayColumn(draft, LUNA)])
    systems = sorted("one word" in body["messages"][0]["content"] for body in vendor.asked)
    assert systems == [False, True]


def test_one_column_that_fails_leaves_the_others_alone(paid: Any, vendor: Any) -> None:
    vendor.says["gpt-6.1-sol"] = 400
    saved = answer(paid)
    broken = answer(paid, saved.raw.replace("{{ question }}\n{%", "{{ question.a.b.c }}\n{%"))
    *_, last = raced(
        paid,
        [
            PlayColumn(saved, LUNA),
            PlayColumn(saved, SOL),
            PlayColumn(broken, LUNA),
            PlayColumn(saved, "nobody:x"),
        ],
    )
    fine, rejected, unrendered, unknown = (seen.outcome for seen in last)
    assert (fine.state, fine.text.strip()) == ("done", "Hello there.")
    assert (rejected.state, rejected.error["code"]) == ("failed", "request_rejected")
    assert (unrendered.state, unrendered.error["code"]) == ("failed", "refused")
    assert "line" in unrendered.error["message"] and unrendered.cost == 0
    assert unknown.error["code"] == "not_found"
    assert all(each.error["hint"] for each in (rejected, unrendered, unknown))
    assert len(vendor.asked) == 2


def test_a_cap_refuses_before_anything_is_sent(paid: Any, vendor: Any) -> None:
    paid.caps.set("local", "day", Decimal("0.0001"))
    template = answer(paid)
    *_, last = raced(paid, [PlayColumn(template, LUNA), PlayColumn(template, "scripted")])
    refused, free = (seen.outcome for seen in last)
    assert (refused.state, refused.error["code"]) == ("failed", "budget_exceeded")
    assert (refused.cost, refused.usage) == (0, None)
    assert free.state == "done"
    assert vendor.asked == []
    [cap] = paid.caps.list("local")
    assert (cap.spent, cap.reserved) == (0, 0)


def test_a_stop_keeps_and_books_what_was_said_and_reserves_nothing_any_more(
    paid: Any, vendor: Any
) -> None:
    go_on = threading.Event()
    vendor.says["gpt-6-luna"] = ["Sixty", "days", go_on, "never", "shown"]
    paid.caps.set("local", "day", Decimal(1))
    template = answer(paid)
    race = paid.bridge.run(
        paid.playground.start(
            "local", [PlayColumn(template, LUNA), PlayColumn(template, "scripted")], ASKED
        )
    )
    for luna, scripted in shown(paid, race):
        if "days" in luna.text and scripted.outcome:
            break
    paid.bridge.run(paid.playground.stop("local", race))
    go_on.set()
    [(luna, scripted)] = shown(paid, race)
    assert (luna.outcome.state, luna.outcome.text) == ("stopped", "Sixty days ")
    assert luna.outcome.stop_reason == "stopped by you"
    assert luna.outcome.usage.source == "estimated" and luna.outcome.cost > 0
    assert scripted.outcome.state == "done"
    [cap] = paid.caps.list("local")
    assert (cap.spent, cap.reserved) == (luna.outcome.cost, 0)


def test_closing_the_app_in_mid_answer_settles_it(paid: Any, vendor: Any) -> None:
    go_on = threading.Event()
    vendor.says["gpt-6-luna"] = ["Sixty", go_on]
    race = paid.bridge.run(paid.playground.start("local", [PlayColumn(answer(paid), LUNA)], ASKED))
    next(seen for (seen,) in shown(paid, race) if seen.text)
    paid.bridge.run(paid.playground.close())
    go_on.set()
    assert [row.state for row in paid.ledger.rows("local")] == ["settled"]


def test_an_unknown_price_is_unknown_and_not_nothing(paid: Any, vendor: Any) -> None:
    column = PlayColumn(answer(paid), "openai:gpt-99")
    estimate = paid.bridge.run(paid.playground.estimate("local", column, ASKED))
    assert (estimate.worst, estimate.expected) == (None, None)
    *_, (last,) = raced(paid, [column])
    assert last.outcome.state == "done" and last.outcome.cost is None


def test_no_more_is_reserved_than_the_worst_case_that_was_told(paid: Any, vendor: Any) -> None:
    column = PlayColumn(answer(paid), LUNA)
    estimate = paid.bridge.run(paid.playground.estimate("local", column, ASKED))
    assert estimate.worst >= worst_case(LUNA, estimate.input_tokens, 1024)
    assert 0 < estimate.expected < estimate.worst
    raced(paid, [column])
    [row] = paid.ledger.rows("local")
    assert estimate.worst * Decimal("0.8") < row.reserved <= estimate.worst
    free = paid.bridge.run(
        paid.playground.estimate("local", PlayColumn(answer(paid), "quotes"), ASKED)
    )
    assert (free.worst, free.expected) == (0, 0)


@pytest.mark.parametrize(
    ("said", "held", "reason"),
    [
        ('{"days": 60}', True, "the answer is JSON of the schema"),
        ('{"days": "sixty"}', False, "days"),
        ("Sixty days.", False, "no JSON"),
    ],
)
def test_an_answer_is_checked_against_the_schema_of_the_prompt_or_of_the_user(
    paid: Any, vendor: Any, said: str, held: bool, reason: str
) -> None:
    vendor.says["gpt-6-luna"] = said
    own = paid.prompts.draft("json", OUTPUT)
    *_, last = raced(paid, [PlayColumn(own, LUNA), PlayColumn(answer(paid), LUNA)], schema=SHAPE)
    for seen in last:
        assert seen.outcome.state == "done"
        assert seen.outcome.schema.passed is held and reason in seen.outcome.schema.reason
    formats = [body["response_format"]["json_schema"]["schema"] for body in vendor.asked]
    assert [each["required"] for each in formats] == [["days"], ["days"]]
    *_, (plain,) = raced(paid, [PlayColumn(answer(paid), LUNA)])
    assert plain.outcome.schema is None
    *_, (by_itself,) = raced(paid, [PlayColumn(own, LUNA)])
    assert by_itself.outcome.schema.passed is held


def test_a_schema_that_is_none_is_told_in_its_column_and_nothing_is_sent(
    paid: Any, vendor: Any
) -> None:
    *_, (last,) = raced(paid, [PlayColumn(answer(paid), LUNA)], schema='{"type": "thing"}')
    assert "the JSON schema cannot be used" in last.outcome.error["message"]
    assert vendor.asked == []


def test_what_does_not_fit_into_the_window_is_refused_with_the_figures(paid: Any) -> None:
    column = PlayColumn(answer(paid), "quotes")
    with pytest.raises(Refused, match="do not fit into the window of Quotations"):
        paid.bridge.run(paid.playground.estimate("local", column, {"question": "word " * 40_000}))


def test_quotations_are_taken_from_the_passages_that_were_given(paid: Any) -> None:
    *_, (last,) = raced(paid, [PlayColumn(answer(paid), "quotes")])
    assert "“Sixty days of notice.” [3]" in last.outcome.text
    assert last.outcome.cost == 0


def test_no_or_too_many_columns_and_the_races_of_others_are_refused(paid: Any) -> None:
    column = PlayColumn(answer(paid), "scripted")
    for wrong in (0, 5):
        with pytest.raises(Refused, match="side by side"):
            raced(paid, [column] * wrong)
    race = paid.bridge.run(paid.playground.start("local", [column], ASKED))
    with pytest.raises(NotFound) as gone:
        paid.playground.find("somebody else", race)
    assert gone.value.hint
    with pytest.raises(FootlightsError):
        paid.bridge.run(paid.playground.stop("somebody else", race))


def test_what_is_shown_only_grows_and_travels_ten_times_a_second(bench: Any) -> None:
    template = bench.prompts.get("answer")
    inputs = {"question": "/words 60 pace 10ms"}
    seen = [state for (state,) in raced(bench, [PlayColumn(template, "scripted")], inputs)]
    lengths = [len(each.text) for each in seen]
    assert lengths == sorted(lengths)
    assert len(seen[-1].outcome.text.split()) == 60
    assert 3 <= len(seen) <= 40
    assert json.dumps(seen[-1].outcome.text)
