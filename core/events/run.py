"""What a run with tools may say: its steps, what it asked to be allowed, and what came back."""

from dataclasses import dataclass
from typing import Any, Literal

from core.events.model import ModelEvent
from core.types import Message, Source, ToolCall

RunEnd = Literal["steps", "repeated", "time", "money"]
Decision = Literal["once", "always", "no"]


@dataclass(frozen=True, slots=True)
class StepStarted:
    """The model is asked for the `step`th time (from 1) of at most `of`; what it said before is part
    of that step, and not of the answer."""

    step: int
    of: int
    type: Literal["step_started"] = "step_started"


@dataclass(frozen=True, slots=True)
class ApprovalAsked:
    """The call waits until somebody allows it; `why` says what it does, and whether the window holds
    text that others wrote: then "always" is no answer."""

    call: ToolCall
    why: str
    untrusted: bool
    type: Literal["approval_asked"] = "approval_asked"


@dataclass(frozen=True, slots=True)
class ApprovalGiven:
    """What was decided about the call; "no" also when nobody answered."""

    call_id: str
    decision: Decision
    type: Literal["approval_given"] = "approval_given"


@dataclass(frozen=True, slots=True)
class ToolReturned:
    """What a call came to: the text that the model is given, and what a page may draw of it."""

    call_id: str
    name: str
    text: str
    failed: bool
    seconds: float
    code: str = ""
    """Why it failed: unknown_tool, arguments, time, raised, result, denied, or that of an error."""
    shown: dict[str, Any] | None = None
    type: Literal["tool_returned"] = "tool_returned"


@dataclass(frozen=True, slots=True)
class PassagesFound:
    """Every passage that the answer may cite by now, those that tools found included."""

    sources: tuple[Source, ...]
    type: Literal["passages_found"] = "passages_found"


@dataclass(frozen=True, slots=True)
class RunStopped:
    """The run was ended by one of its bounds, in words with what to do next."""

    reason: RunEnd
    words: str
    type: Literal["run_stopped"] = "run_stopped"


@dataclass(frozen=True, slots=True)
class RunBegan:
    """What the run was given, for whoever replays it. Kept on the tape alone."""

    messages: tuple[Message, ...]
    sources: tuple[Source, ...]
    max_tokens: int
    canary: str = ""
    taint: str = ""
    type: Literal["run_began"] = "run_began"


@dataclass(frozen=True, slots=True)
class EffectBegan:
    """The call is about to change something: written down before it does. Kept on the tape alone."""

    call: ToolCall
    type: Literal["effect_began"] = "effect_began"


@dataclass(frozen=True, slots=True)
class ResultKept:
    """The whole result of a call that was cut. Kept on the tape alone."""

    call_id: str
    whole: str
    type: Literal["result_kept"] = "result_kept"


AgentEvent = (
    ModelEvent
    | RunBegan
    | EffectBegan
    | ResultKept
    | StepStarted
    | ApprovalAsked
    | ApprovalGiven
    | ToolReturned
    | PassagesFound
    | RunStopped
)
