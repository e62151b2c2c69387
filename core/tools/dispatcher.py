"""Calls are carried out: arguments read strictly, the tool run within its limits, and whatever happens told."""

import asyncio
import inspect
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.clean_text import clean
from core.errors import FootlightsError, ModelMisbehaved
from core.tools.results import NotReadable, Told, cut, passages_told, told
from core.tools.scrub import scrubbed
from core.tools.tool import Kept, Number, Outcome, Passages, Shelf, Tool
from core.tools.user import Raised
from core.types import Hit, Source, ToolCall, ToolSpec

log = logging.getLogger(__name__)
MOST_ARGUMENTS = 100_000
"""Characters of the arguments of one call."""
MOST_AT_ONCE = 4
"""Tools that run at the same moment in one run."""
READ_ON = "read_result"
READ_ON_SPEC = ToolSpec(
    READ_ON,
    "Read on in a result that was cut.",
    {
        "type": "object",
        "properties": {"call_id": {"type": "string"}, "offset": {"type": "integer", "minimum": 0}},
        "required": ["call_id", "offset"],
        "additionalProperties": False,
    },
)


@dataclass(frozen=True, slots=True)
class Bench:
    """The tools of one run, and what they are run with; results have `tokens` at most."""

    tools: Mapping[str, Tool]
    shelf: Shelf
    number: Number
    kept: Kept
    tokens: int = 2_000


@dataclass(frozen=True, slots=True)
class Read:
    """A call whose arguments were read: the tool with what it is to be given, or what was wrong.
    Without arguments they could not be read at all."""

    call: ToolCall
    tool: Tool | None = None
    arguments: Any = None
    refused: Outcome | None = None


class Dispatcher:
    """Runs tools; nothing that a model writes and nothing that a tool does makes it raise.

    `parse` reads the one JSON object of a text, raising ModelMisbehaved; `count` counts tokens, and
    `clean` takes out of a text what may not stand in a window.
    """

    def __init__(
        self,
        *,
        parse: Callable[[str], Any],
        count: Callable[[str], int],
        clean: Callable[[str], str],
    ) -> None:
        self._parse = parse
        self._count = count
        self._clean = clean

    # --- reading ------------------------------------------------------------------------------

    def read(self, bench: Bench, call: ToolCall) -> Read:
        """The tool and the arguments that a call means, checked; nothing is run."""
        try:
            data = self._arguments(call)
        except ModelMisbehaved as error:
            return Read(call, bench.tools.get(call.name), refused=_unusable(call, error))
        if call.name == READ_ON and bench.kept.texts:
            return _read_on(call, data)
        tool = bench.tools.get(call.name)
        if tool is None:
            names = ", ".join(bench.tools)
            text = f"There is no tool {call.name[:64]!r}. There are: {names}."
            return Read(call, arguments=data, refused=_wrong("unknown_tool", text))
        try:
            return Read(call, tool, tool.check(data))
        except ModelMisbehaved as error:
            return Read(call, tool, data, _unusable(call, error))

    def _arguments(self, call: ToolCall) -> Any:
        if len(call.arguments) > MOST_ARGUMENTS:
            raise ModelMisbehaved(
                f"The answer has {len(call.arguments):,} characters, and {MOST_ARGUMENTS:,} is the most."
            )
        return self._parse(call.arguments)

    # --- running ------------------------------------------------------------------------------

    async def run(self, bench: Bench, read: Read) -> Outcome:
        """What the call came to; raises nothing but the cancellation of whoever waits for it."""
        began = time.monotonic()
        outcome = read.refused or await self._ran(bench, read)
        if outcome.failed:  # it quotes what the model, the tool or its server wrote
            outcome = replace(outcome, text=self._clean(clean(outcome.text)))
        spent = round(time.monotonic() - began, 4)
        return replace(outcome, seconds=spent, arguments=_plain(read.arguments))

    async def _ran(self, bench: Bench, read: Read) -> Outcome:
        if read.tool is None:
            return self._more(bench, read.arguments)
        try:
            value = await self._within(read.tool, bench.shelf, read.arguments)
            shown, hits = self._told(bench, value)
        except FootlightsError as error:
            return _failed(read.tool, error.code, f"{error}. {error.hint}".replace("..", "."))
        except TimeoutError:
            why = f"it took longer than {read.tool.seconds:g} s and was ended"
            return _failed(read.tool, "time", why)
        except NotReadable as error:
            return _failed(read.tool, "result", str(error))
        except Exception as error:  # a tool may raise anything, and its model is told
            log.warning("the tool %s failed", read.tool.name, exc_info=error)
            said = str(error) if isinstance(error, Raised) else f"{type(error).__name__}: {error}"
            return _failed(read.tool, "raised", said)
        whole = self._clean(shown.text)
        text = cut(whole, bench.tokens, self._count, 0, read.call.id)
        if len(text) != len(whole):
            bench.kept.texts[read.call.id] = whole
        return Outcome(text, shown=shown.shown, hits=hits, whole=whole)

    async def _within(self, tool: Tool, shelf: Shelf, arguments: Any) -> Any:
        async with asyncio.timeout(tool.seconds + 1):
            return await tool.run(shelf, arguments, tool.seconds)

    def _told(self, bench: Bench, value: Any) -> tuple[Told, tuple[Hit, ...]]:
        if not isinstance(value, Passages):
            return (value if isinstance(value, Told) else told(value)), ()
        sources: Sequence[Source] = [bench.number(hit) for hit in value.hits]
        return passages_told(value, [source.number for source in sources]), value.hits

    def _more(self, bench: Bench, given: Mapping[str, Any]) -> Outcome:
        whole = bench.kept.texts.get(given["call_id"])
        if whole is None:
            known = ", ".join(bench.kept.texts)
            return _wrong(
                "arguments", f"No result that was cut has this call_id. There are: {known}."
            )
        return Outcome(cut(whole, bench.tokens, self._count, given["offset"], given["call_id"]))


def called_in_a_thread(function: Callable[..., Any]) -> Callable[[Shelf, Any, float], Any]:
    """How one of our own functions is run: on the loop when it is asynchronous, else in a thread."""

    async def run(shelf: Shelf, arguments: Any, seconds: float) -> Any:
        if inspect.iscoroutinefunction(function):
            return await function(shelf, **arguments)
        return await asyncio.to_thread(function, shelf, **arguments)

    return run


def _read_on(call: ToolCall, given: Mapping[str, Any]) -> Read:
    fits = isinstance(given.get("call_id"), str) and type(given.get("offset")) is int
    if not fits:
        return Read(
            call, arguments=given, refused=_wrong("arguments", "It takes call_id and offset.")
        )
    return Read(call, arguments=given)


def _unusable(call: ToolCall, error: Exception) -> Outcome:
    why = scrubbed(str(error).replace("The answer", "What you wrote", 1))
    return _wrong(
        "arguments",
        f"{call.name[:64]} was not run: {why} Correct the arguments and call it again.",
    )


def _wrong(code: str, text: str) -> Outcome:
    return Outcome(text, failed=True, code=code)


def _failed(tool: Tool, code: str, why: str) -> Outcome:
    return _wrong(code, f"{tool.name} failed: {scrubbed(why)}")


def _plain(arguments: Any) -> Any:
    return None if arguments is None else json.loads(json.dumps(arguments, default=str))
