"""One call, whole: reserved, told, settled, whatever happens in between."""

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.errors import (
    KeyRejected,
    Misuse,
    ModelMisbehaved,
    Overloaded,
    Refused,
    StreamCut,
    Unreachable,
)
from core.events import ModelDone, ModelEvent, Progress, TextDelta
from core.llm import names
from core.llm.client import LLMClient
from core.llm.retry import RetryPolicy
from core.llm.scripted import Reply, ScriptedProvider
from core.trace import Trace
from core.traces.tree import by_kind, laid_out
from core.types import ModelRequest, Usage, message

REQUEST = ModelRequest("m", (message("system", "Be brief."), message("user", "Hello")), 100)


class Book:
    """A meter that writes down what it is told."""

    def __init__(self, refuse: Exception | None = None) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self._refuse = refuse
        self.gate: asyncio.Event | None = None
        self.asked = asyncio.Event()

    async def reserve(self, model: str, input_tokens: int, max_tokens: int) -> str:
        if self.gate:
            self.asked.set()
            await self.gate.wait()
        if self._refuse:
            raise self._refuse
        self.rows.append(("reserve", model, input_tokens, max_tokens))
        return f"row{len(self.rows)}"

    async def settle(self, row_id: str, model: str, usage: Usage) -> None:
        self.rows.append(("settle", row_id, model, usage))

    async def release(self, row_id: str) -> None:
        self.rows.append(("release", row_id))


async def _instantly(_: float) -> None:
    return None


def _client(provider: Any, **options: Any) -> LLMClient:
    return LLMClient({"scripted": provider}, retry=RetryPolicy(sleep=_instantly), **options)


def _ask(client: LLMClient, book: Book, trace: Trace | None = None) -> Any:
    return client.stream(
        "scripted:m", REQUEST, meter=book, trace=trace or Trace("t"), input_tokens=40
    )


async def test_an_answered_call_is_settled_with_what_the_vendor_reported() -> None:
    book, trace = Book(), Trace("t")
    provider = ScriptedProvider([Reply("hello there", usage=Usage(41, 2, cached_tokens=8))])
    events = [event async for event in _ask(_client(provider), book, trace)]
    assert events[-1] == ModelDone("stop", Usage(41, 2, cached_tokens=8), "m")
    assert book.rows == [
        ("reserve", "scripted:m", 40, 100),
        ("settle", "row1", "scripted:m", Usage(41, 2, cached_tokens=8)),
    ]
    (span,) = trace.take()
    assert (span.kind, span.status) == ("model", "ok")
    assert span.attributes[names.REQUEST] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
    ]
    assert span.attributes[names.RESPONSE] == "hello there"
    assert span.attributes[names.INPUT_TOKENS] == 41
    assert span.attributes[names.OUTPUT_TOKENS] == 2
    assert span.attributes[names.FINISH_REASONS] == ["stop"]
    assert span.attributes[names.FIRST_TOKEN_SECONDS] >= 0


async def test_missing_usage_is_estimated_and_marked_for_the_ledger_and_the_page() -> None:
    book = Book()
    provider = ScriptedProvider([Reply("four words are here", usage=None)])
    client = _client(provider, count=lambda text, ref: len(text.split()))
    events = [event async for event in _ask(client, book)]
    expected = Usage(40, 4, source="estimated")
    assert events[-1].usage == expected
    assert book.rows[-1] == ("settle", "row1", "scripted:m", expected)


async def test_zero_is_not_missing() -> None:
    book = Book()
    provider = ScriptedProvider([Reply("hello", usage=Usage(0, 0))])
    assert [event async for event in _ask(_client(provider), book)][-1].usage == Usage(0, 0)
    assert book.rows[-1][-1] == Usage(0, 0)


async def test_every_attempt_has_a_reservation_and_a_span_of_its_own() -> None:
    book, trace = Book(), Trace("t")
    fails = Overloaded("busy", provider="scripted")
    refused = Unreachable("refused", provider="scripted")
    refused.billable = False
    provider = ScriptedProvider([fails, refused, Reply("hello", usage=Usage(1, 1))])
    events = [event async for event in _ask(_client(provider), book, trace)]
    assert [type(event) for event in events] == [Progress, Progress, TextDelta, ModelDone]
    assert [row[0] for row in book.rows] == [
        *("reserve", "settle"),
        *("reserve", "release"),
        *("reserve", "settle"),
    ]
    assert book.rows[1][-1] == Usage(50, 0, source="estimated")
    found = trace.take()
    *found, whole = found
    assert [span.kind for span in found] == ["model", "wait", "model", "wait", "model"]
    assert (whole.kind, whole.status, whole.parent_id) == ("call", "ok", None)
    assert {span.parent_id for span in found} == {whole.span_id}
    assert all(whole.start_ns <= span.start_ns <= span.end_ns <= whole.end_ns for span in found)
    steps = laid_out([*found, whole])
    assert [step.depth for step in steps] == [0, 1, 1, 1, 1, 1]
    assert sum(by_kind(steps).values()) == whole.end_ns - whole.start_ns
    assert steps[0].tokens == sum(step.tokens for step in steps[1:]) > 0
    assert found[1].attributes["why"] == "scripted did not answer."
    spans = found[::2]
    assert [span.attributes[names.ATTEMPT] for span in spans] == [1, 2, 3]
    assert [span.status for span in spans] == ["error", "error", "ok"]
    assert spans[0].attributes[names.ERROR] == "overloaded"


