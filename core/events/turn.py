"""What a turn may say: all that a run says, the window before it, and how the turn ended."""

from dataclasses import dataclass, field
from typing import Literal

from core.events.model import StepAsked
from core.events.run import AgentEvent, EffectBegan, ResultKept, RunBegan, RunEnd
from core.types import Budget, Calls, Citation, Source, Usage

StopReason = Literal["finished", "stopped", "length", "refused", "not_found"] | RunEnd


@dataclass(frozen=True, slots=True)
class AnswerReplaced:
    """What was said so far is now this text: the final form of a table, or nothing when the model
    has to be asked again, for the reason in words."""

    text: str
    reason: str = ""
    type: Literal["answer_replaced"] = "answer_replaced"


@dataclass(frozen=True, slots=True)
class NothingFound:
    """Nothing in the documents is near the question, and no model is asked to guess; `nearness` is
    how sure the search is of the best passage, 0 to 1."""

    nearness: float
    type: Literal["nothing_found"] = "nothing_found"


@dataclass(frozen=True, slots=True)
class ContextReady:
    """What will be sent: the window by region, and the passages that the answer may cite; `taint` says
    which text in it others wrote, "" when there is none."""

    budget: Budget
    sources: tuple[Source, ...]
    model: str
    taint: str = ""
    type: Literal["context_ready"] = "context_ready"


@dataclass(frozen=True, slots=True)
class CanaryLeaked:
    """The answer, or a tool call, has the canary of the system prompt; `how` says in which form."""

    how: str
    type: Literal["canary_leaked"] = "canary_leaked"


@dataclass(frozen=True, slots=True)
class CitationsChecked:
    """Every [n] of the finished answer with the words that it rests on."""

    citations: tuple[Citation, ...]
    type: Literal["citations_checked"] = "citations_checked"


@dataclass(frozen=True, slots=True)
class TurnDone:
    """The turn is over and in the database. `usage` is that of the answer; `calls` are all that were asked
    for it, which is what `cost` pays: USD as a decimal string, None when the price is unknown."""

    stop_reason: StopReason
    words: str
    model: str
    usage: Usage | None
    cost: str | None
    seconds: float
    first_token_seconds: float | None
    calls: Calls = field(default_factory=Calls)
    type: Literal["turn_done"] = "turn_done"


@dataclass(frozen=True, slots=True)
class TurnFailed:
    """The turn could not be finished; what was said until then is kept."""

    code: str
    message: str
    hint: str
    type: Literal["turn_failed"] = "turn_failed"


StreamEvent = (
    AgentEvent
    | AnswerReplaced
    | NothingFound
    | ContextReady
    | CanaryLeaked
    | CitationsChecked
    | TurnDone
    | TurnFailed
)
Ending = TurnDone | TurnFailed
TAPE_ONLY = (StepAsked, RunBegan, EffectBegan, ResultKept)
"""What is kept on the tape and sent to nobody."""
