"""A tape that is played again: what a model said and what tools returned, as long as it still fits."""

import hashlib
import json
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from core.events import ModelDone, ModelEvent, ReasoningDelta, RunStopped, TextDelta, ToolCalled
from core.tape import Ran, Response, Row, Step, events_of, read
from core.tools.dispatcher import Read
from core.tools.tool import Outcome
from core.types import Message, Replay, Source, ToolCall, ToolSpec

UNKNOWN = (
    "It is unknown whether this took effect: the app ended while it ran. It was not run again. Find "
    "out in another way, or ask the user, before you call it again."
)
_MESSAGES: TypeAdapter[tuple[Message, ...]] = TypeAdapter(tuple[Message, ...])
_SPECS: TypeAdapter[tuple[ToolSpec, ...]] = TypeAdapter(tuple[ToolSpec, ...])


def digest(
    model: str,
    max_tokens: int,
    messages: tuple[Message, ...],
    tools: tuple[ToolSpec, ...],
    choice: str,
    stop: tuple[str, ...],
) -> str:
    """The name of a request: two that differ in anything that the model reads have two."""
    head = json.dumps([model, max_tokens, choice, stop])
    told = (head.encode(), _MESSAGES.dump_json(messages), _SPECS.dump_json(tools))
    return hashlib.sha256(b"\n".join(told)).hexdigest()


class Reel:
    """The tape of one run while another goes through it; asked once for each step, in their order.

    When that run was a replay itself, `older` is what it went along: what it had not come to when it was
    cut off is there, and what was done there is done.
    """

    def __init__(self, rows: Sequence[Row], replay: Replay, older: "Reel | None" = None) -> None:
        self._older = older
        self._steps = {step.number: step for step in read(rows)}
        self._order = [data["call_id"] for _, kind, data in rows if kind == "tool"]
        self._wholes = {event.call_id: event.whole for _, event in events_of(rows, "whole")}
        self._passages = dict(events_of(rows, "passages"))
        self._effects = [event.call for _, event in events_of(rows, "effect")]
        self._begun = {call.id for call in self._effects}
        self._ends = [event for _, event in events_of(rows, "end")]
        self._replay = replay
        self._changed = dict(replay.results)
        self._said = dict(replay.said)
        self._at = 0
        self._on = True
        self._told = False
        self._loose = self._by_call()

    # --- the model ----------------------------------------------------------------------------

    def response(self, asked: str) -> Response | None:
        """What the model said at the next step; None when it has to be asked."""
        before = self._older.response(asked) if self._older else None
        self._at += 1
        step = self._steps.get(self._at)
        kept = step is not None and (
            (self._on and not self._told and self._at < self._replay.step)
            or step.response.asked == asked
        )
        self._on = kept
        return self._heard(step) if step and kept else before

    @property
    def step(self) -> int:
        """The step that was last asked about."""
        return self._at

    def why(self) -> str:
        """Why the tape was left, said once; "" afterwards."""
        if self._told:
            return ""
        self._told = True
        if self._at not in self._steps:
            return "the tape ends here"
        if self._replay.anew:
            return "what the model is asked is not what it was asked then"
        if self._changed:
            return "a result that was changed is read here"
        if self._said or self._replay.messages:
            return "a message that was changed is read here"
        return "what the model is asked is not what it was asked then"

    def end(self) -> RunStopped | None:
        """The bound of time or money that ended the run where the tape ends."""
        if self._told or self._at + 1 in self._steps:
            return None
        return next((end for end in self._ends if end.reason in ("time", "money")), None)

    def _heard(self, step: Step) -> Response:
        text = self._said.get(step.number, step.response.text)
        return replace(step.response, text=text)

    # --- the tools ----------------------------------------------------------------------------

    def outcomes(self, reads: Sequence[Read], kept: dict[str, str]) -> dict[str, Outcome]:
        """What is known of these calls, in the order in which they ended then; the others have to be
        run. What was cut is put back among the `kept`."""
        here = self._steps[self._at].calls if self._on else ()
        known = {ran.call.id: ran for ran in here}
        found = {}
        for each in reads:
            outcome = self._known(each, known) if self._on else self._again(each)
            if outcome:
                found[each.call.id] = outcome
            if outcome and outcome.whole:
                kept[each.call.id] = outcome.whole
        if self._older:
            found |= self._older.outcomes([r for r in reads if r.call.id not in found], kept)
        for each in reads:
            if each.call.id not in found and (outcome := self._unfinished(each)):
                found[each.call.id] = outcome
        places = {call_id: place for place, call_id in enumerate(self._order)}
        return dict(sorted(found.items(), key=lambda each: places.get(each[0], len(places))))

    def began(self, call_id: str) -> bool:
        """Whether this call of the step had begun to change something."""
        older = self._older.began(call_id) if self._older else False
        return older or (self._on and call_id in self._begun)

    def sources(self) -> Sequence[Source]:
        """The passages that may be cited after this step; none when it added none."""
        found = self._passages.get(self._at) if self._on else None
        if found is None and self._older:
            return self._older.sources()
        return found.sources if found else ()

    def _known(self, each: Read, known: Mapping[str, Ran]) -> Outcome | None:
        ran = known.get(each.call.id)
        if ran and ran.result:
            text = self._changed.get(each.call.id)
            if text is not None:
                return Outcome(text, arguments=_plain(each.arguments))
            return self._outcome(ran, each)
        return None

    def _again(self, each: Read) -> Outcome | None:
        """The same call at a step that is new: it is not run a second time."""
        if waiting := self._loose.get(_key(each.call)):
            return self._outcome(waiting.popleft(), each)
        return None

    def _unfinished(self, each: Read) -> Outcome | None:
        for call in self._effects:
            if _key(call) == _key(each.call) and call.id not in self._order:
                self._effects.remove(call)
                return Outcome(UNKNOWN, True, "unknown", arguments=_plain(each.arguments))
        return None

    def _outcome(self, ran: Ran, each: Read) -> Outcome:
        said = ran.result
        assert said
        whole = self._wholes.get(ran.call.id, "")
        given = _plain(each.arguments)
        return Outcome(
            said.text, said.failed, said.code, said.seconds, said.shown, (), whole, given
        )

    def _by_call(self) -> dict[tuple[str, str], deque[Ran]]:
        found: dict[tuple[str, str], deque[Ran]] = defaultdict(deque)
        for ran in self._reusable():
            found[_key(ran.call)].append(ran)
        return found

    def _reusable(self) -> Iterator[Ran]:
        # Numbers of passages belong to their run, and what was denied may be allowed now.
        for step in self._steps.values():
            for ran in step.calls if step.number not in self._passages else ():
                if ran.result and ran.result.code != "denied":
                    yield ran


def said(response: Response) -> Iterator[ModelEvent]:
    """What the model said, as the events that it was."""
    if response.reasoning:
        yield ReasoningDelta(response.reasoning)
    if response.text:
        yield TextDelta(response.text)
    for call in response.calls:
        yield ToolCalled(call)
    finish = response.finish or "stop"
    yield ModelDone(finish, response.usage, response.model, from_tape=True)  # type: ignore[arg-type]


def _key(call: ToolCall) -> tuple[str, str]:
    try:
        return call.name, json.dumps(json.loads(call.arguments), sort_keys=True)
    except (ValueError, RecursionError):
        return call.name, call.arguments


def _plain(arguments: Any) -> Any:
    return None if arguments is None else json.loads(json.dumps(arguments, default=str))
