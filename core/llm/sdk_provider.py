"""What the adapters of the vendors' SDKs have in common: one client a loop, one stream a request."""

import asyncio
import importlib
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from core.errors import Refused
from core.events import ModelEvent
from core.llm.clocks import Clocks
from core.llm.connection import Connection, is_this_machine, sdk
from core.llm.exchange import Exchange
from core.llm.faults import Faults
from core.llm.line import Line, beginning
from core.llm.provider import FIRST_BYTE_SECONDS, IDLE_SECONDS, TOTAL_SECONDS, Patience
from core.llm.reading import Answer, Headers, Reader, Vendor, below, read
from core.llm.sdk import Table
from core.llm.wire import decoded
from core.types import ModelRequest

if TYPE_CHECKING:
    from core.llm.transport import Response, Transport


class SdkProvider(ABC):
    """Streams from the service at `base_url`; `transport` is used and closed as it is."""

    sdk_name: ClassVar[str]
    sdk_error: ClassVar[str]
    faults: ClassVar[Table]

    def __init__(
        self,
        *,
        name: str,
        base_url: str,
        api_key: str,
        transport: "Transport | None" = None,
        first_byte_seconds: float = FIRST_BYTE_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self.name = name
        self.on_headers: Headers | None = None
        self._base_url = base_url
        self._api_key = api_key
        self._transport = transport
        self._patience = Patience(first_byte_seconds, idle_seconds, total_seconds)
        self._connection: Connection[Line] = Connection(self._connect)
        self._answers = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    def stream(self, request: ModelRequest, exchange: Exchange | None = None) -> Answer:
        """The answer as it comes; raises one of core.errors, also when it has no end. What goes over the
        wire is told to `exchange`."""
        faults = Faults(self.name, request.model, self._api_key)
        reader = self._reader(request, faults)
        exchange = exchange or Exchange()
        return Answer(self._events(request, reader, faults, exchange), reader, exchange)

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    async def retire(self) -> None:
        """Close the connections when the last of the answers that have begun is over."""
        await self._quiet.wait()
        await self.close()

    async def _events(
        self, request: ModelRequest, reader: Reader, faults: Faults, exchange: Exchange
    ) -> AsyncGenerator[ModelEvent, None]:
        if not any(part.role != "system" and part.parts for part in request.messages):
            raise Refused("there is nothing to send: the request has no messages")
        module = await sdk(self.sdk_name)
        clocks = Clocks(self._patience, provider=self.name, model=request.model)
        vendor = Vendor(
            getattr(module, self.sdk_error),
            self.faults,
            faults,
            request.model,
            self.on_headers,
            exchange.hears,
        )
        path, body = self._body(request)
        exchange.sends(body, faults.without_secret, faults.keyless)
        opening = self._response(path, body)
        with self._answering():
            async with aclosing(read(opening, reader, clocks, vendor)) as events:
                async for event in events:
                    yield event

    @contextmanager
    def _answering(self) -> Iterator[None]:
        self._answers += 1
        self._quiet.clear()
        try:
            yield
        finally:
            self._answers -= 1
            if not self._answers:
                self._quiet.set()

    @asynccontextmanager
    async def _response(
        self, path: str, body: Mapping[str, Any]
    ) -> AsyncGenerator["Response", None]:
        line = await self._connection.client()
        response = await line.open(path, body)
        try:
            yield response
        finally:
            await response.aclose()

    async def _asked(self, path: str, body: Mapping[str, Any], model: str, seconds: float) -> Any:
        """The JSON with which the vendor answers what is no stream, within so many seconds from when its SDK
        is there; raises one of core.errors."""
        module = await sdk(self.sdk_name)
        faults = Faults(self.name, model, self._api_key)
        # Its headers tell of other limits than those of answers: nobody is told of them.
        vendor = Vendor(getattr(module, self.sdk_error), self.faults, faults, model)
        line = await self._connection.client()
        try:
            async with asyncio.timeout(seconds):
                response = await line.open(path, body)
                try:
                    return decoded(await beginning(response))
                finally:
                    await response.aclose()
        except TimeoutError:
            fault = faults.make("away", f"it said nothing within {seconds:g} s")
        except (vendor.error, *below()) as error:
            fault = vendor.explained(error)
        # Raised out here, so that nothing that may hold the key hangs on it as its context.
        raise fault

    @abstractmethod
    def _body(self, request: ModelRequest) -> tuple[str, dict[str, Any]]:
        """Where the request goes, and what is sent."""

    @abstractmethod
    def _reader(self, request: ModelRequest, faults: Faults) -> Reader:
        """What reads its answer."""

    @abstractmethod
    def _client(self, module: Any, **options: Any) -> Any:
        """The SDK's client."""

    def _connect(self) -> Line:
        from core.llm.transport import Network

        module = importlib.import_module(self.sdk_name)
        headers = {"Accept-Encoding": "gzip, deflate"}  # which can be unpacked on every machine
        if is_this_machine(self._base_url):
            # Small servers close a connection while the next request is on its way through it; on
            # this machine a new one costs nothing.
            headers["Connection"] = "close"
        make = partial(
            self._client,
            module,
            base_url=self._base_url,
            max_retries=0,
            default_headers=headers,
        )
        transport = self._transport or Network(self._base_url)
        return Line(transport, lambda stage: make(http_client=stage), self._api_key)
