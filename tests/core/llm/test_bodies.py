"""What is sent to each API for one and the same request."""

from core.llm import bodies
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

SCHEMA = {"type": "object", "properties": {"query": {"type": "string"}}}
SEARCH = ToolSpec("search", "Search the documents.", SCHEMA, strict=True)
SAID = (
    message("system", "Be brief."),
    message("user", "What is a \ud83dlamp?\0"),
    Message("assistant", (Text("Let me look."), ToolCall("c1", "search", '{"query": "lamp"}'))),
    Message("tool", (ToolResult("c1", "A lamp gives light."),)),
    message("user", "Go on."),
)


def request(**more: object) -> ModelRequest:
    return ModelRequest("m", SAID, 50, **more)  # type: ignore[arg-type]


def test_a_chat_completion_has_a_message_for_each_result() -> None:
    body = bodies.chat(request(tools=(SEARCH,), tool_choice="search", stop=("END",)))
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is a \ufffdlamp?"},
        {
            "role": "assistant",
            "content": "Let me look.",
            "tool_calls": [
                {
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "search", "arguments": '{"query": "lamp"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "A lamp gives light."},
        {"role": "user", "content": "Go on."},
    ]
    assert body["tools"][0]["function"] == {
        "name": "search",
        "description": "Search the documents.",
        "parameters": SCHEMA,
        "strict": True,
    }
    assert body["tool_choice"] == {"type": "function", "function": {"name": "search"}}
    assert body["stop"] == ["END"]


def test_a_response_has_an_item_for_each_part_and_is_not_kept() -> None:
    body = bodies.responses(request(tools=(SEARCH,), tool_choice="required"))
    assert body["input"][2:] == [
        {"role": "assistant", "content": "Let me look."},
        {
            "type": "function_call",
            "call_id": "c1",
            "name": "search",
            "arguments": '{"query": "lamp"}',
        },
        {"type": "function_call_output", "call_id": "c1", "output": "A lamp gives light."},
        {"role": "user", "content": "Go on."},
    ]
    assert (body["store"], body["max_output_tokens"], body["tool_choice"]) == (
        False,
        50,
        "required",
    )
    assert body["tools"][0]["name"] == "search"


def test_a_message_of_anthropic_has_results_and_question_in_one() -> None:
    body = bodies.messages(request(tools=(SEARCH,), tool_choice="required"))
    assert body["system"] == "Be brief."
    assert [each["role"] for each in body["messages"]] == ["user", "assistant", "user"]
    assert body["messages"][1]["content"][1] == {
        "type": "tool_use",
        "id": "c1",
        "name": "search",
        "input": {"query": "lamp"},
    }
    assert body["messages"][2]["content"] == [
        {"type": "tool_result", "tool_use_id": "c1", "content": "A lamp gives light."},
        {"type": "text", "text": "Go on."},
    ]
    assert body["tool_choice"] == {"type": "any"}
    assert body["tools"][0]["strict"] is True


def test_the_stable_part_is_marked_for_the_cache_at_its_end_and_after_the_system_part() -> None:
    body = bodies.messages(request(stable=4))
    marked = {"type": "ephemeral"}
    assert body["system"] == [{"type": "text", "text": "Be brief.", "cache_control": marked}]
    last = body["messages"][2]["content"]
    assert [block.get("cache_control") for block in last] == [marked, None]
    plain = bodies.messages(request())
    assert "cache_control" not in str(plain)


def test_arguments_that_no_model_should_have_written_are_sent_as_they_are() -> None:
    broken = Message("assistant", (ToolCall("c1", "search", '{"query": '),))
    body = bodies.messages(ModelRequest("m", (message("user", "Hi"), broken), 5))
    assert body["messages"][1]["content"][0]["input"] == {"unreadable": '{"query": '}


def test_a_schema_for_the_answer_is_named_as_each_vendor_wants_it() -> None:
    asked = request(output=OutputSchema("answer", SCHEMA))
    chat, response, message_ = (
        bodies.chat(asked),
        bodies.responses(asked),
        bodies.messages(asked),
    )
    named = {"name": "answer", "schema": SCHEMA, "strict": True}
    assert chat["response_format"] == {"type": "json_schema", "json_schema": named}
    assert response["text"] == {"format": {"type": "json_schema", **named}}
    assert message_["output_config"] == {"format": {"type": "json_schema", "schema": SCHEMA}}
