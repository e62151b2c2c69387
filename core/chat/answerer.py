"""Who answers a question, and how: the model with those that stand in for it, in one call, a table or a run."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from functools import partial

from core.admission import Asked
from core.agent.runs import Runs
from core.events import ModelEvent, StreamEvent
from core.llm.client import LLMClient
from core.metering import TurnMeter
from core.models import Models
from core.store.preferences import Preferences
from core.table_answer import is_native, shaped, table
from core.trace import OpenSpan, Trace
from core.types import Message, ModelInfo, ModelRequest, OutputSchema
from core.windows.context import Context


class Answerer:
    """Asks what was composed."""

    def __init__(
        self,
        *,
        preferences: Preferences,
        models: Models,
        client: LLMClient,
        count: Callable[[str, str], int],
        runs: Runs,
    ) -> None:
        self._preferences = preferences
        self._models = models
        self._client = client
        self._count = count
        self._runs = runs

    async def answer(
        self, asked: Asked, context: Context, meter: TurnMeter, trace: Trace, root: OpenSpan
    ) -> AsyncGenerator[StreamEvent, None]:
        """The events of the answer: a run with tools, a table, or what the model says."""
        others = await self._others(asked, context)
        spare = await self._at_cap(asked, context)
        if asked.tools:
            return self._runs.events(asked, context, others, meter, trace, root)
        ask = partial(self._ask, asked, context, others, spare, meter, trace, root)
        native = is_native([asked.model.ref, *(other.ref for other in others)])
        if asked.fields:
            return table(ask, context.messages, asked.fields, native=native)
        if asked.output:
            return shaped(ask, context.messages, asked.output, native=native)
        return ask(context.messages)

    async def _others(self, asked: Asked, context: Context) -> Sequence[ModelInfo]:
        """Who answers when the model does not; nobody for a visitor, whose model is the link's."""
        if asked.request.link_id:
            return ()
        order = await asyncio.to_thread(self._preferences.fallback, asked.user)
        return self._models.fallbacks(asked.model, context.budget.used, order)

    async def _at_cap(self, asked: Asked, context: Context) -> ModelInfo | None:
        """The model of this machine, where the owner wants it to go on when a cap is reached. It calls no
        tools and fills no tables; a visitor's model is the link's, a program's is what it asked for."""
        wanted = asked.request
        if wanted.link_id or wanted.key_id or asked.tools or asked.fields:
            return None
        if await asyncio.to_thread(self._preferences.at_cap, asked.user) == "refuse":
            return None
        return next(iter(self._models.fallbacks(asked.model, context.budget.used, ["local"])), None)

    def _ask(
        self,
        asked: Asked,
        context: Context,
        others: Sequence[ModelInfo],
        spare: ModelInfo | None,
        meter: TurnMeter,
        trace: Trace,
        root: OpenSpan,
        messages: tuple[Message, ...],
        output: OutputSchema | None = None,
    ) -> AsyncGenerator[ModelEvent, None]:
        request = ModelRequest(
            model=asked.model.id,
            messages=messages,
            max_tokens=context.max_tokens,
            sources=context.sources,
            question=asked.request.prompt,
            stop=asked.request.stop,
            stable=len(context.messages) - 1,  # all but the question with its passages
            output=output,
        )
        return self._client.stream(
            asked.model.ref,
            request,
            meter=meter,
            trace=trace,
            parent=root,
            input_tokens=context.budget.input_tokens
            + self._more(asked.model.ref, context, messages, output),
            fallbacks=[(other.ref, replace(request, model=other.id)) for other in others],
            at_cap=(spare.ref, replace(request, model=spare.id)) if spare else None,
        )

    def _more(
        self,
        ref: str,
        context: Context,
        messages: tuple[Message, ...],
        output: OutputSchema | None,
    ) -> int:
        """The tokens that a call has besides those of its window: a schema, an answer to correct."""
        if output is None and messages == context.messages:
            return 0
        schema = json.dumps(output.schema) if output else ""
        said = self._count("".join(part.text for part in messages) + schema, ref)
        known = self._count("".join(part.text for part in context.messages), ref)
        return max(0, said - known) + 8 * (len(messages) - len(context.messages))
