"""What is sent: one request in the words of each API, with the stable part first and marked."""

import json
from typing import Any

from core.clean_text import clean
from core.errors import Refused
from core.types import Message, ModelRequest, ToolCall, ToolResult, ToolSpec

_EPHEMERAL = {"type": "ephemeral"}


# --- chat completions -------------------------------------------------------------------------


def chat(request: ModelRequest) -> dict[str, Any]:
    """The body of a chat completion, but for the name of its token limit."""
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [part for message in request.messages for part in _chat_messages(message)],
    }
    if request.stop:
        body["stop"] = list(request.stop)
    if request.tools:
        body["tools"] = [
            {"type": "function", "function": _function(tool)} for tool in request.tools
        ]
        body["tool_choice"] = _choice(
            request, {"type": "function", "function": {"name": request.tool_choice}}
        )
    if request.output:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {
                "name": request.output.name,
                "schema": request.output.schema,
                "strict": True,
            },
        }
    return body


def _chat_messages(message: Message) -> list[dict[str, Any]]:
    results = [
        {"role": "tool", "tool_call_id": part.call_id, "content": clean(part.text)}
        for part in message.parts
        if isinstance(part, ToolResult)
    ]
    if results:
        return results
    said: dict[str, Any] = {"role": message.role, "content": clean(message.text)}
    if calls := _calls(message):
        said["content"] = said["content"] or None
        said["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": clean(call.arguments)},
            }
            for call in calls
        ]
    return [said]


# --- responses --------------------------------------------------------------------------------


def responses(request: ModelRequest) -> dict[str, Any]:
    """The body of a response; nothing is kept at the vendor's. Raises Refused for stop sequences."""
    if request.stop:  # left out in silence, the answer would run on behind them
        raise Refused(
            "OpenAI's responses know no stop sequences",
            hint="Leave `stop` out, or set FOOTLIGHTS_OPENAI_API to chat and start again.",
        )
    body: dict[str, Any] = {
        "model": request.model,
        "input": [part for message in request.messages for part in _response_items(message)],
        "max_output_tokens": request.max_tokens,
        "store": False,
    }
    if request.tools:
        body["tools"] = [{"type": "function", **_function(tool)} for tool in request.tools]
        body["tool_choice"] = _choice(request, {"type": "function", "name": request.tool_choice})
    if request.output:
        body["text"] = {
            "format": {
                "type": "json_schema",
                "name": request.output.name,
                "schema": request.output.schema,
                "strict": True,
            }
        }
    return body


def _response_items(message: Message) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if message.text:
        items.append({"role": message.role, "content": clean(message.text)})
    for part in message.parts:
        if isinstance(part, ToolCall):
            items.append(
                {
                    "type": "function_call",
                    "call_id": part.id,
                    "name": part.name,
                    "arguments": clean(part.arguments),
                }
            )
        elif isinstance(part, ToolResult):
            items.append(
                {
                    "type": "function_call_output",
                    "call_id": part.call_id,
                    "output": clean(part.text),
                }
            )
    return items


# --- messages ---------------------------------------------------------------------------------


def messages(request: ModelRequest) -> dict[str, Any]:
    """The body of an Anthropic message; what will be sent again is marked for the cache."""
    system, said = _blocks(request)
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_tokens,
        "messages": said,
    }
    if system:
        marked = any("cache_control" in block for block in system)
        body["system"] = system if marked else "\n\n".join(block["text"] for block in system)
    if request.stop:
        body["stop_sequences"] = list(request.stop)
    if request.tools:
        body["tools"] = [
            {
                "name": tool.name,
                "description": tool.description,
                "input_schema": tool.parameters,
                **({"strict": True} if tool.strict else {}),
            }
            for tool in request.tools
        ]
        kind = {"required": "any"}.get(request.tool_choice, request.tool_choice)
        named = {"type": "tool", "name": request.tool_choice}
        body["tool_choice"] = {"type": kind} if kind in ("auto", "any", "none") else named
    if request.output:
        body["output_config"] = {"format": {"type": "json_schema", "schema": request.output.schema}}
    return body


def _blocks(request: ModelRequest) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """System blocks and messages; those of one role in a row become one message, as the vendor
    wants them, the first is the user's, and those without text are left out, as it refuses them."""
    system: list[dict[str, Any]] = []
    said: list[dict[str, Any]] = []
    marked: dict[str, dict[str, Any]] = {}
    for place, message in enumerate(request.messages, 1):
        blocks = _message_blocks(message)
        if not blocks:
            continue
        if place <= request.stable:
            marked["system" if message.role == "system" else "said"] = blocks[-1]
        role = "user" if message.role == "tool" else message.role
        if role == "system":
            system += blocks
        elif said and said[-1]["role"] == role:
            said[-1]["content"] += blocks
        else:
            said.append({"role": role, "content": blocks})
    if said and said[0]["role"] == "assistant":  # what was brought along may begin with an answer
        said.insert(0, {"role": "user", "content": [{"type": "text", "text": "…"}]})
    # The end of the system part too, so that it stays in the cache when old turns are dropped.
    for block in marked.values():
        block["cache_control"] = _EPHEMERAL
    return system, [{**each, "content": _plain(each["content"])} for each in said]


def _plain(blocks: list[dict[str, Any]]) -> Any:
    """A text alone needs no block."""
    alone = len(blocks) == 1 and blocks[0].keys() == {"type", "text"}
    return blocks[0]["text"] if alone else blocks


def _message_blocks(message: Message) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if message.text.strip():
        blocks.append({"type": "text", "text": clean(message.text)})
    for part in message.parts:
        if isinstance(part, ToolCall):
            given = _object(clean(part.arguments))
            blocks.append({"type": "tool_use", "id": part.id, "name": part.name, "input": given})
        elif isinstance(part, ToolResult):
            blocks.append(
                {
                    "type": "tool_result",
                    "tool_use_id": part.call_id,
                    "content": clean(part.text),
                    **({"is_error": True} if part.failed else {}),
                }
            )
    return blocks


def _object(arguments: str) -> dict[str, Any]:
    """The arguments as the object that the vendor wants, also when a model wrote none."""
    try:
        given = json.loads(arguments)
    except ValueError:
        given = None
    return given if isinstance(given, dict) else {"unreadable": arguments}


# --- what they share --------------------------------------------------------------------------


def _calls(message: Message) -> list[ToolCall]:
    return [part for part in message.parts if isinstance(part, ToolCall)]


def _function(tool: ToolSpec) -> dict[str, Any]:
    function: dict[str, Any] = {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
    }
    return {**function, "strict": True} if tool.strict else function


def _choice(request: ModelRequest, named: dict[str, Any]) -> Any:
    plain = request.tool_choice in ("auto", "none", "required")
    return request.tool_choice if plain else named
