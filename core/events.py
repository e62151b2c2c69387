"""What a stream may say, and its JSON form: ModelEvent < AgentEvent < StreamEvent."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Discriminator, TypeAdapter

from core.types import Budget, Citation, Message, Source, ToolCall, Usage

FinishReason = Literal["stop", "length", "tool_calls", "refusal", "content_filter"]
RunEnd = Literal["steps", "repeated", "time", "money"]
StopReason = Literal["finished", "stopped", "length", "refused", "not_found"] | RunEnd
Decision = Literal["once", "always", "no"]


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
class AnswerReplaced:
    """What was said so far is now this text: the final form of a table, or nothing when the model
    has to be asked again, for the reason in words."""

    text: str
    reason: str = ""
    type: Literal["answer_replaced"] = "answer_replaced"


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
    """The turn is over and in the database. `cost` is USD as a decimal string, None when the price is unknown."""

    stop_reason: StopReason
    words: str
    model: str
    usage: Usage | None
    cost: str | None
    seconds: float
    first_token_seconds: float | None
    type: Literal["turn_done"] = "turn_done"


@dataclass(frozen=True, slots=True)
class TurnFailed:
    """The turn could not be finished; what was said until then is kept."""

    code: str
    message: str
    hint: str
    type: Literal["turn_failed"] = "turn_failed"


@dataclass(frozen=True, slots=True)
class NothingFound:
    """Nothing in the documents is near the question, and no model is asked to guess; `nearness` is
    how sure the search is of the best passage, 0 to 1."""

    nearness: float
    type: Literal["nothing_found"] = "nothing_found"


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

_adapter: TypeAdapter[StreamEvent] = TypeAdapter(Annotated[StreamEvent, Discriminator("type")])
# A model may say half of a surrogate pair; JSON and the database cannot hold it.
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """The text without what no database or JSON reader can hold: lone surrogates become U+FFFD, NUL goes."""
    return _LONE_SURROGATE.sub("\ufffd", text).replace("\x00", "")


def cleaned(value: Any) -> Any:
    """Plain data with every text in it clean."""
    match value:
        case str():
            return clean(value)
        case dict():
            return {cleaned(key): cleaned(item) for key, item in value.items()}
        case list() | tuple():
            return type(value)(cleaned(item) for item in value)
        case _:
            return value


def dump(event: StreamEvent) -> str:
    """The event as one line of JSON, tagged by `type`."""
    return _adapter.dump_json(event).decode()


def load(data: str | bytes) -> StreamEvent:
    """The event that `dump` wrote."""
    return _adapter.validate_json(data)
