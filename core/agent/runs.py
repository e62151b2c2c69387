"""Runs of the agent: what a turn with tools is given, from its request to its bounds."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial

from core.admission import Asked
from core.agent.approvals import Approvals
from core.agent.loop import Agent
from core.agent.reel import Reel
from core.agent.rules import Bounds, Gate, Run
from core.agent.stepping import Stepping, as_told
from core.documents.service import DocumentService
from core.errors import NotFound
from core.events import AgentEvent, RunBegan
from core.llm.client import LLMClient
from core.metering import TurnMeter
from core.prompts.layers import Layers
from core.shelf import UserShelf
from core.store.turns import Turns
from core.tape import events_of
from core.tokens.counter import Counter
from core.tools.dispatcher import Bench
from core.tools.tool import Kept
from core.trace import OpenSpan, Trace
from core.types import (
    Hit,
    Item,
    ModelInfo,
    Replay,
    Source,
    ToolSpec,
    TurnRequest,
)
from core.windows.context import Context, sourced
from core.windows.rewriting import rewritten

_STRICT = frozenset({"openai", "anthropic"})
"""Vendors that can hold a model to the schema of a tool."""
_RESULT_TOKENS = 2_000
_SEARCH = "search_documents"
_MOST_OLDER = 20
"""Replays of replays that are looked back through."""


@dataclass(frozen=True, slots=True)
class Runs:
    """Prepares and carries out the runs of turns with tools."""

    agent: Agent
    documents: DocumentService
    approvals: Approvals
    turns: Turns
    client: LLMClient
    counter: Counter
    bounds: Bounds

    def told(self, asked: Asked) -> TurnRequest:
        """The request with what the prompt is told of the tools."""
        given = {"tools": [tool.name for tool in asked.tools], "steps": self.bounds.steps}
        known = {name: value for name, value in given.items() if asked.template.takes(name)}
        return replace(asked.request, variables={**asked.request.variables, **known})

    def items(self, asked: Asked) -> list[Item]:
        """What the tools take of the window: each is sent with its schema."""
        ref = asked.model.ref
        return [
            Item(spec.name, as_told(spec), self.counter.count_tool(as_told(spec), ref))
            for spec in self.specs(asked)
        ]

    @staticmethod
    def specs(asked: Asked) -> tuple[ToolSpec, ...]:
        """The tools as the model is told of them."""
        return tuple(tool.spec(strict=_strict(asked.model)) for tool in asked.tools)

    @staticmethod
    def searches(asked: Asked) -> bool:
        """Whether the model looks for passages itself, so that none are looked for beforehand."""
        return any(tool.name == _SEARCH for tool in asked.tools)

    async def events(
        self,
        asked: Asked,
        context: Context,
        others: Sequence[ModelInfo],
        meter: TurnMeter,
        trace: Trace,
        parent: OpenSpan,
    ) -> AsyncGenerator[AgentEvent, None]:
        """The run as it happens, what it was given first."""
        reel = await asyncio.to_thread(self._reel, asked)
        yield RunBegan(
            context.messages, context.sources, context.max_tokens, context.canary, context.taint
        )
        asking = Stepping(
            asked, context, others, meter, trace, parent, reel, self.client, self.counter
        )
        run = self._run(asking)
        async with aclosing(self.agent.events(run)) as events:
            async for event in events:
                yield event

    def _reel(self, asked: Asked) -> Reel | None:
        wanted = asked.request.replay
        return self._played(asked.user, wanted, _MOST_OLDER) if wanted else None

    def _played(self, user: str, replay: Replay, most: int) -> Reel:
        """The tape of this run, and of those that it was a replay of; of these what fits is enough."""
        rows = self.turns.tape(user, replay.of)
        try:
            before = self.turns.get(user, replay.of).request.replay if most else None
        except NotFound:  # its conversation was deleted
            before = None
        older = self._played(user, replace(before, step=1), most - 1) if before else None
        return Reel(rows, replay, older)

    def kept(self, asked: Asked) -> Context | None:
        """The window as it was, for a replay that does not put it together anew; with the messages of it
        that the replay changes. Raises like `rewritten`."""
        wanted = asked.request.replay
        if wanted is None or wanted.anew:
            return None
        was = self.window(asked.user, wanted.of)
        count = partial(self.counter.count, model=asked.model.ref)
        return was and rewritten(was, dict(wanted.messages), count)

    def window(self, user: str, turn_id: str) -> Context | None:
        """What the run was given; None when its tape does not tell."""
        began = events_of(self.turns.tape(user, turn_id), "begin")
        budget = self.turns.budget(user, turn_id)
        if not began or budget is None:
            return None
        was: RunBegan = began[0][1]
        return Context(budget, was.messages, was.sources, was.max_tokens, was.canary, was.taint)

    def _run(self, asking: Stepping) -> Run:
        asked, context = asking.asked, asking.context
        tools = sum(item.tokens for item in self.items(asked))
        room = max(500, context.budget.window - context.max_tokens - tools)
        sources = list(context.sources)
        bench = Bench(
            {tool.name: tool for tool in asked.tools},
            UserShelf(self.documents, asked.user, asked.request.use_documents, asked.payer),
            partial(_numbered, sources, asked.template.layers),
            Kept(),
            max(200, min(_RESULT_TOKENS, room // 6)),
        )
        return Run(
            bench=bench,
            ask=asking.ask,
            gate=self._gate(asked),
            spending=partial(asking.spending, tools),
            count=asking.count,
            messages=list(context.messages),
            sources=sources,
            room=room,
            untrusted=bool(context.taint),
            strict=_strict(asked.model),
            bounds=self.bounds,
            trace=asking.trace,
            parent=asking.parent,
            reel=asking.reel,
        )

    def _gate(self, asked: Asked) -> Gate:
        user, turn, talk = asked.user, asked.turn_id, asked.conversation_id

        async def ask(call_id: str, tool: str) -> None:
            await self.approvals.ask(user, turn, call_id, talk, tool)

        return Gate(
            partial(self.approvals.always, user, talk),
            ask,
            partial(self.approvals.wait, user, turn),
        )


def _numbered(sources: list[Source], layers: Layers, hit: Hit) -> Source:
    """The passage with its number: the one that it has, or the next."""
    for source in sources:
        if source.hit.chunk_id == hit.chunk_id:
            return source
    sources.append(sourced(len(sources) + 1, hit, layers))
    return sources[-1]


def _strict(model: ModelInfo) -> bool:
    return model.provider in _STRICT
