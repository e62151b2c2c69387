"""What a question that is being written will send, region by region, and what that costs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from core.context import DEFAULT_MAX_TOKENS
from core.store.conversations import Conversations
from core.store.turns import Turns
from core.tokens.counter import REPLY_OVERHEAD, Counter
from core.types import Basis, Budget, ModelInfo, Region, WindowPlan, message
from core.whatif import Lab, Said, WhatIf

_FIXED: tuple[Region, ...] = ("system", "tools", "summary")


@dataclass(frozen=True, slots=True)
class Next:
    """What a question that is being written would send, about: `prompt` tokens of its own, `sent` with
    everything around it, of which the first `same` are as they were for the question before; what is
    `free` then, and what each region takes (`parts`). `cost` is that of sending alone, in US dollars, None
    when the price is unknown; `over` is by how much it does not fit, and `pin` what is pinned and takes most
    (`pin_tokens`), where without what is pinned it would. `basis` says what the counts rest on."""

    prompt: int
    sent: int
    same: int
    free: int
    window: int
    cost: Decimal | None
    over: int
    parts: dict[Region, int]
    basis: Basis
    pin: str = ""
    pin_tokens: int = 0


class Upcoming:
    """Looks ahead to the next question of a conversation, without asking anything."""

    def __init__(
        self, whatif: WhatIf, conversations: Conversations, turns: Turns, counter: Counter
    ) -> None:
        self._whatif = whatif
        self._conversations = conversations
        self._turns = turns
        self._counter = counter

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
        known = self._whatif.open(user, conversation_id, model) if conversation_id else None
        plan = (
            self._conversations.plan(user, conversation_id) if known and conversation_id else None
        ) or WindowPlan()
        plan = plan if use_documents else replace(plan, passages=())
        lab = known or self._newest(user, model)
        budget = self._turns.budget(user, lab.turns[-1].turn_id) if lab else None
        fixed = _fixed(budget, conversation=known is not None)
        turns = _unsummarised(known.turns, budget, plan) if known else []
        passages, chunks = (lab.turns[-1].passages, lab.turns[-1].chunks) if lab else ((), ())
        size = self._counter.count_message(message("user", prompt), model.ref)
        said = Said("", prompt, size, 0, passages, 0, chunks)
        asked = said if use_documents else replace(said, passages=(), chunks=())
        texts = [*(turn.question for turn in turns), prompt]
        return self._told(Lab([*turns, asked], texts, sum(fixed.values()), model), plan, fixed)

    def _newest(self, user: str, model: ModelInfo) -> Lab | None:
        newest = self._turns.list(user, 1)
        return self._whatif.open(user, newest[0].conversation_id, model) if newest else None

    def _told(self, lab: Lab, plan: WindowPlan, fixed: dict[Region, int]) -> Next:
        model, at = lab.model, len(lab.turns) - 1
        window = min(model.window, plan.limit or model.window)
        reserve = min(DEFAULT_MAX_TOKENS, model.max_output, max(1, window // 2))
        now = lab.outcome(plan, at, reserve)
        before = lab.outcome(plan, at - 1, reserve) if at else None
        size = lab.turns[at].prompt
        parts: dict[Region, int] = {
            **fixed,
            "sources": now.sources,
            "history": now.sent - lab.system - now.sources - size - REPLY_OVERHEAD,
            "prompt": size + REPLY_OVERHEAD,
            "reserve": reserve,
        }
        pins = lab.pins(plan)
        pin, tokens = pins[0] if sum(each for _, each in pins) >= now.over > 0 else ("", 0)
        return Next(
            prompt=size,
            sent=now.sent,
            same=0 if before is None else lab.system + _alike(lab.turns, before.kept, now.kept),
            free=now.free,
            window=window,
            cost=None if model.price is None else model.price.input * now.sent / Decimal(10**6),
            over=now.over,
            parts={name: count for name, count in parts.items() if count > 0},
            basis=self._counter.basis(model.ref),
            pin=pin,
            pin_tokens=tokens,
        )


def _fixed(budget: Budget | None, *, conversation: bool) -> dict[Region, int]:
    """What is sent with every question; a summary, with those of its own conversation."""
    wanted = _FIXED if conversation else _FIXED[:2]
    parts = budget.slices if budget else ()
    return {part.region: part.tokens for part in parts if part.region in wanted}


def _unsummarised(turns: Sequence[Said], budget: Budget | None, plan: WindowPlan) -> list[Said]:
    """The turns that are sent themselves: not those that the summary stands for."""
    parts = {part.region: part for part in budget.slices} if budget else {}
    if "summary" not in parts:
        return list(turns)
    listed = {item.ref for item in parts["history"].items} | {turns[-1].turn_id, *plan.turns}
    return [turn for turn in turns if turn.turn_id in listed]


def _alike(turns: Sequence[Said], before: Sequence[bool], now: Sequence[bool]) -> int:
    """Tokens of the turns that both windows begin with."""
    same = 0
    for turn, had, has in zip(turns, before, now, strict=False):
        if had != has:
            break
        same += turn.history if has else 0
    return same
