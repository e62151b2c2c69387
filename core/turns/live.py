"""One running turn in memory: its numbered events, what they add up to, and who follows them."""

import asyncio
import time
from dataclasses import dataclass

from core.clean_text import clean
from core.events import (
    TAPE_ONLY,
    AnswerReplaced,
    CanaryLeaked,
    CitationsChecked,
    ContextReady,
    Ending,
    FellBack,
    ModelDone,
    NothingFound,
    ReasoningDelta,
    RunStopped,
    StepStarted,
    StreamEvent,
    TextDelta,
    TurnDone,
    TurnFailed,
    dump,
)
from core.tape import Tape
from core.trace import Trace
from core.types import Citation, Span, Usage

TICK_SECONDS = 0.03
"""Text that arrives faster than this is sent together: half the events, and nobody sees the difference."""

BATCH = 500
"""Events that a reader is given at once, so that one who is slow or late holds few of them."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event of a turn with its place in it and its JSON."""

    seq: int
    event: StreamEvent
    data: str


class LiveTurn:
    """The events of a turn from the first to the last; written on the bridge's loop, read from any."""

    def __init__(self, user: str, turn_id: str, conversation_id: str) -> None:
        self.user = user
        self.turn_id = turn_id
        self.conversation_id = conversation_id
        self.task: asyncio.Task[None] | None = None
        self.events: list[Recorded] = []
        self.saved = 0
        """How many of the events are in the database."""
        self.answer: list[str] = []
        self.reasoning: list[str] = []
        self.citations: tuple[Citation, ...] = ()
        self.done: ModelDone | None = None
        self.usage: Usage | None = None
        self.model = ""
        self.fell_back: FellBack | None = None
        self.nothing_found = False
        self.leak = ""
        self.run_stopped: RunStopped | None = None
        self.ready: ContextReady | None = None
        self.tape = Tape()
        self.taped = 0
        """How many of its rows are in the database."""
        self.trace = Trace(turn_id)
        self.spans: list[Span] = []
        """Those that have finished, as far as they were looked at."""
        self.traced = 0
        """How many of them are in the database."""
        self.started = time.monotonic()
        self.first_token_seconds: float | None = None
        self._text = ""
        self._flushed = 0.0
        self._timer: asyncio.TimerHandle | None = None
        # A dict and not a list: who leaves may take himself out while another thread wakes the rest.
        self._waiting: dict[asyncio.Future[None], None] = {}

    @property
    def seconds(self) -> float:
        """Since the turn was asked."""
        return round(time.monotonic() - self.started, 3)

    def untraced(self) -> list[Span]:
        """The spans that have finished and are not in the database."""
        self.spans += self.trace.take()
        return self.spans[self.traced :]

    @property
    def ended(self) -> bool:
        """Whether the last event is there."""
        return bool(self.events) and isinstance(self.events[-1].event, TurnDone | TurnFailed)

    def publish(self, event: StreamEvent) -> None:
        """Add the event; text is held back for a moment, so that quick pieces travel together."""
        self._note(event)
        if isinstance(event, TAPE_ONLY):
            return
        if not isinstance(event, TextDelta):
            self.flush()
            self._append(event)
            return
        self._text += event.text
        wait = self._flushed + TICK_SECONDS - time.monotonic()
        if wait <= 0:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(wait, self.flush)

    def flush(self) -> None:
        """Send the text that is held back; half of a surrogate pair waits for its other half."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        held = self._text[-1:] if "\ud800" <= self._text[-1:] <= "\udbff" else ""
        text, self._text = self._text[: len(self._text) - len(held)], held
        self._flushed = time.monotonic()
        if text:
            self._append(TextDelta(clean(_paired(text))))

    def end(self, last: Recorded) -> None:
        """Add the last event, which is in the database already."""
        self.events.append(last)
        self.saved = len(self.events)
        self._wake()

    def last(self, ending: Ending) -> Recorded:
        """The ending with its number, not yet added."""
        return Recorded(len(self.events) + 1, ending, dump(ending))

    async def after(self, seq: int) -> list[Recorded]:
        """The events behind `seq`, waited for on whichever loop asks, BATCH at most; empty when the turn
        has ended and there are none."""
        while True:
            known = len(self.events)
            first = max(0, seq)  # numbers count from 1 without a gap
            found = self.events[first : first + BATCH]
            if found or self.ended:
                return found
            waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting[waiting] = None
            try:
                # The bridge's thread may have added one between the look and the wait.
                if len(self.events) == known:
                    await waiting
            finally:
                self._waiting.pop(waiting, None)

    def _append(self, event: StreamEvent) -> None:
        self.events.append(Recorded(len(self.events) + 1, event, dump(event)))
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for each in tuple(waiting):
            each.get_loop().call_soon_threadsafe(_let_go, each)

    def _note(self, event: StreamEvent) -> None:
        self.tape.note(event)
        match event:
            case TextDelta() | AnswerReplaced() | ReasoningDelta():
                self._hear(event)
            case ContextReady(model=model):
                self.model, self.ready = model, event
            case StepStarted() | RunStopped():
                self._step(event)
            case NothingFound():
                self.nothing_found, self.usage = True, Usage()
            case FellBack(to=to):
                self.model, self.fell_back = to, event
            case ModelDone():
                self.done, self.usage = event, self._used(event)
            case CanaryLeaked() | CitationsChecked():
                self._check(event)
            case _:
                pass  # progress and endings add nothing to the answer

    def _used(self, event: ModelDone) -> Usage | None:
        if event.from_tape:
            return self.usage or Usage()
        # A turn may ask more than once; what it used is the sum.
        return self.usage + event.usage if self.usage and event.usage else event.usage

    def _check(self, event: CanaryLeaked | CitationsChecked) -> None:
        if isinstance(event, CanaryLeaked):
            self.leak = event.how
        else:
            self.citations = event.citations

    def _step(self, event: StepStarted | RunStopped) -> None:
        if isinstance(event, RunStopped):
            self.run_stopped = event
        else:
            self.answer = []  # what was said before a tool was called is on the tape

    def _hear(self, said: TextDelta | AnswerReplaced | ReasoningDelta) -> None:
        match said:
            case TextDelta(text):
                if self.first_token_seconds is None:
                    self.first_token_seconds = self.seconds
                self.answer.append(text)
            case AnswerReplaced(text):
                self.answer = [text]
            case ReasoningDelta(text):
                self.reasoning.append(text)


def _let_go(waiting: "asyncio.Future[None]") -> None:
    if not waiting.done():  # its reader may have left meanwhile
        waiting.set_result(None)


def _paired(text: str) -> str:
    """Two halves of a surrogate pair, sent as two pieces, become the one character they are."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
