"""What if: the turns of one conversation under other plans for its window; nothing is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.context import DEFAULT_MAX_TOKENS, FENCE_TOKENS
from core.retrieval.relevance import Relevance
from core.store.conversations import Conversations
from core.store.turns import Turns
from core.tokens.budget import allot
from core.tokens.counter import REPLY_OVERHEAD, Counter
from core.tokens.strategies import DEFAULT, STRATEGIES, Asked, most_relevant
from core.types import Message, ModelInfo, Turn, WindowPlan, message


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


@dataclass(frozen=True, slots=True)
class Outcome:
    """The window of one question under a plan: which earlier turns are in it and how many of the
    passages; tokens sent, free and reserved; what it costs, and what all questions so far would have
    cost (US dollars, None when the price is unknown). `over` is by how much it does not fit, 0 when it does."""

    kept: tuple[bool, ...]
    passages: int
    sent: int
    reserve: int
    free: int
    cost: Decimal | None
    sent_so_far: int
    cost_so_far: Decimal | None
    over: int = 0


class Lab:
    """The turns of a conversation, counted once for one model."""

    def __init__(self, turns: Sequence[Said], texts: Sequence[str], system: int, model: ModelInfo):
        self.turns = tuple(turns)
        self.system = system
        self.model = model
        self._relevance = Relevance(texts)

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
        )

    def _window(
        self, plan: WindowPlan, at: int, reserve: int, pinned: frozenset[int], sizes: Sequence[int]
    ) -> "_Window":
        asked = self.turns[at]
        always = self.system + asked.prompt + REPLY_OVERHEAD
        always += sum(self.turns[n].history for n in pinned if n < at)
        room = min(self.model.window, plan.limit or self.model.window) - reserve - always
        if room < 0:
            return _Window(frozenset(), 0, always, 0, -room)
        strategy = STRATEGIES.get(plan.strategy) or STRATEGIES[DEFAULT]
        near = self._relevance.scores(asked.question, at) if strategy is most_relevant else ()
        order = strategy.rank(at, Asked(plan.latest, near)).order
        given = allot(room, plan.source_share, asked.passages, sizes[:at], order)
        taken = sum(sizes[n] for n in given.turns) + sum(asked.passages[: given.sources])
        return _Window(given.turns, given.sources, always + taken, room - taken, 0)

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


@dataclass(frozen=True, slots=True)
class Next:
    """What a question that is being written would send, about: `prompt` tokens of its own, `sent` with
    everything around it, of which the first `same` are as they were for the question before; what is
    `free` then. `cost` is that of sending alone, in US dollars, None when the price is unknown; `over` is by
    how much it does not fit."""

    prompt: int
    sent: int
    same: int
    free: int
    window: int
    cost: Decimal | None
    over: int


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
        return Lab([self._said(turn, model) for turn in turns], texts, system, model)

    def next(
        self,
        user: str,
        conversation_id: str | None,
        prompt: str,
        model: ModelInfo,
        use_documents: bool = True,
    ) -> Next:
        """What the question would send. Passages are those that the question before took: which ones it
        will be is known only when it is asked."""
        known = self.open(user, conversation_id, model) if conversation_id else None
        plan = (
            self._conversations.plan(user, conversation_id) if known and conversation_id else None
        )
        newest = self._turns.list(user, 1)
        lab = known or (self.open(user, newest[0].conversation_id, model) if newest else None)
        system = lab.system if lab else 0
        passages = lab.turns[-1].passages if lab and use_documents else ()
        size = self._counter.count_message(message("user", prompt), model.ref)
        turns = known.turns if known else ()
        asked = Lab(
            [*turns, Said("", prompt, size, 0, passages, 0)],
            [*(turn.question for turn in turns), prompt],
            system,
            model,
        )
        reserve = min(DEFAULT_MAX_TOKENS, model.max_output, max(1, model.window // 2))
        now = asked.outcome(plan or WindowPlan(), len(turns), reserve)
        before = asked.outcome(plan or WindowPlan(), len(turns) - 1, reserve) if turns else None
        cost = None if model.price is None else model.price.input * now.sent / Decimal(10**6)
        same = 0 if before is None else system + _kept_alike(turns, before.kept, now.kept)
        return Next(size, now.sent, same, now.free, model.window, cost, now.over)

    def _said(self, turn: Turn, model: ModelInfo) -> Said:
        def size(said: Message) -> int:
            return self._counter.count_message(said, model.ref)

        asked = size(message("user", turn.request.prompt))
        passages = tuple(
            self._counter.count(source.hit.chunk.text, model.ref) + FENCE_TOKENS
            for source in turn.sources
        )
        answered = turn.usage.output_tokens if turn.usage else 0
        history = asked + size(message("assistant", turn.answer))
        return Said(turn.id, turn.request.prompt, asked, history, passages, answered)


def _kept_alike(turns: Sequence[Said], before: Sequence[bool], now: Sequence[bool]) -> int:
    """Tokens of the turns that both windows begin with."""
    same = 0
    for turn, had, has in zip(turns, before, now, strict=False):
        if had != has:
            break
        same += turn.history if has else 0
    return same