@pytest.mark.parametrize("error", [KeyRejected("no", provider="scripted"), Refused("no messages")])
async def test_what_the_vendor_refused_costs_nothing(error: Exception) -> None:
    book = Book()
    with pytest.raises(type(error)):
        await anext(_ask(_client(ScriptedProvider([error])), book))
    assert [row[0] for row in book.rows] == ["reserve", "release"]


async def test_a_cut_answer_is_booked_as_far_as_it_came() -> None:
    book = Book()
    provider = ScriptedProvider([Reply("one two three four", cut=True)])
    with pytest.raises(StreamCut):
        async for _ in _ask(_client(provider), book):
            pass
    assert book.rows[-1][0] == "settle"
    assert book.rows[-1][-1].source == "estimated"
    assert book.rows[-1][-1].output_tokens >= 2


async def test_a_provider_that_forgets_its_ending_is_a_cut_stream() -> None:
    class Forgetful(ScriptedProvider):
        async def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
            yield TextDelta("hm")

    book = Book()
    with pytest.raises(StreamCut):
        async for _ in _ask(_client(Forgetful()), book):
            pass
    assert [row[0] for row in book.rows] == ["reserve", "settle"]


async def test_an_answer_that_cannot_be_used_is_paid_for_all_the_same() -> None:
    book = Book()
    with pytest.raises(ModelMisbehaved):
        await anext(_ask(_client(ScriptedProvider([ModelMisbehaved("endless")])), book))
    assert [row[0] for row in book.rows] == ["reserve", "settle"]


class Closing(ScriptedProvider):
    """Notes when its stream was closed, in the book's own order."""

    def __init__(self, book: Book) -> None:
        super().__init__()
        self._book = book

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        try:
            yield TextDelta("one ")
            yield TextDelta("two ")
            await asyncio.Event().wait()
        finally:
            self._book.rows.append(("closed",))


async def test_leaving_early_closes_the_provider_first_and_books_an_estimate() -> None:
    book, trace = Book(), Trace("t")
    stream = _ask(_client(Closing(book)), book, trace)
    await anext(stream)
    await stream.aclose()
    assert [row[0] for row in book.rows] == ["reserve", "closed", "settle"]
    assert book.rows[-1][-1] == Usage(50, 67, source="estimated")
    (span,) = trace.take()
    assert span.status == "stopped"
    assert span.attributes[names.RESPONSE] == "one "


async def test_a_cancelled_call_is_booked_too() -> None:
    book, trace, heard = Book(), Trace("t"), asyncio.Event()

    async def read() -> None:
        async for event in _ask(_client(Closing(book)), book, trace):
            if event.text == "two ":
                heard.set()

    task = asyncio.create_task(read())
    await heard.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [row[0] for row in book.rows] == ["reserve", "closed", "settle"]
    assert trace.take()[0].status == "stopped"


async def test_a_refused_reservation_sends_nothing_and_leaves_no_span() -> None:
    book, trace, provider = Book(refuse=Misuse("the cap is spent")), Trace("t"), ScriptedProvider()
    with pytest.raises(Misuse, match="cap"):
        await anext(_ask(_client(provider), book, trace))
    assert provider.requests == []
    assert book.rows == []
    assert trace.take() == ()


async def test_a_call_cancelled_while_it_reserves_gives_the_reservation_back() -> None:
    book, provider = Book(), ScriptedProvider()
    book.gate = asyncio.Event()

    async def read() -> None:
        await anext(_ask(_client(provider), book))

    task = asyncio.create_task(read())
    await book.asked.wait()
    task.cancel()
    asyncio.get_running_loop().call_soon(book.gate.set)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [row[0] for row in book.rows] == ["reserve", "release"]
    assert provider.requests == []


@pytest.mark.parametrize("refuse", [None, Misuse("no")])
async def test_a_call_cancelled_twice_while_it_reserves_leaves_nothing_behind(
    refuse: Exception | None,
) -> None:
    book = Book(refuse)
    book.gate = asyncio.Event()
    complaints: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
    reading = asyncio.create_task(anext(_ask(_client(ScriptedProvider()), book)))
    await book.asked.wait()
    for _ in range(2):
        reading.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await reading
    book.gate.set()
    await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()}, timeout=60)
    gc.collect()
    assert [row[0] for row in book.rows] == ([] if refuse else ["reserve", "release"])
    assert complaints == []


async def test_a_ref_of_nobody_is_refused() -> None:
    with pytest.raises(Misuse, match="nobody"):
        stream = LLMClient({}).stream(
            "nobody:m", REQUEST, meter=Book(), trace=Trace("t"), input_tokens=1
        )
        await anext(stream)
