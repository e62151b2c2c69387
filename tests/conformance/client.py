"""What a client under test must answer, and ours as the one that is asked by default."""

import importlib
import os
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from decimal import Decimal

from core.errors import FootlightsError
from core.events import TextDelta
from core.llm.anthropic import AnthropicProvider
from core.llm.client import LLMClient
from core.llm.openai import OpenAIProvider
from core.llm.pricing import price
from core.llm.retry import RetryPolicy
from core.trace import Trace
from core.types import ModelRequest, Usage, message
from tests.conformance.wires import Api, Case

_MODELS: dict[Api, str] = {
    "chat": "openai:gpt-6-luna",
    "responses": "openai:gpt-6-luna",
    "messages": "anthropic:claude-haiku-5-5",
}


@dataclass(frozen=True, slots=True)
class Booked:
    """What the client wrote down for one call. Input includes cached and cache-written tokens;
    `reported` is False where it estimated; `cost` is in US dollars; `whole` is whether it took the
    answer for a whole one."""

    input: int
    output: int
    cached: int
    cache_write: int
    reasoning: int
    reported: bool
    cost: Decimal | None
    whole: bool


Client = Callable[[Case, str], Awaitable[Booked]]
"""Asks `<address>/<case.name>/...` with the API of the case, reads the stream as far as
`case.leave_after` says, and tells what it booked."""


def client_under_test() -> Client:
    """The one that CONFORMANCE_CLIENT names (`module:function`), else ours."""
    module, _, name = os.environ.get("CONFORMANCE_CLIENT", f"{__name__}:footlights").partition(":")
    client: Client = getattr(importlib.import_module(module), name)
    return client


@dataclass
class _Meter:
    """Keeps what is settled; a row that is neither settled nor released is left behind."""

    settled: list[Usage] = field(default_factory=list)
    open: int = 0

    async def reserve(self, model: str, input_tokens: int, max_tokens: int) -> str:
        self.open += 1
        return str(self.open)

    async def hold(self, row_id: str, model: str, worst: Usage) -> None:
        pass  # no cap is to be passed here

    async def settle(self, row_id: str, model: str, usage: Usage) -> None:
        self.open -= 1
        self.settled.append(usage)

    async def release(self, row_id: str) -> None:
        self.open -= 1


async def footlights(case: Case, address: str) -> Booked:
    """Our own client, on the official SDKs."""
    base = f"{address}/{case.name}"
    provider: OpenAIProvider | AnthropicProvider
    if case.api == "messages":
        provider = AnthropicProvider(base_url=base, api_key="sk-conformance")
    else:
        provider = OpenAIProvider(
            name="openai", base_url=f"{base}/v1", api_key="sk-conformance", api=case.api
        )
    ref = _MODELS[case.api]
    meter, whole = _Meter(), False
    client = LLMClient({provider.name: provider}, retry=RetryPolicy(attempts=1))
    request = ModelRequest(ref.partition(":")[2], (message("user", "Count."),), 2000)
    try:
        stream = client.stream(ref, request, meter=meter, trace=Trace("t"), input_tokens=7)
        async with aclosing(stream) as events:
            pieces = 0
            async for event in events:
                pieces += isinstance(event, TextDelta)
                if pieces == case.leave_after:
                    break
            else:
                whole = True
    except FootlightsError:
        pass  # whether it failed is part of what is told
    finally:
        await provider.close()
    assert meter.open == 0, "a reservation was left behind"
    [usage] = meter.settled
    return Booked(
        usage.input_tokens,
        usage.output_tokens,
        usage.cached_tokens,
        usage.cache_write_tokens,
        usage.reasoning_tokens,
        usage.source == "reported",
        price(ref, usage),
        whole,
    )
