"""Runs of the agent: what a turn with tools is given, from its request to its bounds."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial

from core.admission import Asked
from core.agent import Agent
from core.approvals import Approvals
from core.context import Context, sourced
from core.documents import DocumentService
from core.errors import NotFound
from core.events import AgentEvent, Diverged, ModelEvent, RunBegan, StepAsked
from core.llm.client import LLMClient
from core.metering import TurnMeter
from core.prompts.layers import Layers
from core.reel import Reel, digest, said
from core.rewriting import rewritten
from core.rules import Ask, Bounds, Gate, Run, Spending, tokens_of
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
    Message,
    ModelInfo,
    ModelRequest,
    Replay,
    Source,
    ToolCall,
    ToolResult,
    ToolSpec,
    TurnRequest,
)

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
            Item(spec.name, _text(spec), self.counter.count_tool(_text(spec), ref))
            for spec in self.specs(asked)
        ]

    @staticmethod
    def specs(asked: Asked) -> tuple[ToolSpec, ...]:
        """The tools as the model is told of them."""
        return tuple(tool.spec(strict=_strict(asked.model)) for tool in asked.tools)

    def _count(self, asked: Asked) -> Callable[[str], int]:
        return partial(self.counter.count, model=asked.model.ref)

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
        run = self._run(asked, context, others, meter, trace, parent, reel)
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
        return was and rewritten(was, dict(wanted.messages), self._count(asked))

    def window(self, user: str, turn_id: str) -> Context | None:
        """What the run was given; None when its tape does not tell."""
        began = events_of(self.turns.tape(user, turn_id), "begin")
        budget = self.turns.budget(user, turn_id)
        if not began or budget is None:
            return None
        was: RunBegan = began[0][1]
        return Context(budget, was.messages, was.sources, was.max_tokens, was.canary, was.taint)

    def _run(
        self,
        asked: Asked,
        context: Context,
        others: Sequence[ModelInfo],
        meter: TurnMeter,
        trace: Trace,
        parent: OpenSpan,
        reel: Reel | None,
    ) -> Run:
        tools = sum(item.tokens for item in self.items(asked))
        room = max(500, context.budget.window - context.max_tokens - tools)
        sources = list(context.sources)
        bench = Bench(
            {tool.name: tool for tool in asked.tools},
            UserShelf(self.documents, asked.user, asked.request.use_documents),
            partial(_numbered, sources, asked.template.layers),
            Kept(),
            max(200, min(_RESULT_TOKENS, room // 6)),
        )
        return Run(
            bench=bench,
            ask=self._ask(asked, context, others, meter, trace, parent, reel),
            gate=self._gate(asked),
            spending=partial(self._spending, asked, context, meter, tools),
            count=self._count(asked),
            messages=list(context.messages),
            sources=sources,
            room=room,
            untrusted=bool(context.taint),
            strict=_strict(asked.model),
            bounds=self.bounds,
            trace=trace,
            parent=parent,
            reel=reel,
        )

    def _ask(
        self,
        asked: Asked,
        context: Context,
        others: Sequence[ModelInfo],
        meter: TurnMeter,
        trace: Trace,
        parent: OpenSpan,
        reel: Reel | None,
    ) -> Ask:
        def live(
            messages: tuple[Message, ...], tools: tuple[ToolSpec, ...], choice: str
        ) -> AsyncGenerator[ModelEvent, None]:
            request = ModelRequest(
                model=asked.model.id,
                messages=messages,
                max_tokens=context.max_tokens,
                sources=context.sources,
                question=asked.request.prompt,
                stop=asked.request.stop,
                tools=tools,
                tool_choice=choice,
                stable=len(messages),  # all of it is sent again with the results
            )
            ref = asked.model.ref
            told = sum(self.counter.count_tool(_text(tool), ref) for tool in tools)
            return self.client.stream(
                asked.model.ref,
                request,
                meter=replace(meter, tools=_read_now(messages)),
                trace=trace,
                parent=parent,
                input_tokens=tokens_of(messages, self._count(asked)) + told,
                fallbacks=[(other.ref, replace(request, model=other.id)) for other in others],
            )

        async def ask(
            messages: tuple[Message, ...], tools: tuple[ToolSpec, ...], choice: str
        ) -> AsyncGenerator[ModelEvent, None]:
            ref, stop = asked.model.ref, asked.request.stop
            name = digest(ref, context.max_tokens, messages, tools, choice, stop)
            yield StepAsked(name)
            if reel and (kept := reel.response(name)):
                with trace.span(kept.model or ref, "model", parent=parent, from_tape=True):
                    for event in said(kept):
                        yield event
                return
            if reel and (why := reel.why()):
                yield Diverged(reel.step, why)
            async with aclosing(live(messages, tools, choice)) as events:
                async for event in events:
                    yield event

        return ask

    def _gate(self, asked: Asked) -> Gate:
        user, turn, talk = asked.user, asked.turn_id, asked.conversation_id

        async def ask(call_id: str, tool: str) -> None:
            await self.approvals.ask(user, turn, call_id, talk, tool)

        return Gate(
            partial(self.approvals.always, user, talk),
            ask,
            partial(self.approvals.wait, user, turn),
        )

    async def _spending(
        self,
        asked: Asked,
        context: Context,
        meter: TurnMeter,
        tools: int,
        messages: Sequence[Message],
    ) -> Spending:
        so_far = await asyncio.to_thread(meter.spent)
        asks = tokens_of(messages, self._count(asked)) + tools
        ahead = await asyncio.to_thread(meter.worst_case, asked.model.ref, asks, context.max_tokens)
        return Spending(so_far, ahead)


def _read_now(messages: Sequence[Message]) -> tuple[str, ...]:
    """The tools whose results are at the end of what is sent: the model reads them for the first time."""
    if not messages or messages[-1].role != "tool":
        return ()
    new = {part.call_id for part in messages[-1].parts if isinstance(part, ToolResult)}
    called = (part for each in messages for part in each.parts if isinstance(part, ToolCall))
    return tuple(dict.fromkeys(call.name for call in called if call.id in new))


def _numbered(sources: list[Source], layers: Layers, hit: Hit) -> Source:
    """The passage with its number: the one that it has, or the next."""
    for source in sources:
        if source.hit.chunk_id == hit.chunk_id:
            return source
    sources.append(sourced(len(sources) + 1, hit, layers))
    return sources[-1]


def _strict(model: ModelInfo) -> bool:
    return model.provider in _STRICT


def _text(spec: ToolSpec) -> str:
    return f"{spec.name}: {spec.description}\n{json.dumps(spec.parameters)}"
