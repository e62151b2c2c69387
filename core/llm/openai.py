"""OpenAI and every server that speaks its chat completions, through the official SDK."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from core.errors import Refused
from core.events import ModelEvent, clean
from core.llm.chat_chunks import ChatChunks
from core.llm.clocks import Clocks
from core.llm.connection import Connection, is_this_machine, sdk
from core.llm.faults import Faults
from core.llm.provider import FIRST_BYTE_SECONDS, IDLE_SECONDS, TOTAL_SECONDS, Patience
from core.llm.reading import chunks_of, read
from core.llm.sdk import Table
from core.types import ModelRequest

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI, AsyncStream
    from openai.types.chat import ChatCompletionChunk

# The classes of the SDK by name (a name needs no import): what each is, or None where the status
# and the body decide. A test walks the SDK's tree, so that a class that is new to us fails.
FAULTS: Table = {
    "BadRequestError": None,
    "AuthenticationError": None,
    "PermissionDeniedError": None,
    "NotFoundError": None,
    "ConflictError": None,
    "UnprocessableEntityError": None,
    "RateLimitError": None,
    "InternalServerError": None,
    "APIConnectionError": "away",
    "APIResponseValidationError": "junk",
    "LengthFinishReasonError": "cut",
    "ContentFilterFinishReasonError": "request",
    "SubjectTokenProviderError": "key",
    "MutuallyExclusiveAuthError": "key",
    "WebSocketConnectionClosedError": "cut",
    "WebSocketQueueFullError": "cut",
    "StreamAlreadyConsumed": "cut",
    "APIRemovedInV1": "request",
    "_AmbiguousModuleClientUsageError": "request",
}
_CONNECT_SECONDS = 10.0


class OpenAIProvider:
    """Streams chat completions of the server at `base_url`.

    `extra_body` goes into every request (llama.cpp's `return_progress`, for one); `http_client` is
    used and closed as it is. The OpenAI service alone, by the name "openai", is sent
    `max_completion_tokens`; compatible servers know `max_tokens`.
    """

    def __init__(
        self,
        *,
        name: str,
        base_url: str,
        api_key: str,
        http_client: "httpx2.AsyncClient | None" = None,
        extra_body: Mapping[str, Any] | None = None,
        first_byte_seconds: float = FIRST_BYTE_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self.name = name
        self._base_url = base_url
        self._api_key = api_key
        self._http_client = http_client
        self._extra_body = dict(extra_body or {})
        self._patience = Patience(first_byte_seconds, idle_seconds, total_seconds)
        self._connection: Connection[AsyncOpenAI] = Connection(self._connect)

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """The answer as it comes; raises one of core.errors, also when it has no end."""
        if not request.messages:
            raise Refused("there is nothing to send: the request has no messages")
        openai = await sdk("openai")
        clocks = Clocks(self._patience, provider=self.name, model=request.model)
        faults = Faults(self.name, request.model, self._api_key)
        chunks = chunks_of(
            lambda: self._open(request),
            sdk_error=openai.OpenAIError,
            table=FAULTS,
            faults=faults,
            clocks=clocks,
        )
        reader = ChatChunks(self.name, request, faults)
        async with aclosing(read(chunks, reader, clocks)) as events:
            async for event in events:
                yield event

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    async def _open(self, request: ModelRequest) -> "AsyncStream[ChatCompletionChunk]":
        client = await self._connection.client()
        stream: AsyncStream[ChatCompletionChunk] = await client.chat.completions.create(
            **self._body(request)
        )
        return stream

    def _body(self, request: ModelRequest) -> dict[str, Any]:
        limit = "max_completion_tokens" if self.name == "openai" else "max_tokens"
        body: dict[str, Any] = {
            "model": request.model,
            "messages": [
                {"role": message.role, "content": clean(message.text)}
                for message in request.messages
            ],
            "stream": True,
            "stream_options": {"include_usage": True},
            limit: request.max_tokens,
            "extra_body": self._extra_body or None,
        }
        if request.stop:
            body["stop"] = list(request.stop)
        return body

    def _connect(self) -> "AsyncOpenAI":
        import httpx2
        import openai

        # Redirects are not followed: they would carry the question, and perhaps the key, elsewhere.
        http_client = self._http_client or openai.DefaultAsyncHttpxClient(
            follow_redirects=False, trust_env=not is_this_machine(self._base_url)
        )
        return openai.AsyncOpenAI(
            base_url=self._base_url,
            api_key=self._api_key or "none",
            http_client=http_client,
            max_retries=0,
            timeout=httpx2.Timeout(None, connect=_CONNECT_SECONDS),
        )
