"""What a question would send, region by region, and what that costs: put together as it is when it is asked."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from core.admission import Admission, Asked
from core.agent.runs import Runs
from core.chat.composing import Composer, Foreseen
from core.documents.service import DocumentService
from core.store.conversations import Conversations
from core.store.ids import new_id
from core.store.turns import Turns
from core.tokens.budget import pinned
from core.tokens.comparison import compare
from core.types import (
    Basis,
    Budget,
    Found,
    Hit,
    ModelInfo,
    Region,
    Turn,
    TurnRequest,
    WindowPlan,
)
from core.windows.context import reserved
from core.windows.lab import Lab, Outcome, Shortened

_RECENT = 20


@dataclass(frozen=True, slots=True)
class Next:
    """What a question that is being written would send, about: `prompt` tokens of its own, `sent` with
    everything around it, of which the first `same` are as they were for the question before; what is
    `free` then, and what each region takes (`parts`). `cost` is that of sending alone, in US dollars, None
    when the price is unknown; `over` is by how much it does not fit, and `pin` what is pinned and takes most
    (`pin_tokens`), where without what is pinned it would. `basis` says what the counts rest on. Where older
    turns are summarised first, `shortened` is how many, by a call that sends `call` tokens and costs
    `call_cost` at most."""

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
    shortened: int = 0
    call: int = 0
    call_cost: Decimal | None = None


class Upcoming:
    """Looks ahead to a question, or back at one under another plan, without asking anything."""

    def __init__(
        self,
        *,
        admission: Admission,
        composer: Composer,
        conversations: Conversations,
        documents: DocumentService,
        turns: Turns,
        priced: Callable[[Sequence[ModelInfo]], list[ModelInfo]],
    ) -> None:
        self._admission = admission
        self._composer = composer
        self._conversations = conversations
        self._documents = documents
        self._turns = turns
        self._priced = priced

    async def next(self, user: str, conversation_id: str | None, request: TurnRequest) -> Next:
        """What the question would send. Passages are those that the question before took: which ones it
        will be is known only when it is asked. Raises Misuse and its kin, as asking would."""
        where = conversation_id or new_id()
        asked = await asyncio.to_thread(self._asked, user, where, request)
        history, plan, hits, before = await asyncio.to_thread(self._around, asked, conversation_id)
        seen = await self._composer.foreseen(asked, plan, Found(hits), history)
        return _told(seen, asked.model, before)

    async def again(
        self, user: str, lab: Lab, request: TurnRequest, at: int, plans: Sequence[WindowPlan]
    ) -> list[Outcome]:
        """The window of question `at` of the lab under each plan, as `request` would send it, beside the sums
        of the lab. The passages are those that were found when it was asked first. Raises Misuse and
        its kin, as asking would."""
        asked = await asyncio.to_thread(self._asked, user, lab.conversation_id, request)
        history, found = await asyncio.to_thread(self._before, asked)
        places = {turn.id: turn.request.again or turn.id for turn in history}
        outcomes = []
        for plan in plans:
            seen = await self._composer.foreseen(asked, plan, found, history)
            sums = lab.outcome(plan, at, seen.budget.tokens("reserve"))
            outcomes.append(_beside(lab, sums, seen, places))
        return outcomes

    def reserve(self, user: str, request: TurnRequest, plan: WindowPlan) -> int:
        """Tokens that would be kept for the answer. Raises Misuse and its kin, as asking would."""
        asked = self._asked(user, new_id(), request)
        return reserved(asked.template, asked.request, asked.model, plan)

    def _asked(self, user: str, conversation_id: str, request: TurnRequest) -> Asked:
        asked = self._admission.resolve(user, new_id(), conversation_id, request)
        [model] = self._priced([asked.model])
        return replace(asked, model=model)

    def _around(
        self, asked: Asked, conversation_id: str | None
    ) -> tuple[Sequence[Turn], WindowPlan, tuple[Hit, ...], Budget | None]:
        """What was said before, the plan, the passages to reckon with, and the window of the question before."""
        user, plan = asked.user, asked.request.plan
        if conversation_id is None:
            recent = self._turns.list(user, _RECENT)
            return (), plan or WindowPlan(), self._hits(asked, recent), None
        history = self._conversations.history(user, conversation_id)
        plan = plan or self._conversations.plan(user, conversation_id) or WindowPlan()
        before = self._turns.budget(user, history[-1].id) if history else None
        return history, plan, self._hits(asked, history[::-1]), before

    def _hits(self, asked: Asked, newest_first: Sequence[Turn]) -> tuple[Hit, ...]:
        """The passages of the newest of these turns that had some, as far as this question may look at them."""
        sources = next((turn.sources for turn in newest_first if turn.sources), ())
        return self._allowed(asked, [source.hit.chunk_id for source in sources])

    def _allowed(self, asked: Asked, chunk_ids: Sequence[int]) -> tuple[Hit, ...]:
        where = asked.request.use_documents
        if where is False or Runs.searches(asked):
            return ()
        found = self._documents.described(asked.user, chunk_ids)
        return tuple(hit for hit in found if where is True or hit.document_id in where)

    def _before(self, asked: Asked) -> tuple[Sequence[Turn], Found]:
        first = asked.request.again
        history = self._conversations.history(asked.user, asked.conversation_id, first)
        budget = self._turns.budget(asked.user, first)
        items = budget.items("sources") if budget else ()
        return history, Found(self._allowed(asked, [int(item.ref) for item in items]))


def _told(seen: Foreseen, model: ModelInfo, before: Budget | None) -> Next:
    budget, made = seen.budget, seen.shortening
    over, pins = max(0, -budget.free), pinned(budget)
    pin, tokens = pins[0] if sum(each for _, each in pins) >= over > 0 else ("", 0)
    return Next(
        prompt=sum(item.tokens for item in budget.items("prompt")),
        sent=budget.input_tokens,
        same=compare(before, budget).prefix if before else 0,
        free=max(0, budget.free),
        window=budget.window,
        cost=_cost(model, budget.input_tokens, 0),
        over=over,
        parts=_parts(budget),
        basis=budget.basis,
        pin=pin,
        pin_tokens=tokens,
        shortened=len(made.turns) if made else 0,
        call=made.sent if made else 0,
        call_cost=_cost(model, made.sent, made.answered) if made else None,
    )


def _beside(lab: Lab, sums: Outcome, seen: Foreseen, places: dict[str, str]) -> Outcome:
    """The outcome with the window as it would be sent; `places` has for each turn where it was asked first."""
    budget, sources = seen.budget, seen.budget.items("sources")
    earlier, at = lab.turns[: len(sums.kept)], lab.turns[len(sums.kept)]
    kept = budget.kept("history")
    short = set(seen.summary.turns if seen.summary else ()) - kept
    # A question that was asked again later has its newest answer in the lab, and its first in this window.
    shown = {places[turn.turn_id] for turn in earlier if turn.turn_id in places}
    stands_for = [
        turn.first if turn.turn_id not in places and turn.first not in shown else turn.turn_id
        for turn in earlier
    ]
    made = seen.shortening
    return replace(
        sums,
        kept=tuple(turn_id in kept for turn_id in stands_for),
        passages=sum(item.kept for item in sources),
        sent=budget.input_tokens,
        reserve=budget.tokens("reserve"),
        free=max(0, budget.free),
        cost=_cost(lab.model, budget.input_tokens, at.answer or budget.tokens("reserve")),
        over=max(0, -budget.free),
        offered=len(sources),
        sources=budget.tokens("sources"),
        parts=_parts(budget),
        summary=None
        if seen.summary is None
        else Shortened(
            tuple(turn_id in short for turn_id in stands_for),
            seen.summary.depth,
            budget.tokens("summary"),
            made.sent if made else 0,
            _cost(lab.model, made.sent, made.answered) if made else None,
        ),
    )


def _parts(budget: Budget) -> dict[Region, int]:
    return {part.region: part.tokens for part in budget.slices if part.tokens > 0}


def _cost(model: ModelInfo, sent: int, answered: int) -> Decimal | None:
    return None if model.price is None else model.price.of(sent, answered)
