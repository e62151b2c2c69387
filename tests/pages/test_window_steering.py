"""Steering the window: pins in the chat, the lab, and the tokens of a text of one's own."""

from collections.abc import Callable
from typing import Any

from streamlit.testing.v1 import AppTest

from core.bootstrap import STRATEGIES
from core.llm.scripted import Reply
from core.types import TurnRequest, WindowPlan
from tests.core.turns.test_turns import followed
from tests.pages.test_tokens_page import html, metrics, texts

Open = Callable[..., AppTest]


def talk(bench: Any, count: int, more: str = "") -> tuple[str, str]:
    """A conversation of so many questions, and the id of its last turn."""
    started = None
    for number in range(count):
        where = started.conversation_id if started else None
        request = TurnRequest(f"What is lamp {number}?{more}", use_documents=False, max_tokens=64)
        started = bench.turns.start("local", request, conversation_id=where)
        followed(bench, started.turn_id)
    assert started
    return started.conversation_id, started.turn_id


def test_an_answer_is_pinned_and_let_go_in_the_chat(app: Open, bench: Any) -> None:
    where, turn = talk(bench, 1)
    test = app("chat", c=where)
    test.button(key=f"pin_{turn}").click().run()
    assert bench.conversations.plan("local", where).turns == (turn,)
    assert test.button(key=f"pin_{turn}").label == "Pinned"
    test.button(key=f"pin_{turn}").click().run()
    assert bench.conversations.plan("local", where).turns == ()


def test_a_cited_passage_is_pinned(app: Open, bench: Any, asked: Callable[[str], Any]) -> None:
    bench.documents.add("local", "rider.txt", b"The notice period is sixty days.")
    turn = asked("How long is the notice period?")
    test = app("chat", c=turn.conversation_id)
    test.button(key=f"pin_{turn.id}_1").click().run()
    plan = bench.conversations.plan("local", turn.conversation_id)
    assert plan.passages == (turn.sources[0].hit.chunk_id,)


def test_below_the_last_answer_stands_what_is_left_of_the_window(app: Open, bench: Any) -> None:
    where, turn = talk(bench, 2)
    budget = bench.turn_rows.budget("local", turn)
    told = f"{budget.input_tokens:,} of {budget.window:,} tokens of the window were sent"
    assert told in html(app("chat", c=where))


def test_the_lab_shows_what_goes_and_a_plan_is_taken_over(app: Open, bench: Any) -> None:
    where, turn = talk(bench, 10)
    test = app("tokens", turn=turn, tab="What if")
    test.session_state["tab"] = "What if"
    test.run()
    sizes = test.select_slider(key="lab_window").options
    test.select_slider(key="lab_window").set_value(300).run()
    assert "300" in sizes
    assert "of 9 earlier turns kept" in texts(test)
    assert any(each.label.startswith("What goes: ") for each in test.expander)
    assert 'class="fl-gone"' in html(test)
    test.button(key="use_sliding_window").click().run()
    plan = bench.conversations.plan("local", where)
    assert (plan.strategy, plan.limit) == ("sliding_window", 300)
    assert "This conversation uses it" in texts(test)


def test_the_lab_replays_an_earlier_question(app: Open, bench: Any) -> None:
    _, turn = talk(bench, 4)
    test = app("tokens", turn=turn)
    test.session_state["tab"] = "What if"
    test.run()
    test.slider(key="lab_at_4").set_value(2).run()
    assert "What is lamp 1?" in texts(test)
    assert "of 1 earlier turn kept" in texts(test)


def test_pins_that_do_not_fit_are_said_in_the_lab_before_anything_is_sent(
    app: Open, bench: Any
) -> None:
    where, turn = talk(bench, 3, " word" * 100)
    ids = tuple(each.id for each in bench.turns_of("local", where))
    bench.conversations.set_plan("local", where, WindowPlan(limit=300, turns=ids))
    test = app("tokens", turn=turn)
    test.session_state["tab"] = "What if"
    test.run()
    test.select_slider(key="lab_window").set_value(300).run()
    assert "Does not fit, by" in texts(test)
    assert "unpin something" in texts(test)


