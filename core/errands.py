"""Small calls beside the answer: a follow-up put so that it can be searched for, a name for a conversation."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

from core.admission import Asked
from core.errors import ModelMisbehaved
from core.events import TextDelta
from core.llm.client import LLMClient
from core.llm.meter import Meter
from core.models import Models
from core.prompts.library import PromptLibrary
from core.prompts.sandbox import Sandbox
from core.store.ids import new_id
from core.trace import OpenSpan, Trace
from core.types import ModelInfo, ModelRequest, Summary, Turn

CONDENSE, NAME, SUMMARISE = "condense", "name", "history"
_MOST_TURNS = 3
_LONGEST_ANSWER = 1_000
_QUESTION_TOKENS, _NAME_TOKENS, _SUMMARY_TOKENS = 120, 24, 400
_SUMMARY_WORDS = 150
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
        count: Callable[[str], int],
        meter: Callable[..., Meter],
    ) -> None:
        self._prompts = prompts
        self._sandbox = sandbox
        self._models = models
        self._client = client
        self._count = count
        self._meter = meter

    async def condense(
        self, asked: Asked, history: Sequence[Turn], trace: Trace, parent: OpenSpan
    ) -> str:
        """The question so that it can be understood without the turns before it; as it is when there
        are none. Raises what the call raises."""
        question = asked.request.prompt
        if not history or asked.model.provider == "quotes":
            return question
        meter = self._meter(
            asked.user,
            asked.turn_id,
            asked.conversation_id,
            purpose=CONDENSE,
            key_id=asked.request.key_id,
            link_id=asked.request.link_id,
            visitor_id=asked.request.visitor_id,
        )
        values = {"question": question, "before": _exchanges(history[-_MOST_TURNS:])}
        said = await self._say(
            CONDENSE, values, asked.model, meter, _QUESTION_TOKENS, trace, parent
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
        meter = self._meter(
            asked.user,
            asked.turn_id,
            asked.conversation_id,
            purpose=SUMMARISE,
            key_id=asked.request.key_id,
            link_id=asked.request.link_id,
            visitor_id=asked.request.visitor_id,
        )
        values = {
            "earlier": before.text if before else "",
            "turns": _exchanges(turns),
            "words": _SUMMARY_WORDS,
        }
        template = self._prompts.get(SUMMARISE)
        text = await self._say(
            SUMMARISE, values, asked.model, meter, _SUMMARY_TOKENS, trace, parent
        )
        if not text:
            raise ModelMisbehaved(f"{asked.model.label} wrote no summary")
        return Summary(
            id=new_id(),
            text=text,
            turns=(*(before.turns if before else ()), *(turn.id for turn in turns)),
            depth=before.depth + 1 if before else 1,
            model=asked.model.ref,
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
        said = await self._say(NAME, values, model, meter, _NAME_TOKENS, Trace(call), None)
        name = _line(said).strip("\"'“”„«» .#*")[:_LONGEST_NAME]
        if not name:
            raise ModelMisbehaved(
                f"{model.label} found no name", hint="Type one, or ask another model."
            )
        return name

    async def _say(
        self,
        prompt: str,
        values: Mapping[str, Any],
        model: ModelInfo,
        meter: Meter,
        max_tokens: int,
        trace: Trace,
        parent: OpenSpan | None,
    ) -> str:
        """What the model says to the prompt of this name."""
        messages = (await self._sandbox.render(self._prompts.get(prompt), values)).messages
        request = ModelRequest(model.id, messages, min(max_tokens, model.max_output))
        stream = self._client.stream(
            model.ref,
            request,
            meter=meter,
            trace=trace,
            parent=parent,
            input_tokens=sum(self._count(each.text) + 8 for each in messages),
        )
        async with aclosing(stream) as events:
            said = [event.text async for event in events if isinstance(event, TextDelta)]
        return "".join(said).strip()


def _line(said: str) -> str:
    """The first line, however many the model writes."""
    return next((line.strip() for line in said.splitlines() if line.strip()), "")


def _exchanges(turns: Sequence[Turn]) -> list[dict[str, str]]:
    return [
        {"question": turn.request.prompt, "answer": turn.answer[:_LONGEST_ANSWER]} for turn in turns
    ]
