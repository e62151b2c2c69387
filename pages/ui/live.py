"""A turn that is being answered, drawn as it comes: what is waited for, then the words."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.bootstrap import Workbench
from core.events import (
    AnswerReplaced,
    ApprovalAsked,
    ApprovalGiven,
    ContextReady,
    ModelDone,
    PassagesFound,
    Progress,
    ReasoningDelta,
    StepStarted,
    StreamEvent,
    TextDelta,
    ToolCalled,
    ToolReturned,
)
from core.tape import Ran, Tape
from core.types import Budget, Source, Turn
from pages.ui import approval, say, steps, table, window_bar
from pages.ui.answer import ASSISTANT
from pages.ui.markdown import label, safe
from pages.ui.session import theme, user

_DRAW_SECONDS = 0.1
_LOOK_UP_SECONDS = 0.25
_MEASURE_SECONDS = 1.0


@dataclass
class _Seen:
    """What the events so far add up to."""

    text: str = ""
    reasoning: str = ""
    waiting: str = "Searching your documents"
    share: float | None = None
    sources: tuple[Source, ...] = ()
    taint: str = ""
    budget: Budget | None = None
    model: str = ""
    measured: float = 0.0
    frozen: int = 0
    started: float = field(default_factory=time.monotonic)
    tape: Tape = field(default_factory=Tape)
    changes: int = 0
    """How often what the steps show has changed."""

    def add(self, event: StreamEvent) -> None:
        self.tape.note(event)
        match event:
            case StepStarted() | ToolCalled() | ToolReturned() | ApprovalAsked() | ApprovalGiven():
                self._step(event)
            case TextDelta() | AnswerReplaced() | ReasoningDelta():
                self._hear(event)
            case Progress(note=note, done=done, total=total):
                self.waiting = note[:1].upper() + note[1:]
                self.share = done / total if total else None
            case PassagesFound(sources=sources):
                self.sources = sources
            case ContextReady(budget=budget, sources=sources, model=model, taint=taint):
                self.sources, self.taint = sources, taint
                self.budget, self.model = budget, model
                self.waiting, self.share = _reading(sources), None
            case ModelDone() if not self._calls:
                self.waiting = "Checking the citations"
            case _:
                pass  # the finished answer is drawn from the database

    def _hear(self, event: TextDelta | AnswerReplaced | ReasoningDelta) -> None:
        match event:
            case TextDelta(text):
                self.text += text
            case AnswerReplaced(text, reason):
                self.text = text
                self.waiting = f"Asking again: {reason}" if reason else self.waiting
            case ReasoningDelta(text):
                self.reasoning += text
                self.waiting = "Thinking"

    def _step(
        self, event: StepStarted | ToolCalled | ToolReturned | ApprovalAsked | ApprovalGiven
    ) -> None:
        self.changes += 1
        match event:
            case StepStarted(step=step, of=of):
                self.text, self.frozen = "", 0
                self.waiting = f"Step {step} of at most {of}: thinking"
            case ApprovalAsked():
                self.waiting = "Waiting for you"
            case ToolCalled():
                # Its words stand with the step from here on, and are no answer.
                self.text, self.frozen = "", 0
                self._running()
            case _:
                self._running()

    def _running(self) -> None:
        running = [ran.call.name for ran in self._calls if ran.result is None]
        names = ", ".join(dict.fromkeys(running))
        self.waiting = f"Running {names}" if names else "Reading what came back"

    @property
    def _calls(self) -> Sequence[Ran]:
        """The calls of the step that runs."""
        found = self.tape.steps
        return found[-1].calls if found else ()

    @property
    def waits(self) -> Ran | None:
        """The call that somebody must allow, if there is one."""
        return next((ran for ran in self._calls if ran.waits), None)


def follow(bench: Workbench, turn: Turn, gauge: DeltaGenerator) -> None:
    """Draw the turn until it has ended; a rerun, a reload or another tab begins again from the first event.
    In `gauge` stands how full the window is."""
    with st.chat_message("assistant", avatar=ASSISTANT):
        quiet, status = st.empty(), st.empty()
        run, area, tail = st.empty(), st.empty(), st.empty()
        blocks = area.container(gap=None)
        seen, drawn, changes = _Seen(), 0.0, 0
        events = bench.turns.follow(user(), turn.id)
        for batch in bench.bridge.iterate(events, _LOOK_UP_SECONDS):
            for record in batch or ():
                seen.add(record.event)
            if (now := time.monotonic()) - drawn < _DRAW_SECONDS:
                continue
            drawn = now
            _draw_window(gauge, bench, turn, seen)
            if seen.changes != changes:
                changes = seen.changes
                blocks = area.container(gap=None)
                tail.empty()
                with run.container(gap="small"):
                    _draw_run(bench, turn, seen)
            if not seen.text:
                quiet.empty()  # what is read stands below what is waited for
                _draw_wait(status, seen)
                continue
            if seen.sources:
                quiet.caption(f":material/description: {_names(seen.sources)}")
            if turn.request.table:
                with tail.container():
                    rows = table.draw(turn, seen.text)
                elapsed = time.monotonic() - seen.started
                status.markdown(f":shimmer[Writing row {max(1, rows)}] :gray[{elapsed:.0f} s]")
                continue
            status.empty()
            _freeze(blocks, seen)
            tail.markdown(safe(seen.text[seen.frozen :], len(seen.sources)) + " ▍")


def _draw_run(bench: Workbench, turn: Turn, seen: _Seen) -> None:
    """The steps so far, and what somebody must allow before the next."""
    steps.draw(seen.tape.steps)
    if seen.waits:
        approval.draw(bench, turn, seen.waits, seen.taint, seen.sources)


def _draw_window(gauge: DeltaGenerator, bench: Workbench, turn: Turn, seen: _Seen) -> None:
    """What was sent, and how much of the room for the answer is used; counted anew once a second."""
    now = time.monotonic()
    if seen.budget and now - seen.measured > _MEASURE_SECONDS:
        seen.measured = now
        said = bench.counter.count(seen.text, seen.model)
        gauge.html(window_bar.slim(seen.budget, theme(), turn.id, said))


def _draw_wait(status: DeltaGenerator, seen: _Seen) -> None:
    elapsed = time.monotonic() - seen.started
    text = f":shimmer[{label(seen.waiting)}]"
    if elapsed >= 1:
        text += f" :gray[{elapsed:.0f} s]"
    with status.container():
        st.markdown(text)
        if seen.share is not None:
            st.progress(min(1.0, seen.share), text=f"{seen.share:.0%}")
        if seen.sources:
            st.caption(_names(seen.sources))


def _freeze(blocks: DeltaGenerator, seen: _Seen) -> None:
    """Finished paragraphs get a place of their own and are not sent again with every word."""
    end = seen.text.rfind("\n\n", seen.frozen)
    if end <= seen.frozen or seen.text.count("```", 0, end) % 2:
        return
    blocks.markdown(safe(seen.text[seen.frozen : end], len(seen.sources)))
    seen.frozen = end + 2


def _reading(sources: Sequence[Source]) -> str:
    plural = "" if len(sources) == 1 else "s"
    return f"Reading {len(sources)} passage{plural}" if sources else "Thinking"


def _names(sources: Sequence[Source]) -> str:
    places: dict[str, list[str]] = {}
    for source in sources:
        pages = places.setdefault(source.hit.name, [])
        if (page := say.place(source.hit.unit, source.hit.chunk.page)) not in pages:
            pages.append(page)
    return " · ".join(f"{label(name)} {', '.join(pages)}" for name, pages in places.items())
