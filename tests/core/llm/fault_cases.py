"""Every fault of a vendor as a case: what it does on the wire. Played and written down by test_fault_table.py."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2

KEY = "sk-test-0123456789abcdef"
WORDS = ("The notice ", "period is ", "sixty days.")


@dataclass(frozen=True, slots=True)
class Case:
    """What the vendor does, in words and on the wire; `openai` and `anthropic` make a response for each attempt."""

    name: str
    openai: Callable[[int], httpx2.Response]
    anthropic: Callable[[int], httpx2.Response]


def sse(*payloads: Any, raw: bytes = b"") -> httpx2.Response:
    body = b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in payloads) + raw
    return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=body)


def status(
    code: int, body: Any = None, kind: str = "application/json", **headers: str
) -> httpx2.Response:
    given = {"content-type": kind, **{name.replace("_", "-"): v for name, v in headers.items()}}
    content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    return httpx2.Response(code, headers=given, content=content)


# --- the wires of both vendors ----------------------------------------------------------------


def say(*words: str) -> list[dict[str, Any]]:
    return [{"choices": [{"index": 0, "delta": {"content": word}}]} for word in words]


def stop(reason: str = "stop") -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}


def usage(read: int, written: int) -> dict[str, Any]:
    return {"choices": [], "usage": {"prompt_tokens": read, "completion_tokens": written}}


def begin(read: int = 20) -> dict[str, Any]:
    told = {"input_tokens": read, "output_tokens": 1}
    return {"type": "message_start", "message": {"model": "m", "usage": told}}


def tell(*words: str) -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *(
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": word},
            }
            for word in words
        ),
        {"type": "content_block_stop", "index": 0},
    ]


def end(reason: str | None = "end_turn", written: int = 6) -> list[dict[str, Any]]:
    delta = {"type": "message_delta", "delta": {"stop_reason": reason}}
    return [{**delta, "usage": {"output_tokens": written}}, {"type": "message_stop"}]


def called() -> dict[str, Any]:
    call = {"index": 0, "id": "c", "function": {"name": "delete", "arguments": "{}"}}
    return {"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}


def calls() -> list[dict[str, Any]]:
    block = {"type": "tool_use", "id": "c", "name": "delete", "input": {}}
    return [
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_stop", "index": 0},
    ]


def whole_openai(_: int) -> httpx2.Response:
    return sse(*say(*WORDS), stop(), usage(20, 6))


def whole_anthropic(_: int) -> httpx2.Response:
    return sse(begin(), *tell(*WORDS), *end())


def error(kind: str, message: str, code: str | None = None) -> dict[str, Any]:
    return {"error": {"type": kind, "message": f"{message} (key {KEY})", "code": code}}


def once(
    first: Callable[[int], httpx2.Response], then: Callable[[int], httpx2.Response]
) -> Callable[[int], httpx2.Response]:
    return lambda attempt: first(attempt) if attempt == 1 else then(attempt)


def refused(code: int, kind: str, words: str, **headers: str) -> Callable[[int], httpx2.Response]:
    return lambda _: status(code, error(kind, words), **headers)


def both(name: str, make: Callable[[int], httpx2.Response], *, then_answers: bool = False) -> Case:
    """The same response of either vendor, every time or only at first."""
    if not then_answers:
        return Case(name, make, make)
    return Case(name, once(make, whole_openai), once(make, whole_anthropic))


def unreachable(_: int) -> httpx2.Response:
    raise httpx2.ConnectError("All connection attempts failed")


def silent(_: int) -> httpx2.Response:
    raise httpx2.ReadTimeout("The read operation timed out")


CASES = (
    Case("answers", whole_openai, whole_anthropic),
    both(
        "429 once, with Retry-After: 2",
        refused(429, "rate_limit_error", "Slow down", retry_after="2"),
        then_answers=True,
    ),
    both(
        "429 once, with Retry-After: -5",
        refused(429, "rate_limit_error", "Slow down", retry_after="-5"),
        then_answers=True,
    ),
    both(
        "429 once, with Retry-After: nan",
        refused(429, "rate_limit_error", "Slow down", retry_after="nan"),
        then_answers=True,
    ),
    both(
        "429 with Retry-After: Fri, 31 Dec 9999 23:59:59 GMT",
        refused(429, "rate_limit_error", "Slow down", retry_after="Fri, 31 Dec 9999 23:59:59 GMT"),
    ),
    both("429 without end", refused(429, "rate_limit_error", "Slow down")),
    both(
        "429, the account's credit is used up",
        lambda _: status(
            429,
            error("insufficient_quota", "You exceeded your current quota", "insufficient_quota"),
        ),
    ),
    both("400", refused(400, "invalid_request_error", "This request is wrong")),
    both("401", refused(401, "authentication_error", "Incorrect API key provided")),
    both("403", refused(403, "permission_error", "Not for you")),
    both("404", refused(404, "not_found_error", "No such model")),
    both("413", refused(413, "request_too_large", "Too large")),
    both("500 once", refused(500, "api_error", "Something broke"), then_answers=True),
    both("500 without end", refused(500, "api_error", "Something broke")),
    both(
        "502 with a page of HTML, once",
        lambda _: status(502, b"<html>Bad gateway</html>", "text/html"),
        then_answers=True,
    ),
    both("503 once", refused(503, "api_error", "Unavailable"), then_answers=True),
    both("529 once", refused(529, "overloaded_error", "Overloaded"), then_answers=True),
    both("529 without end", refused(529, "overloaded_error", "Overloaded")),
    both("refuses the connection", unreachable),
    both("falls silent before the first byte", silent),
    both("redirects elsewhere", lambda _: status(302, b"", location="https://else.where/")),
    both("200 with a page of HTML", lambda _: status(200, b"<html>Sign in</html>", "text/html")),
    both(
        "200 with an answer that is not streamed",
        lambda _: status(200, {"choices": [{"message": {"content": "Sixty days."}}]}),
    ),
    both("200 with an empty body", lambda _: status(200, b"", "text/event-stream")),
    both("a chunk that is no JSON, at once", lambda _: sse(raw=b"data: {broken\n\n")),
    both(
        "200 with an answer that is not streamed, called text",
        lambda _: status(200, {"choices": [{"message": {"content": "Sixty."}}]}, "text/plain"),
    ),
    Case(
        "ends without a finish reason",
        lambda _: sse(*say(*WORDS)),
        lambda _: sse(begin(), *tell(*WORDS)),
    ),
    Case(
        "JSON cut at the end of the body",
        lambda _: sse(*say(*WORDS), raw=b'data: {"choices": [{"del'),
        lambda _: sse(begin(), *tell(*WORDS), raw=b'data: {"type": "mess'),
    ),
    Case(
        "an error event before the first word, once",
        once(lambda _: sse(error("server_error", "Oops")), whole_openai),
        once(
            lambda _: sse({"type": "error", **error("overloaded_error", "Overloaded")}),
            whole_anthropic,
        ),
    ),
    Case(
        "an error event in mid-stream",
        lambda _: sse(*say("The notice "), error("server_error", "Oops")),
        lambda _: sse(
            begin(),
            *tell("The notice "),
            {"type": "error", **error("overloaded_error", "Overloaded")},
        ),
    ),
    Case(
        "an error event in mid-stream that refuses the request",
        lambda _: sse(*say("The notice "), error("invalid_request_error", "Not this")),
        lambda _: sse(
            begin(),
            *tell("The notice "),
            {"type": "error", **error("invalid_request_error", "Not this")},
        ),
    ),
    Case(
        "an error event after the finish reason",
        lambda _: sse(*say(*WORDS), stop(), usage(20, 6), error("invalid_request_error", "Late")),
        lambda _: sse(
            begin(), *tell(*WORDS), *end(), {"type": "error", **error("permission_error", "Late")}
        ),
    ),
    Case(
        "an event whose JSON is nested 100,000 deep, at once",
        lambda _: sse(raw=b"data: " + b"[" * 100_000 + b"\n\n"),
        lambda _: sse(raw=b"data: " + b"[" * 100_000 + b"\n\n"),
    ),
    Case(
        "the length limit",
        lambda _: sse(*say(*WORDS), stop("length"), usage(20, 6)),
        lambda _: sse(begin(), *tell(*WORDS), *end("max_tokens")),
    ),
    Case(
        "a refusal",
        lambda _: sse(stop("content_filter"), usage(20, 0)),
        lambda _: sse(begin(), *end("refusal", 0)),
    ),
    Case(
        "no usage",
        lambda _: sse(*say(*WORDS), stop()),
        lambda _: sse(
            {"type": "message_start", "message": {"model": "m"}},
            *tell(*WORDS),
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
            {"type": "message_stop"},
        ),
    ),
    Case(
        "usage of 0",
        lambda _: sse(*say(*WORDS), stop(), usage(0, 0)),
        lambda _: sse(begin(0), *tell(*WORDS), *end("end_turn", 0)),
    ),
    Case(
        "usage of 10^12 tokens",
        lambda _: sse(*say(*WORDS), stop(), usage(10**12, 10**12)),
        lambda _: sse(begin(10**12), *tell(*WORDS), *end("end_turn", 10**12)),
    ),
    Case(
        "negative usage",
        lambda _: sse(*say(*WORDS), stop(), usage(-5, -5)),
        lambda _: sse(begin(-5), *tell(*WORDS), *end("end_turn", -5)),
    ),
    Case(
        "a finish reason that nobody knows",
        lambda _: sse(*say(*WORDS), stop("fatigue"), usage(20, 6)),
        lambda _: sse(begin(), *tell(*WORDS), *end("fatigue")),
    ),
    Case(
        "a tool is called, and then a finish reason that nobody knows",
        lambda _: sse(called(), stop("fatigue"), usage(20, 6)),
        lambda _: sse(begin(), *calls(), *end("fatigue")),
    ),
    Case(
        "half of a surrogate pair, and NUL",
        lambda _: sse(
            raw=b'data: {"choices":[{"delta":{"content":"a\\ud83d\\u0000b"}}]}\n\ndata: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
        ),
        lambda _: sse(begin(), *tell("a\ud83d\x00b"), *end()),
    ),
)
