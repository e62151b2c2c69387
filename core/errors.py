"""Every error that core raises, drawn by whose fault it is.

FootlightsError                 .code (stable, snake_case) · .hint (what to do next)
├── Misuse                      the caller's: a request that cannot be carried out as it stands
│   ├── NotFound                an id that is not there, or is somebody else's
│   │   └── NotOpen             a share link that opens nothing, for whatever reason
│   ├── Refused                 a file, a template or a question that we will not take, with the reason
│   └── Conflict                the same id with other content, or a state that does not allow it
│       └── NeedsEmbedding      passages that the embedder of the settings has not embedded: .passages
├── ProviderError               the vendor's: .provider .model
│   ├── Transient               worth trying again: .retry_after
│   │   ├── RateLimited
│   │   ├── Overloaded          5xx, 529
│   │   ├── Unreachable         no connection, or no first byte
│   │   └── StreamCut           the stream broke off, or ended without a finish reason
│   └── Permanent               trying again gives the same answer
│       ├── KeyRejected         401, 403
│       ├── QuotaSpent          the account has no credit left
│       ├── RequestRejected     400, 404, 413, 422
│       └── Malformed           an answer that is not in the protocol
├── CircuitOpen                 ours: a provider that keeps failing is left alone for a while: .retry_after
├── TooFast                     ours: the pace that a vendor allows is used up: .retry_after
├── BudgetExceeded              ours: a cap would be passed: .scope .limit .spent .reserved .renews_at
├── Spent                       a visitor's: all the questions that his link allows are asked
├── WrongToken                  of whoever signs in: a token that opens nothing
├── NotSignedIn                 of whoever signs in at a provider: .why in one word
├── NotYours                    of a person of the team: what is the owner's alone
├── DeadlineExceeded            ours: a call that took longer than it may
├── ModelMisbehaved             the model's: an answer that cannot be used
│   └── UnusableOutput          not the data that was asked for: .text .attempts (in llm/unusable.py)
├── ToolServerFailed            an MCP server's: it did not answer as asked
├── DiskFull                    the machine's: what was to be kept found no room, and nothing of it is there
├── DatabaseAway                the machine's: the database is held by somebody else, or its server is gone
├── Interrupted                 nobody's: the process that ran it ended
└── AssetUnavailable            weights or a vocabulary that no source could deliver

Core raises; only the two edges (a page, the API) turn an error into something shown.
"""

from datetime import datetime
from decimal import Decimal


class FootlightsError(Exception):
    """Something that could not be done; `str(error)` says what happened and to what."""

    code = "error"
    hint = "Try again; if it happens again, look at the log of the app."

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint


class Misuse(FootlightsError):
    """Read by the caller: the request cannot be carried out as it stands."""

    code = "misuse"
    hint = "Change the request as the message says."


class NotFound(Misuse):
    """Read by the caller: there is nothing of yours with that id."""

    code = "not_found"
    hint = "Check the id; what was deleted does not come back."


class NotOpen(NotFound):
    """Read by a visitor: the link opens nothing, and nobody is told why."""

    code = "not_open"
    hint = "Ask whoever sent you the link for a new one."

    def __init__(self) -> None:
        super().__init__(
            "this opens nothing: the link has ended or never was one, or it wants another passphrase"
        )


class Refused(Misuse):
    """Read by the caller: we will not take this file, template or question."""

    code = "refused"


class PinsTooLarge(Refused):
    """Read by the caller: what is pinned does not fit into the window."""

    code = "pins_too_large"


class Conflict(Misuse):
    """Read by the caller: the state of the thing does not allow this now."""

    code = "conflict"


