"""Signing in from elsewhere: the token that was printed at start becomes a cookie."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from core.api import cookies
from core.api.bench import Bench
from core.bootstrap import LOCAL_USER
from core.caller import OWNER_COOKIE, caller
from core.errors import TooFast, WrongToken
from core.sharing.pace import Pace, neighbourhood
from core.store.sign_ins import BROWSER_DAYS

router = APIRouter(prefix="/sign-in", tags=["app"])
_guesses = Pace(per_minute=6, burst=10)


class TokenIn(BaseModel):
    """The token that was printed at start."""

    token: str = Field(max_length=500)


class TokenOut(BaseModel):
    """A new token, which cannot be read again."""

    token: str


@router.post("", status_code=204)
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


@router.post("/rotate")
def rotate(bench: Bench) -> TokenOut:
    """Sign every browser out and make every token worthless; a new one comes back."""
    return TokenOut(token=bench.sign_ins.rotate(LOCAL_USER))
