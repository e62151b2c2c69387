"""The tokens page: the window of a turn by region, our count beside the provider's, a text to count."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.types import Item, Slice, TurnRequest
from pages.ui import said

Open = Callable[..., AppTest]
Ask = Callable[..., Any]
QUESTION = "How long is the notice period?"


def texts(test: AppTest) -> str:
    kinds = (test.markdown, test.caption, test.header, test.info, test.error)
    return "\n".join(element.value for kind in kinds for element in kind)


def html(test: AppTest) -> str:
    return "\n".join(element.proto.body for element in test.get("html"))


def items(test: AppTest) -> list[str]:
    return [expander.label.replace("\\", "") for expander in test.expander]


def metrics(test: AppTest) -> dict[str, str]:
    return {metric.label: metric.value.replace("\\", "") for metric in test.metric}


@pytest.fixture
def turn(bench: Any, asked: Ask) -> Any:
    bench.documents.add("local", "rider.txt", b"The notice period is <sixty> days.")
    return asked(QUESTION)


def test_before_the_first_question_the_page_leads_to_the_chat_and_still_counts(app: Open) -> None:
    test = app("tokens")
    assert "Nothing was asked yet" in texts(test)
    assert test.text_area


def test_the_newest_turn_is_shown_and_named_in_the_address_bar(app: Open, asked: Ask) -> None:
    asked("/words 5")
    newest = asked("/words 6")
    test = app("tokens")
    assert test.query_params["turn"] == newest.id
    assert "scripted" in test.selectbox[0].options[0]


def test_another_turn_can_be_picked(app: Open, asked: Ask) -> None:
    first, _ = asked("/words 5"), asked("/words 6")
    test = app("tokens")
    test.selectbox[0].set_value(first.id).run()
    assert test.query_params["turn"] == first.id
    assert "/words 5" in " ".join(items(test))


def test_every_region_is_drawn_with_every_item_and_its_text(app: Open, turn: Any) -> None:
    test = app("tokens", turn=turn.id)
    for region in ("Instructions", "Passages", "Question", "Kept for the answer"):
        assert region in [header.value for header in test.header]
    assert any(each.startswith("[1] rider.txt") and "tokens" in each for each in items(test))
    assert "The notice period is &lt;sixty&gt; days." in html(test)
    assert 'role="img"' in html(test)


def test_a_window_of_hundreds_of_messages_is_drawn_in_parts_with_the_newest_at_hand(
    app: Open, bench: Any, turn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = bench.turn_rows.budget("local", turn.id)
    said = [Item(f"You {at}", f"Message {at}", 7, role="user") for at in range(300)]
    history = replace(budget.slices[2], region="history", items=tuple(said), tokens=2_100)
    long = replace(budget, slices=(*budget.slices[:2], history, *budget.slices[3:]))
    monkeypatch.setattr(bench.turn_rows, "budget", lambda *_: long)
    test = app("tokens", turn=turn.id)
    drawn = [each for each in items(test) if each.startswith("You ")]
    assert len(drawn) == 40 and drawn[-1].startswith("You 299")
    more = next(each for each in test.button if each.key == "more_history")
    assert more.label == "Show 100 more of the 260 before"
    more.click().run()
    assert len([each for each in items(test) if each.startswith("You ")]) == 140


def test_our_count_stands_beside_the_provider_s_with_the_difference(
    app: Open, bench: Any, turn: Any
) -> None:
    shown = metrics(app("tokens", turn=turn.id))
    counted = bench.turn_rows.budget("local", turn.id).input_tokens
    assert shown["Tokens sent, our count"] == f"about {counted}"
    assert shown["Reported by the provider"] == f"{turn.usage.input_tokens}"
    assert (
        shown["Our count is off by"].strip("+-")
        == f"{abs(counted / turn.usage.input_tokens - 1):.1%}"
    )


def test_the_window_of_a_run_is_held_against_its_first_answer_and_not_against_all_of_them(
    app: Open, bench: Any, asked: Ask
) -> None:
    run = asked('/call calculator {"expression": "6 * 7"}', tools=("calculator",))
    first, second = bench.turn_counts.responses("local", run.id)
    assert run.usage.input_tokens == first.input_tokens + second.input_tokens
    counted = bench.turn_rows.budget("local", run.id).input_tokens

    test = app("tokens", turn=run.id)
    shown = metrics(test)
    assert shown["Reported by the provider"] == f"{first.input_tokens:,}"
    off = counted / first.input_tokens - 1
    assert shown["Our count is off by"] == (f"{off:+.1%}" if off else "nothing")
    whole = f"for the first of 2 answers; {run.usage.input_tokens:,} for all"
    assert whole in texts(test).replace("\\", "")
    assert f"used {first.output_tokens}, {second.output_tokens}" in texts(test)


def test_a_dropped_item_says_why(
    app: Open, bench: Any, turn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = bench.turn_rows.budget("local", turn.id)
    old = Item("You", "an old question", 90, False, "oldest history first: 40 tokens over", "user")
    history = Slice("history", (old,), 0)
    slices = tuple(history if each.region == "history" else each for each in budget.slices)
    monkeypatch.setattr(
        bench.turn_rows, "budget", lambda user, turn_id: replace(budget, slices=slices)
    )
    test = app("tokens", turn=turn.id)
    assert "You · an old question · 90 tokens · left out" in items(test)
    assert "Left out, oldest history first\\: 40 tokens over" in texts(test)
    assert "1 left out" in html(test)


def test_a_text_of_one_s_own_is_counted_in_both_vocabularies(app: Open) -> None:
    test = app("tokens")
    test.text_area[0].set_value("Hello, wörld! 東京 tokens 🙂").run()
    shown = metrics(test)
    assert shown["o200k_base, GPT-4o and later"] == "9 tokens"
    assert shown["cl100k_base, GPT-4, GPT-3.5"] == "11 tokens"
    assert "characters a token" in texts(test)


def test_a_turn_that_is_not_there_is_said_and_the_newest_is_shown(app: Open, turn: Any) -> None:
    test = app("tokens", turn="no-such-turn")
    assert "no turn" in test.error[0].value
    assert test.query_params["turn"] == turn.id


def test_a_question_that_was_never_sent_says_why(app: Open, asked: Ask, bench: Any) -> None:
    bench.documents.add("local", "rider.txt", b"The notice period is sixty days.")
    turn = asked("why " * 40_000)
    test = app("tokens", turn=turn.id)
    assert "ended before anything was sent" in texts(test)
    assert turn.error["message"][:20] in test.error[0].value


def test_questions_of_others_are_not_shown(app: Open, bench: Any) -> None:
    started = bench.turns.start("somebody", TurnRequest("/words 3"))
    for _ in bench.bridge.iterate(bench.turns.follow("somebody", started.turn_id), 60):
        pass
    assert "Nothing was asked yet" in texts(app("tokens"))
    assert "no turn" in app("tokens", turn=started.turn_id).error[0].value


def test_a_text_is_shown_as_it_is_and_a_very_long_one_is_cut_with_its_rest_counted() -> None:
    assert "&lt;script&gt;" in said.box("<script>", "a")
    assert 'aria-label="&quot;x"' in said.box("a", '"x')
    assert "… 5 more characters" in said.box("a" * 100_005, "a")


def test_the_second_window_is_held_against_the_first(app: Open, asked: Ask) -> None:
    first = asked("/words 5")
    second = asked("/words 6", conversation_id=first.conversation_id)
    said = texts(app("tokens", turn=second.id))
    assert "Since the question before" in said
    assert "a vendor's cache can keep" in said
    assert "The first that is new is" in said
    assert any(item.startswith("Came: ") for item in items(app("tokens", turn=second.id)))
    assert "Since the question before" not in texts(app("tokens", turn=first.id))