class NeedsEmbedding(Conflict):
    """Read by the user: a search would miss `passages` passages, which another embedder has embedded."""

    code = "needs_embedding"
    hint = (
        "Re-embed them (the page Documents, tab Index, says what that takes), or set FOOTLIGHTS_EMBEDDER "
        "back and start again: the old vectors are kept."
    )

    def __init__(self, message: str, *, passages: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.passages = passages


class ProviderError(FootlightsError):
    """Read by the user: the model's vendor did not answer as asked."""

    code = "provider_error"
    billable = True
    """Whether the vendor may charge for the attempt; False when it was refused or never arrived."""

    def __init__(
        self, message: str, *, provider: str, model: str = "", hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.provider = provider
        self.model = model


class Transient(ProviderError):
    """Worth another try. `retry_after` is in seconds, as the vendor asked, or None."""

    code = "transient"
    hint = "Wait a moment and ask again, or choose another model."

    def __init__(
        self,
        message: str,
        *,
        provider: str,
        model: str = "",
        hint: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, provider=provider, model=model, hint=hint)
        self.retry_after = retry_after


class RateLimited(Transient):
    code = "rate_limited"
    billable = False
    hint = "The vendor asks for a slower pace: wait a moment, or choose another model."


class Overloaded(Transient):
    code = "overloaded"
    hint = "The vendor is overloaded: wait a moment, or choose another model."


class Unreachable(Transient):
    code = "unreachable"
    hint = "Check the network and the base URL in the settings, or choose another model."


class StreamCut(Transient):
    code = "stream_cut"
    hint = "The answer ended before the model said that it was done; ask again."


class Permanent(ProviderError):
    """Trying again would give the same answer."""

    code = "permanent"
    billable = False


class KeyRejected(Permanent):
    code = "key_rejected"
    hint = "Enter a valid key on the Models page, or choose another model."


class QuotaSpent(Permanent):
    code = "quota_spent"
    hint = "Add credit to the vendor's account, or choose another model."


class RequestRejected(Permanent):
    code = "request_rejected"
    hint = "Check the model's name and the length of the request on the Models page."


class Malformed(Permanent):
    code = "malformed"
    hint = "Check that the base URL points at an API and not at a web page."


class CircuitOpen(FootlightsError):
    """Read by the user: the provider keeps failing and is not asked before `retry_after` seconds."""

    code = "circuit_open"
    hint = "Wait until it is tried again, or choose another model."

    def __init__(
        self, message: str, *, retry_after: float | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class TooFast(FootlightsError):
    """Read by the user: what the vendor allows in a minute is used up for `retry_after` seconds."""

    code = "too_fast"
    hint = "Ask again after that time, or choose another model."

    def __init__(
        self, message: str, *, retry_after: float | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class BudgetExceeded(FootlightsError):
    """Read by the user: the worst case of the call does not fit under a cap (all in US dollars).

    `limit` is the cap, `spent` and `reserved` what is gone of it, `renews_at` when it begins anew
    (None: never).
    """

    code = "budget_exceeded"
    hint = "Raise the cap on the Models page, or choose a cheaper model."

    def __init__(
        self,
        message: str,
        *,
        scope: str,
        limit: Decimal,
        spent: Decimal,
        reserved: Decimal,
        renews_at: datetime | None,
        hint: str | None = None,
        is_owner: bool = True,
    ) -> None:
        way = _WAYS.get(scope, self.hint if is_owner else _WAY_OF_A_PERSON)
        super().__init__(message, hint=hint or f"{_renewal(renews_at)} {way}")
        self.scope = scope
        self.limit = limit
        self.spent = spent
        self.reserved = reserved
        self.renews_at = renews_at


_WAYS = {
    "link": "Raise the cap of the link on the Shares page.",
    "visitor": "Others can still ask by this link.",
}
_WAY_OF_A_PERSON = "Ask whoever runs the app to raise it, or choose a cheaper model."


def _renewal(moment: datetime | None) -> str:
    return f"It renews on {moment:%-d %B %Y at %H:%M} UTC." if moment else "It does not renew."


class Spent(FootlightsError):
    """Read by a visitor: he has asked as often as the link allows."""

    code = "messages_spent"
    hint = "What was answered stays here until the link ends."


class DiskFull(FootlightsError):
    """Read by everybody: the disk has no room for what was to be kept; what was there is untouched."""

    code = "disk_full"
    hint = "Free some space on the disk that holds the data of the app, then try again."

    def __init__(self) -> None:
        super().__init__("the disk is full, so nothing of this was kept")


class DatabaseAway(FootlightsError):
    """Read by everybody: the database did not answer; what it had taken before is untouched."""

    code = "database_away"
    hint = "Another program may hold it, or its server may be down. Look there, and try again in a moment."

    def __init__(self) -> None:
        super().__init__("the database does not answer")


class WrongToken(FootlightsError):
    """Read by whoever tries to sign in."""

    code = "wrong_token"
    hint = (
        "It was printed when the app started; a newer one may have replaced it on the page Shares."
    )


class NotSignedIn(FootlightsError):
    """Read by whoever comes back from the provider; `why` is a word that the page has a sentence for."""

    code = "not_signed_in"
    hint = "Try again; if it happens again, ask whoever runs the app."

    def __init__(self, why: str, message: str) -> None:
        super().__init__(message)
        self.why = why


class NotYours(FootlightsError):
    """Read by a person of the team."""

    code = "not_yours"
    hint = "Ask the owner of the app."


class DeadlineExceeded(FootlightsError):
    """Read by the user: the call took longer than it may; what was said is kept."""

    code = "deadline_exceeded"
    hint = "Ask again with a shorter question or fewer passages, or choose a faster model."


class ModelMisbehaved(FootlightsError):
    """Read by the user: the model answered, but the answer cannot be used."""

    code = "model_misbehaved"
    hint = "Ask again, or choose another model."


class ToolServerFailed(FootlightsError):
    """Read by the user and by the model: an MCP server did not do what it was asked."""

    code = "tool_server_failed"
    hint = "Look at the server on the Tools page, under MCP servers."


class Interrupted(FootlightsError):
    """Read by the user: the process that ran the turn ended before the turn did."""

    code = "interrupted"
    hint = "What was said until then is kept; ask again for the rest."


class AssetUnavailable(FootlightsError):
    """Read by the owner: no source delivered the asset with the right hash."""

    code = "asset_unavailable"
    hint = "Check the network and start again: what has arrived is kept."
