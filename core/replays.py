"""Replays: a kept run gone through again with something changed, its price said first, and both compared."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from core.agent.rules import Bounds, tokens_of
from core.errors import Conflict, Misuse, NotFound, Refused
from core.events import RunBegan
from core.metering import TurnMeter
from core.models import Models
from core.store.turns import Turns
from core.tape import Row, Step, events_of, read
from core.traces.comparison import Comparison, compared
from core.turns.runner import Started, TurnRunner
from core.types import Replay, Turn, TurnRequest
from core.windows.context import Context
from core.windows.rewriting import rewritten

CUT_OFF = frozenset({"interrupted", "failed", "stopped"})
"""How a run has ended that can go on from where it was."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a replay changes: from `step` on another model or prompt, another question or other messages of
    the window by their place in it (0 is the first); other results of tools by the id of their call, and
    other words of the model, before its calls, by their step. None and nothing: as it was."""

    step: int = 1
    model: str | None = None
    template: str | None = None
    question: str | None = None
    results: Mapping[str, str] = field(default_factory=dict)
    messages: Mapping[int, str] = field(default_factory=dict)
    said: Mapping[int, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """All that stands in it for something else."""
        texts = (*self.messages.values(), *self.said.values(), *self.results.values())
        return "".join((self.question or "", *texts))

    @property
    def anew(self) -> bool:
        """Whether the window has to be put together anew."""
        return self.template is not None or self.question is not None


@dataclass(frozen=True, slots=True)
class Price:
    """What a replay may cost: nothing when `live_from` is None, else at most `calls` calls, the first of
    them at most `first` US dollars (None: unknown), all of them no more than `limit` (None: no limit)."""

    taped: int
    live_from: int | None
    model: str
    calls: int = 0
    first: Decimal | None = Decimal(0)
    limit: Decimal | None = None


class Replays:
    """Prices, starts and compares replays."""

    def __init__(
        self,
        *,
        turns: Turns,
        runner: TurnRunner,
        models: Models,
        meter: Callable[..., TurnMeter],
        count: Callable[[str], int],
        bounds: Bounds,
        window: Callable[[str, str], Context | None],
    ) -> None:
        self._turns = turns
        self._runner = runner
        self._models = models
        self._meter = meter
        self._count = count
        self._bounds = bounds
        self._window = window

    def price(self, user: str, turn_id: str, changes: Changes) -> Price:
        """What the replay may cost, said before it is begun. Raises like `start`."""
        turn, rows = self._kept(user, turn_id)
        steps = read(rows)
        self._request(user, turn, steps, changes)
        taped = [step for step in steps if step.response.finish]
        at = _live_from(turn, taped, changes)
        model = self._models.resolve(changes.model or turn.request.model or turn.model).ref
        if at is None:
            return Price(len(taped), None, model)
        began: RunBegan = events_of(rows, "begin")[0][1]
        said = "".join(_text(step) for step in taped if step.number < at)
        # What is changed is counted beside what was there: it is the most that is asked for.
        tokens = tokens_of(began.messages, self._count) + self._count(said + changes.text)
        meter = self._meter(user, turn.id, turn.conversation_id)
        first = meter.worst_case(model, tokens, began.max_tokens)
        calls = max(1, self._bounds.steps - at + 1)
        return Price(min(at - 1, len(taped)), at, model, calls, first, self._bounds.dollars)

    def start(self, user: str, turn_id: str, changes: Changes) -> Started:
        """Begin the replay, a turn of its own: one that was cut off goes on in its conversation, any
        other has a new one.

        Raises NotFound, Conflict while the run goes on, Misuse for a change that does not fit, and
        Refused when there is no tape to go along.
        """
        turn, rows = self._kept(user, turn_id)
        request = self._request(user, turn, read(rows), changes)
        where = turn.conversation_id if turn.status in CUT_OFF else None
        return self._runner.start(user, request, conversation_id=where)

    def compare(self, user: str, turn_id: str) -> Comparison:
        """The replay beside the run that it went along. Raises NotFound when it is none."""
        after = self._turns.get(user, turn_id)
        if after.request.replay is None:
            raise NotFound(f"the turn {turn_id} is no replay")
        before = self._turns.get(user, after.request.replay.of)
        was, is_now = self._turns.tape(user, before.id), self._turns.tape(user, turn_id)
        return compared(before, after, was, is_now)

    def _kept(self, user: str, turn_id: str) -> tuple[Turn, Sequence[Row]]:
        turn = self._turns.get(user, turn_id)
        if not turn.request.tools:
            raise Misuse(
                "this answer was made without tools: it has no steps to go through again",
                hint="Ask again, or try it with other models on the Prompts page.",
            )
        if turn.status == "running":
            raise Conflict("the run still goes on", hint="Wait for its end, or stop it.")
        rows = self._turns.tape(user, turn_id)
        if not any(kind == "begin" for _, kind, _ in rows):
            raise Refused(
                "the tape of this run is not there",
                hint="A keeping rule deleted it, or it is older than replays. Ask again.",
            )
        return turn, rows

    def _request(
        self, user: str, turn: Turn, steps: Sequence[Step], changes: Changes
    ) -> TurnRequest:
        if not 1 <= changes.step <= len(steps) + 1:
            raise Misuse(f"this run has {len(steps)} steps", hint="Choose one of them.")
        _check_steps(steps, changes)
        self._check_window(user, turn, changes)
        was = turn.request
        return replace(
            was,
            prompt=changes.question or was.prompt,
            model=changes.model or was.model or turn.model,
            template=changes.template or turn.prompt_version or was.template,
            key_id="",
            link_id="",
            visitor_id="",
            replay=Replay(
                turn.id,
                changes.step,
                results=tuple(sorted(changes.results.items())),
                messages=tuple(sorted(changes.messages.items())),
                said=tuple(sorted(changes.said.items())),
                anew=changes.anew,
            ),
        )

    def _check_window(self, user: str, turn: Turn, changes: Changes) -> None:
        if changes.messages and changes.anew:
            raise Misuse(
                "a message of the window cannot be changed together with the question or the prompt, which "
                "make another window",
                hint="Change the one in this replay, and the other in a replay of it.",
            )
        if changes.messages and (window := self._window(user, turn.id)):
            rewritten(window, changes.messages, self._count)


def _check_steps(steps: Sequence[Step], changes: Changes) -> None:
    known = {ran.call.id for step in steps for ran in step.calls if ran.result}
    for call_id in changes.results:
        if call_id not in known:
            there = ", ".join(sorted(known)) or "none"
            raise Misuse(
                f"this run has no result of a call {call_id[:64]!r}", hint=f"It has: {there}."
            )
    goes_on = [step.number for step in steps if step.calls]
    for number in changes.said:
        if number not in goes_on:
            there = ", ".join(map(str, goes_on)) or "none"
            raise Misuse(
                f"nothing follows what the model said at step {number}",
                hint=f"Tools were called at: {there}.",
            )


def _live_from(turn: Turn, taped: Sequence[Step], changes: Changes) -> int | None:
    """The first step that may have to be asked; None when all of it is on the tape."""
    found = []
    if changes.model or changes.anew or changes.messages:
        found.append(changes.step)
    found += [number + 1 for number in changes.said]
    found += [
        step.number + 1
        for step in taped
        if any(ran.call.id in changes.results for ran in step.calls)
    ]
    if turn.status != "done":
        found.append(len(taped) + 1)
    return min(found, default=None)


def _text(step: Step) -> str:
    results = (ran.result.text for ran in step.calls if ran.result)
    calls = (ran.call.arguments for ran in step.calls)
    return "\n".join((step.response.text, *calls, *results))
