"""An OpenAI-compatible gateway: any program that speaks OpenAI's chat completions, with an API key of
ours, chats with the documents."""

import asyncio
import time
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing, suppress
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from core.api.bench import Bench
from core.api.gateway_errors import OpenAIRoute, WireError, answered, bad_key, of
from core.api.gateway_request import DEFAULT_MODEL, MAX_BODY, ChatIn, parse
from core.api.gateway_wire import Answer, completion, ending, opening, words
from core.api.sse import BEAT, HEARTBEAT_SECONDS, EventStream, beating
from core.bootstrap import Workbench
from core.errors import DatabaseAway, FootlightsError, Misuse
from core.events import StreamEvent, TextDelta, TurnDone, TurnFailed
from core.store.api_keys import ApiKey
from core.turns import endings
from core.types import ModelInfo, TurnRequest

# Until then an error still has a status of its own; a proxy gives up after a minute of silence.
HOLD_SECONDS = 30.0
# How soon an answer that is under way hears that its key was revoked.
LOOK_SECONDS = 0.5
T = TypeVar("T")
_bearer = HTTPBearer(auto_error=False, description="An API key made on the Models page: fl-...")
router = APIRouter(prefix="/openai/v1", tags=["openai"], route_class=OpenAIRoute)


def _caller(
    request: Request, shown: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> ApiKey:
    """The key of the caller; missing, unknown and revoked ones look the same."""
    bench: Workbench = request.app.state.workbench()
    key = bench.api_keys.verify(shown.credentials) if shown else None
    if key is None or not bench.team.is_in(key.user):
        raise bad_key()
    return key


Caller = Annotated[ApiKey, Depends(_caller)]

# --- models -----------------------------------------------------------------------------------


@router.get("/models")
def models(bench: Bench, key: Caller) -> dict[str, Any]:
    """The models that can be asked now; `footlights` is the one that the owner uses by default."""
    refs = [(DEFAULT_MODEL, "footlights"), *((each.ref, each.provider) for each in _ready(bench))]
    return {"object": "list", "data": [_model(ref, owner) for ref, owner in refs]}


@router.get("/models/{model:path}")
def model(bench: Bench, key: Caller, model: str) -> dict[str, Any]:
    """One model; an id that no table knows is passed through to its provider."""
    return _model(model, _resolved(bench, model).provider)


def _ready(bench: Workbench) -> list[ModelInfo]:
    return bench.models.ready()


def _model(ref: str, owner: str) -> dict[str, Any]:
    return {"id": ref, "object": "model", "created": 0, "owned_by": owner}


def _resolved(bench: Workbench, ref: str | None) -> ModelInfo:
    try:
        return bench.models.resolve(None if ref == DEFAULT_MODEL else ref)
    except Misuse as error:
        raise WireError(404, str(of(error)), code="model_not_found", param="model") from error


# --- chat -------------------------------------------------------------------------------------


@router.post(
    "/chat/completions",
    response_model=None,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": ChatIn.model_json_schema()}},
        }
    },
)
async def complete(request: Request, bench: Bench, key: Caller) -> Response:
    """Answer from the documents, as OpenAI's chat completions do.

    The last message is the question, those before it what was said; system and developer messages
    follow our own instructions. `model` is `footlights` or `provider:id`. Honoured: `stream`,
    `stream_options.include_usage`, `max_tokens`, `max_completion_tokens`, `stop`. Everything else
    that would change the answer (temperature, n, tools, images, logprobs, ...) is refused with 400
    and its name, unless it asks for what is done anyway (`temperature: 1`, `n: 1`).

    Our own field of the request: `footlights: {"use_documents": true | false | [ids]}`. Our own field
    of the answer, on the message or on the last chunks: `footlights: {turn_id, citations, cost_usd}`;
    a citation is `{number, document_id, name, page, start, end, quote, verdict, found_in}`, where [start, end) are the
    characters of the answer that hold the [number], and `quote` the words that it rests on.

    The turn is stopped when its client leaves. It is seen in Traces and Costs, and booked on the key.
    """
    asked = parse(await _body(request), key.id)
    relay = await run_in_threadpool(Relay.start, bench, key, asked.request)
    try:
        await _while_there(request, relay.begin() if asked.stream else relay.finish())
        if not asked.stream:
            return answered(completion(relay.answer))
        if relay.answer.ending:
            relay.answer.done()  # it failed before its first word, and so it has a status
        return EventStream(relay.chunks(asked.include_usage), left=relay.left)
    except BaseException:
        relay.left()
        raise


