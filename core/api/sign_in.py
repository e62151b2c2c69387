"""Signing in from elsewhere: the owner by a token, people by their provider; either becomes a cookie."""

import logging
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Cookie, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from core.api import cookies
from core.api.bench import Bench, Owner
from core.bootstrap import Workbench
from core.caller import OWNER_COOKIE, Caller, caller
from core.errors import NotFound, NotSignedIn, TooFast, WrongToken
from core.people.provider import Provider
from core.people.team import PERSON_DAYS
from core.people.ticket import Ticket
from core.sharing.pace import Pace, neighbourhood
from core.store.sign_ins import BROWSER_DAYS

log = logging.getLogger(__name__)
router = APIRouter(tags=["app"])
_guesses = Pace(per_minute=6, burst=10)
_arrivals = Pace(per_minute=30, burst=30)
_TICKET = "footlights_ticket"
_TICKET_DAYS = 10 / 1_440
_PATH = "/api/sign-in"


class TokenIn(BaseModel):
    """The token that was printed at start."""

    token: str = Field(max_length=500)


class TokenOut(BaseModel):
    """A new token, which cannot be read again."""

    token: str


@router.post("/sign-in", status_code=204)
def sign_in(bench: Bench, body: TokenIn, request: Request, response: Response) -> None:
    """Exchange the owner's token for a cookie."""
    who = caller(request.scope)
    # Looked up before anything is slowed: nobody guesses 256 bits, and whoever tries must not keep
    # the owner out who comes from the same address.
    secret = bench.sign_ins.exchange(body.token.strip())
    if secret is None:
        if seconds := _guesses.take(neighbourhood(who.address)):
            raise TooFast(
                f"too many attempts: wait {max(1, round(seconds))} s",
                retry_after=seconds,
                hint="Try again after that time.",
            )
        raise WrongToken("this token opens nothing")
    cookies.put(response, OWNER_COOKIE, secret, who, days=BROWSER_DAYS)


@router.post("/sign-in/rotate")
def rotate(bench: Bench, owner: Owner) -> TokenOut:
    """Sign every browser of the owner out and make every token worthless; a new one comes back."""
    return TokenOut(token=bench.sign_ins.rotate(owner))


@router.post("/sign-out", status_code=204)
def sign_out(
    bench: Bench,
    response: Response,
    secret: Annotated[str, Cookie(alias=OWNER_COOKIE)] = "",
) -> None:
    """Sign this browser out; at his provider he stays signed in."""
    if secret:
        bench.sign_ins.leave(secret)
    response.delete_cookie(OWNER_COOKIE, path="/")


# --- by a provider ----------------------------------------------------------------------------


@router.get("/sign-in/oidc", status_code=303)
async def leave(bench: Bench, request: Request, next: str = "/") -> RedirectResponse:
    """Send a browser to the OpenID provider."""
    provider, who, ticket = _provider(bench), caller(request.scope), Ticket.new(next)
    try:
        _slow(who)
        answer = _to(await provider.address(ticket))
    except NotSignedIn as error:
        return _failed(error)
    cookies.put(answer, _TICKET, ticket.cookie, who, days=_TICKET_DAYS, path=_PATH)
    return answer


@router.get("/sign-in/oidc/callback", status_code=303)
async def arrive(
    bench: Bench, request: Request, cookie: Annotated[str, Cookie(alias=_TICKET)] = ""
) -> RedirectResponse:
    """Take in whoever comes back from the provider; what went wrong is said at /sign-in."""
    provider, who, ticket = _provider(bench), caller(request.scope), Ticket.read(cookie)
    try:
        if ticket is None:
            raise NotSignedIn("expired", "this browser began no attempt, or its time is over")
        if not ticket.fits(request.query_params.get("state", "")):
            raise NotSignedIn("expired", "the answer belongs to another attempt")
        _slow(who)
        identity = await provider.identity(ticket, request.query_params)
        secret = await run_in_threadpool(bench.team.arrive, identity)
    except NotSignedIn as error:
        return _failed(error)
    answer = _to(ticket.page)
    answer.delete_cookie(_TICKET, path=_PATH)
    cookies.put(answer, OWNER_COOKIE, secret, who, days=PERSON_DAYS)
    return answer


def _provider(bench: Workbench) -> Provider:
    if bench.provider is None:
        raise NotFound("no sign-in provider is set", hint="Sign in with the owner's token.")
    return bench.provider


def _slow(who: Caller) -> None:
    if _arrivals.take(neighbourhood(who.address)):
        raise NotSignedIn("too_fast", "too many attempts from one address")


def _failed(error: NotSignedIn) -> RedirectResponse:
    log.warning("a sign-in failed: %s", error)
    answer = _to(f"/sign-in?{urlencode({'why': error.why})}")
    answer.delete_cookie(_TICKET, path=_PATH)
    return answer


def _to(address: str) -> RedirectResponse:
    return RedirectResponse(address, 303)
