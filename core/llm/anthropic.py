"""Anthropic's messages, through the official SDK."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from core.errors import Refused
from core.events import ModelEvent, clean
from core.llm.clocks import Clocks
from core.llm.connection import Connection, is_this_machine, sdk
from core.llm.faults import Faults
from core.llm.message_events import MessageEvents
from core.llm.provider import FIRST_BYTE_SECONDS, IDLE_SECONDS, TOTAL_SECONDS, Patience
from core.llm.reading import chunks_of, read
from core.llm.sdk import Table
from core.types import ModelRequest

if TYPE_CHECKING:
    import httpx2
    from anthropic import AsyncAnthropic, AsyncStream
    from anthropic.types import RawMessageStreamEvent

# The classes of the SDK by name (a name needs no import): what each is, or None where the status
# and the body decide. A test walks the SDK's tree, so that a class that is new to us fails.
FAULTS: Table = {
    "BadRequestError": None,
    "AuthenticationError": None,
    "PaymentRequiredError": "quota",
    "PermissionDeniedError": None,
    "NotFoundError": None,
    "RequestTimeoutError": "busy",
    "ConflictError": None,
    "PreconditionFailedError": "request",
    "ContentTooLargeError": "length",
    "UnprocessableEntityError": None,
    "RateLimitError": None,
    "ContractSpendLimitReachedError": "quota",
    "EnforcedSpendLimitReachedError": "quota",
    "RequestHeaderFieldsTooLargeError": "request",
    "ClientClosedRequestError": "busy",
    "InternalServerError": None,
    "APIConnectionError": "away",
    "APIResponseValidationError": "junk",
    "APIWebhookValidationError": "junk",
    "RetryableError": "busy",
    "CredentialsError": "key",
    "WorkloadIdentityError": "key",
    "MutuallyExclusiveAuthError": "key",
    "StreamAlreadyConsumed": "cut",
    "ToolsetUsageError": "request",
    "MissingDependencyError": "request",
}
_CONNECT_SECONDS = 10.0


class AnthropicProvider:
    """Streams messages of the service at `base_url`; `http_client` is used and closed as it is."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        name: str = "anthropic",
        http_client: "httpx2.AsyncClient | None" = None,
        first_byte_seconds: float = FIRST_BYTE_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self.name = name
        self._base_url = base_url
        self._api_key = api_key
        self._http_client = http_client
        self._patience = Patience(first_byte_seconds, idle_seconds, total_seconds)
        self._connection: Connection[AsyncAnthropic] = Connection(self._connect)

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """The answer as it comes; raises one of core.errors, also when it has no end."""
        if not any(message.role != "system" and message.text for message in request.messages):
            raise Refused("there is nothing to send: the request has no messages")
        anthropic = await sdk("anthropic")
        clocks = Clocks(self._patience, provider=self.name, model=request.model)
        faults = Faults(self.name, request.model, self._api_key)
        chunks = chunks_of(
            lambda: self._open(request),
            sdk_error=anthropic.AnthropicError,
            table=FAULTS,
            faults=faults,
            clocks=clocks,
        )
        reader = MessageEvents(self.name, request, faults)
        async with aclosing(read(chunks, reader, clocks)) as events:
            async for event in events:
                yield event

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    async def _open(self, request: ModelRequest) -> "AsyncStream[RawMessageStreamEvent]":
        client = await self._connection.client()
        stream: AsyncStream[RawMessageStreamEvent] = await client.messages.create(
            **_body(request), stream=True
        )
        return stream

    def _connect(self) -> "AsyncAnthropic":
        import anthropic
        import httpx2

        # Redirects are not followed: they would carry the question, and perhaps the key, elsewhere.
        http_client = self._http_client or anthropic.DefaultAsyncHttpxClient(
            follow_redirects=False, trust_env=not is_this_machine(self._base_url)
        )
        return anthropic.AsyncAnthropic(
            base_url=self._base_url,
            api_key=self._api_key,
            http_client=http_client,
            max_retries=0,
            timeout=httpx2.Timeout(None, connect=_CONNECT_SECONDS),
        )


def _body(request: ModelRequest) -> dict[str, Any]:
    system = [message.text for message in request.messages if message.role == "system"]
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_tokens,
        # The vendor refuses messages without text.
        "messages": [
            {"role": message.role, "content": clean(message.text)}
            for message in request.messages
            if message.role != "system" and message.text.strip()
        ],
    }
    if any(system):
        body["system"] = clean("\n\n".join(filter(None, system)))
    if request.stop:
        body["stop_sequences"] = list(request.stop)
    return body
