"""Errors in OpenAI's form, so that its SDK raises the class that fits."""

import json
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from core.errors import FootlightsError
from core.events import TurnFailed

log = logging.getLogger(__name__)
_REQUEST, _SERVER, _QUOTA = "invalid_request_error", "server_error", "insufficient_quota"
# Our codes: the status, OpenAI's type, the code that is sent ("": our own), whether to try again:
# only where no vendor was asked, for what failed there was tried again as often as makes sense.
_FORMS: Mapping[str, tuple[int, str, str, bool]] = {
    "misuse": (400, _REQUEST, "", False),
    "refused": (400, _REQUEST, "", False),
    "request_rejected": (400, _REQUEST, "", False),
    "conflict": (409, _REQUEST, "", False),
    "not_found": (404, _REQUEST, "", False),
    "budget_exceeded": (429, _QUOTA, "", False),
    "quota_spent": (429, _QUOTA, "", False),
    "rate_limited": (429, "requests", "rate_limit_exceeded", False),
    "too_fast": (429, "requests", "rate_limit_exceeded", True),
    "overloaded": (503, _SERVER, "", False),
    "unreachable": (503, _SERVER, "", False),
    "circuit_open": (503, _SERVER, "", True),
    "database_away": (503, _SERVER, "", True),
    "stopped": (503, _SERVER, "", False),
    "asset_unavailable": (503, _SERVER, "", False),
    "deadline_exceeded": (504, _SERVER, "", False),
    # The key of the vendor, not that of the caller: a 401 would send him looking for the wrong one.
    "key_rejected": (502, _SERVER, "", False),
    "stream_cut": (502, _SERVER, "", False),
    "malformed": (502, _SERVER, "", False),
}
_GONE = 499
_OTHER = (500, _SERVER, "", False)


class WireError(Exception):
    """An error as a client of OpenAI expects it. Unless `again`, its SDK is told not to retry."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str,
        kind: str = _REQUEST,
        param: str | None = None,
        again: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.kind = kind
        self.param = param
        self.again = again

    def body(self) -> dict[str, Any]:
        """OpenAI's error object."""
        return {
            "error": {
                "message": str(self),
                "type": self.kind,
                "param": self.param,
                "code": self.code,
            }
        }

    def response(self) -> Response:
        """The same as an HTTP response."""
        headers = {"x-should-retry": "true" if self.again else "false", "Cache-Control": "no-store"}
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return answered(self.body(), self.status, headers)


def answered(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The body as JSON in ASCII: half of a surrogate pair in an echoed request must not break it."""
    return Response(json.dumps(body), status, headers, "application/json")


def of(error: FootlightsError | TurnFailed, param: str | None = None) -> WireError:
    """One of our errors, or a turn that failed, with its hint."""
    status, kind, code, again = _FORMS.get(error.code, _OTHER)
    message = error.message if isinstance(error, TurnFailed) else str(error)
    words = f"{message.rstrip('.')}. {error.hint}".strip()
    return WireError(status, words, code=code or error.code, kind=kind, param=param, again=again)


def bad_key() -> WireError:
    """The same for a key that is missing, unknown or revoked."""
    hint = "Send `Authorization: Bearer fl-...` with a key made on the Models page."
    return WireError(401, f"The API key is not valid. {hint}", code="invalid_api_key")


class OpenAIRoute(APIRoute):
    """A route that answers every error in OpenAI's form."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except WireError as error:
                return error.response()
            except FootlightsError as error:
                return of(error).response()
            except ClientDisconnect:
                return Response(status_code=_GONE)  # nobody reads it
            except Exception:
                log.exception("%s %s failed", request.method, request.url.path)
                words = "The app failed to carry this out; its log has the details."
                return WireError(500, words, code="internal", kind=_SERVER).response()

        return handled
