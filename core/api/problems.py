"""Errors at the edge: every one becomes `application/problem+json` with `code` and `hint` (RFC 9457)."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from core.clean_text import cleaned
from core.errors import (
    AssetUnavailable,
    BudgetExceeded,
    CircuitOpen,
    Conflict,
    DatabaseAway,
    DiskFull,
    FootlightsError,
    Misuse,
    NotFound,
    NotSignedIn,
    NotYours,
    RateLimited,
    Refused,
    Spent,
    TooFast,
    WrongToken,
)

log = logging.getLogger(__name__)
# The most special class first.
_STATUS: tuple[tuple[type[FootlightsError], int], ...] = (
    (NotFound, 404),
    (Conflict, 409),
    (Refused, 422),
    (Misuse, 400),
    (AssetUnavailable, 503),
    (CircuitOpen, 503),
    (BudgetExceeded, 402),
    (DatabaseAway, 503),
    (DiskFull, 507),
    (Spent, 403),
    (WrongToken, 401),
    (NotSignedIn, 401),
    (NotYours, 403),
    (TooFast, 429),
    (RateLimited, 429),
    (FootlightsError, 502),
)


def problem(status: int, code: str, detail: str, hint: str) -> JSONResponse:
    """One error as the API says it."""
    body = cleaned(  # it may quote what it complains of
        {
            "type": "about:blank",
            "title": code.replace("_", " "),
            "status": status,
            "code": code,
            "detail": detail,
            "hint": hint,
        }
    )
    return JSONResponse(body, status, media_type="application/problem+json")


def _no_file(error: RequestValidationError) -> JSONResponse:
    """A form in which no file arrived; the library would speak of its own classes."""
    field = str(error.errors()[0]["loc"][1])
    hint = f"Send each file as multipart/form-data in '{field}', with its file name."
    return problem(422, "invalid_request", f"no file with a name in the field '{field}'", hint)


def add_to(api: FastAPI) -> None:
    """Map our errors, the framework's and the unexpected ones."""

    @api.exception_handler(FootlightsError)
    def ours(_: Request, error: FootlightsError) -> JSONResponse:
        status = next(status for kind, status in _STATUS if isinstance(error, kind))
        answer = problem(status, error.code, str(error), error.hint)
        if isinstance(error, TooFast) and error.retry_after:
            answer.headers["Retry-After"] = str(max(1, round(error.retry_after)))
        return answer

    @api.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        if request.headers.get("content-type", "").startswith("multipart/"):
            return _no_file(error)
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc'][1:]) or 'body'}: {fault['msg']}"
            for fault in error.errors()[:5]
        )
        hint = "The fields and their types are described at /api/docs."
        return problem(422, "invalid_request", faults, hint)

    @api.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> JSONResponse:
        code = "not_found" if error.status_code == 404 else "http_error"
        detail = f"{request.method} {request.url.path}: {error.detail}"
        return problem(error.status_code, code, detail, "The routes are listed at /api/docs.")

    @api.exception_handler(Exception)
    def unexpected(request: Request, error: Exception) -> JSONResponse:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        hint = "The log of the app has the details; please report it."
        return problem(500, "internal", "the app failed to carry this out", hint)