def test_a_text_is_shown_token_by_token_and_cut_from_either_end(app: Open) -> None:
    test = app("tokens")
    test.text_area(key="counted_text").set_value("Hello, wörld! 東京 tokens 🙂").run()
    assert metrics(test)["o200k_base, GPT-4o and later"] == "9 tokens"
    shown = html(test)
    assert 'title="13225: 48 65 6c 6c 6f"' in shown
    assert ">Hello</span>" in shown
    test.number_input(key="cut_9").set_value(2)
    test.get("button_group")[-1].set_value("tail").run()
    assert " tokens 🙂" in html(test)
    assert "2 of 9 tokens are left" in texts(test).replace("\\", "")


def test_a_sample_of_another_script_is_one_click_away(app: Open) -> None:
    test = app("tokens")
    test.button(key="sample_Japanese").click().run()
    assert "tokens are left" in texts(test)
    assert "1 word," in texts(test)


def test_a_summary_is_opened_in_the_window_and_taken_back(app: Open, bench: Any) -> None:
    where, _ = talk(bench, 4, " word" * 100)
    bench.conversations.set_plan("local", where, WindowPlan("summary", limit=500))
    bench.models.providers["scripted"].script.extend(
        [Reply("Lamps were talked about."), Reply("Yes.")]
    )
    request = TurnRequest("And?", use_documents=False, max_tokens=64)
    started = bench.turns.start("local", request, conversation_id=where)
    followed(bench, started.turn_id)
    [made] = bench.summaries.all("local", where)
    test = app("tokens", turn=started.turn_id)
    assert "Lamps were talked about" in texts(test)
    assert "What is lamp 0?" in texts(test)
    test.button(key=f"undo_{made.id}").click().run()
    assert bench.summaries.latest("local", where) is None
    assert test.button(key=f"undo_{made.id}").label == "Use it again"


def test_a_question_is_asked_again_under_two_plans_and_the_answers_stand_side_by_side(
    app: Open, bench: Any
) -> None:
    where, turn = talk(bench, 3)
    test = app("tokens", turn=turn, tab="What if")
    test.session_state["tab"] = "What if"
    test.run()
    script = bench.models.providers["scripted"].script
    for name, said in (("sliding_window", "By the window."), ("head_and_tail", "By both ends.")):
        script.append(Reply(said))
        test.button(key=f"ask_{name}").click().run()
        assert said in texts(test)
    assert "By the window." in texts(test), "the first answer stands beside the second"
    assert bench.conversations.plan("local", where) is None, "the conversation keeps its strategy"
    turns = bench.turns_of("local", where)
    assert [each.request.prompt for each in turns[2:]] == ["What is lamp 2?"] * 3
    assert [each.request.plan.strategy for each in turns[3:]] == ["sliding_window", "head_and_tail"]
    for request in bench.models.providers["scripted"].requests[-2:]:
        asked = [said.text for said in request.messages if said.role == "user"]
        assert asked == [f"What is lamp {number}?" for number in range(3)], "as it was asked first"
    [lab] = [each.value for each in test.slider if (each.key or "").startswith("lab_reserve")]
    assert [each.request.max_tokens for each in turns[3:]] == [lab] * 2, "the room is the lab's"


def test_what_is_pinned_and_does_not_fit_is_let_go_where_it_is_refused(
    app: Open, bench: Any
) -> None:
    where, turn = talk(bench, 1, " word" * 300)
    bench.conversations.set_plan("local", where, WindowPlan(limit=300, turns=(turn,)))
    request = TurnRequest("And?", use_documents=False, max_tokens=64)
    started = bench.turns.start("local", request, conversation_id=where)
    followed(bench, started.turn_id)
    test = app("chat", c=where)
    assert "what is pinned does not fit" in texts(test)
    test.button(key=f"unpin_{started.turn_id}_{turn}").click().run()
    assert bench.conversations.plan("local", where).turns == ()


def test_a_fifth_strategy_is_not_shown_and_that_is_said(app: Open, bench: Any) -> None:
    _, turn = talk(bench, 2)
    test = app("tokens", turn=turn)
    test.session_state["tab"] = "What if"
    test.session_state["lab_strategies"] = list(STRATEGIES)
    test.run()
    assert "Four fit side by side" in texts(test)
