"""The traces page: the list of turns, the timeline, the tree, and one step opened."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.traces.export import as_json
from core.traces.graph import run_graph as core_graph
from core.types import Span, TurnRequest
from pages.traces import run_graph, span_view
from pages.ui import charts, palette, usage

Open = Callable[..., AppTest]
Ask = Callable[[str], Any]


def texts(test: AppTest) -> str:
    kinds = (test.markdown, test.caption, test.header, test.subheader, test.info, test.error)
    return "\n".join(element.value for kind in kinds for element in kind).replace("\\", "")


def html(test: AppTest) -> str:
    return "\n".join(element.proto.body for element in test.get("html"))


def steps(test: AppTest) -> list[str]:
    return [button.label for button in test.button if (button.key or "").startswith("step_")]


def open_step(test: AppTest, kind: str) -> AppTest:
    key = next(
        button.key for button in test.button if (button.key or "").startswith(f"step_{kind}")
    )
    return test.button(key=key).click().run()


def a_span(name: str, start: float, end: float, kind: Any = "model", **more: Any) -> Span:
    return Span("t", name, None, name, kind, int(start * 1e9), int(end * 1e9), **more)


def test_before_the_first_question_the_page_leads_to_the_chat(app: Open) -> None:
    assert "Nothing was asked yet" in texts(app("traces"))


def test_what_is_written_in_the_code_of_a_page_is_not_drawn_on_it(app: Open, asked: Ask) -> None:
    asked("/words 5")
    assert "Rows of the tree that are drawn at first" not in texts(app("traces"))


def test_the_list_has_every_turn_with_its_end_in_words(app: Open, asked: Ask) -> None:
    asked("/words 5")
    asked("/fail key_rejected 9")
    test = app("traces")
    table = test.dataframe[0].value
    assert list(table["Question"]) == ["/fail key_rejected 9", "/words 5"]
    assert list(table["End"]) == ["failed: key rejected", "finished"]
    assert list(table["Cost"]) == ["$0", "$0"]
    test.text_input[-1].set_value("key scripted").run()
    assert list(test.dataframe[0].value["Question"]) == ["/fail key_rejected 9"]
    test.text_input[-1].set_value("nowhere").run()
    assert "No trace fits" in texts(test)


def test_the_steps_are_a_tree_with_times_and_the_call_is_open(app: Open, asked: Ask) -> None:
    turn = asked("/words 5")
    test = app("traces", turn=turn.id)
    shown = steps(test)
    for name in (
        "turn",
        "search passages",
        "compose the window",
        "ask scripted",
        "check citations",
    ):
        assert any(name in step for step in shown)
    assert not shown[0].startswith("\u2003") and shown[1].startswith("\u2003")
    assert "**Came back**" in texts(test)
    assert turn.answer in html(test)
    assert 'aria-label="user message"' in html(test)


def test_the_list_is_sorted_filtered_and_paged(app: Open, bench: Any, asked: Ask) -> None:
    for words in (3, 60, 9):
        asked(f"/words {words}")
    asked("/fail key_rejected 9")
    test = app("traces")
    choice = {box.label: box for box in test.selectbox}
    test = choice["Order"].set_value("Most tokens first").run()
    assert test.dataframe[0].value["Question"][0] == "/words 60"
    next(box for box in test.selectbox if box.label == "End").set_value("Failed").run()
    assert list(test.dataframe[0].value["Question"]) == ["/fail key_rejected 9"]
    assert "1 trace" in texts(test)


def test_more_traces_than_a_page_are_turned_on_and_back(
    app: Open, bench: Any, asked: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pages.traces import trace_list

    monkeypatch.setattr(trace_list, "_PAGE", 2)
    for words in (1, 2, 3):
        asked(f"/words {words}")
    test = app("traces")
    assert "1 to 2 of 3 traces" in texts(test)
    test.button(key="traces_on").click().run()
    assert list(test.dataframe[0].value["Question"]) == ["/words 1"]
    assert "3 to 3 of 3 traces" in texts(test)
    test.button(key="traces_back").click().run()
    assert list(test.dataframe[0].value["Question"]) == ["/words 3", "/words 2"]


def test_a_call_leads_to_its_row_in_the_ledger_and_costs_stand_at_the_steps(
    app: Open, bench: Any, asked: Ask
) -> None:
    turn = asked("/words 5")
    test = app("traces", turn=turn.id)
    assert "Its row in the ledger" in [link.proto.label for link in test.get("page_link")]
    assert "its own" in texts(test)
    assert "outside these steps" not in texts(test)


def test_a_call_shows_its_raw_request_and_response_and_takes_them_along(
    app: Open, bench: Any, asked: Ask
) -> None:
    turn = asked("/words 5")
    noted = {
        "request": [{"role": "user", "content": 'Why "so"?'}],
        "sent": ['{"model":"m","content":"', 0, '"}'],
        "sent_length": 37,
        "received": ['{"a":1}', "[DONE]"],
        "received_pieces": 9,
    }
    call = a_span("called", 1, 2, attributes=noted)
    bench.traces.write("local", turn.id, [call])
    test = app("traces", turn=turn.id, span="called")
    labels = [each.label for each in test.expander]
    assert "Raw request: 37 characters" in labels
    assert "Raw response: the first and the last 1 of 9 events" in labels
    assert test.get("json")[0].proto.body == '{"model":"m","content":"Why \\"so\\"?"}'
    assert [each.value for each in test.code] == ['{\n "a": 1\n}', "[DONE]"]
    taken = json.loads(as_json(turn, [call], []))
    assert taken["spans"][0]["attributes"]["sent"] == '{"model":"m","content":"Why \\"so\\"?"}'
    assert "Raw request" not in str(
        [each.label for each in app("traces", turn=turn.id).expander]
    ), "nothing of a scripted model goes over a wire"


def test_a_trace_of_ten_thousand_steps_is_cut_and_any_of_them_can_be_opened(
    app: Open, bench: Any, asked: Ask
) -> None:
    turn = asked("/words 5")
    top = bench.traces.read("local", turn.id)[0]
    many = [
        Span("t", f"x{n:05}", top.span_id, f"look {n}", "tool", top.start_ns + n, top.start_ns + n + 9)
        for n in range(10_000)
    ]  # fmt: skip
    bench.traces.write("local", turn.id, many)
    test = app("traces", turn=turn.id, span=top.span_id)
    assert len(steps(test)) == 40
    test.button(key="more_steps").click().run()
    assert len(steps(test)) == 140
    test = app("traces", turn=turn.id, span="x09000")
    assert any("**look 9000**" in step for step in steps(test))
    test.button(key="first_steps").click().run()
    assert "turn" in steps(test)[0]


def test_a_run_with_tools_shows_which_led_to_which_and_one_without_shows_nothing(
    app: Open, bench: Any, asked: Ask
) -> None:
    turn = asked("/words 5")
    assert "Which tool led to which" not in texts(app("traces", turn=turn.id))
    top = bench.traces.read("local", turn.id)[0]
    calls = [
        Span("t", f"x{n}", top.span_id, name, "tool", top.start_ns + n, top.start_ns + n + 9,
             "ok", {"step": n}, ())
        for n, name in enumerate(("search_documents", "query_table", "search_documents"))
    ]  # fmt: skip
    bench.traces.write("local", turn.id, calls)
    test = app("traces", turn=turn.id)
    assert "Which tool led to which" in texts(test)
    words = run_graph.in_words(core_graph(calls))
    assert "your question led to search_documents; search_documents led to query_table" in words
    assert "query_table led to search_documents" in words


def test_the_slider_plays_the_steps_in_the_order_in_which_they_began(
    app: Open, bench: Any, asked: Ask
) -> None:
    turn = asked("/words 5")
    begun = sorted(bench.traces.read("local", turn.id), key=lambda each: each.start_ns)
    test = app("traces", turn=turn.id)
    assert (test.slider[0].min, test.slider[0].max) == (1, len(begun))
    for place in (2, len(begun)):
        test.slider[0].set_value(place).run()
        assert f"Playback: {place} of {len(begun)}" in test.slider[0].label
        assert f"**{begun[place - 1].name}**" in "\n".join(steps(test))
    test = open_step(test, "turn")
    assert test.slider[0].value == 1, "a click moves it too"


def test_a_call_that_called_tools_shows_them_and_a_tool_that_failed_says_what_to_do(
    app: Open, bench: Any
) -> None:
    prompt = '/call calculator {"expression": 7}\n/call search_documents {"query": "notice"}\nGo'
    bench.documents.add("local", "rider.txt", b"The notice period is sixty days.")
    request = TurnRequest(prompt, tools=("calculator", "search_documents"))
    started = bench.turns.start("local", request)
    for _ in bench.bridge.iterate(bench.turns.follow("local", started.turn_id), 60):
        pass
    spans = bench.traces.read("local", started.turn_id)
    model = next(each for each in spans if each.kind == "model")
    failed, search = (each for each in spans if each.kind == "tool")
    test = app("traces", turn=started.turn_id, span=model.span_id)
    assert "Nothing came back" not in texts(test)
    assert "called tools" in texts(test)
    assert "calculator {" in html(test)
    test = app("traces", turn=started.turn_id, span=failed.span_id)
    assert "Kind of error: arguments that do not fit" in texts(test)
    assert "may call again" in test.error[0].value
    test = app("traces", turn=started.turn_id, span=search.span_id)
    assert any(each.label.startswith("1. rider") for each in test.expander)
    assert "In its document" in [link.proto.label for link in test.get("page_link")]


def test_the_totals_stand_above(app: Open, asked: Ask) -> None:
    turn = asked("/words 5")
    shown = {metric.label: metric.value for metric in app("traces", turn=turn.id).metric}
    assert shown["Tokens out"] == "5"
    assert shown["Cost"].endswith("$0")
    assert set(shown) == {"Time", "First word after", "Tokens in", "Tokens out", "Cost"}


def test_what_an_answer_took_that_broke_off_stands_above_as_at_its_step_and_on_its_costs(
    app: Open, asked: Ask
) -> None:
    turn = asked("/cut")
    assert turn.usage is None and turn.calls.count == turn.calls.estimated == 1
    sent, said = f"≈ {turn.calls.input_tokens:,}", f"≈ {turn.calls.output_tokens:,}"

    test = app("traces", turn=turn.id)
    shown = {metric.label: metric.value.replace("\\", "") for metric in test.metric}
    assert (shown["Tokens in"], shown["Tokens out"]) == (sent, said)
    [row] = test.dataframe[0].value.to_dict("records")
    assert row["Tokens"] == turn.calls.input_tokens + turn.calls.output_tokens
    costs = {m.label: m.value.replace("\\", "") for m in app("costs", turn=turn.id).metric}
    assert (costs["Tokens in"], costs["Tokens out"]) == (sent, said)
    assert f"{sent} tokens in, {turn.calls.output_tokens:,} out" in texts(
        app(c=turn.conversation_id)
    )


def test_what_came_from_the_cache_what_was_written_to_it_and_what_was_thought_stand_at_a_step() -> (
    None
):
    used = {
        "gen_ai.usage.input_tokens": 1238,
        "gen_ai.usage.output_tokens": 98,
        "gen_ai.usage.cache_read.input_tokens": 600,
        "gen_ai.usage.cache_creation.input_tokens": 309,
        "gen_ai.usage.reasoning.output_tokens": 89,
    }
    assert usage.of_span(used) == [
        "**1,238 tokens** in (600 from the cache, 309 written to the cache)",
        "**98** out (89 of them thought)",
        "reported by the provider",
    ]


def test_a_click_on_the_search_shows_the_ranked_passages_and_what_became_of_them(
    app: Open, bench: Any, asked: Ask
) -> None:
    bench.documents.add("local", "rider.txt", b"The notice period is sixty days.")
    turn = asked("How long is the notice period?")
    test = open_step(app("traces", turn=turn.id), "retrieval")
    hits = [expander.label.replace("\\", "") for expander in test.expander]
    assert hits[0].startswith("1. rider.txt") and "cited as 1" in hits[0]
    assert "The notice period is sixty days." in html(test)
    assert test.query_params["span"]


def test_a_click_on_the_window_shows_its_regions_and_the_prompt(app: Open, asked: Ask) -> None:
    turn = asked("/words 5")
    test = open_step(app("traces", turn=turn.id), "window")
    assert "Instructions" in html(test)
    links = [link.proto.label.replace("\\", "") for link in test.get("page_link")]
    assert "Every item of it" in links
    assert "Prompt answer, version 1" in links


def test_the_step_that_failed_is_open_with_what_to_do(app: Open, asked: Ask) -> None:
    turn = asked("/fail key_rejected 9")
    test = app("traces", turn=turn.id)
    assert len(test.error) == 2  # of the turn, and of its step
    assert "valid key on the Models page" in test.error[1].value
    assert "failed" in " ".join(steps(test))


def test_every_attempt_of_a_retry_is_a_step(app: Open, asked: Ask) -> None:
    turn = asked("/fail overloaded 1")
    test = app("traces", turn=turn.id)
    assert sum("ask scripted" in step for step in steps(test)) == 2
    assert "attempt 2" in " ".join(steps(test))


def test_a_turn_that_is_not_there_is_said_and_the_newest_is_shown(app: Open, asked: Ask) -> None:
    turn = asked("/words 5")
    test = app("traces", turn="no-such-turn")
    assert "no turn" in test.error[0].value
    assert test.query_params["turn"] == turn.id
    assert steps(test)


def test_a_running_turn_says_that_its_steps_come_at_its_end(app: Open, bench: Any) -> None:
    test = app("traces")
    started = bench.turns.start("local", TurnRequest("/stall"))
    test.run()
    assert "The steps are written when the answer ends" in texts(test)
    bench.bridge.run(bench.turns.stop("local", started.turn_id))
    for _ in bench.bridge.iterate(bench.turns.follow("local", started.turn_id), 60):
        pass
    test.run()
    assert "stopped by you" in texts(test)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_step_of_a_few_milliseconds_is_still_to_be_seen_beside_a_minute(theme: str) -> None:
    found = [(0, a_span("turn", 0, 60, "turn")), (1, a_span("search", 1, 1.04, "retrieval"))]
    bar = charts.timeline(found, theme).data[0]
    assert bar.x[1] >= 0.3
    assert "40 ms" in bar.text[1]
    assert bar.marker.color[1] == palette.span("retrieval", theme)


def test_steps_of_equal_width_stand_in_the_order_of_their_starts() -> None:
    found = [(0, a_span("turn", 0, 60, "turn")), (1, a_span("b", 9, 10)), (1, a_span("a", 5, 6))]
    bar = charts.timeline(found, "light", equal=True).data[0]
    assert list(bar.base) == [0.0, 2.0, 1.0]
    assert set(bar.x) == {0.9}


def test_a_name_from_outside_is_no_markup_in_a_figure() -> None:
    shown = charts.timeline([(0, a_span("<b>x", 0, 1))], "light")
    assert "&lt;b&gt;x" in shown.data[1].text[0]


def test_an_error_code_leads_to_what_can_be_done() -> None:
    assert "Models page" in span_view.hint("key_rejected")
    assert span_view.hint("no_such_code") == ""


def test_a_keeping_rule_says_what_it_would_delete_and_deletes_it(
    app: Open, bench: Any, asked: Ask
) -> None:
    from datetime import timedelta

    from sqlalchemy import update

    from core.store.engine import writing
    from core.store.tables import trace_heads

    turn = asked("/words 5")
    with writing(bench.engine) as connection:
        old = turn.created_at - timedelta(days=9)
        connection.execute(update(trace_heads).values(created_at=old))
    test = app("traces")
    assert "It deletes nothing now. There is 1 trace" in texts(test)
    next(each for each in test.number_input if each.label == "Days").set_value(7).run()
    assert "It would delete 1 of 1 trace" in texts(test)
    test.button(key="keep_rule").click().run()
    test.button(key="clear_traces").click().run()
    assert "deleted by the rule" in texts(test)
    assert bench.preferences.keep_traces("local").days == 7
    assert bench.turn_rows.get("local", turn.id).answer == turn.answer
