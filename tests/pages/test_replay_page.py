"""The replay of a run: reached from its trace, one thing changed, both runs side by side."""

from collections.abc import Callable
from typing import Any

from streamlit.testing.v1 import AppTest

from tests.pages.test_tools_page import finished, texts

Open = Callable[..., AppTest]
CALL = '/call calculator {"expression": "6*7"}'


def test_a_run_is_replayed_with_a_changed_result_and_compared_step_by_step(
    bench: Any, app: Open
) -> None:
    turn = finished(bench, CALL, "calculator")
    test = app("tools.py", replay=turn.id)
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


def test_a_replay_with_nothing_changed_is_said_to_be_the_same_run(bench: Any, app: Open) -> None:
    turn = finished(bench, CALL, "calculator")
    test = app("tools.py", replay=turn.id)
    test.button(key="replay_now").click().run()
    assert [each.value for each in test.success] == ["The same run: every step came from the tape."]


def test_an_answer_without_tools_and_one_that_is_not_there_say_what_to_do(
    bench: Any, app: Open
) -> None:
    turn = finished(bench, "Hello.")
    test = app("tools.py", replay=turn.id)
    assert "made without tools" in test.error[0].value
    other = app("tools.py", replay="nobody")
    assert other.error
