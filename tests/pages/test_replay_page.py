"""The replay of a run: reached from its trace, one thing changed, both runs side by side."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.replays import Changes
from core.tape import read
from tests.pages.test_tools_page import REST, finished, texts

Open = Callable[..., AppTest]
CALL = '/call calculator {"expression": "6*7"}'


@pytest.fixture
def folder(bench: Any) -> Path:
    found: Path = bench.tools.folder
    found.mkdir(parents=True, exist_ok=True)
    return found


def test_a_run_is_replayed_with_a_changed_result_and_compared_step_by_step(
    bench: Any, app: Open
) -> None:
    turn = finished(bench, CALL, "calculator")
    test = app("tools", replay=turn.id)
    assert [each.value for each in test.title] == ["Replay"]
    assert "All of it comes from the tape: it costs nothing" in texts(test)
    test.segmented_control(key="replay_what").set_value("A tool's result").run()
    [box] = [each for each in test.text_area if each.label == "What the model is told instead"]
    assert box.value == "6*7 = 42"
    box.set_value("6*7 = 43").run()
    assert "Step 1 comes from the tape at no cost. From step 2 on" in texts(test)
    test.button(key="replay_now").click().run()
    assert not test.exception
    said = texts(test) + "\n".join(each.value for each in test.info)
    assert "Live from step 2 on: a result that was changed is read here." in said
    assert "the runs part here" in said
    assert "6*7 = 43" in said
    assert "6*7 = 42" in said


def a_message(bench: Any, app: Open) -> AppTest:
    """The form of a run in which a message is to be changed."""
    turn = finished(bench, CALL, "calculator")
    test = app("tools", replay=turn.id)
    return test.segmented_control(key="replay_what").set_value("A message").run()


def test_a_message_is_changed_and_its_change_is_shown_beside_the_runs(
    bench: Any, app: Open
) -> None:
    test = a_message(bench, app)
    chosen = test.selectbox(key="replay_message")
    assert [each.partition(" · ")[2][:13] for each in chosen.options] == [
        "System prompt",
        "Question, as ",
        "the model, be",
    ]
    assert "Nothing differs yet" in texts(test)
    box = test.text_area(key="sent_0")
    box.set_value(box.value + "\nSay it in Latin.").run()
    test.selectbox(key="replay_step").set_value(2).run()
    assert "Step 1 comes from the tape at no cost. From step 2 on" in texts(test)
    test.button(key="replay_now").click().run()
    assert not test.exception
    assert "Live from step 2 on: a message that was changed is read here." in test.info[0].value
    assert test.expander[0].label.startswith("Changed: 1 · System prompt · ")
    assert "+ Say it in Latin." in test.get("html")[0].proto.body


def test_a_message_that_does_not_fit_is_refused_and_stays_to_be_shortened(
    bench: Any, app: Open
) -> None:
    test = a_message(bench, app)
    test.text_area(key="sent_0").set_value("word " * 200_000).run()
    assert "window" in test.error[0].value
    assert test.text_area(key="sent_0").value.startswith("word word")
    assert not [each for each in test.button if each.key == "replay_now"]


def test_a_replay_with_nothing_changed_is_said_to_be_the_same_run(bench: Any, app: Open) -> None:
    turn = finished(bench, CALL, "calculator")
    test = app("tools", replay=turn.id)
    test.button(key="replay_now").click().run()
    assert [each.value for each in test.success] == ["The same run: every step came from the tape."]


def test_an_answer_without_tools_and_one_that_is_not_there_say_what_to_do(
    bench: Any, app: Open
) -> None:
    turn = finished(bench, "Hello.")
    test = app("tools", replay=turn.id)
    assert "made without tools" in test.error[0].value
    other = app("tools", replay="nobody")
    assert other.error


def test_a_replay_that_was_cut_off_says_so_and_goes_on(bench: Any, app: Open, folder: Path) -> None:
    (folder / "rests.py").write_text(REST)
    turn = finished(bench, CALL, "calculator", "rest", use_documents=False)
    asked = Changes(question='/call rest {"seconds": 30}')
    started = bench.replays.start("local", turn.id, asked)
    for batch in bench.bridge.iterate(bench.turns.follow("local", started.turn_id), 30):
        if any(record.event.type == "tool_called" for record in batch or ()):
            bench.bridge.run(bench.turns.stop("local", started.turn_id))
    (folder / "rests.py").write_text(REST.replace("time.sleep(seconds)", ""))
    test = app("tools", replay=started.turn_id)
    assert [each.value for each in test.warning] == ["The replay was cut off: it was stopped."]
    assert not test.success
    assert "Step 1 comes from the tape at no cost. From step 2 on" in texts(test)
    test.button(key="replay_on").click().run()
    assert not test.exception and not test.warning
    assert "rested" in texts(test)
    [last] = [each for each in test.info if "Live from step 2 on: the tape ends here" in each.value]
    assert last


def test_a_difference_far_down_in_a_result_is_there_to_be_seen(bench: Any, app: Open) -> None:
    turn = finished(bench, CALL, "calculator")
    long = "x" * 3_000 + " and here it differs"
    started = bench.replays.start("local", turn.id, Changes(results={_call_of(bench, turn): long}))
    for _ in bench.bridge.iterate(bench.turns.follow("local", started.turn_id), 30):
        pass
    assert "and here it differs" in texts(app("tools", replay=started.turn_id))


def _call_of(bench: Any, turn: Any) -> str:
    [step, *_] = read(bench.turn_rows.tape("local", turn.id))
    return step.calls[0].call.id
