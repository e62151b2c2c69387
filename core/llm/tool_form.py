"""Tools for models that know none: each step is one JSON object, a call or the final answer."""

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

from core.events import ModelDone, ModelEvent, TextDelta, ToolCalled
from core.llm.json_text import read
from core.llm.partials import Partials
from core.llm.retry import close_events
from core.llm.unusable import UnusableOutput
from core.types import (
    Message,
    ModelRequest,
    OutputSchema,
    Text,
    ToolCall,
    ToolResult,
    ToolSpec,
    message,
)

_FINAL = "final_answer"
_CALL = re.compile(r'\s*\{\s*"tool"\s*:\s*"(?P<name>[a-zA-Z0-9_-]{1,64})"')
_ORDER = (
    "You work in steps. Each of your answers is one JSON object: either "
    '{{"tool": "<name>", "arguments": {{...}}}} to call a tool, or {{"final_answer": "<text>"}} when you know '
    "enough. The tools:\n{}"
)
_LAST = f'Your answer is one JSON object: {{"{_FINAL}": "<text>"}}. No tool can be called any more.'


async def in_schema_form(
    request: ModelRequest, ask: Callable[[ModelRequest], AsyncIterator[ModelEvent]]
) -> AsyncGenerator[ModelEvent, None]:
    """The events of a request with tools, from a model that is held to a schema instead: a call comes
    as ToolCalled, the final answer as text while it is written. Raises what `ask` raises."""
    said: list[str] = []
    partials, told = Partials("object"), 0
    async with AsyncExitStack() as stack:
        events = ask(formed(request))
        stack.push_async_callback(close_events, events)
        async for event in events:
            if isinstance(event, TextDelta):
                said.append(event.text)
                for data in partials.feed(event.text):
                    text = _final(data)
                    if len(text) > told:
                        yield TextDelta(text[told:])
                        told = len(text)
            elif isinstance(event, ModelDone):
                for each in _ended("".join(said), told, event):
                    yield each
            else:
                yield event


def formed(request: ModelRequest) -> ModelRequest:
    """The same request without tools: they are told in words, and the answer has a schema."""
    last = request.tool_choice == "none"
    order = _LAST if last else _ORDER.format("\n".join(map(_line, request.tools)))
    said = [_written(each) for each in request.messages]
    first = next((at for at, each in enumerate(said) if each.role == "system"), None)
    if first is None:
        said.insert(0, message("system", order))
    else:
        said[first] = message("system", f"{said[first].text}\n\n{order}")
    return replace(
        request,
        messages=tuple(said),
        tools=(),
        tool_choice="auto",
        output=OutputSchema("step", _schema(() if last else request.tools)),
        stable=0,
    )


def _line(tool: ToolSpec) -> str:
    return f"- {tool.name}: {tool.description} Arguments: {json.dumps(tool.parameters)}"


def _written(said: Message) -> Message:
    """Calls and results as the texts that stand for them."""
    results = [part for part in said.parts if isinstance(part, ToolResult)]
    if results:
        return message("user", "\n\n".join(f"Result:\n{part.text}" for part in results))
    calls = [part for part in said.parts if isinstance(part, ToolCall)]
    if not calls:
        return said
    texts = [json.dumps({"tool": c.name, "arguments": _object(c.arguments)}) for c in calls]
    return Message("assistant", (Text("\n".join(texts)),))


def _object(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except (ValueError, RecursionError):
        return {}


def _schema(tools: tuple[ToolSpec, ...]) -> dict[str, Any]:
    defined: dict[str, Any] = {}
    forms = [_form(tool, defined) for tool in tools]
    final = {
        "type": "object",
        "properties": {_FINAL: {"type": "string"}},
        "required": [_FINAL],
        "additionalProperties": False,
    }
    schema: dict[str, Any] = {"anyOf": [*forms, final]} if forms else final
    return {**schema, "$defs": defined} if defined else schema


def _form(tool: ToolSpec, defined: dict[str, Any]) -> dict[str, Any]:
    # What a tool defines is moved to the root, under a name that no other tool has.
    text = json.dumps(tool.parameters).replace('"#/$defs/', f'"#/$defs/{tool.name}.')
    parameters = json.loads(text)
    for name, each in parameters.pop("$defs", {}).items():
        defined[f"{tool.name}.{name}"] = each
    return {
        "type": "object",
        "properties": {"tool": {"const": tool.name}, "arguments": parameters},
        "required": ["tool", "arguments"],
        "additionalProperties": False,
    }


def _final(data: Any) -> str:
    found = data.get(_FINAL) if isinstance(data, dict) else None
    return found if isinstance(found, str) else ""


def _ended(text: str, told: int, done: ModelDone) -> list[ModelEvent]:
    """What is left to say, or the call; a text that was cut calls nothing."""
    if done.finish not in ("stop", "tool_calls"):
        return [done]
    try:
        data, mended = read(text, "object")
    except UnusableOutput:
        if not (meant := _CALL.match(text)):
            return [*([] if told else [TextDelta(text)]), done]
        data, mended = {"tool": meant["name"]}, True
    if isinstance(data.get("tool"), str):
        # What is no JSON as it stands goes on as it is: it will not run, and the model is told why.
        given = json.dumps(data.get("arguments") or {}, ensure_ascii=False)
        arguments = text if mended else given
        call = ToolCall("call", data["tool"], arguments)
        return [ToolCalled(call), replace(done, finish="tool_calls")]
    rest = _final(data)[told:]
    return [*([TextDelta(rest)] if rest else []), done]
