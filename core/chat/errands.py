"""Small calls beside the answer: a follow-up put so that it can be searched for, a name for a conversation."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

from core.admission import Asked
from core.chat.paying import paid
from core.errors import ModelMisbehaved
from core.events import TextDelta
from core.llm.client import LLMClient
from core.llm.meter import Meter
from core.models import Models
from core.prompts.library import PromptLibrary
from core.prompts.sandbox import Sandbox
from core.prompts.template import PromptTemplate
from core.store.ids import new_id
from core.tokens.counter import Counter
from core.trace import OpenSpan, Trace
from core.types import Message, ModelInfo, ModelRequest, Summary, Turn

CONDENSE, NAME, SUMMARISE = "condense", "name", "history"
_MOST_TURNS = 3
_LONGEST_ANSWER = 1_000
_QUESTION_TOKENS, _NAME_TOKENS, _SUMMARY_TOKENS = 120, 24, 400
SUMMARY_WORDS = 150
"""A summary has so many words at most, if the model does as it is told."""
_LONGEST_NAME = 80


class Errands:
    """Runs the prompts of these names with the model that answers; each call is booked under its own
    purpose."""

    def __init__(
        self,
        *,
        prompts: PromptLibrary,
        sandbox: Sandbox,
        models: Models,
        client: LLMClient,
        counter: Counter,
        meter: Callable[..., Meter],
    ) -> None:
        self._prompts = prompts
        self._sandbox = sandbox
        self._models = models
        self._client = client
        self._counter = counter
        self._meter = meter

    async def condense(
        self, asked: Asked, history: Sequence[Turn], trace: Trace, parent: OpenSpan
    ) -> str:
        """The question so that it can be understood without the turns before it; as it is when there
        are none. Raises what the call raises."""
        question = asked.request.prompt
        if not history or asked.model.provider == "quotes":
            return question
        meter = paid(asked, self._meter, purpose=CONDENSE)
        values = {"question": question, "before": _exchanges(history[-_MOST_TURNS:])}
        template = self._prompts.get(CONDENSE)
        said = await self._say(
            template, values, asked.model, meter, _QUESTION_TOKENS, trace, parent
        )
        return _line(said) or question

    async def summarise(
        self,
        asked: Asked,
        before: Summary | None,
        turns: Sequence[Turn],
        trace: Trace,
        parent: OpenSpan,
    ) -> Summary:
        """What these turns come to, and the summary before them. Raises what the call raises, and
        ModelMisbehaved when nothing is said."""
        meter = paid(asked, self._meter, purpose=SUMMARISE)
        return await self._summary(SUMMARISE, asked.model, meter, before, turns, trace, parent)

    async def summarise_anew(
        self,
        user: str,
        conversation_id: str,
        before: Summary | None,
        turns: Sequence[Turn],
        ref: str,
        prompt: str,
    ) -> Summary:
        """The same by the model `provider:id` with the prompt of this ref (`history@2`), because somebody
        wishes it. Raises what the call raises, and ModelMisbehaved when nothing is said."""
        model, call = self._models.resolve(ref), new_id()
        meter = self._meter(user, call, conversation_id, purpose=SUMMARISE)
        return await self._summary(prompt, model, meter, before, turns, Trace(call), None)

    async def summary_call(
        self, before: Summary | None, turns: Sequence[Turn], ref: str, prompt: str = SUMMARISE
    ) -> tuple[int, int]:
        """What that call would send to the model `provider:id`, and the most that it would answer, in tokens;
        nothing is asked."""
        template = self._prompts.resolve(prompt)
        messages = await self._messages(template, _shortening(template, before, turns))
        return self._sent(messages, ref), _SUMMARY_TOKENS

    async def _summary(
        self,
        prompt: str,
        model: ModelInfo,
        meter: Meter,
        before: Summary | None,
        turns: Sequence[Turn],
        trace: Trace,
        parent: OpenSpan | None,
    ) -> Summary:
        template = self._prompts.resolve(prompt)
        values = _shortening(template, before, turns)
        text = await self._say(template, values, model, meter, _SUMMARY_TOKENS, trace, parent)
        if not text:
            raise ModelMisbehaved(f"{model.label} wrote no summary")
        return Summary(
            id=new_id(),
            text=text,
            turns=(*(before.turns if before else ()), *(turn.id for turn in turns)),
            depth=before.depth + 1 if before else 1,
            model=model.ref,
            prompt_version=template.ref,
            created_at=datetime.now(UTC),
        )

    async def name(self, user: str, conversation_id: str, turns: Sequence[Turn], ref: str) -> str:
        """A name for the conversation, from its first turns, by the model `provider:id`.

        Raises what the call raises, and ModelMisbehaved when nothing usable is said.
        """
        model, call = self._models.resolve(ref), new_id()
        meter = self._meter(user, call, conversation_id, purpose=NAME)
        values = {"conversation": _exchanges(turns[:_MOST_TURNS])}
        template = self._prompts.get(NAME)
        said = await self._say(template, values, model, meter, _NAME_TOKENS, Trace(call), None)
        name = _line(said).strip("\"'“”„«» .#*")[:_LONGEST_NAME]
        if not name:
            raise ModelMisbehaved(
                f"{model.label} found no name", hint="Type one, or ask another model."
            )
        return name

    async def _say(
        self,
        template: PromptTemplate,
        values: Mapping[str, Any],
        model: ModelInfo,
        meter: Meter,
        max_tokens: int,
        trace: Trace,
        parent: OpenSpan | None,
    ) -> str:
        """What the model says to the prompt with these values."""
        messages = await self._messages(template, values)
        request = ModelRequest(model.id, messages, min(max_tokens, model.max_output))
        stream = self._client.stream(
            model.ref,
            request,
            meter=meter,
            trace=trace,
            parent=parent,
            input_tokens=self._sent(messages, model.ref),
        )
        async with aclosing(stream) as events:
            said = [event.text async for event in events if isinstance(event, TextDelta)]
        return "".join(said).strip()

    async def _messages(
        self, template: PromptTemplate, values: Mapping[str, Any]
    ) -> tuple[Message, ...]:
        return (await self._sandbox.render(template, values)).messages

    def _sent(self, messages: Sequence[Message], ref: str) -> int:
        said = sum(self._counter.count_message(each, ref) for each in messages)
        return said + self._counter.reply_overhead


def _line(said: str) -> str:
    """The first line, however many the model writes."""
    return next((line.strip() for line in said.splitlines() if line.strip()), "")


def _shortening(
    template: PromptTemplate, before: Summary | None, turns: Sequence[Turn]
) -> dict[str, Any]:
    values = {
        "earlier": before.text if before else "",
        "turns": _exchanges(turns),
        "words": SUMMARY_WORDS,
    }
    return {name: value for name, value in values.items() if template.takes(name)}


def _exchanges(turns: Sequence[Turn]) -> list[dict[str, str]]:
    return [
        {"question": turn.request.prompt, "answer": turn.answer[:_LONGEST_ANSWER]} for turn in turns
    ]
