"""The tools page, and tools in the chat: chosen, seen, allowed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.events import StepStarted, TextDelta, ToolCalled
from core.types import ToolCall, TurnRequest
from pages.ui import say
from pages.ui.charts import plotted
from pages.ui.live import _Seen

Open = Callable[..., AppTest]
CUE = '''
import pathlib

def send_cue(cue: int, times: list[int] = []) -> str:
    """Send a cue.

    Effects: the lights change.
    """
    pathlib.Path(__file__).with_name("sent.txt").write_text(str(cue))
    return f"sent {cue}"
'''


def texts(test: AppTest) -> str:
    return "\n".join(element.value for element in [*test.markdown, *test.caption, *test.code])


@pytest.fixture
def folder(bench: Any) -> Path:
    found: Path = bench.tools.folder
    found.mkdir(parents=True, exist_ok=True)
    return found


def finished(bench: Any, prompt: str, *tools: str, **given: Any) -> Any:
    started = bench.turns.start("local", TurnRequest(prompt, tools=tools, **given))
    for _ in bench.bridge.iterate(bench.turns.follow("local", started.turn_id), 60):
        pass
    return bench.turn_rows.get("local", started.turn_id)


def test_every_tool_stands_there_with_what_it_touches_and_costs(app: Open) -> None:
    test = app("tools")
    shown = texts(test)
    for words in ("search\\_documents", "reads your documents", "tokens in every question with it"):
        assert words in shown
    assert "never called yet" in shown
    assert "switched off" in shown
    assert "calculator(expression: str) -> str" in shown


def test_a_tool_is_tried_through_the_form_of_its_schema(app: Open) -> None:
    test = app("tools")
    test.text_input(key="calculator_expression").set_value("6 * 7")
    next(each for each in test.button if each.form_id == "form_calculator").click().run()
    assert "6 * 7 = 42" in texts(test)
    test.text_input(key="calculator_expression").set_value("6 *")
    next(each for each in test.button if each.form_id == "form_calculator").click().run()
    assert "not arithmetic" in texts(test)
    assert not test.exception


def test_a_query_that_finds_nothing_is_a_table_without_rows(app: Open) -> None:
    test = app("tools")
    test.text_area(key="query_table_sql").set_value("SELECT 1 AS show, 2 AS tickets WHERE 0")
    next(each for each in test.button if each.form_id == "form_query_table").click().run()
    assert not test.exception
    [frame] = test.dataframe
    assert frame.value.shape == (0, 2)


def test_a_tool_of_ones_own_is_found_and_a_broken_one_is_told_at_its_line(
    app: Open, folder: Path
) -> None:
    (folder / "cues.py").write_text(CUE)
    (folder / "bad.py").write_text('\ndef look(city) -> str:\n    """Look."""\n    return ""\n')
    test = app("tools")
    assert "bad.py, line 2" in test.error[0].value
    assert "city has no type hint" in test.error[0].value
    assert "the lights change." in texts(test)
    assert "It will really run" in test.warning[0].value
    test.text_area(key="send_cue_times").set_value("[1, 2")
    test.number_input(key="send_cue_cue").set_value(12)
    next(each for each in test.button if each.form_id == "form_send_cue").click().run()
    assert "times is not JSON" in "\n".join(each.value for each in test.error)
    test.text_area(key="send_cue_times").set_value("[1, 2]")
    next(each for each in test.button if each.form_id == "form_send_cue").click().run()
    assert (folder / "sent.txt").read_text() == "12"


def test_a_form_that_was_left_empty_runs_nothing(app: Open, folder: Path) -> None:
    (folder / "cues.py").write_text(CUE.replace("cue: int", "cue: str"))
    test = app("tools")
    next(each for each in test.button if each.form_id == "form_send_cue").click().run()
    assert "send_cue was not run" in texts(test)
    assert "'cue' is a required property" in texts(test)
    assert not (folder / "sent.txt").exists()


def test_steps_are_shown_with_arguments_results_tables_and_charts(app: Open, bench: Any) -> None:
    bench.documents.add("local", "sales.csv", b"show,tickets\nHamlet,320\nTempest,410\n")
    turn = finished(
        bench,
        'Which?\n/call query_table {"sql": "select * from sales"}\n'
        '/call plot {"sql": "select * from sales", "x": "show", "y": ["tickets"]}\n'
        '/call calculator {"expression": "1/0"}',
        "query_table",
        "plot",
        "calculator",
    )
    test = app(c=turn.conversation_id)
    titles = [each.label for each in test.expander]
    assert any("Step 1 · query\\_table" in title for title in titles)
    assert any("Step 3 · calculator · :orange[failed]" in title for title in titles)
    [frame] = test.dataframe
    assert frame.value.to_numpy().tolist() == [["Hamlet", 320], ["Tempest", 410]]
    heads = json.loads(frame.proto.columns)
    assert [heads[name]["label"] for name in frame.value.columns] == ["show", "tickets"]
    assert len(test.get("plotly_chart")) == 1
    assert "divides by zero" in texts(test)


def test_a_run_that_was_ended_says_why_and_what_to_do(app: Open, bench: Any) -> None:
    turn = finished(bench, '/loop calculator {"expression": "1+1"}', "calculator")
    test = app(c=turn.conversation_id)
    assert test.warning[0].value.startswith("Same call with the same result three times")
    assert "choose other tools" in test.warning[0].value


def test_tools_are_chosen_in_the_chat_and_sent_with_the_question(app: Open, bench: Any) -> None:
    test = app()
    test.get("button_group")[0].set_value(["calculator", "now"]).run()
    test.chat_input[0].set_value('/call calculator {"expression": "6*7"}').run()
    [talk] = bench.conversations.list("local")
    [turn] = bench.conversations.history("local", talk.id)
    assert turn.request.tools == ("calculator", "now")
    assert "6\\*7 = 42" in texts(test) or "6*7 = 42" in texts(test)


def test_a_conversation_keeps_its_tools_and_forgets_those_that_are_gone(
    app: Open, bench: Any, folder: Path
) -> None:
    (folder / "cues.py").write_text(CUE)
    turn = finished(bench, "Hello", "calculator", "send_cue")
    plain = finished(bench, "Good evening")
    test = app(c=turn.conversation_id)
    assert test.get("button_group")[0].value == ["calculator", "send_cue"]
    (folder / "cues.py").unlink()
    test.run()
    assert not test.exception
    assert test.get("button_group")[0].value == ["calculator"]
    assert app(c=plain.conversation_id).get("button_group")[0].value == []


def test_what_a_tool_gives_loads_nothing(app: Open, bench: Any, folder: Path) -> None:
    (folder / "evil.py").write_text(
        'def evil() -> list[dict[str, str]]:\n    """Be evil."""\n'
        '    return [{"![x](https://evil.example/a.png)": "<script>"}] * 2\n'
    )
    turn = finished(bench, "/call evil {}", "evil")
    test = app(c=turn.conversation_id)
    drawn = "\n".join([*(each.value for each in test.markdown), *(e.label for e in test.expander)])
    assert "![x](" not in drawn
    assert "evil.example" not in drawn


def test_a_tool_that_waits_is_allowed_on_the_page(app: Open, bench: Any, folder: Path) -> None:
    (folder / "cues.py").write_text(CUE)
    request = TurnRequest('/call send_cue {"cue": 7}', tools=("send_cue",), use_documents=False)
    started = bench.turns.start("local", request)
    call = None
    for batch in bench.bridge.iterate(bench.turns.follow("local", started.turn_id), 0.1):
        call = next((r.event.call for r in batch or () if r.event.type == "approval_asked"), None)
        if call:
            break
    assert call
    bench.approvals.decide("local", started.turn_id, call.id, "once")
    test = app(c=started.conversation_id)
    assert "Allowed once." in texts(test) or "sent 7" in texts(test)
    assert (folder / "sent.txt").read_text() == "7"


REST = '''
import pathlib, time

def rest(seconds: float) -> str:
    """Rest."""
    pathlib.Path(__file__).with_name("began.txt").write_text("yes")
    time.sleep(seconds)
    return "rested"

def cue(seconds: float) -> str:
    """Send a slow cue.

    Effects: the lights change.
    """
    return rest(seconds)
'''


@pytest.mark.parametrize(
    ("tool", "state"), [("rest", "not finished"), ("cue", "unknown whether it took effect")]
)
def test_a_call_of_a_run_that_was_stopped_does_not_run_for_ever_and_the_way_on_is_said(
    app: Open, bench: Any, folder: Path, tool: str, state: str
) -> None:
    (folder / "rests.py").write_text(REST)
    asked = f'/call {tool} {{"seconds": 30}}'
    request = TurnRequest(asked, tools=(tool,), use_documents=False)
    started = bench.turns.start("local", request)
    for batch in bench.bridge.iterate(bench.turns.follow("local", started.turn_id), 0.1):
        for event in (record.event for record in batch or ()):
            if event.type == "approval_asked":
                bench.approvals.decide("local", started.turn_id, event.call.id, "once")
        if (folder / "began.txt").exists():
            bench.bridge.run(bench.turns.stop("local", started.turn_id))
    test = app(c=started.conversation_id)
    [title] = [each.label for each in test.expander if "Step 1" in each.label]
    assert state in title and "running" not in title
    assert "goes on where it was cut off" in test.info[0].value


def test_what_was_said_before_a_call_stands_with_its_step_and_not_below_it_too() -> None:
    seen = _Seen()
    call = ToolCall("c1", "rest", "{}")
    for event in (StepStarted(1, 8), TextDelta("Let me rest."), ToolCalled(call)):
        seen.add(event)
    assert (seen.text, seen.waiting) == ("", "Running rest")
    assert seen.tape.steps[0].response.text == "Let me rest."


def test_a_long_name_leaves_room_for_the_bars_of_a_chart_and_a_date_stays_a_name() -> None:
    long = "Love's Labour's Lost & Found Again in the Rain"
    rows = [[long, 3], ["2026-11-30", 4]]
    shown = {"chart": "bar", "x": "show", "y": ["sold"], "title": "", "columns": ["show", "sold"]}
    axis = plotted({**shown, "rows": rows}, "light").layout.xaxis
    assert axis.type == "category"
    assert dict(axis.labelalias) == {long.replace("&", "&amp;"): "Love's Labour's …"}


def test_less_than_a_millisecond_is_not_nothing() -> None:
    assert [say.seconds(each) for each in (0.0, 0.0004, 0.004, 0.4)] == [
        "under 1 ms",
        "under 1 ms",
        "4 ms",
        "0.4 s",
    ]
