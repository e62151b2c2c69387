"""The tape of a turn: each response of a model and each result of a tool, in steps, as it was."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import TypeAdapter

from core.events import (
    AnswerReplaced,
    ApprovalAsked,
    ApprovalGiven,
    Diverged,
    EffectBegan,
    ModelDone,
    PassagesFound,
    ReasoningDelta,
    ResultKept,
    RunBegan,
    RunStopped,
    StepAsked,
    StepStarted,
    StreamEvent,
    TextDelta,
    ToolCalled,
    ToolReturned,
)
from core.types import ToolCall, Usage

Row = tuple[int, str, Any]
"""Its step, its kind, and itself in plain JSON values: `model` and `tool` are what came back, `begin`
what the run was given, `effect` a call that began to change something, `whole` a result that was cut,
`passages` those that may be cited, `live` where a replay left its tape, `end` the bound that was met."""


@dataclass(frozen=True, slots=True)
class Response:
    """What a model said at one step; the calls are those that it asked for."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[ToolCall, ...] = ()
    finish: str = ""
    model: str = ""
    usage: Usage | None = None
    asked: str = ""
    """Names the exact request that it answers."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A call as far as it has come: allowed or not, and its result when there is one."""

    call: ToolCall
    result: ToolReturned | None = None
    asked: ApprovalAsked | None = None
    decision: str = ""

    @property
    def waits(self) -> bool:
        """Whether somebody must allow it before it goes on."""
        return self.asked is not None and not self.decision and self.result is None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a run: what the model said, and what came of the tools that it called."""

    number: int
    response: Response
    calls: tuple[Ran, ...] = ()


@dataclass(slots=True)
class _Open:
    """A response that is still being written, or whose tools still run."""

    number: int
    asked: str = ""
    text: str = ""
    response: Response = field(default_factory=Response)
    done: bool = False
    calls: dict[str, Ran] = field(default_factory=dict)


class Tape:
    """Listens to the events of a turn and keeps what a replay needs."""

    def __init__(self) -> None:
        self._steps: list[_Open] = []
        self._rows: list[Row] = []

    def note(self, event: StreamEvent) -> None:
        """Take the next event in."""
        match event:
            case StepStarted(step=number):
                self._steps.append(_Open(number))
            case TextDelta() | ReasoningDelta() | AnswerReplaced() | ToolCalled() | ModelDone():
                self._hear(event)
            case ApprovalAsked(call=call):
                self._change(call.id, asked=event)
            case ApprovalGiven(call_id=call_id, decision=decision):
                self._change(call_id, decision=decision)
            case ToolReturned(call_id=call_id):
                self._change(call_id, result=event)
                self._rows.append(
                    (self._open.number, "tool", _RETURNED.dump_python(event, mode="json"))
                )
            case StepAsked(digest=digest):
                self._open.asked = digest
            case _ if kept := _KEPT.get(type(event)):
                kind, adapter = kept
                number = self._steps[-1].number if self._steps else 0
                self._rows.append((number, kind, adapter.dump_python(event, mode="json")))
            case _:
                pass

    @property
    def steps(self) -> list[Step]:
        """The run so far."""
        return [
            Step(each.number, replace(each.response, text=each.text), tuple(each.calls.values()))
            for each in self._steps
        ]

    def rows(self) -> list[Row]:
        """What is kept of it in the database."""
        return list(self._rows)

    @property
    def _open(self) -> _Open:
        if not self._steps:  # a turn without tools has one step, which nobody announces
            self._steps.append(_Open(1))
        return self._steps[-1]

    def _hear(
        self, event: TextDelta | ReasoningDelta | AnswerReplaced | ToolCalled | ModelDone
    ) -> None:
        here = self._open
        if here.done and not isinstance(event, AnswerReplaced):  # asked once more in the same step
            here.text, here.response, here.done = "", Response(), False
        match event:
            case TextDelta(text):
                here.text += text
            case AnswerReplaced(text):
                here.text = text
            case ReasoningDelta(text):
                here.response = replace(here.response, reasoning=here.response.reasoning + text)
            case ToolCalled(call):
                here.calls[call.id] = Ran(call)
                here.response = replace(here.response, calls=(*here.response.calls, call))
            case ModelDone(finish=finish, usage=usage, model=model):
                here.done = True
                here.response = replace(
                    here.response,
                    text=here.text,
                    finish=finish,
                    usage=usage,
                    model=model,
                    asked=here.asked,
                )
                said = _RESPONSE.dump_python(here.response, mode="json")
                self._rows.append((here.number, "model", said))

    def _change(self, call_id: str, **given: Any) -> None:
        calls = self._open.calls
        if call_id in calls:
            calls[call_id] = replace(calls[call_id], **given)


_RESPONSE: TypeAdapter[Response] = TypeAdapter(Response)
_RETURNED: TypeAdapter[ToolReturned] = TypeAdapter(ToolReturned)
_KEPT: dict[type, tuple[str, TypeAdapter[Any]]] = {
    RunBegan: ("begin", TypeAdapter(RunBegan)),
    EffectBegan: ("effect", TypeAdapter(EffectBegan)),
    ResultKept: ("whole", TypeAdapter(ResultKept)),
    PassagesFound: ("passages", TypeAdapter(PassagesFound)),
    Diverged: ("live", TypeAdapter(Diverged)),
    RunStopped: ("end", TypeAdapter(RunStopped)),
}


def events_of(rows: Sequence[Row], kind: str) -> list[tuple[int, Any]]:
    """The rows of this kind, with their steps, as the events that they were."""
    adapter = next(each for name, each in _KEPT.values() if name == kind)
    return [(step, adapter.validate_python(data)) for step, name, data in rows if name == kind]


def read(rows: Sequence[Row]) -> list[Step]:
    """The steps that the rows of a turn tell of."""
    steps: dict[int, Step] = {}
    for number, kind, data in rows:
        if kind == "model":
            response = _RESPONSE.validate_python(data)
            calls = tuple(Ran(call) for call in response.calls)
            steps[number] = Step(number, response, calls)
        elif kind == "tool" and number in steps:
            result = _RETURNED.validate_python(data)
            step = steps[number]
            calls = tuple(
                replace(ran, result=result) if ran.call.id == result.call_id else ran
                for ran in step.calls
            )
            steps[number] = replace(step, calls=calls)
    return list(steps.values())
