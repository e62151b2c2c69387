"""OpenAI, by chat completions or responses, and every server that speaks its chat completions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from core.llm import bodies, embeddings
from core.llm.chat_chunks import ChatChunks
from core.llm.clocks import Clocks
from core.llm.connection import sdk
from core.llm.embeddings import EmbeddingRequest, Matrix
from core.llm.faults import Faults
from core.llm.reading import Reader, Vendor, below
from core.llm.response_events import ResponseEvents
from core.llm.sdk import Table
from core.llm.sdk_provider import SdkProvider
from core.llm.wire import EventTooLong, decoded
from core.types import ModelRequest, Usage

if TYPE_CHECKING:
    from core.llm.transport import Response

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
Api = Literal["chat", "responses"]


class OpenAIProvider(SdkProvider):
    """Streams chat completions, or responses, of the server at `base_url`.

    `extra_body` goes into every request (llama.cpp's `return_progress`, for one). The OpenAI service
    alone, by the name "openai", is sent `max_completion_tokens`; compatible servers know `max_tokens`.
    """

    sdk_name = "openai"
    sdk_error = "OpenAIError"
    faults = FAULTS

    def __init__(
        self, *, extra_body: Mapping[str, Any] | None = None, api: Api = "chat", **options: Any
    ) -> None:
        super().__init__(**options)
        self._extra_body = dict(extra_body or {})
        self._api = api

    def _body(self, request: ModelRequest) -> tuple[str, dict[str, Any]]:
        if self._api == "responses":
            path, body = "/responses", bodies.responses(request)
        else:
            limit = "max_completion_tokens" if self.name == "openai" else "max_tokens"
            path, body = "/chat/completions", bodies.chat(request) | {limit: request.max_tokens}
            body["stream_options"] = {"include_usage": True}
        return path, {"model": request.model, "stream": True, **body, **self._extra_body}

    async def embed(self, request: EmbeddingRequest) -> tuple[Matrix, Usage | None]:
        """The vectors of the texts, each of length 1, in their order; raises core.errors."""
        module = await sdk(self.sdk_name)
        clocks = Clocks(self._patience, provider=self.name, model=request.model)
        faults = Faults(self.name, request.model, self._api_key)
        vendor = Vendor(module.OpenAIError, self.faults, faults, request.model, self.on_headers)
        try:
            line = await self._connection.client()
            response = await clocks.first_byte(line.open("/embeddings", embeddings.body(request)))
            vendor.told(response.headers)
            try:
                content = await clocks.content(_whole(response, embeddings.most_bytes(request)))
            finally:
                clocks.close()
                await response.aclose()
            return embeddings.read(_json(content), request, faults)
        except (module.OpenAIError, *below()) as error:
            fault = vendor.explained(error)
        # Raised out here, so that nothing that may hold the key hangs on it as its context.
        raise fault

    def _reader(self, request: ModelRequest, faults: Faults) -> Reader:
        kind = ResponseEvents if self._api == "responses" else ChatChunks
        return kind(self.name, request, faults)

    def _client(self, module: Any, **options: Any) -> Any:
        return module.AsyncOpenAI(api_key=self._api_key or "none", **options)


async def _whole(response: "Response", most: int) -> bytes:
    said = bytearray()
    async for piece in response.aiter_bytes():
        said += piece
        if len(said) > most:
            raise EventTooLong(f"an answer of more than {most // 2**20} MB")
    return bytes(said)


def _json(content: bytes) -> Any:
    try:
        return decoded(content)
    except ValueError:
        return None  # whoever reads it says what was expected
