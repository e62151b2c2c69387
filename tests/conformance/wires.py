"""The wire shapes, one case each: what a vendor sends, and what a client must make of it."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

Api = Literal["chat", "responses", "messages"]


@dataclass(frozen=True, slots=True)
class Counts:
    """Tokens; input includes what was cached and what was written to the cache, for every vendor."""

    input: int
    output: int
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """One stream. `counts` is what the vendor reported, None when a client must estimate and say
    so; then it books at least `at_least` output tokens and never 0 of anything. `cost` is in US
    dollars. The reader leaves after `leave_after` pieces of text, if that is not None; `fails` says
    that the answer must not be taken for a whole one."""

    name: str
    api: Api
    body: bytes
    why: str
    counts: Counts | None = None
    cost: str | None = None
    at_least: int = 0
    model: str = ""
    fails: bool = False
    leave_after: int | None = None
    seen: tuple[str, ...] = ()

    @property
    def dollars(self) -> Decimal | None:
        """The cost, to compare with."""
        return None if self.cost is None else Decimal(self.cost)


# --- how the vendors write --------------------------------------------------------------------


def _sse(*events: Any) -> bytes:
    lines = []
    for event in events:
        if isinstance(event, dict) and "type" in event:
            lines.append(f"event: {event['type']}\n")
        lines.append(f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n")
    return "".join(lines).encode()


def _piece(text: str, finish: str | None = None, **more: Any) -> dict[str, Any]:
    delta = {"content": text} if text else {}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "choices": [choice], **more}


def _usage_chunk(usage: Any) -> dict[str, Any]:
    return {"id": "c", "object": "chat.completion.chunk", "choices": [], "usage": usage}


def _tokens(read: Any, written: Any, **details: Any) -> dict[str, Any]:
    return {"prompt_tokens": read, "completion_tokens": written, **details}


def _chat(*last: Any, words: int = 12) -> bytes:
    return _sse(*(_piece(f"word{n} ") for n in range(words)), *last, "[DONE]")


def _messages(
    start: dict[str, Any],
    end: dict[str, Any] | None,
    words: int = 12,
    stop: str | None = "end_turn",
) -> bytes:
    content = {"type": "content_block_start", "index": 0}
    delta: dict[str, Any] = {"type": "message_delta", "delta": {"stop_reason": stop}}
    if end is not None:
        delta["usage"] = end
    return _sse(
        {"type": "message_start", "message": {"id": "m", "role": "assistant", "usage": start}},
        {**content, "content_block": {"type": "text", "text": ""}},
        *(
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": f"word{n} "},
            }
            for n in range(words)
        ),
        delta,
        {"type": "message_stop"},
    )


def _response(kind: str, usage: Any, words: int = 12) -> bytes:
    return _sse(
        *(
            {"type": "response.output_text.delta", "output_index": 0, "delta": f"word{n} "}
            for n in range(words)
        ),
        {"type": f"response.{kind}", "response": {"status": kind, "usage": usage}},
    )


_STOP = _piece("", "stop")

# --- the cases --------------------------------------------------------------------------------

CHAT: tuple[Case, ...] = (
    Case(
        "usage-in-a-chunk-of-its-own",
        "chat",
        _chat(_STOP, _usage_chunk(_tokens(100, 12))),
        "as documented: the last chunk has usage and no choices",
        Counts(100, 12),
        "0.000016",
        seen=("https://github.com/openai/openai-openapi/pull/240",),
    ),
    Case(
        "usage-beside-choices",
        "chat",
        _chat(
            _piece(
                "",
                "stop",
                usage=_tokens(2459, 12, prompt_tokens_details={"cached_tokens": 2048}),
            )
        ),
        "the usage comes with the finish reason, in a chunk whose choices are not empty",
        Counts(2459, 12, cached=2048),
        seen=("https://github.com/BerriAI/litellm/issues/36168",),
    ),
    Case(
        "cumulative-usage-in-every-chunk",
        "chat",
        _sse(
            *(_piece(f"word{n} ", usage=_tokens(100, n + 1)) for n in range(12)),
            _piece("", "stop", usage=_tokens(100, 12)),
            "[DONE]",
        ),
        "every chunk repeats the usage so far: the last one counts, they are not summed",
        Counts(100, 12),
        "0.000016",
        seen=("https://github.com/Gitlawb/openclaude/pull/1444",),
    ),
    Case(
        "usage-before-the-finish-reason",
        "chat",
        _chat(_usage_chunk(_tokens(100, 12)), _STOP),
        "the usage comes before the finish reason",
        Counts(100, 12),
        "0.000016",
    ),
    Case(
        "reading-ends-with-the-stream-not-with-the-finish-reason",
        "chat",
        _chat(_STOP, _piece(""), _usage_chunk(_tokens(100, 12))),
        "an empty chunk stands between the finish reason and the usage",
        Counts(100, 12),
        "0.000016",
        seen=("https://github.com/web-infra-dev/midscene/pull/3117",),
    ),
    Case(
        "reported-zero",
        "chat",
        _chat(_STOP, _usage_chunk(_tokens(0, 0)), words=0),
        "nothing was read and nothing written: 0 is a number, not a missing one",
        Counts(0, 0),
        "0",
        seen=("https://github.com/bircex/llmr/issues/10",),
    ),
    Case(
        "null-usage",
        "chat",
        _chat(_STOP, _usage_chunk(None)),
        "the usage is null to the end: a client estimates, and says so",
        at_least=12,
    ),
    Case(
        "no-usage",
        "chat",
        _chat(_STOP),
        "no usage at all, as of servers that do not know `stream_options`",
        at_least=12,
        seen=("https://github.com/Gitlawb/openclaude/pull/1444",),
    ),
    Case(
        "an-empty-usage-after-the-usage",
        "chat",
        _chat(_STOP, _usage_chunk(_tokens(100, 12)), _usage_chunk({})),
        "the last chunk has an empty usage: it takes back nothing of what was reported",
        Counts(100, 12),
        "0.000016",
    ),
    Case(
        "half-a-usage",
        "chat",
        _chat(_STOP, _usage_chunk({"prompt_tokens": 100})),
        "only the input is told: the output is not 0",
        at_least=12,
    ),
    Case(
        "absurd-usage",
        "chat",
        _chat(_STOP, _usage_chunk(_tokens(10**12, 10**12))),
        "ten to the twelve tokens: not believed, estimated instead",
        at_least=12,
    ),
    Case(
        "negative-usage",
        "chat",
        _chat(_STOP, _usage_chunk(_tokens(-5, 12))),
        "a negative count: not believed",
        at_least=12,
    ),
    Case(
        "more-cached-than-read",
        "chat",
        _chat(_STOP, _usage_chunk(_tokens(100, 12, prompt_tokens_details={"cached_tokens": 4000}))),
        "a part is never more than the whole, or the cost is negative",
        Counts(100, 12, cached=100),
        seen=("https://github.com/allenai/agent-eval/pull/11",),
    ),
    Case(
        "reasoning-is-part-of-the-output",
        "chat",
        _chat(
            _STOP,
            _usage_chunk(_tokens(100, 112, completion_tokens_details={"reasoning_tokens": 100})),
        ),
        "reasoning tokens are inside the output and are paid once",
        Counts(100, 112, reasoning=100),
        "0.000066",
    ),
    Case(
        "one-token-below-the-tier",
        "chat",
        _chat(_STOP, _usage_chunk(_tokens(272_000, 1000))),
        "272,000 tokens are still at the lower price",
        Counts(272_000, 1000),
        "0.0277",
    ),
    Case(
        "one-token-above-the-tier",
        "chat",
        _chat(_STOP, _usage_chunk(_tokens(272_001, 1000))),
        "one more and the whole request is dearer, not only what is above",
        Counts(272_001, 1000),
        "0.0551502",
    ),
    Case(
        "left-in-the-middle",
        "chat",
        _chat(_STOP, _usage_chunk(_tokens(100, 500)), words=500),
        "a reader who leaves gets no usage; what was said is booked, never 0",
        at_least=6,
        leave_after=6,
        seen=(
            "https://github.com/openai/openai-python/issues/1403",
            "https://github.com/OpenRouterTeam/typescript-sdk/issues/149",
        ),
    ),
    Case(
        "cut-in-the-middle",
        "chat",
        _sse(*(_piece(f"word{n} ") for n in range(12))),
        "the stream ends without a finish reason: an error, and booked all the same",
        at_least=12,
        fails=True,
        seen=("https://github.com/openclaw/openclaw/pull/120008",),
    ),
    Case(
        "an-error-after-some-words",
        "chat",
        _sse(*(_piece(f"word{n} ") for n in range(12)), {"error": {"type": "server_error"}}),
        "an error event in a stream of status 200",
        at_least=12,
        fails=True,
    ),
)

MESSAGES: tuple[Case, ...] = (
    Case(
        "output-only-in-the-delta",
        "messages",
        _messages({"input_tokens": 100, "output_tokens": 1}, {"output_tokens": 12}),
        "the delta has the output alone: the input is that of the start",
        Counts(100, 12),
        "0.000016",
    ),
    Case(
        "cumulative-delta",
        "messages",
        _messages(
            {"input_tokens": 100, "output_tokens": 8},
            {"input_tokens": 100, "output_tokens": 12},
        ),
        "the delta is cumulative: it replaces the start, it is not added to it",
        Counts(100, 12),
        "0.000016",
        seen=("https://github.com/BerriAI/litellm/issues/9577",),
    ),
    Case(
        "cache-read-in-the-start",
        "messages",
        _messages(
            {"input_tokens": 4, "cache_read_input_tokens": 2455, "output_tokens": 1},
            {"output_tokens": 23},
        ),
        "cached tokens are beside the input, and cost a tenth",
        Counts(2459, 23, cached=2455),
        "0.00003645",
        seen=("https://github.com/BerriAI/litellm/issues/11789",),
    ),
    Case(
        "cache-in-the-delta",
        "messages",
        _messages(
            {"input_tokens": 4, "output_tokens": 1},
            {"input_tokens": 4, "cache_read_input_tokens": 2455, "output_tokens": 23},
        ),
        "some servers tell of the cache only at the end",
        Counts(2459, 23, cached=2455),
        "0.00003645",
        seen=("https://github.com/majiayu000/litellm-rs/issues/510",),
    ),
    Case(
        "cache-write-is-paid-once",
        "messages",
        _messages(
            {"input_tokens": 3, "cache_creation_input_tokens": 12_304, "output_tokens": 1},
            {"output_tokens": 550},
        ),
        "what is written to the cache is not paid as plain input besides",
        Counts(12_307, 550, cache_write=12_304),
        "0.0018133",
        seen=("https://github.com/BerriAI/litellm/issues/9812",),
    ),
    Case(
        "a-breakdown-that-does-not-sum",
        "messages",
        _messages(
            {
                "input_tokens": 3,
                "cache_creation_input_tokens": 12_304,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": 60,
                    "ephemeral_1h_input_tokens": 20,
                },
                "output_tokens": 1,
            },
            {"output_tokens": 550},
        ),
        "the parts of the cache write do not make its sum: the sum is booked",
        Counts(12_307, 550, cache_write=12_304),
        "0.0018133",
    ),
    Case(
        "a-breakdown-without-its-sum",
        "messages",
        _messages(
            {
                "input_tokens": 3,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": 12_304,
                    "ephemeral_1h_input_tokens": 0,
                },
                "output_tokens": 1,
            },
            {"output_tokens": 550},
        ),
        "only the parts of the cache write are told: their sum is booked, not 0",
        Counts(12_307, 550, cache_write=12_304),
        "0.0018133",
    ),
    Case(
        "null-cache-fields",
        "messages",
        _messages(
            {
                "input_tokens": 100,
                "cache_creation_input_tokens": None,
                "cache_read_input_tokens": None,
                "output_tokens": 1,
            },
            {"output_tokens": 12},
        ),
        "null is no number and no error",
        Counts(100, 12),
        "0.000016",
    ),
    Case(
        "no-usage-in-the-delta",
        "messages",
        _messages({"input_tokens": 100, "output_tokens": 1}, None),
        "the start's output is only its beginning: the rest is estimated",
        at_least=12,
    ),
    Case(
        "absurd-cache",
        "messages",
        _messages(
            {"input_tokens": 100, "cache_read_input_tokens": 10**12, "output_tokens": 1},
            {"output_tokens": 12},
        ),
        "ten to the twelve cached tokens: not believed",
        at_least=12,
    ),
    Case(
        "left-in-the-middle-of-a-message",
        "messages",
        _messages({"input_tokens": 100, "output_tokens": 1}, {"output_tokens": 500}, words=500),
        "a reader who leaves: what was said is booked",
        at_least=6,
        leave_after=6,
    ),
    Case(
        "no-stop-reason",
        "messages",
        _messages({"input_tokens": 100, "output_tokens": 1}, {"output_tokens": 12}, stop=None),
        "a message without a stop reason is cut, whatever it counts",
        at_least=12,
        fails=True,
    ),
)

RESPONSES: tuple[Case, ...] = (
    Case(
        "completed",
        "responses",
        _response("completed", {"input_tokens": 100, "output_tokens": 12}),
        "the usage is in the last event",
        Counts(100, 12),
        "0.000016",
    ),
    Case(
        "incomplete-is-billed",
        "responses",
        _response("incomplete", {"input_tokens": 100, "output_tokens": 12}),
        "an answer that was cut at its limit has usage like any other",
        Counts(100, 12),
        "0.000016",
    ),
    Case(
        "failed-without-usage",
        "responses",
        _response("failed", None),
        "a failure in mid-answer is an error, and booked",
        at_least=12,
        fails=True,
    ),
)

CASES = (*CHAT, *MESSAGES, *RESPONSES)
