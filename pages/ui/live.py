"""A turn that is being answered, drawn as it comes: what is waited for, then the words."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from core.bootstrap import Workbench
from core.events import (
    AnswerReplaced,
    CitationsChecked,
    ContextReady,
    ModelDone,
    NothingFound,
    Progress,
    ReasoningDelta,
    StreamEvent,
    TextDelta,
    TurnDone,
    TurnFailed,
)
from core.types import Source, Turn
from pages.ui import say, table
from pages.ui.answer import ASSISTANT
from pages.ui.markdown import label, safe
from pages.ui.session import user

_DRAW_SECONDS = 0.1
_LOOK_UP_SECONDS = 0.25


@dataclass
class _Seen:
    """What the events so far add up to."""

    text: str = ""
    reasoning: str = ""
    waiting: str = "Searching your documents"
    share: float | None = None
    sources: tuple[Source, ...] = ()
    frozen: int = 0
    started: float = field(default_factory=time.monotonic)

    def add(self, event: StreamEvent) -> None:
        match event:
            case TextDelta(text):
                self.text += text
            case AnswerReplaced(text, reason):
                self.text = text
                self.waiting = f"Asking again: {reason}" if reason else self.waiting
            case ReasoningDelta(text):
                self.reasoning += text
                self.waiting = "Thinking"
            case Progress(note=note, done=done, total=total):
                self.waiting = note[:1].upper() + note[1:]
                self.share = done / total if total else None
            case ContextReady(sources=sources):
                self.sources = sources
                self.waiting, self.share = _reading(sources), None
            case ModelDone():
                self.waiting = "Checking the citations"
            case NothingFound() | CitationsChecked() | TurnDone() | TurnFailed():
                pass  # the finished answer is drawn from the database


def follow(bench: Workbench, turn: Turn) -> None:
    """Draw the turn until it has ended; a rerun, a reload or another tab begins again from the first event."""
    with st.chat_message("assistant", avatar=ASSISTANT):
        quiet, status = st.empty(), st.empty()
        blocks, tail = st.container(gap=None), st.empty()
        seen, drawn = _Seen(), 0.0
        events = bench.turns.follow(user(), turn.id)
        for batch in bench.bridge.iterate(events, _LOOK_UP_SECONDS):
            for record in batch or ():
                seen.add(record.event)
            if (now := time.monotonic()) - drawn < _DRAW_SECONDS:
                continue
            drawn = now
            if not seen.text:
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


def _draw_wait(status: st.delta_generator.DeltaGenerator, seen: _Seen) -> None:
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


def _freeze(blocks: st.delta_generator.DeltaGenerator, seen: _Seen) -> None:
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
