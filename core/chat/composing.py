"""Composing: the window of a turn by the plan of its conversation, with pins and a summary where it has one."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from core.admission import Asked
from core.agent.runs import Runs
from core.chat.errands import SUMMARY_WORDS, Errands
from core.chat.vendor_calibration import May, VendorCalibration
from core.documents.service import DocumentService
from core.errors import FootlightsError
from core.prompts.canary import Canaries
from core.prompts.switches import on
from core.store.conversations import Conversations
from core.store.summaries import Summaries
from core.tokens.strategies import summary as by_summary
from core.trace import OpenSpan, Trace
from core.types import Budget, Found, Hit, Summary, Turn, WindowPlan
from core.windows.context import Context, ContextBuilder

_EXPECTED = " ".join(["word"] * (SUMMARY_WORDS * 4 // 3))
"""Stands for a summary that is not written yet: about as many tokens as its words come to."""


@dataclass(frozen=True, slots=True)
class Shortening:
    """A summary that would be written: for the turns with these ids, from so many summaries upon each other,
    by a call that sends so many tokens and is answered with `answered` at most."""

    turns: tuple[str, ...]
    depth: int
    sent: int
    answered: int


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The window as it would be sent, too full when it would be refused; `summary` is the one that would
    stand in it and `shortening` the call that would write it (None: it is there, or none is needed)."""

    budget: Budget
    summary: Summary | None = None
    shortening: Shortening | None = None


