"""What if: the turns of one conversation under other plans for its window; nothing is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest

from core.context import FENCE_TOKENS
from core.exchanges import exchanged
from core.retrieval.relevance import Relevance
from core.store.conversations import Conversations
from core.store.turns import Turns
from core.tokens.budget import allot
from core.tokens.counter import REPLY_OVERHEAD, Counter
from core.tokens.strategies import DEFAULT, STRATEGIES, Asked, most_relevant
from core.types import ModelInfo, Turn, WindowPlan


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


class Lab:
    """The turns of a conversation, counted once for one model."""

    def __init__(self, turns: Sequence[Said], texts: Sequence[str], system: int, model: ModelInfo):
        self.turns = tuple(turns)
        self.system = system
        self.model = model
        self._relevance = Relevance(texts)
        self._chunks = {
            chunk: size
            for turn in turns
            for chunk, size in zip(turn.chunks, turn.passages, strict=False)
        }

    def outcome(self, plan: WindowPlan, at: int, reserve: int) -> Outcome:
        """The window of question number `at` (0 the first), and the sums of all up to it."""
        pinned = frozenset(n for n, turn in enumerate(self.turns) if turn.turn_id in plan.turns)
        sizes = [0 if n in pinned else turn.history for n, turn in enumerate(self.turns)]
        found = [self._window(plan, n, reserve, pinned, sizes) for n in range(at + 1)]
        *before, last = found
        sent = sum(each.sent for each in before)
        answered = sum(turn.answer for turn in self.turns[:at])
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
            self._next(plan, at, reserve),
        )

    def _next(self, plan: WindowPlan, at: int, reserve: int) -> Decimal | None:
        """What the question behind that one costs; behind the last, one like the last."""
        asked = self.turns[min(at + 1, len(self.turns) - 1)]
        pinned = frozenset(n for n, turn in enumerate(self.turns) if turn.turn_id in plan.turns)
        sizes = [0 if n in pinned else turn.history for n, turn in enumerate(self.turns)]
        window = self._window(plan, at + 1, reserve, pinned, sizes, asked)
        return self._cost(window.sent, asked.answer or reserve)

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

    def _window(
        self,
        plan: WindowPlan,
        at: int,
        reserve: int,
        pinned: frozenset[int],
        sizes: Sequence[int],
        asked: Said | None = None,
    ) -> "_Window":
        asked = asked or self.turns[at]
        always = self.system + asked.prompt + REPLY_OVERHEAD
        always += sum(self.turns[n].history for n in pinned if n < at)
        fixed = [self._chunks[each] for each in plan.passages if each in self._chunks]
        known = zip_longest(asked.passages, asked.chunks)
        loose = [size or 0 for size, chunk in known if chunk not in plan.passages or chunk is None]
        offered = len(fixed) + len(loose)
        always += sum(fixed)
        room = min(self.model.window, plan.limit or self.model.window) - reserve - always
        if room < 0:
            return _Window(frozenset(), 0, always, 0, -room, offered, 0)
        strategy = STRATEGIES.get(plan.strategy) or STRATEGIES[DEFAULT]
        near = self._relevance.scores(asked.question, at) if strategy is most_relevant else ()
        order = strategy.rank(at, Asked(plan.latest, near)).order
        given = allot(room, plan.source_share, loose, sizes[:at], order)
        sources = sum(loose[: given.sources])
        taken = sum(sizes[n] for n in given.turns) + sources
        count, sources = given.sources + len(fixed), sources + sum(fixed)
        return _Window(given.turns, count, always + taken, room - taken, 0, offered, sources)

    def _cost(self, sent: int, answered: int) -> Decimal | None:
        price = self.model.price
        if price is None:
            return None
        return (price.input * sent + price.output * answered) / Decimal(10**6)


@dataclass(frozen=True, slots=True)
class _Window:
    turns: frozenset[int]
    passages: int
    sent: int
    free: int
    over: int
    offered: int
    sources: int


class WhatIf:
    """Opens conversations for the lab."""

    def __init__(self, conversations: Conversations, turns: Turns, counter: Counter) -> None:
        self._conversations = conversations
        self._turns = turns
        self._counter = counter

    def open(self, user: str, conversation_id: str, model: ModelInfo) -> Lab | None:
        """The conversation's turns as this model counts them; None when nothing was answered in it."""
        turns = [
            turn
            for turn in self._conversations.history(user, conversation_id)
            if turn.status != "running"
        ]
        if not turns:
            return None
        budget = self._turns.budget(user, turns[-1].id)
        system = (
            sum(part.tokens for part in budget.slices if part.region == "system") if budget else 0
        )
        texts = [f"{turn.request.prompt}\n{turn.answer}" for turn in turns]
        return Lab([self._said(user, turn, model) for turn in turns], texts, system, model)

    def _said(self, user: str, turn: Turn, model: ModelInfo) -> Said:
        """The turn with the passages that it was given when it was asked first."""

        asked, answer = (
            self._counter.count_message(said, model.ref) for said in exchanged(turn).messages
        )
        first = self._turns.get(user, turn.request.again) if turn.request.again else turn
        passages = tuple(
            self._counter.count(source.hit.chunk.text, model.ref) + FENCE_TOKENS
            for source in first.sources
        )
        answered = turn.usage.output_tokens if turn.usage else 0
        chunks = tuple(source.hit.chunk_id for source in first.sources)
        return Said(turn.id, turn.request.prompt, asked, asked + answer, passages, answered, chunks)
