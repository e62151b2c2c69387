"""The lab: the turns of one conversation under other plans for its window, counted once; nothing is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import zip_longest

from core.retrieval.relevance import Relevance
from core.tokens.budget import allot
from core.tokens.counter import REPLY_OVERHEAD
from core.tokens.strategies import DEFAULT, STRATEGIES, Asked, most_relevant
from core.tokens.strategies import summary as by_summary
from core.types import ModelInfo, Region, WindowPlan

_SUMMARY, _SUMMARY_PROMPT = 240, 90
"""About what a summary of 150 words comes to in its fence, and the prompt that asks for it."""


@dataclass(frozen=True, slots=True)
class Said:
    """A turn as the lab sees it: tokens of its question, of the two messages that it becomes in the
    history, of each passage it was given, and of its answer."""

    turn_id: str
    question: str
    prompt: int
    history: int
    passages: tuple[int, ...]
    answer: int
    chunks: tuple[int, ...] = ()
    """The ids of those passages, as far as they are known."""
    first: str = ""
    """The turn in which the question was asked first; its own id unless it was asked again."""


@dataclass(frozen=True, slots=True)
class Shortened:
    """A summary in the window: which earlier turns it stands for, from how many summaries upon each other, and
    its tokens. Where it is not written yet, `call` tokens are sent for it and it costs `cost` at most."""

    turns: tuple[bool, ...]
    depth: int
    tokens: int
    call: int = 0
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The window of one question under a plan: which earlier turns are in it and how many of the `offered`
    passages, with their tokens; tokens sent, free and reserved; what it costs, and what all questions so far would have
    cost, and one more like it would (US dollars, None when the price is unknown). `over` is by how much it does not fit, 0 when it does."""

    kept: tuple[bool, ...]
    passages: int
    sent: int
    reserve: int
    free: int
    cost: Decimal | None
    sent_so_far: int
    cost_so_far: Decimal | None
    over: int = 0
    offered: int = 0
    sources: int = 0
    cost_next: Decimal | None = None
    summary: Shortened | None = None
    parts: Mapping[Region, int] = field(default_factory=dict)
    """What each region takes, where the window was put together; the sums alone do not say."""


