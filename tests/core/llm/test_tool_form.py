"""Tools for a model that knows none: one JSON object at each step, a call or the final answer."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.events import FinishReason, ModelDone, ModelEvent, TextDelta, ToolCalled
from core.llm.json_text import read
from core.llm.tool_form import formed, in_schema_form
from core.llm.unusable import UnusableOutput
from core.types import (
    Message,
    ModelRequest,
    Text,
    ToolCall,
    ToolResult,
    ToolSpec,
    Usage,
    message,
)

LAMP = {
    "type": "object",
    "properties": {"lamp": {"$ref": "#/$defs/Lamp"}},
    "required": ["lamp"],
    "$defs": {"Lamp": {"type": "string", "enum": ["PAR", "Fresnel"]}},
}
ADD = ToolSpec("add", "Add two numbers.", {"type": "object", "properties": {}})
DIM = ToolSpec("dim", "Dim a lamp.", LAMP)
REQUEST = ModelRequest(
    "small", (message("system", "Be brief."), message("user", "Dim it.")), 100, tools=(ADD, DIM)
)


async def heard(text: str, finish: FinishReason = "stop", size: int = 5) -> list[ModelEvent]:
    async def ask(_: ModelRequest) -> AsyncIterator[ModelEvent]:
        for at in range(0, len(text), size):
            yield TextDelta(text[at : at + size])
        yield ModelDone(finish, Usage(10, 5), "small")

    return [event async for event in in_schema_form(REQUEST, ask)]


def said(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def test_the_tools_are_told_in_words_and_the_answer_has_a_schema() -> None:
    asked = formed(REQUEST)
    assert asked.tools == ()
    system = asked.messages[0].text
    assert system.startswith("Be brief.\n\nYou work in steps.")
    assert "- dim: Dim a lamp. Arguments: " in system
    assert asked.output
    schema = asked.output.schema
    assert [each["properties"].get("tool") for each in schema["anyOf"]] == [
        {"const": "add"},
        {"const": "dim"},
        None,
    ]
    lamp = schema["anyOf"][1]["properties"]["arguments"]["properties"]["lamp"]
    assert lamp == {"$ref": "#/$defs/dim.Lamp"}
    assert schema["$defs"] == {"dim.Lamp": {"type": "string", "enum": ["PAR", "Fresnel"]}}


def test_calls_and_results_of_before_are_texts() -> None:
    call = ToolCall("c1", "dim", '{"lamp": "PAR"}')
    before = (
        *REQUEST.messages,
        Message("assistant", (Text("Hm."), call)),
        Message("tool", (ToolResult("c1", "dimmed"),)),
    )
    asked = formed(ModelRequest("small", before, 100, tools=(DIM,)))
    assert [(each.role, each.text) for each in asked.messages[2:]] == [
        ("assistant", '{"tool": "dim", "arguments": {"lamp": "PAR"}}'),
        ("user", "Result:\ndimmed"),
    ]


def test_at_the_last_step_only_an_answer_is_left() -> None:
    asked = formed(ModelRequest("small", REQUEST.messages, 100, tools=(DIM,), tool_choice="none"))
    assert asked.output
    assert list(asked.output.schema["properties"]) == ["final_answer"]
    assert "No tool can be called" in asked.messages[0].text


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_a_call_is_heard_when_it_is_whole(size: int) -> None:
    events = await heard('{"tool": "dim", "arguments": {"lamp": "PAR"}}', size=size)
    [call, done] = events
    assert isinstance(call, ToolCalled)
    assert (call.call.name, json.loads(call.call.arguments)) == ("dim", {"lamp": "PAR"})
    assert isinstance(done, ModelDone)
    assert done.finish == "tool_calls"


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_the_final_answer_is_told_while_it_is_written(size: int) -> None:
    answer = "It is dimmed, “quite” a bit:\n" + "on and on " * 30
    events = await heard(json.dumps({"final_answer": answer}), size=size)
    assert said(events) == answer
    if size < 10:
        assert sum(isinstance(event, TextDelta) for event in events) > 1
    assert not any(isinstance(event, ToolCalled) for event in events)


async def test_a_call_that_was_cut_is_never_made() -> None:
    events: list[Any] = await heard('{"tool": "dim", "arguments": {"lamp": "P', "length")
    assert [event.type for event in events] == ["model_done"]
    assert events[0].finish == "length"


@pytest.mark.parametrize(
    "text",
    [
        '{"tool": "dim", "arguments": {"lamp": "PAR", "lamp": "Fresnel"}}',
        '{"tool": "dim", "arguments": {"lamp": "\\ud83d"}}',
        '{"tool": "dim", "arguments": {"level": ' + "9" * 400 + "}}",
        '{"tool": "dim", "arguments": ' + '{"a": ' * 70 + "1" + "}" * 71 + "}",
        '{"tool": "dim", "arguments": {"lamp": "PAR"',
        'Sure: {"tool": "dim", "arguments": {"lamp": "PAR"},}',
    ],
)
async def test_a_call_that_cannot_be_read_is_no_answer_and_is_passed_on_as_it_is(text: str) -> None:
    [call, done] = await heard(text)
    assert isinstance(call, ToolCalled) and isinstance(done, ModelDone)
    assert (call.call.name, call.call.arguments) == ("dim", text)
    assert done.finish == "tool_calls"
    with pytest.raises(UnusableOutput):  # so nothing runs, and the model is told why
        read(call.call.arguments, "object", mend=False)


async def test_what_is_no_json_is_the_answer() -> None:
    assert said(await heard("I cannot do that.")) == "I cannot do that."