class Relay:
    """One turn as it is told to one client, and stopped when he leaves, for nobody can come back for it,
    or when his key opens nothing any more."""

    def __init__(self, bench: Workbench, key: ApiKey, turn_id: str, model: str) -> None:
        self._bench = bench
        self._key = key
        self.answer = Answer(turn_id, model)
        self._events = self._follow()
        self._has_left = False

    @classmethod
    def start(cls, bench: Workbench, key: ApiKey, request: TurnRequest) -> "Relay":
        """Begin the turn in a conversation of its own. Raises WireError or one of core.errors."""
        model = _resolved(bench, request.model)
        started = bench.turns.start(key.user, request)
        return cls(bench, key, started.turn_id, model.ref)

    async def begin(self) -> None:
        """Wait for the first word or the ending, whichever comes first, but not for ever."""
        until = time.monotonic() + HOLD_SECONDS
        async for event in self._events:
            if isinstance(event, TextDelta | TurnDone | TurnFailed) or time.monotonic() >= until:
                return

    async def finish(self) -> None:
        """Wait for the ending."""
        async for _ in self._events:
            pass

    async def chunks(self, include_usage: bool) -> AsyncGenerator[bytes, None]:
        """The answer as OpenAI streams it, from its beginning."""
        async with aclosing(self._events) as events:
            yield opening(self.answer, include_usage)
            if self.answer.text:
                yield words(self.answer, "".join(self.answer.text), include_usage)
            async for event in events:
                if event is None:
                    yield BEAT
                elif isinstance(event, TextDelta):
                    yield words(self.answer, event.text, include_usage)
        for chunk in ending(self.answer, include_usage):
            yield chunk

    def left(self) -> None:
        """Nobody listens any more: stop the turn, unless it is over."""
        self._has_left = True
        if self.answer.ending is None:
            stop = self._bench.turns.stop(self._key.user, self.answer.turn_id)
            self._bench.bridge.submit(stop)

    def _opens(self) -> bool:
        key, bench = self._key, self._bench
        return bench.api_keys.is_open(key.user, key.id) and bench.team.is_in(key.user)

    async def _watch(self) -> None:
        """Stop the turn when the key is revoked, or its user taken off, while it runs."""
        while not self._has_left:
            await asyncio.sleep(LOOK_SECONDS)
            with suppress(DatabaseAway):
                if not await asyncio.to_thread(self._opens):
                    self.left()

    async def _follow(self) -> AsyncGenerator[StreamEvent | None, None]:
        follow = partial(self._bench.turns.follow, self._key.user, self.answer.turn_id)
        watch = asyncio.ensure_future(self._watch())
        try:
            async with aclosing(beating(follow, 0, HEARTBEAT_SECONDS)) as batches:
                async for batch in batches:
                    if batch is None:
                        yield None
                    for record in batch or ():
                        self.answer.note(record.event)
                        yield record.event
        except FootlightsError as error:  # its conversation was deleted, say
            self.answer.note(endings.failed(error))
        finally:
            watch.cancel()


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY:
            why = f"The body is larger than {MAX_BODY // 2**20} MB."
            raise WireError(413, why, code="request_too_large")
    return bytes(body)


async def _while_there(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of the work; when the client leaves before it, ClientDisconnect."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        task.cancel()
        gone.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
