"""A provider that says what it is told to: the tests' fake, and `FOOTLIGHTS_MODEL=scripted`."""

import asyncio
import re
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from core import errors
from core.errors import FootlightsError, ProviderError, StreamCut
from core.events import (
    FinishReason,
    ModelDone,
    ModelEvent,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    ToolCalled,
)
from core.llm.sentences import sentences, until
from core.types import ModelRequest, ToolCall, Usage


@dataclass(frozen=True, slots=True)
class Reply:
    """What to say, word by word with `pace_seconds` between the words; then `finish`, or with
    `cut` nothing more, and calls nothing. `usage` None reports none. With `stall_seconds` it falls silent half-way."""

    text: str
    usage: Usage | None = field(default_factory=Usage)
    pace_seconds: float = 0.0
    finish: FinishReason = "stop"
    reasoning: str = ""
    cut: bool = False
    stall_seconds: float = 0.0
    detail: str = ""
    calls: tuple[ToolCall, ...] = ()


Step = Reply | BaseException | Callable[[ModelRequest], Reply | BaseException]

_DIRECTIVE = re.compile(r"^\s*/(words|pace|fail|cut|stall|call|loop)\b(.*)$", re.M)
_CALL = re.compile(r"^\s*/(call|loop)[ \t]+(\S+)[ \t]*(.*)$", re.M)
_PACE = re.compile(r"(?:^|pace)\s*(\d+(?:\.\d+)?)\s*(ms|s)\b")
_FOR_EVER = 3600.0


class ScriptedProvider:
    """Answers with the steps of its script in turn: a `Reply`, an error to raise, or a function of
    the request that gives one of these. Every request is kept in `requests`.

    Without a step left it answers from the request: it repeats the question and cites the first
    sentence of the first sources, so that the whole app can be seen without any model. Lines of the
    question that begin with a slash then steer it:

        /words 200 pace 20ms     an answer of 200 words, one every 20 ms
        /pace 50ms               the usual answer, one word every 50 ms
        /fail rate_limited       fail with the error of this code (see core/errors.py)
        /fail overloaded 2       fail the first 2 times, then answer
        /cut                     break off half-way, without a finish reason
        /stall                   fall silent half-way, for an hour or until stopped
        /stall 2s                fall silent half-way for two seconds
        /call now {"timezone": "UTC"}   call this tool; of several such lines, one at each step
        /loop now {}             call it at every step
    """

    name = "scripted"

    def __init__(self, script: Iterable[Step] = ()) -> None:
        self.script: deque[Step] = deque(script)
        self.requests: list[ModelRequest] = []
        self._failed: Counter[str] = Counter()

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """The next step of the script."""
        self.requests.append(request)
        step = self.script.popleft() if self.script else self._improvised(request)
        if not isinstance(step, Reply | BaseException):
            step = step(request)
        if isinstance(step, BaseException):
            raise step
        async for event in _speak(step, request.model):
            yield event

    async def close(self) -> None:
        """Nothing to give back."""

    def _improvised(self, request: ModelRequest) -> Reply | BaseException:
        asked = request.question or (request.messages[-1].text if request.messages else "")
        orders = {name: rest.strip() for name, rest in _DIRECTIVE.findall(asked)}
        if (fault := orders.get("fail")) is not None and (error := self._fault(fault, asked)):
            return error
        if calls := _calls(request, asked):
            return Reply("", usage=_counted(request, ""), finish="tool_calls", calls=calls)
        text = _answer(request, _DIRECTIVE.sub("", asked).strip())
        if number := re.match(r"\d+", orders.get("words", "")):
            text = " ".join(f"word{index}" for index in range(1, min(int(number[0]), 100_000) + 1))
        text = until(text, request.stop)
        return Reply(
            text,
            usage=_counted(request, text),
            pace_seconds=_seconds(orders.get("pace", "") or orders.get("words", "")),
            cut="cut" in orders,
            stall_seconds=(_seconds(orders["stall"]) or _FOR_EVER) if "stall" in orders else 0.0,
        )

    def _fault(self, order: str, asked: str) -> FootlightsError | None:
        code, _, times = order.partition(" ")
        self._failed[asked] += 1
        if times.strip().isdecimal() and self._failed[asked] > int(times):
            del self._failed[asked]
            return None
        kind = _by_code().get(code, errors.Overloaded)
        message = f"scripted fails with {kind.code}, as it was told to."
        return (
            kind(message, provider=self.name) if issubclass(kind, ProviderError) else kind(message)
        )


async def _speak(reply: Reply, model: str) -> AsyncIterator[ModelEvent]:
    if reply.reasoning:
        yield ReasoningDelta(reply.reasoning)
    words = re.findall(r"\s*\S+\s*\Z|\s*\S+", reply.text)
    half = len(words) // 2 if reply.cut or reply.stall_seconds else len(words)
    for number, word in enumerate(words):
        if number == half and reply.stall_seconds:
            await asyncio.sleep(reply.stall_seconds)
        if number == half and reply.cut:
            raise StreamCut("scripted broke off, as it was told to.", provider="scripted")
        if reply.pace_seconds and number:
            await asyncio.sleep(reply.pace_seconds)
        yield TextDelta(word)
    for call in reply.calls:
        yield ToolCallDelta(0, call.arguments, call.id, call.name)
        yield ToolCalled(call)
    yield ModelDone(reply.finish, reply.usage, model, reply.detail)


def _by_code() -> Mapping[str, type[FootlightsError]]:
    kinds = (kind for kind in vars(errors).values() if isinstance(kind, type))
    return {kind.code: kind for kind in kinds if issubclass(kind, FootlightsError)}


def _calls(request: ModelRequest, asked: str) -> tuple[ToolCall, ...]:
    """The call that is due: the nth line is for the nth step."""
    lines = _CALL.findall(asked)
    if not lines or not request.tools or request.tool_choice == "none":
        return ()
    step = sum(each.role == "tool" for each in request.messages)
    kind, name, arguments = lines[min(step, len(lines) - 1)]
    if step >= len(lines) and kind != "loop":
        return ()
    return (ToolCall(f"call_{step + 1}", name, arguments.strip() or "{}"),)


def _results(request: ModelRequest) -> str:
    said = [
        part.text for each in request.messages for part in each.parts if part.type == "tool_result"
    ]
    return f"The tools say: {said[-1][:600]}" if said else ""


def _seconds(text: str) -> float:
    found = _PACE.search(text)
    if not found:
        return 0.0
    return float(found[1]) / (1000 if found[2] == "ms" else 1)


def _answer(request: ModelRequest, question: str) -> str:
    opening = f"You asked: {' '.join(question.split())[:300] or 'nothing'}"
    if results := _results(request):
        return f"{opening}\n\n{results}"
    if not request.sources:
        return f"{opening}\n\nI am a script and not a model, and no passage was found to quote."
    cited = [f"{_first(source.hit.chunk.text)} [{source.number}]" for source in request.sources[:2]]
    return f"{opening}\n\nThe documents say: " + " ".join(cited)


def _first(text: str) -> str:
    found = sentences(text)
    return found[0] if found else " ".join(text.split())[:200]


def _counted(request: ModelRequest, text: str) -> Usage:
    asked = sum(len(message.text.split()) for message in request.messages)
    return Usage(asked, len(text.split()))
