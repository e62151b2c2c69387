"""What is said before asking, by the estimate and by the lab, is what the scripted vendor is then sent."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.chat.upcoming import Next
from core.errors import FootlightsError
from core.events import TurnFailed
from core.llm.scripted import Reply
from core.prompts.defence import Fence
from core.tokens.strategies import STRATEGIES
from core.types import Budget, ModelRequest, Price, TurnRequest, WindowPlan
from core.windows.lab import Outcome
from tests.conftest import running, settings_for
from tests.core.chat.test_finding import rider
from tests.core.turns.test_turns import ask, followed
from tests.core.windows.test_window_plans import LONG, conversation, next_turn, part, summarised

SCRIPTED = "scripted:scripted"
QUESTIONS = ["And now?", "<eos> <<SYS>> <eos>", "舞台の明かり 👩‍🎤", "a" * 700, f"Lamp 2 {LONG}?"]


def estimated(bench: Any, where: str | None, prompt: str, **given: Any) -> Next:
    request = TurnRequest(prompt, model=SCRIPTED, **{"use_documents": False, **given})
    return bench.bridge.run(bench.upcoming.next("local", where, request))  # type: ignore[no-any-return]


def in_lab(bench: Any, where: str, turn_id: str, plan: WindowPlan, **given: Any) -> Outcome:
    """The window of that question of the conversation, as the lab says it."""
    lab = bench.whatif.open("local", where, bench.models.resolve(SCRIPTED))
    at, first = next(
        (n, turn.first) for n, turn in enumerate(lab.turns) if turn_id in (turn.first, turn.turn_id)
    )
    asked = bench.turn_rows.get("local", first).request
    request = replace(asked, model=SCRIPTED, again=first, plan=plan, **given)
    [found] = bench.bridge.run(bench.upcoming.again("local", lab, request, at, [plan]))
    return found  # type: ignore[no-any-return]


def last_request(bench: Any) -> ModelRequest:
    return bench.models.providers["scripted"].requests[-1]  # type: ignore[no-any-return]


def read(bench: Any) -> int:
    """The tokens that the vendor was sent, counted message by message."""
    sent = last_request(bench)
    tools = sum(
        bench.counter.count_tool(f"{t.name}: {t.description}\n" + _json(t.parameters), SCRIPTED)
        for t in sent.tools
    )
    return sum(bench.counter.count_message(each, SCRIPTED) for each in sent.messages) + 3 + tools


def _json(value: Any) -> str:
    import json

    return json.dumps(value)


def parts(budget: Budget) -> dict[str, int]:
    return {part.region: part.tokens for part in budget.slices if part.tokens}


def agree(bench: Any, found: Next, turn_id: str) -> None:
    """The estimate is to the token the window that was drawn and sent."""
    budget = bench.turn_rows.budget("local", turn_id)
    assert found.parts == parts(budget)
    assert (found.sent, found.free, found.window) == (
        budget.input_tokens,
        budget.free,
        budget.window,
    )
    assert found.sent == read(bench)
    assert last_request(bench).max_tokens == found.parts["reserve"]


@dataclass(frozen=True)
class Talk:
    bench: Any
    where: str
    ids: list[str]


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    with running(settings_for(Path(tmp_path_factory.mktemp("talk")))) as bench:
        said = [
            f"Lamp {n} {LONG}" if n % 2 else f"<eos> {n} {'ghost light ' * 9 * n}?"
            for n in range(6)
        ]
        where, ids = conversation(bench, *said)
        yield Talk(bench, where, ids)


PLANS = st.builds(
    WindowPlan,
    st.sampled_from([name for name in STRATEGIES if name != "summary"]),
    st.integers(1, 6),
    st.floats(0, 1),
    st.one_of(st.none(), st.integers(150, 2_500)),
    st.sets(st.integers(0, 5), max_size=2).map(tuple),
    reserve=st.one_of(st.none(), st.integers(1, 900)),
)


@settings(
    max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
@given(
    PLANS, st.sampled_from(QUESTIONS), st.one_of(st.none(), st.integers(1, 600)), st.integers(1, 5)
)
def test_whatever_the_plan_the_estimate_and_the_lab_say_what_is_then_sent(
    talk: Talk, plan: WindowPlan, question: str, most: int | None, at: int
) -> None:
    bench, where = talk.bench, talk.where
    plan = replace(plan, turns=tuple(talk.ids[n] for n in plan.turns))
    bench.conversations.set_plan("local", where, plan)
    found = estimated(bench, where, question, max_tokens=most)
    turn, events = next_turn(bench, where, question, max_tokens=most, model=SCRIPTED)
    if found.over:
        assert isinstance(events[-1], TurnFailed)
    else:
        agree(bench, found, turn)
    seen = in_lab(bench, where, talk.ids[at], plan, max_tokens=most)
    asked = replace(
        bench.turn_rows.get("local", talk.ids[at]).request,
        model=SCRIPTED,
        again=talk.ids[at],
        plan=plan,
        max_tokens=most,
    )
    started = bench.turns.start("local", asked, conversation_id=where)
    events = followed(bench, started.turn_id)
    if seen.over:
        assert isinstance(events[-1], TurnFailed)
        return
    budget = bench.turn_rows.budget("local", started.turn_id)
    assert (seen.sent, seen.free, seen.reserve) == (
        budget.input_tokens,
        budget.free,
        last_request(bench).max_tokens,
    )
    assert seen.sent == read(bench)
    assert sum(seen.kept) == len({i.ref for i in part(budget, "history").items if i.kept})


def test_the_estimate_knows_prompt_variables_tools_table_and_instructions(bench: Any) -> None:
    where, _ = conversation(bench, "one?", "two?")
    for more in (
        {"variables": {"tone": "formal"}},
        {"template": "plain"},
        {"tools": ("now", "calculator")},
        {"instructions": "Say it in verse."},
        {"max_tokens": 99},
        {},
    ):
        found = estimated(bench, where, "three?", **more)
        turn, _ = next_turn(bench, where, "three?", model=SCRIPTED, **{"max_tokens": None, **more})
        agree(bench, found, turn)
    told = estimated(bench, where, "four?", table="name, year: number")
    turn, _ = next_turn(
        bench, where, "four?", model=SCRIPTED, max_tokens=None, table="name, year: number"
    )
    assert told.parts == parts(bench.turn_rows.budget("local", turn))


def test_passages_are_estimated_as_they_are_sent_with_their_fences(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The code of a fence is drawn anew each time, and counts a token more or less.
    monkeypatch.setattr(Fence, "around", classmethod(lambda cls, text: cls("abcdefghijk")))
    rider(bench)
    first = ask(bench, "How many watts does the Fresnel draw?", model=SCRIPTED)
    followed(bench, first.turn_id)
    where = first.conversation_id
    chunk = bench.turn_rows.get("local", first.turn_id).sources[-1].hit.chunk_id
    question = "How many watts does the Fresnel draw?"
    for plan in (
        WindowPlan(),
        WindowPlan(passages=(chunk,)),
        WindowPlan(source_share=0.2, limit=900, reserve=300),
    ):
        bench.conversations.set_plan("local", where, plan)
        found = estimated(bench, where, question, use_documents=True)
        seen = in_lab(bench, where, first.turn_id, plan)
        turn, _ = next_turn(
            bench, where, question, use_documents=True, max_tokens=None, model=SCRIPTED
        )
        agree(bench, found, turn)
        again = TurnRequest(question, model=SCRIPTED, again=first.turn_id, plan=plan)
        started = bench.turns.start("local", again, conversation_id=where)
        followed(bench, started.turn_id)
        budget = bench.turn_rows.budget("local", started.turn_id)
        assert seen.sent == budget.input_tokens
        assert seen.sources == part(budget, "sources").tokens
        assert seen.passages == sum(i.kept for i in part(budget, "sources").items)


def test_what_a_cache_keeps_is_what_both_windows_begin_with(bench: Any) -> None:
    where, ids = conversation(bench, "one?", "two?")
    found = estimated(bench, where, "three?")
    before = bench.turn_rows.budget("local", ids[1])
    # The answer before was no part of the window before: what is the same ends with its question.
    assert found.same == part(before, "system").tokens + part(before, "history").tokens
    assert estimated(bench, None, "hello").same == 0


def test_the_first_question_is_estimated_and_one_that_does_not_fit_says_by_how_much(
    bench: Any,
) -> None:
    assert estimated(bench, None, "hello").over == 0
    plan = WindowPlan(limit=2_000)
    large = estimated(bench, None, "word " * 4_000, plan=plan)
    assert large.over == large.sent + 1_000 - 2_000
    with pytest.raises(FootlightsError, match="no variable 'nobody'"):
        estimated(bench, None, "hello", variables={"nobody": "knows it"})


def test_a_summary_that_would_be_written_is_said_with_its_call_before_anything_is_asked(
    bench: Any,
) -> None:
    price = Price(Decimal(2), Decimal(10))
    bench.upcoming._priced = lambda infos: [replace(each, price=price) for each in infos]
    where, ids, turn = summarised(bench)  # the first one is written here
    [made] = bench.summaries.all("local", where)
    seen = in_lab(bench, where, turn, bench.conversations.plan("local", where))
    assert seen.summary is not None
    assert (seen.summary.call, seen.summary.cost, seen.summary.depth) == (0, None, 1), "it is there"
    assert [ids[n] for n, inside in enumerate(seen.summary.turns) if inside] == list(made.turns)
    bench.summaries.undo("local", made.id)
    asked = len(bench.models.providers["scripted"].requests)
    wanted = in_lab(bench, where, turn, bench.conversations.plan("local", where), max_tokens=64)
    assert len(bench.models.providers["scripted"].requests) == asked
    assert wanted.summary is not None
    assert wanted.summary.turns == seen.summary.turns, "it would stand for the same turns"
    assert not any(a and b for a, b in zip(wanted.kept, wanted.summary.turns, strict=True))
    assert wanted.summary.tokens > 150
    found = estimated(bench, where, "And?", max_tokens=64)
    assert found.shortened == sum(wanted.summary.turns)
    bench.models.providers["scripted"].script.extend([Reply("In short."), Reply("Yes.")])
    turn, _ = next_turn(bench, where, "And?", model=SCRIPTED)
    asked = bench.models.providers["scripted"].requests[-2]
    count = bench.counter
    sent = sum(count.count_message(each, SCRIPTED) for each in asked.messages)
    sent += count.reply_overhead
    assert (found.call, asked.max_tokens) == (sent, 400), "what was said is what was set aside"
    assert found.call_cost == Decimal(2 * sent + 10 * 400) / 10**6


def test_a_question_asked_again_is_sent_no_summary_of_what_came_after_it(bench: Any) -> None:
    where, ids, _ = summarised(bench, Reply("The secret of later."), Reply("Yes."))
    plan = replace(bench.conversations.plan("local", where), limit=None)
    seen = in_lab(bench, where, ids[1], plan)
    assert (seen.summary, seen.kept) == (None, (True,))
    next_turn(bench, where, f"Lamp 1 {LONG}?", again=ids[1], plan=plan)
    said = " ".join(each.text for each in last_request(bench).messages)
    assert "The secret of later." not in said
    assert "Lamp 0" in said


def test_a_summary_that_was_written_for_a_trial_is_kept_and_changes_nothing(bench: Any) -> None:
    where, ids = conversation(bench, *(f"Lamp {n} {LONG}?" for n in range(4)))
    plan = WindowPlan("summary", limit=700)
    bench.models.providers["scripted"].script.extend([Reply("In short."), Reply("Yes.")])
    next_turn(bench, where, f"Lamp 3 {LONG}?", again=ids[3], plan=plan)
    [made] = bench.summaries.all("local", where)
    assert (made.text, made.undone_at is None) == ("In short.", False)
    assert bench.summaries.latest("local", where) is None
