"""ChatService: one question, from the documents that are still being read to the checked citations."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from core.admission import Asked
from core.agent.runs import Runs
from core.chat.answerer import Answerer
from core.chat.composing import Composer
from core.chat.finding import Finder, nearness
from core.chat.paying import paid
from core.events import (
    AnswerReplaced,
    CanaryLeaked,
    CitationsChecked,
    ContextReady,
    NothingFound,
    PassagesFound,
    StepStarted,
    StreamEvent,
    TextDelta,
    ToolCalled,
)
from core.llm import names
from core.metering import TurnMeter
from core.prompts.canary import leaked
from core.retrieval.claims.attribution import cited
from core.retrieval.claims.verdicts import summary
from core.retrieval.nearness import NEAR
from core.store.conversations import Conversations
from core.table_answer import citations
from core.tables import rows_of
from core.trace import OpenSpan, Trace
from core.types import (
    Citation,
    Found,
    Source,
    Turn,
)
from core.windows.context import Context

NOT_THERE = (
    "Your documents do not seem to say anything about this. No model was asked, so that none makes "
    "something up; the nearest passages are below."
)


class _Heard:
    """What the events of an answer come to: the answer itself, the passages it may cite, and all that
    the model let out on the way."""

    def __init__(self, sources: tuple[Source, ...]) -> None:
        self.answer: list[str] = []
        self.sources = sources
        self.whole: list[str] = []

    def note(self, event: StreamEvent) -> None:
        match event:
            case TextDelta(text):
                self.answer.append(text)
                self.whole.append(text)
            case AnswerReplaced(text):
                self.answer = [text]
            case ToolCalled(call):  # what a call carries away has leaked too
                self.whole.append(call.arguments)
            case StepStarted():  # what was said before a tool is no part of the answer
                self.answer = []
            case PassagesFound(sources):
                self.sources = sources


class ChatService:
    """The one use case; it writes nothing but the ledger, its events are kept by whoever reads them."""

    def __init__(
        self,
        *,
        finder: Finder,
        conversations: Conversations,
        composer: Composer,
        answerer: Answerer,
        meter: Callable[..., TurnMeter],
        runs: Runs,
    ) -> None:
        self._runs = runs
        self._finder = finder
        self._conversations = conversations
        self._composer = composer
        self._answerer = answerer
        self._meter = meter

    async def stream(self, asked: Asked, trace: Trace) -> AsyncGenerator[StreamEvent, None]:
        """Everything that happens from the question to the checked citations.

        Raises core.errors; what was yielded until then stands.
        """
        with trace.span(
            "turn", "turn", question=asked.request.prompt[:500], model=asked.model.ref
        ) as root:
            root.set(**{names.CONVERSATION: asked.conversation_id})
            async for waiting in self._finder.wait(asked, trace, root):
                yield waiting
            found, context = await self._window(asked, trace, root)
            yield ContextReady(context.budget, context.sources, asked.model.ref, context.taint)
            if _is_not_there(asked, found):
                yield NothingFound(round(nearness(found), 4))
                yield TextDelta(NOT_THERE)
                yield CitationsChecked(())
                return
            heard = _Heard(context.sources)
            answer = await self._answerer.answer(
                asked, context, paid(asked, self._meter), trace, root
            )
            async with aclosing(answer) as events:
                async for event in events:
                    heard.note(event)
                    yield event
            context = replace(context, sources=heard.sources)
            if how := leaked("".join(heard.whole), context.canary):
                root.set(canary_leaked=how)
                yield CanaryLeaked(how)
            with trace.span("check citations", "citations", parent=root) as span:
                # In a thread: a long answer takes a part of a second, and others wait for the loop.
                told = "".join(heard.answer)
                citations = await asyncio.to_thread(_checked, asked, told, context)
                span.set(
                    citations=len(citations),
                    sources=len(context.sources),
                    verdict=summary(citations, told),
                )
            yield CitationsChecked(citations)

    async def _window(self, asked: Asked, trace: Trace, root: OpenSpan) -> tuple[Found, Context]:
        """What is sent: as it was in the run that is replayed, or put together now."""
        if kept := await asyncio.to_thread(self._runs.kept, asked):
            return Found(), kept
        history = await asyncio.to_thread(self._before, asked)
        found = await self._found(asked, history, trace, root)
        may = paid(asked, self._meter).allows
        return found, await self._composer.compose(asked, found, history, trace, root, may)

    def _before(self, asked: Asked) -> Sequence[Turn]:
        """What was said before; before the run that is replayed or the turn that is asked again."""
        if not asked.request.replay:
            until = asked.request.again or asked.turn_id
            return self._conversations.history(asked.user, asked.conversation_id, until)
        of = self._runs.turns.get(asked.user, asked.request.replay.of)
        return self._conversations.history(asked.user, of.conversation_id, of.id)

    async def _found(
        self, asked: Asked, history: Sequence[Turn], trace: Trace, root: OpenSpan
    ) -> Found:
        if self._runs.searches(asked):
            return Found()
        return await self._finder.find(asked, history, trace, root)


def _is_not_there(asked: Asked, found: Found) -> bool:
    """Whether the documents were searched, have passages, and none of them bears on the question."""
    wanted = not asked.request.guess and asked.request.use_documents is not False
    return (
        wanted
        and not asked.tools
        and asked.model.is_model
        and bool(found.hits)
        and nearness(found) < NEAR
    )


def _checked(asked: Asked, answer: str, context: Context) -> tuple[Citation, ...]:
    if asked.fields:
        return citations(answer, rows_of(answer), context.sources)
    return cited(answer, context.sources)