class Composer:
    """Puts together what is sent, and says in the trace by which plan."""

    def __init__(
        self,
        *,
        conversations: Conversations,
        summaries: Summaries,
        documents: DocumentService,
        context: ContextBuilder,
        errands: Errands,
        runs: Runs,
        calibration: VendorCalibration,
    ) -> None:
        self._conversations = conversations
        self._summaries = summaries
        self._documents = documents
        self._context = context
        self._errands = errands
        self._runs = runs
        self._calibration = calibration
        self._canaries = Canaries()

    async def compose(
        self,
        asked: Asked,
        found: Found,
        history: Sequence[Turn],
        trace: Trace,
        root: OpenSpan,
        may: May,
    ) -> Context:
        """The window of the turn. Refused when the question, with what is pinned, does not fit."""
        with trace.span("compose the window", "window", parent=root) as span:
            plan = asked.request.plan or await asyncio.to_thread(
                self._conversations.plan, asked.user, asked.conversation_id
            )
            plan = plan or WindowPlan()
            await asyncio.to_thread(self._calibration.load, asked.user, asked.model.ref)
            hits = await asyncio.to_thread(self._hits, asked, plan, found)
            context = await self._fill(asked, plan, hits, history, trace, span)
            if await self._calibration.corrects(asked, context, span, may):
                context = await self._fill(asked, plan, hits, history, trace, span)
            budget = context.budget
            span.set(
                prompt=asked.prompt_version,
                strategy=plan.strategy,
                pinned=len(plan.turns) + len(plan.passages),
                window=budget.window,
                used=budget.used,
                tainted=bool(context.taint),
                taint=context.taint,
                defence=", ".join(on(asked.template.layers)),
                regions={part.region: part.tokens for part in budget.slices},
                dropped=sum(not item.kept for part in budget.slices for item in part.items),
            )
        return context

    async def foreseen(
        self, asked: Asked, plan: WindowPlan, found: Found, history: Sequence[Turn]
    ) -> Foreseen:
        """What `compose` would put together; nothing is asked, and nothing is refused for being too large."""
        await asyncio.to_thread(self._calibration.load, asked.user, asked.model.ref)
        hits = await asyncio.to_thread(self._hits, asked, plan, found)
        before = await asyncio.to_thread(self._summary, asked, plan)
        context = await self._build(asked, plan, hits, history, before, overfull=True)
        older = _older(context, history, plan) if _is_summarised(asked, plan) else []
        if not older or context.budget.free < 0:
            return Foreseen(context.budget, before)
        sent, answered = await self._errands.summary_call(before, older, asked.model.ref)
        wanted = Summary(
            id="",
            text=_EXPECTED,
            turns=(*(before.turns if before else ()), *(turn.id for turn in older)),
            depth=before.depth + 1 if before else 1,
            model=asked.model.ref,
            prompt_version="",
            created_at=datetime.now(UTC),
        )
        context = await self._build(asked, plan, hits, history, wanted, overfull=True)
        made = Shortening(wanted.turns, wanted.depth, sent, answered)
        return Foreseen(context.budget, wanted, made)

    def _hits(self, asked: Asked, plan: WindowPlan, found: Found) -> list[Hit]:
        """The pinned passages, as far as they are still there, then what was found."""
        if not plan.passages or asked.request.use_documents is False:
            return list(found.hits)
        pinned = self._documents.described(asked.user, plan.passages)
        return [*pinned, *(hit for hit in found.hits if hit.chunk_id not in plan.passages)]

    async def _fill(
        self,
        asked: Asked,
        plan: WindowPlan,
        hits: Sequence[Hit],
        history: Sequence[Turn],
        trace: Trace,
        span: OpenSpan,
    ) -> Context:
        before = await asyncio.to_thread(self._summary, asked, plan)
        context = await self._build(asked, plan, hits, history, before)
        older = _older(context, history, plan) if _is_summarised(asked, plan) else []
        if not older:
            return context
        try:
            made = await self._errands.summarise(asked, before, older, trace, span)
        except FootlightsError as error:
            # The oldest are left out then, and the trace says why: the question is answered all the same.
            span.set(summary_failed=str(error))
            return context
        if asked.request.plan:  # a trial: the conversation goes on as it was, and the text is kept
            made = replace(made, undone_at=made.created_at)
        await asyncio.to_thread(self._summaries.add, asked.user, asked.conversation_id, made)
        return await self._build(asked, plan, hits, history, made)

    def _summary(self, asked: Asked, plan: WindowPlan) -> Summary | None:
        """The one that stands for what was said before this question."""
        if plan.strategy != by_summary.name:
            return None
        until = asked.request.again or None
        return self._summaries.latest(asked.user, asked.conversation_id, until)

    async def _build(
        self,
        asked: Asked,
        plan: WindowPlan,
        hits: Sequence[Hit],
        history: Sequence[Turn],
        summary: Summary | None,
        *,
        overfull: bool = False,
    ) -> Context:
        inside = frozenset(summary.turns) if summary else frozenset()
        return await self._context.build(
            asked.template,
            self._runs.told(asked),
            asked.model,
            hits,
            [turn for turn in history if turn.id not in inside or turn.id in plan.turns],
            plan,
            summary,
            self._runs.items(asked),
            self._canary(asked),
            overfull=overfull,
        )

    def _canary(self, asked: Asked) -> str:
        """The private word of the conversation; none for the model of this machine, which has answered
        a harmless question with the very line that tells it."""
        if asked.model.provider == "local":
            return ""
        return self._canaries.of(asked.user, asked.conversation_id)


def _is_summarised(asked: Asked, plan: WindowPlan) -> bool:
    return plan.strategy == by_summary.name and asked.model.provider != "quotes"


def _older(context: Context, history: Sequence[Turn], plan: WindowPlan) -> list[Turn]:
    """What a summary shall replace: what did not fit, and of what did the older half, so that not every
    further question makes a summary anew."""
    fates = {item.ref: item.kept for item in context.budget.items("history")}
    loose = [turn for turn in history if turn.id in fates and turn.id not in plan.turns]
    gone = [turn for turn in loose if not fates[turn.id]]
    if not gone:
        return []
    kept = [turn for turn in loose if fates[turn.id]]
    return [*gone, *kept[: len(kept) // 2]]
