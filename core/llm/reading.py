"""Reads one stream of a vendor from its opening to its end; what the adapters have in common.

The vendor's SDK builds the request, signs it and raises its errors; the body is split and decoded
here, at a tenth of what the SDK's own objects take.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from core.errors import DeadlineExceeded, ProviderError
from core.events import ModelEvent
from core.llm.clocks import Clocks
from core.llm.exchange import Exchange
from core.llm.faults import Faults
from core.llm.line import words
from core.llm.sdk import Table, body_kind, document, explain, page
from core.llm.wire import EventSplitter, EventTooLong, decoded
from core.types import Usage

if TYPE_CHECKING:
    from core.llm.transport import Response

Headers = Callable[[str, Mapping[str, str]], None]
"""Is told the model and the headers of each response, errors included."""


Hears = Callable[[bytes], None]
"""Is told each piece of an answer as it came."""


class Reader(Protocol):
    """Turns the chunks of one stream (plain JSON) into events; holds no connection and no clock."""

    @property
    def finished(self) -> bool:
        """Whether the model said why it ended."""
        ...

    @property
    def counted(self) -> Usage:
        """What the vendor has told of its tokens so far; 0 is what it has not told."""
        ...

    def feed(self, chunk: object) -> list[ModelEvent]:
        """The events of one chunk; raises what an error chunk amounts to."""
        ...

    def end(self) -> list[ModelEvent]:
        """The last events; raises StreamCut when the model gave no reason to end."""
        ...


@dataclass(frozen=True, slots=True)
class Vendor:
    """How one SDK fails, and who wants to know the headers and the pieces of what it answers."""

    error: type[Exception]
    table: Table
    faults: Faults
    model: str
    on_headers: Headers | None = None
    hears: Hears = lambda _: None

    def told(self, headers: Mapping[str, str]) -> None:
        """Pass the headers on."""
        if self.on_headers:
            self.on_headers(self.model, headers)

    def explained(self, raised: Exception, *, opened: bool = False) -> ProviderError:
        """Our error for what the SDK or the network raised, before or after the answer began."""
        if isinstance(raised, EventTooLong):
            error = self.faults.make("junk", raised)
            error.billable = True  # what is too long was written for us
            return error
        if (response := getattr(raised, "response", None)) is not None:
            self.told(response.headers)
            self.hears(response.content)
        return explain(raised, self.table, self.faults, opened=opened)


class Answer:
    """The events of one response; `counted` is what its vendor has told of its tokens so far, None
    where nobody knows, and `exchange` what went over the wire."""

    __slots__ = ("_events", "_reader", "exchange")

    def __init__(
        self,
        events: AsyncGenerator[ModelEvent, None],
        reader: Reader | None,
        exchange: Exchange,
    ) -> None:
        self._events = events
        self._reader = reader
        self.exchange = exchange

    def __aiter__(self) -> AsyncIterator[ModelEvent]:
        return self._events

    def __anext__(self) -> Awaitable[ModelEvent]:
        return anext(self._events)

    async def aclose(self) -> None:
        """Leave it; the vendor's work is ended."""
        await self._events.aclose()

    @property
    def counted(self) -> Usage | None:
        """It bills at least so much, however the answer ends."""
        return self._reader.counted if self._reader else None


async def read(
    opening: "AbstractAsyncContextManager[Response]", reader: Reader, clocks: Clocks, vendor: Vendor
) -> AsyncGenerator[ModelEvent, None]:
    """The events of the response, and their end; closes it in any case."""
    try:
        async with aclosing(_payloads(opening, clocks, vendor)) as payloads:
            async for payload in payloads:
                events = reader.feed(payload)
                if events:
                    clocks.heard()
                    for event in events:
                        yield event
                if reader.finished:
                    clocks.finishing()
    except (ProviderError, DeadlineExceeded):
        if not reader.finished:
            raise  # else the answer is whole: what broke is the goodbye
    for event in reader.end():
        yield event


def below() -> tuple[type[Exception], ...]:
    """What the network below an SDK raises, and JSON that is none."""
    import httpx2

    return (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, ValueError)


async def _payloads(
    opening: "AbstractAsyncContextManager[Response]", clocks: Clocks, vendor: Vendor
) -> AsyncGenerator[Any, None]:
    """The JSON of each event of the body, and whatever breaks as one of our errors."""
    splitter, opened = EventSplitter(), False
    try:
        response = await clocks.first_byte(opening.__aenter__())
        opened = True
        try:
            vendor.told(response.headers)
            pieces = aiter(response.aiter_bytes())
            piece: bytes | None = await _beginning(pieces, response.headers, clocks, vendor)
            while piece is not None:
                for data in splitter.feed(piece):
                    vendor.hears(data)
                    if data != b"[DONE]":
                        yield decoded(data)
                piece = await clocks.content(anext(pieces, None))
            for data in splitter.end():
                vendor.hears(data)
                if data != b"[DONE]":
                    yield decoded(data)
        finally:
            clocks.close()
            await opening.__aexit__(None, None, None)
        return
    except (vendor.error, *below()) as error:
        fault = vendor.explained(error, opened=opened)
    # Raised out here, so that nothing that may hold the key hangs on it as its context.
    raise fault


async def _beginning(
    pieces: AsyncIterator[bytes], headers: Mapping[str, str], clocks: Clocks, vendor: Vendor
) -> bytes:
    """The first bytes of a stream of events; raises what any other body amounts to."""
    first = b""
    while (kind := body_kind(headers, first)) == "unknown":
        piece = await clocks.content(anext(pieces, None))
        if piece is None:
            return first
        first += piece
    if kind == "page":
        raise page(vendor.faults)
    if kind == "document":
        said = await words(pieces, first)
        vendor.hears(said)
        raise document(said, vendor.faults)
    return first
