"""What the visitor of a share link may ask: his cookie says which link, and he sends one string.

No route takes an id, so there is none to try. Unknown, expired, revoked and paused links give the same
answer; a GET or HEAD costs nothing and makes no visitor.
"""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Cookie, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from core.api import cookies
from core.api.bench import Bench
from core.api.sse import EventStream, told_frames
from core.caller import VISITOR_COOKIE, caller
from core.export import plain

router = APIRouter(prefix="/demo", tags=["demo"])
_DAYS = 90
Visit = Annotated[str, Cookie(alias=VISITOR_COOKIE)]


class EnterIn(BaseModel):
    """The token of a link, and its passphrase if it has one."""

    token: str = Field(max_length=500)
    passphrase: str = Field("", max_length=500)


class AskIn(BaseModel):
    """A question; whatever else is sent is not read."""

    prompt: str


@router.post("/enter", status_code=204)
def enter(
    bench: Bench, body: EnterIn, request: Request, response: Response, visit: Visit = ""
) -> None:
    """Exchange the token of a link for a cookie."""
    who = caller(request.scope)
    secret = bench.visits.enter(body.token, body.passphrase, who.address, visit)
    cookies.put(response, VISITOR_COOKIE, secret, who, days=_DAYS)


@router.get("")
def demo(bench: Bench, visit: Visit = "") -> dict[str, Any]:
    """What the demo is about, and what is left of it."""
    told: dict[str, Any] = plain(bench.visits.demo(visit))
    return told


@router.post("/ask", status_code=201)
def ask(bench: Bench, body: AskIn, request: Request, visit: Visit = "") -> dict[str, int]:
    """Ask a question; the answer is read at /demo/events. `left` is how many more there are."""
    scope = bench.visits.ask(visit, body.prompt, caller(request.scope).address)
    return {"left": scope.left - 1}


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def events(
    bench: Bench,
    visit: Visit = "",
    last_event_id: Annotated[int, Header(ge=0, lt=2**63)] = 0,
    after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
) -> StreamingResponse:
    """The answer to the last question as server-sent events; goes on after `Last-Event-ID`."""
    await bench.visits.check(visit)
    follow = partial(bench.visits.follow, visit)
    return EventStream(told_frames(follow, max(last_event_id, after)))


@router.post("/stop", status_code=202)
async def stop(bench: Bench, visit: Visit = "") -> dict[str, str]:
    """Stop the answer; what was said is kept."""
    await bench.bridge.await_(bench.visits.stop(visit))
    return {"status": "stopping"}


@router.get("/history")
def history(bench: Bench, visit: Visit = "") -> list[dict[str, Any]]:
    """The visitor's own questions with their answers, oldest first."""
    return bench.visits.history(visit)
