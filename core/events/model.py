"""What a model may say, from its first word until it is done, whichever vendor it is of."""

from dataclasses import dataclass
from typing import Literal

from core.types import ToolCall, Usage

FinishReason = Literal["stop", "length", "tool_calls", "refusal", "content_filter"]


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More of the answer."""

    text: str
    type: Literal["text_delta"] = "text_delta"


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """More of what the model thinks aloud."""

    text: str
    type: Literal["reasoning_delta"] = "reasoning_delta"


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A fragment of the call at place `index`; `id` and `name` come with the first one only."""

    index: int
    text: str = ""
    id: str = ""
    name: str = ""
    type: Literal["tool_call_delta"] = "tool_call_delta"


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """A call is whole; it comes only when the model said that it had finished writing."""

    call: ToolCall
    type: Literal["tool_called"] = "tool_called"


@dataclass(frozen=True, slots=True)
class FellBack:
    """The model `ref` does not answer, for the reason in words; `to` is asked instead."""

    ref: str
    to: str
    reason: str
    type: Literal["fell_back"] = "fell_back"


@dataclass(frozen=True, slots=True)
class Progress:
    """A wait that is shown: `done` of `total` (0: unknown) at `stage`, in words in `note`."""

    stage: Literal["indexing", "searching", "loading", "reading", "retrying", "waiting"]
    note: str
    done: int = 0
    total: int = 0
    type: Literal["progress"] = "progress"


@dataclass(frozen=True, slots=True)
class ModelDone:
    """The model said that it is done, and why. `usage` is None when the vendor sent none."""

    finish: FinishReason
    usage: Usage | None
    model: str
    detail: str = ""
    """What the vendor said about a refusal."""
    from_tape: bool = False
    """Said again by a replay: nothing was used for it now."""
    type: Literal["model_done"] = "model_done"


@dataclass(frozen=True, slots=True)
class StepAsked:
    """The model is about to be asked; `digest` names the exact request. Kept on the tape alone."""

    digest: str
    type: Literal["step_asked"] = "step_asked"


@dataclass(frozen=True, slots=True)
class Diverged:
    """A replay leaves its tape at this step, for the reason in words: from here on it is live."""

    step: int
    why: str
    type: Literal["diverged"] = "diverged"


ModelEvent = (
    TextDelta
    | ReasoningDelta
    | ToolCallDelta
    | ToolCalled
    | FellBack
    | Progress
    | ModelDone
    | StepAsked
    | Diverged
)
