"""Reads one stream of a vendor from its opening to its end; what the adapters have in common."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, Protocol

from core.errors import DeadlineExceeded, Transient
from core.events import ModelEvent
from core.llm.clocks import Clocks
from core.llm.faults import Faults
from core.llm.sdk import Table, check_body, explain


class Reader(Protocol):
    """Turns the chunks of one stream (plain JSON) into events; holds no connection and no clock."""

    @property
    def finished(self) -> bool:
        """Whether the model said why it ended."""
        ...

    def feed(self, chunk: object) -> list[ModelEvent]:
        """The events of one chunk; raises what an error chunk amounts to."""
        ...

    def end(self) -> list[ModelEvent]:
        """The last events; raises StreamCut when the model gave no reason to end."""
        ...


async def read(
    chunks: AsyncGenerator[object, None], reader: Reader, clocks: Clocks
) -> AsyncGenerator[ModelEvent, None]:
    """The events of the chunks, and their end; closes the chunks in any case."""
    async with aclosing(chunks):
        try:
            async for chunk in chunks:
                events = reader.feed(chunk)
                for event in events:
                    yield event
                if events:
                    clocks.heard()
                if reader.finished:
                    clocks.finishing()
        except (Transient, DeadlineExceeded):
            if not reader.finished:
                raise  # else the answer is whole: what broke is the goodbye
    for event in reader.end():
        yield event


async def chunks_of(
    open_stream: Callable[[], Awaitable[Any]],
    *,
    sdk_error: type[Exception],
    table: Table,
    faults: Faults,
    clocks: Clocks,
) -> AsyncGenerator[object, None]:
    """The chunks of an SDK's stream as plain JSON, and whatever breaks as one of our errors."""
    import httpx2

    below = (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, ValueError)
    try:
        stream = await clocks.first_byte(open_stream())
        if isinstance(stream, str):
            raise faults.make("junk", "it answered with a page")
        async with stream:
            check_body(stream.response.headers, faults)
            chunks: AsyncIterator[Any] = aiter(stream)
            while (chunk := await clocks.content(anext(chunks, None))) is not None:
                yield chunk.to_dict(warnings=False) if hasattr(chunk, "to_dict") else chunk
        return
    except (sdk_error, *below) as error:
        fault = explain(error, table, faults)
    # Raised out here, so that nothing that may hold the key hangs on it as its context.
    raise fault
