"""An answer as data: shown while it is written, checked when it is there, asked for again if it is wrong."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, overload

from pydantic import BaseModel, TypeAdapter

from core.clean_text import clean
from core.errors import StreamCut
from core.events import ModelDone, ModelEvent, TextDelta
from core.llm.json_text import read
from core.llm.partials import Partials
from core.llm.retry import close_events
from core.llm.shape import Shape, shape
from core.llm.unusable import OutputCut, OutputFiltered, OutputRefused, UnusableOutput
from core.types import Message, OutputSchema, Text, message

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

MOST_ATTEMPTS = 3
_MOST_REPEATED = 16_000

Ask = Callable[[tuple[Message, ...], OutputSchema | None], AsyncIterator[ModelEvent]]
"""Asks a model, metered, and gives its events back; called once for each attempt."""


@dataclass(frozen=True, slots=True)
class Partial:
    """The answer of this attempt as far as it has come, in plain JSON values, not checked."""

    data: Any
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Reasked:
    """The answer could not be used, for the reason in words; `attempt` begins, and what was shown goes."""

    attempt: int
    code: str
    problem: str


@dataclass(frozen=True, slots=True)
class Extracted(Generic[T]):
    """The answer as data that fits: `data` is its plain JSON, equal to the last Partial."""

    value: T
    data: Any
    text: str
    attempts: int
    mended: bool = False
    """Whether the JSON had to be mended before it could be read."""


@dataclass(frozen=True, slots=True)
class Structured(Generic[T]):
    """Asks for answers of one shape. With `native` the vendor is held to the schema where the
    schema has a strict form; else the model is told it in the system message."""

    shape: Shape[T]
    ask: Ask
    native: bool
    attempts: int = MOST_ATTEMPTS
    clock: Callable[[], float] = field(default=time.monotonic)

    def __post_init__(self) -> None:
        if not 1 <= self.attempts <= MOST_ATTEMPTS:
            raise ValueError(f"attempts is 1 to {MOST_ATTEMPTS}, not {self.attempts}")

    async def stream(
        self, messages: Sequence[Message]
    ) -> AsyncGenerator[ModelEvent | Partial | Reasked | Extracted[T], None]:
        """Every event of the model but its text, Partials in its place, and Extracted at the end.

        Raises what `ask` raises, and UnusableOutput when the last answer cannot be used either.
        """
        output = self.shape.output if self.native else None
        first = tuple(messages) if output else _instructed(tuple(messages), self.shape.schema)
        asked = first
        for attempt in range(1, self.attempts + 1):
            heard = _Heard(Partials(self.shape.kind, clock=self.clock), attempt)
            async with AsyncExitStack() as stack:
                events = self.ask(asked, output)
                stack.push_async_callback(close_events, events)
                async for event in events:
                    for shown in heard.hear(event):
                        yield shown
            try:
                # In a thread: a long answer that must be mended takes a good part of a second.
                found = await asyncio.to_thread(_judged, heard, self.shape)
            except UnusableOutput as error:
                if attempt == self.attempts or not error.asked_again:
                    raise
                again = Reasked(attempt + 1, error.code, str(error))
                asked = (*first, *_complaint(error))
            else:
                for data in heard.partials.end(found.data):
                    yield Partial(data, attempt)
                yield found
                return
            yield again


@overload
async def extract(
    schema: type[M],
    messages: Sequence[Message],
    *,
    ask: Ask,
    native: bool,
    attempts: int = MOST_ATTEMPTS,
) -> M: ...
@overload
async def extract(
    schema: TypeAdapter[T],
    messages: Sequence[Message],
    *,
    ask: Ask,
    native: bool,
    attempts: int = MOST_ATTEMPTS,
) -> T: ...
@overload
async def extract(
    schema: Mapping[str, Any],
    messages: Sequence[Message],
    *,
    ask: Ask,
    native: bool,
    attempts: int = MOST_ATTEMPTS,
) -> Any: ...
async def extract(
    schema: Any,
    messages: Sequence[Message],
    *,
    ask: Ask,
    native: bool,
    attempts: int = MOST_ATTEMPTS,
) -> Any:
    """The answer as data that fits the schema; raises UnusableOutput, and what `ask` raises."""
    structured: Structured[Any] = Structured(shape(schema), ask, native, attempts)
    async with aclosing(structured.stream(messages)) as events:
        async for event in events:
            if isinstance(event, Extracted):
                return event.value
    raise AssertionError("a stream ends with Extracted or raises")


@dataclass(slots=True)
class _Heard:
    """One answer as it comes."""

    partials: Partials
    attempt: int
    pieces: list[str] = field(default_factory=list)
    done: ModelDone | None = None

    def hear(self, event: ModelEvent) -> list[ModelEvent | Partial]:
        if isinstance(event, TextDelta):
            self.pieces.append(event.text)
            return [Partial(data, self.attempt) for data in self.partials.feed(event.text)]
        if isinstance(event, ModelDone):
            self.done = event
        return [event]


def _judged(heard: _Heard, shape: Shape[T]) -> Extracted[T]:
    text = "".join(heard.pieces)
    if heard.done is None:
        raise StreamCut("The answer ended without saying that it was done.", provider="")
    try:
        data, mended = _read(text, heard.done, shape)
        value, data = shape.check(data)
    except UnusableOutput as error:
        error = _cut(heard.done, error)
        error.text, error.attempts = text, heard.attempt
        raise error from error.__cause__
    return Extracted(value, data, text, heard.attempt, mended)


def _read(text: str, done: ModelDone, shape: Shape[T]) -> tuple[Any, bool]:
    said = f": {done.detail}" if done.detail else ""
    match done.finish:
        case "refusal":
            raise OutputRefused(f"The model refuses to answer{said or '.'}")
        case "content_filter":
            raise OutputFiltered(f"The vendor's filter took the answer away{said or '.'}")
        case finish:
            # What closed its last bracket is whole, wherever the limit fell; the rest is not mended.
            return read(text, shape.kind, mend=finish != "length")


def _cut(done: ModelDone, error: UnusableOutput) -> UnusableOutput:
    """The error, or that the answer did not fit: what else is wrong with it follows from that."""
    if done.finish != "length":
        return error
    why = done.detail or "it reached the limit of its length"
    cut = OutputCut(f"The answer was cut off: {why}.")
    cut.__cause__ = error
    return cut


# --- what the model is told -------------------------------------------------------------------


def _instructed(messages: tuple[Message, ...], schema: Mapping[str, Any]) -> tuple[Message, ...]:
    text = (
        "Answer with one JSON value that fits the JSON Schema below, and with nothing else: no "
        "explanation, no code fence. Use null for what is not known, where the schema allows it.\n"
        f"{json.dumps(schema, ensure_ascii=False, separators=(',', ':'))}"
    )
    # Into the message that is there: the templates of many local models take one system message only.
    if messages and messages[0].role == "system":
        told = Message("system", (*messages[0].parts, Text(f"\n\n{text}")))
        return (told, *messages[1:])
    return (message("system", text), *messages)


def _complaint(error: UnusableOutput) -> tuple[Message, ...]:
    """The answer as the model gave it, and what is wrong with it."""
    said = clean(error.text)
    if len(said) > _MOST_REPEATED:
        half = _MOST_REPEATED // 2
        said = f"{said[:half]}\n[…]\n{said[-half:]}"
    wrong = message(
        "user",
        f"Your last answer cannot be used. {error}\nAnswer again: the whole JSON, corrected, and "
        "nothing else.",
    )
    return (message("assistant", said), wrong) if said.strip() else (wrong,)