class Lab:
    """The turns of a conversation, counted once for one model."""

    def __init__(
        self,
        turns: Sequence[Said],
        texts: Sequence[str],
        system: int,
        model: ModelInfo,
        conversation_id: str = "",
    ):
        self.turns = tuple(turns)
        self.system = system
        self.model = model
        self.conversation_id = conversation_id
        self._relevance = Relevance(texts)
        self._chunks = {
            chunk: size
            for turn in turns
            for chunk, size in zip(turn.chunks, turn.passages, strict=False)
        }

    def outcome(self, plan: WindowPlan, at: int, reserve: int) -> Outcome:
        """The window of question number `at` (0 the first), and the sums of all up to it."""
        pinned = frozenset(n for n, turn in enumerate(self.turns) if turn.turn_id in plan.turns)
        past = _Past(plan, reserve, pinned, _sizes(self.turns, pinned))
        found = [self._asked(past, n) for n in range(at + 1)]
        *before, last = found
        short = past.short
        sent = sum(each.sent + each.call for each in before)
        calls = sum(each.call > 0 for each in before)
        answered = sum(turn.answer for turn in self.turns[:at]) + calls * _SUMMARY
        following = self.turns[min(at + 1, len(self.turns) - 1)]
        then = self._asked(past, at + 1, following)
        return Outcome(
            tuple(n in pinned or n in last.turns for n in range(at)),
            last.passages,
            last.sent,
            reserve,
            last.free,
            self._cost(last.sent, self.turns[at].answer or reserve),
            sent,
            self._cost(sent, answered),
            last.over,
            last.offered,
            last.sources,
            self._cost(
                then.sent + then.call, (following.answer or reserve) + (then.call > 0) * _SUMMARY
            ),
            Shortened(
                tuple(n in short.turns for n in range(at)),
                short.depth,
                _SUMMARY,
                last.call,
                self._cost(last.call, _SUMMARY) if last.call else None,
            )
            if short.depth
            else None,
        )

    def _asked(self, past: "_Past", at: int, asked: Said | None = None) -> "_Window":
        """The window of that question, with the older turns summarised first where that is the plan."""
        asked = asked or self.turns[at]
        window = self._window(past, at, asked)
        if past.plan.strategy != by_summary.name or window.over:
            return window
        loose = frozenset(range(at)) - past.pinned - past.short.turns
        if loose <= window.turns:
            return window
        # As Composer does: what did not fit, and of what did the older half.
        gone, kept = loose - window.turns, sorted(loose & window.turns)
        half = kept[: len(kept) // 2]
        older = gone.union(half)
        call = past.short.tokens + sum(past.sizes[n] for n in older) + _SUMMARY_PROMPT
        past.short = _Short(past.short.turns | older, past.short.depth + 1)
        return replace(self._window(past, at, asked), call=call)

    def pins(self, plan: WindowPlan) -> list[tuple[str, int]]:
        """What is pinned, in words, with its tokens; the largest first."""
        turns = [
            (f"“{turn.question}”", turn.history)
            for turn in self.turns
            if turn.turn_id in plan.turns
        ]
        passages = [
            ("a passage", self._chunks[each]) for each in plan.passages if each in self._chunks
        ]
        return sorted([*turns, *passages], key=lambda pin: -pin[1])

    def _window(self, past: "_Past", at: int, asked: Said) -> "_Window":
        plan, inside = past.plan, past.short.turns
        always = self.system + asked.prompt + REPLY_OVERHEAD + past.short.tokens
        always += sum(self.turns[n].history for n in past.pinned if n < at)
        fixed = [self._chunks[each] for each in plan.passages if each in self._chunks]
        known = zip_longest(asked.passages, asked.chunks)
        loose = [size or 0 for size, chunk in known if chunk not in plan.passages or chunk is None]
        offered = len(fixed) + len(loose)
        always += sum(fixed)
        room = min(self.model.window, plan.limit or self.model.window) - past.reserve - always
        if room < 0:
            return _Window(frozenset(), 0, always, 0, -room, offered, 0)
        strategy = STRATEGIES.get(plan.strategy) or STRATEGIES[DEFAULT]
        near = self._relevance.scores(asked.question, at) if strategy is most_relevant else ()
        order = strategy.rank(at, Asked(plan.latest, near)).order
        sizes = past.sizes[:at]
        if inside:
            order = tuple(n for n in order if n not in inside)
            sizes = [0 if n in inside else size for n, size in enumerate(sizes)]
        given = allot(room, plan.source_share, loose, sizes, order)
        sources = sum(loose[: given.sources])
        taken = sum(sizes[n] for n in given.turns) + sources
        count, sources = given.sources + len(fixed), sources + sum(fixed)
        return _Window(given.turns, count, always + taken, room - taken, 0, offered, sources)

    def _cost(self, sent: int, answered: int) -> Decimal | None:
        return None if self.model.price is None else self.model.price.of(sent, answered)


@dataclass(frozen=True, slots=True)
class _Window:
    turns: frozenset[int]
    passages: int
    sent: int
    free: int
    over: int
    offered: int
    sources: int
    call: int = 0


@dataclass(frozen=True, slots=True)
class _Short:
    """The turns that a summary stands for, and from how many summaries upon each other."""

    turns: frozenset[int] = frozenset()
    depth: int = 0

    @property
    def tokens(self) -> int:
        return _SUMMARY if self.depth else 0


@dataclass(slots=True)
class _Past:
    """A conversation that is gone through question by question under one plan; `short` is what was summarised
    so far, and changes on the way."""

    plan: WindowPlan
    reserve: int
    pinned: frozenset[int]
    sizes: Sequence[int]
    short: _Short = field(default_factory=_Short)


def _sizes(turns: Sequence[Said], pinned: frozenset[int]) -> list[int]:
    return [0 if n in pinned else turn.history for n, turn in enumerate(turns)]
