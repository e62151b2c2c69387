"""One call as its spans show it: its waits and its attempts below it, when there is more than one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from core.errors import Transient
from core.llm.attempt import Attempt
from core.llm.meter import Meter
from core.trace import OpenSpan, Trace


@dataclass(frozen=True, slots=True)
class Call:
    """What all the attempts of one call share; `began` and `deadline` are on the policy's clock."""

    input_tokens: int
    meter: Meter
    trace: Trace
    parent: OpenSpan | None
    began: float
    deadline: float
    whole: OpenSpan | None = None
    """Around all that one model is asked; it is kept when that is more than one attempt."""

    @contextmanager
    def waits(self, name: str, why: str) -> Iterator[None]:
        """A span for as long as it is waited."""
        with self.trace.span(name, "wait", parent=self.parent, why=why) as span:
            if self.whole:
                span.below(self.whole)
            yield

    @contextmanager
    def of(self, ref: str) -> Iterator["Call"]:
        """The part of the call that is made to this model."""
        with self.trace.span(f"call {ref}", "call", parent=self.parent) as whole:
            whole.kept = False
            yield replace(self, whole=whole)

    def placed(self, span: OpenSpan, one: Attempt) -> None:
        """The span of an attempt below the whole, when others may follow or something came before."""
        unanswered = isinstance(one.failure, Transient) and one.first_token_seconds is None
        if self.whole and (self.whole.kept or unanswered):
            span.below(self.whole)
