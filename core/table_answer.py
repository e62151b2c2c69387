"""An answer of a shape, a prompt's own or that of a table: asked for by its schema, streamed as it is written, checked, and cited row by row."""

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from core.errors import RequestRejected
from core.events import AnswerReplaced, ModelEvent, StreamEvent, TextDelta
from core.llm.shape import shape
from core.llm.structured import Ask, Extracted, Partial, Reasked, Structured
from core.retrieval.claims.citations import check
from core.retrieval.claims.verdicts import judged
from core.table_fields import PASSAGE, Field, table_schema
from core.tables import Row, rows_in, to_json
from core.types import Citation, Message, OutputSchema, Source

_NATIVE = frozenset({"openai", "anthropic", "local"})
"""Providers that hold their models to a schema; others are told it in words."""
_PASSAGE_LINE = re.compile(rf'^    "{PASSAGE}": (\d+)$', re.MULTILINE)


def is_native(refs: Sequence[str]) -> bool:
    """Whether each of these models can be held to a schema by its provider."""
    return all(ref.partition(":")[0] in _NATIVE for ref in refs)


def instructions(fields: Sequence[Field]) -> str:
    """What the model is told besides the question."""
    names = ", ".join(f"“{field.name}”" for field in fields)
    return (
        f"Answer with the rows of a table whose columns are {names}: one row for each thing that the "
        "question asks about, values as short as can be, null for what is not known. In "
        f"“{PASSAGE}” give the number of the passage that the row comes from."
    )


def table(
    ask: Callable[[tuple[Message, ...], OutputSchema | None], AsyncIterator[ModelEvent]],
    messages: tuple[Message, ...],
    fields: Sequence[Field],
    *,
    native: bool,
) -> AsyncGenerator[StreamEvent, None]:
    """The answer as a table: shaped, and in the end the checked rows in their final form."""

    def final(data: Any) -> str:
        return to_json(fields, rows_in(data))

    return shaped(ask, messages, table_schema(fields), final=final, native=native)


def as_text(data: Any) -> str:
    """Data of an answer as it is shown and kept."""
    return json.dumps(data, ensure_ascii=False, indent=2)


async def shaped(
    ask: Callable[[tuple[Message, ...], OutputSchema | None], AsyncIterator[ModelEvent]],
    messages: tuple[Message, ...],
    schema: Mapping[str, Any],
    *,
    final: Callable[[Any], str] = as_text,
    native: bool,
) -> AsyncGenerator[StreamEvent, None]:
    """The events of the model, its JSON as text; when it is whole, that text is replaced by the
    checked data in its final form, and by nothing when it has to be asked again.

    A vendor that rejects the schema is asked once more in words. Raises what `ask` raises, and
    UnusableOutput when the last answer cannot be used either.
    """
    try:
        async with aclosing(_shaped(ask, messages, schema, final, native=native)) as events:
            async for event in events:
                yield event
        return
    except RequestRejected as error:
        if not native:
            raise
        reason = f"{error.provider} does not take the schema, and is asked in words"
    yield AnswerReplaced("", reason)
    async with aclosing(_shaped(ask, messages, schema, final, native=False)) as events:
        async for event in events:
            yield event


async def _shaped(
    ask: Ask,
    messages: tuple[Message, ...],
    schema: Mapping[str, Any],
    final: Callable[[Any], str],
    *,
    native: bool,
) -> AsyncGenerator[StreamEvent, None]:
    heard: list[str] = []
    told = _overheard(ask, heard)
    structured: Structured[Any] = Structured(shape(schema), told, native)
    async with aclosing(structured.stream(messages)) as events:
        async for event in events:
            if heard:
                yield TextDelta("".join(heard))
                heard.clear()
            if not isinstance(event, Partial):  # the text says the same
                yield _told(event, final)


def _overheard(ask: Ask, heard: list[str]) -> Ask:
    """The same, with the words of the model kept in `heard` on their way."""

    async def overheard(
        said: tuple[Message, ...], output: OutputSchema | None
    ) -> AsyncGenerator[ModelEvent, None]:
        async with aclosing(ask(said, output)) as events:  # type: ignore[type-var]
            async for event in events:
                if isinstance(event, TextDelta):
                    heard.append(event.text)
                yield event

    return overheard


def _told(event: ModelEvent | Reasked | Extracted[Any], final: Callable[[Any], str]) -> StreamEvent:
    match event:
        case Reasked(problem=problem):
            return AnswerReplaced("", problem)
        case Extracted(data=data):
            return AnswerReplaced(final(data))
        case _:
            return event


def citations(answer: str, rows: Sequence[Row], sources: Sequence[Source]) -> tuple[Citation, ...]:
    """For each row that names its passage, the words of it that the row rests on; characters
    [start, end) of the answer are the line that names it."""
    lines = [found.span() for found in _PASSAGE_LINE.finditer(answer)]
    named = [row for row in rows if row.get(PASSAGE) is not None]
    found: list[Citation] = []
    for (start, end), row in zip(lines, named, strict=False):
        said = ", ".join(str(v) for name, v in row.items() if name != PASSAGE and v is not None)
        # By itself, so that one row is one claim whatever stands in it.
        claim = said.replace("[", "(").replace("]", ")")
        sentence = f"{claim} [{row[PASSAGE]}]"
        for citation in judged(sentence, check(sentence, sources), sources):
            found.append(_moved(citation, start, end))
    return tuple(found)


def _moved(citation: Citation, start: int, end: int) -> Citation:
    return replace(citation, start=start, end=end, claim_start=start, claim_end=end)
