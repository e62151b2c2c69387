"""Anthropic's messages, through the official SDK."""

from typing import Any

from core.llm import bodies
from core.llm.counts import number
from core.llm.faults import Faults
from core.llm.message_events import MessageEvents
from core.llm.reading import Reader
from core.llm.sdk import Table
from core.llm.sdk_provider import SdkProvider
from core.types import ModelRequest

# The classes of the SDK by name (a name needs no import): what each is, or None where the status
# and the body decide. A test walks the SDK's tree, so that a class that is new to us fails.
FAULTS: Table = {
    "BadRequestError": None,
    "AuthenticationError": None,
    "PaymentRequiredError": "quota",
    "PermissionDeniedError": None,
    "NotFoundError": None,
    "RequestTimeoutError": None,
    "ConflictError": None,
    "PreconditionFailedError": "request",
    "ContentTooLargeError": "length",
    "UnprocessableEntityError": None,
    "RateLimitError": None,
    "ContractSpendLimitReachedError": "quota",
    "EnforcedSpendLimitReachedError": "quota",
    "RequestHeaderFieldsTooLargeError": "request",
    "ClientClosedRequestError": None,
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


# What the vendor's count takes no account of, and refuses to be told.
_NOT_COUNTED = frozenset({"max_tokens", "stream", "stop_sequences", "temperature"})


class AnthropicProvider(SdkProvider):
    """Streams messages of the service at `base_url`; the stable part of a request is cached there."""

    sdk_name = "anthropic"
    sdk_error = "AnthropicError"
    faults = FAULTS

    def __init__(self, *, name: str = "anthropic", **options: Any) -> None:
        super().__init__(name=name, **options)

    async def count_tokens(self, request: ModelRequest, seconds: float) -> int:
        """What the vendor counts for this request, which costs nothing. Raises one of core.errors, also
        when it takes longer than that."""
        path, body = self._body(request)
        counted = {name: part for name, part in body.items() if name not in _NOT_COUNTED}
        said = await self._asked(f"{path}/count_tokens", counted, request.model, seconds)
        found = number(said, "input_tokens")
        if found is None or found < 0:
            raise Faults(self.name, request.model, self._api_key).make("junk")
        return found

    def _body(self, request: ModelRequest) -> tuple[str, dict[str, Any]]:
        base = {"model": request.model, "max_tokens": request.max_tokens, "stream": True}
        return "/v1/messages", {**base, **bodies.messages(request)}

    def _reader(self, request: ModelRequest, faults: Faults) -> Reader:
        return MessageEvents(self.name, request, faults)

    def _client(self, module: Any, **options: Any) -> Any:
        return module.AsyncAnthropic(api_key=self._api_key, **options)
