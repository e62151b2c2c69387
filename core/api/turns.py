"""Turns: start one, follow its events, stop it, and look behind it."""

from dataclasses import replace
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from core.api.bench import Bench, User
from core.api.shapes import DecisionIn, EstimateIn, ReplayIn, StartedOut, TurnIn
from core.api.sse import HEARTBEAT_SECONDS, EventStream, frames
from core.chat.upcoming import Next
from core.errors import Misuse, NotFound
from core.export import plain
from core.traces.export import whole
from core.types import Span, Turn, TurnRequest
from core.workbench import Workbench

router = APIRouter(tags=["turns"])


@router.post("/turns", status_code=201)
def start(bench: Bench, user: User, body: TurnIn) -> StartedOut:
    """Ask a question; the answer is read at /turns/{turn_id}/events."""
    request = wanted(bench, user, body)
    started = bench.turns.start(user, request, conversation_id=body.conversation_id)
    return StartedOut(turn_id=started.turn_id, conversation_id=started.conversation_id)


def wanted(bench: Workbench, user: str, body: TurnIn) -> TurnRequest:
    """The question with the collection that it looks in. Raises Misuse, or NotFound."""
    request = body.request()
    if body.collection is None:
        return request
    if body.use_documents is not True:
        raise Misuse(
            "both `collection` and `use_documents` say where to look",
            hint="Send one of them; `use_documents` may list ids of collections too.",
        )
    return replace(request, use_documents=(bench.collections.get(user, body.collection).id,))


@router.get("/turns", response_model=list[Turn])
def turns(bench: Bench, user: User, limit: Annotated[int, Query(ge=1, le=500)] = 50) -> Any:
    """The newest turns."""
    return plain(bench.turn_rows.list(user, limit))


@router.get("/turns/{turn_id}", response_model=Turn)
def turn(bench: Bench, user: User, turn_id: str) -> Any:
    """One turn as far as it has come."""
    return plain(bench.turn_rows.get(user, turn_id))


@router.get(
    "/turns/{turn_id}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def events(
    bench: Bench,
    user: User,
    turn_id: str,
    last_event_id: Annotated[int, Header(ge=0, lt=2**63)] = 0,
    after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
) -> StreamingResponse:
    """The events of the turn as server-sent events; goes on after `Last-Event-ID`."""
    await run_in_threadpool(bench.turns.check, user, turn_id)
    follow = partial(bench.turns.follow, user, turn_id)
    return EventStream(frames(follow, max(last_event_id, after), HEARTBEAT_SECONDS))


@router.post("/estimate", response_model=Next)
async def estimate(bench: Bench, user: User, body: EstimateIn) -> Any:
    """What a question that is being written would send and cost, about; nothing is asked."""
    if body.conversation_id is not None:
        await run_in_threadpool(bench.conversations.get, user, body.conversation_id)
    request = await run_in_threadpool(wanted, bench, user, body)
    found = await bench.bridge.await_(bench.upcoming.next(user, body.conversation_id, request))
    return plain(found)


@router.post("/turns/{turn_id}/stop", status_code=202)
async def stop(bench: Bench, user: User, turn_id: str) -> StartedOut:
    """Stop the turn; what was said is kept. A turn that is over stays as it is."""
    turn = await run_in_threadpool(bench.turn_rows.get, user, turn_id)
    await bench.bridge.await_(bench.turns.stop(user, turn_id))
    return StartedOut(turn_id=turn.id, conversation_id=turn.conversation_id)


@router.post("/turns/{turn_id}/approvals/{call_id}", status_code=204)
def decide(bench: Bench, user: User, turn_id: str, call_id: str, body: DecisionIn) -> None:
    """Allow a tool that waits (`approval_asked`) once, always in this conversation, or not."""
    bench.approvals.decide(user, turn_id, call_id, body.decision)


@router.get("/turns/{turn_id}/tape")
def tape(bench: Bench, user: User, turn_id: str) -> list[dict[str, Any]]:
    """Each response of a model and each result of a tool, in their order, once the turn is over."""
    bench.turn_rows.get(user, turn_id)
    rows = bench.turn_rows.tape(user, turn_id)
    return [{"step": step, "kind": kind, "data": data} for step, kind, data in rows]


@router.post("/turns/{turn_id}/replay", status_code=201)
def replay(bench: Bench, user: User, turn_id: str, body: ReplayIn) -> StartedOut:
    """Go through a kept run again with something changed; a turn of its own, read like any other."""
    started = bench.replays.start(user, turn_id, body.changes())
    return StartedOut(turn_id=started.turn_id, conversation_id=started.conversation_id)


@router.post("/turns/{turn_id}/replay/price")
def replay_price(bench: Bench, user: User, turn_id: str, body: ReplayIn) -> dict[str, Any]:
    """What that replay may cost: how many steps come from the tape, and from where on it is live."""
    told: dict[str, Any] = plain(bench.replays.price(user, turn_id, body.changes()))
    return told


@router.get("/turns/{turn_id}/comparison")
def comparison(bench: Bench, user: User, turn_id: str) -> dict[str, Any]:
    """A replay beside the run that it went along, aligned by step."""
    found = bench.replays.compare(user, turn_id)
    told: dict[str, Any] = plain(found)
    told["pairs"] = [
        {**pair, "same": each.same} for pair, each in zip(told["pairs"], found.pairs, strict=True)
    ]
    return told


@router.get("/turns/{turn_id}/window")
def window(bench: Bench, user: User, turn_id: str) -> dict[str, Any]:
    """What was sent: every region of the context window with its items, kept or dropped."""
    turn = bench.turn_rows.get(user, turn_id)
    budget = bench.turn_rows.budget(user, turn_id)
    if budget is None:
        raise NotFound(
            f"turn {turn_id} has no window",
            hint="It is still being prepared: try again in a moment."
            if turn.status == "running"
            else "It ended before anything was sent.",
        )
    sums = {"used": budget.used, "input_tokens": budget.input_tokens, "free": budget.free}
    return {**plain(budget), **sums}


@router.get("/turns/{turn_id}/trace", response_model=list[Span])
def trace(bench: Bench, user: User, turn_id: str) -> Any:
    """The spans of a finished turn, in the shape of OpenTelemetry."""
    bench.turn_rows.get(user, turn_id)
    return plain([whole(span) for span in bench.traces.read(user, turn_id)])
