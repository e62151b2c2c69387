"""One call while it runs: what was said so far, and how it ended."""

import time
from dataclasses import dataclass
from decimal import Decimal

from core.cases import Outcome, OutcomeState, Verdict
from core.clean_text import clean
from core.errors import FootlightsError
from core.events import FinishReason, ModelDone, ModelEvent, Progress, ReasoningDelta, TextDelta
from core.types import Usage

_WORDS: dict[FinishReason, str] = {
    "stop": "finished",
    "length": "cut off at its longest",
    "tool_calls": "asked for a tool",
    "refusal": "refused by the model",
    "content_filter": "cut off by the vendor's filter",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A lane at one moment: `waiting` says what for, until the first word; `outcome` is there at the
    end."""

    text: str
    waiting: str
    seconds: float
    outcome: Outcome | None = None


class Lane:
    """Hears one call; written on the bridge's loop, read from any thread by `seen`."""

    def __init__(self, lane_id: str) -> None:
        self.id = lane_id
        self.began = time.monotonic()
        self.outcome: Outcome | None = None
        self.text = ""
        self._waiting = "Sending"
        self._first: float | None = None
        self._done: ModelDone | None = None

    @property
    def seconds(self) -> float:
        """Since the call was made."""
        return round(time.monotonic() - self.began, 3)

    @property
    def seen(self) -> Seen:
        """What there is to draw now."""
        if self.outcome:
            return Seen(self.outcome.text, "", self.outcome.seconds, self.outcome)
        return Seen(self.text, self._waiting, self.seconds)

    def hear(self, event: ModelEvent) -> None:
        """Take in an event of the model."""
        match event:
            case TextDelta(text):
                if self._first is None:
                    self._first = self.seconds
                self.text += text
            case ReasoningDelta():
                self._waiting = "Thinking"
            case Progress(note=note):
                self._waiting = note[:1].upper() + note[1:]
            case ModelDone():
                self._done = event
            case _:
                pass  # no tool is offered, and nobody is asked instead

    def end(
        self,
        state: OutcomeState,
        seconds: float,
        usage: Usage | None,
        cost: Decimal | None,
        *,
        error: FootlightsError | None = None,
        schema: Verdict | None = None,
    ) -> Outcome:
        """The end of it, with what it came to."""
        told = {"code": error.code, "message": str(error), "hint": error.hint} if error else None
        self.outcome = Outcome(
            state=state,
            text=clean(self.text),
            usage=usage,
            cost=cost,
            first_token_seconds=self._first,
            seconds=seconds,
            stop_reason=self._reason(state),
            error=told,
            schema=schema,
        )
        return self.outcome

    def _reason(self, state: OutcomeState) -> str:
        if state != "done" or self._done is None:
            return "stopped by you" if state == "stopped" else "failed"
        words = _WORDS[self._done.finish]
        return f"{words}: {clean(self._done.detail)}" if self._done.detail else words
