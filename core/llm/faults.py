"""What a vendor's complaint amounts to: one of our errors, with a hint, and without its key."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from core.clean_text import clean
from core.errors import (
    KeyRejected,
    Malformed,
    Overloaded,
    Permanent,
    ProviderError,
    QuotaSpent,
    RateLimited,
    RequestRejected,
    StreamCut,
    Transient,
    Unreachable,
)

Kind = Literal[
    "limit", "busy", "away", "cut", "key", "quota", "request", "model", "length", "junk", "proxy"
]

# How vendors and compatible servers name a fault in `type` or `code`, whatever the status is.
_NAMED: Mapping[str, Kind] = {
    "insufficient_quota": "quota",
    "billing_hard_limit_reached": "quota",
    "billing_not_active": "quota",
    "billing_error": "quota",
    "rate_limit_exceeded": "limit",
    "rate_limit_error": "limit",
    "overloaded_error": "busy",
    "server_error": "busy",
    "api_error": "busy",
    "internal_error": "busy",
    "timeout_error": "busy",
    "invalid_api_key": "key",
    "authentication_error": "key",
    "permission_error": "key",
    "model_not_found": "model",
    "not_found_error": "model",
    "context_length_exceeded": "length",
    "exceed_context_size_error": "length",
    "request_too_large": "length",
    "invalid_request_error": "request",
    "content_filter": "request",
}
_STATUS: Mapping[int, Kind] = {
    401: "key",
    402: "quota",
    403: "key",
    404: "model",
    407: "proxy",
    408: "busy",
    409: "busy",
    413: "length",
    425: "busy",
    429: "limit",
    499: "busy",
    501: "request",
}
_PASSING: tuple[Kind, ...] = ("limit", "busy")
# Only the wording tells an empty account from a request that is wrong (Anthropic sends a 400).
_NO_CREDIT = re.compile(r"credit balance is too low|exceeded your current quota", re.I)
_TOO_LONG = re.compile(
    r"prompt is too long|maximum context length|exceeds? the (available )?context", re.I
)
_KEY = re.compile(r"\b(?:sk|key|pk)-[\w*.\-]{4,}|(?<=[Bb]earer )[^\s\"',}]+")
_LONGEST = 300

_HINTS: Mapping[Kind, str] = {
    "model": "Check the model's name and the base URL, or pick another model on the Models page.",
    "proxy": "Put them into HTTPS_PROXY, as in http://name:password@proxy:8080, and start again.",
    "length": "Ask a shorter question, use fewer passages, or choose a model with a larger window.",
}


def kind_of(status: int | None, names: tuple[str, ...], message: str = "") -> Kind:
    """What the fault is. The status says whether trying again can help, the names in the body say
    what it is; in a stream that was open (status None or 200) the names alone decide."""
    named = [_NAMED[name] for name in names if name in _NAMED]
    if "quota" in named or _NO_CREDIT.search(message):
        return "quota"
    if status is None or status == 200:
        return _in_stream(named, names)
    kind = _by_status(status)
    if kind in _PASSING or kind == "junk":
        return kind
    if _TOO_LONG.search(message):
        return "length"
    return next((name for name in named if name not in ("request", *_PASSING)), kind)


def _in_stream(named: list[Kind], names: tuple[str, ...]) -> Kind:
    # `invalid_request_error` is also the type of what has a better name in its code.
    for kind in sorted(named, key=lambda kind: kind == "request"):
        return kind
    codes = [int(name) for name in names if name and name.isascii() and name.isdecimal()]
    return _by_status(codes[0]) if codes else "busy"


def _by_status(status: int) -> Kind:
    if status in _STATUS:
        return _STATUS[status]
    if 300 <= status < 400:
        return "junk"
    return "busy" if status >= 500 else "request"


_WORDS: Mapping[Kind, str] = {
    "limit": "{provider} asks for a slower pace",
    "busy": "{provider} is overloaded or has a fault",
    "away": "{provider} cannot be reached",
    "cut": "The answer of {provider} broke off",
    "key": "{provider} does not accept the key",
    "quota": "The account at {provider} has no credit left",
    "request": "{provider} refused the request",
    "model": "{provider} does not know the model {model!r}",
    "length": "The request is too long for {model!r} at {provider}",
    "proxy": "The proxy on the way to {provider} wants a name and a password",
    "junk": "What answers for {provider} is not its API",
}


@lru_cache(maxsize=32)
def _written(secret: str) -> re.Pattern[str]:
    """The key with any of its characters escaped as JSON (two ways) or an address do it."""
    each = (rf"(?:\\?{re.escape(c)}|\\u(?i:{ord(c):04x})|%(?i:{ord(c):02x}))" for c in secret)
    return re.compile("".join(each))


class Faults:
    """Makes the errors of one call; `secret` never appears in them, also when the vendor echoes it."""

    def __init__(self, provider: str, model: str, secret: str) -> None:
        self._provider = provider
        self._model = model
        self._secret = secret

    def make(
        self, kind: Kind, message: object = "", *, retry_after: float | None = None
    ) -> ProviderError:
        """The error of this kind, with what the vendor said about it."""
        said = self.redact(str(message or ""))
        text = f"{self._words(kind)}: {said}" if said else f"{self._words(kind)}."
        if kind in ("limit", "busy", "away", "cut"):
            return self._transient(kind)(
                text, provider=self._provider, model=self._model, retry_after=retry_after
            )
        return self._permanent(kind)(
            text, provider=self._provider, model=self._model, hint=_HINTS.get(kind)
        )

    def redact(self, text: str) -> str:
        """The text on one line, bounded, with every key taken out."""
        text = " ".join(clean(self.keyless(text)).split())
        return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"

    def keyless(self, text: str) -> str:
        """The text without the key, and without what looks like one."""
        return _KEY.sub("[key]", self.without_secret(text))

    def without_secret(self, text: str) -> str:
        """The text without the key itself, however JSON or an address writes it."""
        if len(self._secret) < 4:
            return text
        text = text.replace(self._secret, "[key]")
        return _written(self._secret).sub("[key]", text) if "\\" in text or "%" in text else text

    def _words(self, kind: Kind) -> str:
        return _WORDS[kind].format(provider=self._provider, model=self._model)

    @staticmethod
    def _transient(kind: Kind) -> type[Transient]:
        by_kind: dict[Kind, type[Transient]] = {
            "limit": RateLimited,
            "busy": Overloaded,
            "away": Unreachable,
        }
        return by_kind.get(kind, StreamCut)

    @staticmethod
    def _permanent(kind: Kind) -> type[Permanent]:
        by_kind: dict[Kind, type[Permanent]] = {
            "key": KeyRejected,
            "quota": QuotaSpent,
            "junk": Malformed,
        }
        return by_kind.get(kind, RequestRejected)
