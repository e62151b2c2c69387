"""Renders templates that anybody may have written, in worker processes that are warm and can be killed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from core.errors import Refused
from core.prompts import canary as canaries
from core.prompts import values
from core.prompts.defence import Fence
from core.prompts.layers import MARKED_NOTE, Layers
from core.prompts.pool import SIZE, WAIT, Pool
from core.prompts.template import PromptTemplate, Trust, Variable
from core.prompts.variables import is_name
from core.types import Message, message

SECONDS = 2.0
MEMORY_MB = 600


@dataclass(frozen=True, slots=True)
class TrustSpan:
    """Characters [start, end) of message `message` came from `variable`, whose words are `trust`."""

    message: int
    start: int
    end: int
    variable: str
    trust: Trust


@dataclass(frozen=True, slots=True)
class Rendered:
    """What the model is sent, and whose words are where in it.

    `boundary` is the fence's of this rendering, `hidden` the number of invisible characters that
    were removed from retrieved text, `canary` the word of the system prompt that no answer may have.
    """

    messages: tuple[Message, ...]
    spans: tuple[TrustSpan, ...]
    boundary: str
    hidden: int = 0
    canary: str = ""


class Sandbox:
    """Templates in, messages out; any event loop may call. `wait` is how long a request may wait for its turn."""

    def __init__(
        self,
        *,
        seconds: float = SECONDS,
        memory_mb: int = MEMORY_MB,
        size: int = SIZE,
        wait: float = WAIT,
    ) -> None:
        self._pool = Pool(seconds=seconds, memory_mb=memory_mb, size=size, wait=wait)

    async def render(
        self,
        template: PromptTemplate,
        variables: Mapping[str, Any],
        *,
        layers: Layers | None = None,
        canary: str = "",
    ) -> Rendered:
        """The template's messages with these values; the values themselves are never changed.

        Retrieved text is fenced by a boundary that is new every time, and whatever else the layers
        say is done to it: the template's own unless others are given. A canary is told to the first
        system message, if there is one. Refused, with the reason and the line, for whatever the
        template cannot or may not do, within seconds.
        """
        layers = layers or template.layers
        given = values.plain(template, variables)
        fence = Fence.around("".join(_strings(given)) + template.source)
        request = {**_request(template, "render"), "values": given, "boundary": fence.boundary}
        request["layers"] = asdict(layers)
        rendered = _rendered(await self._ask(request), fence)
        has_quotes = any(span.trust == "retrieved" for span in rendered.spans)
        notes = [MARKED_NOTE] * (layers.marked and has_quotes)
        if canary and layers.canary:
            notes.append(canaries.line(canary))
        return _noted(rendered, notes, canary if layers.canary else "")

    async def check(self, template: PromptTemplate) -> None:
        """Refused, with line and column, unless the body compiles and uses just what is declared."""
        await self._ask(_request(template, "validate"))

    async def undeclared(self, template: PromptTemplate) -> tuple[Variable, ...]:
        """The variables that the body uses and the front matter does not declare, each of the type and
        trust that its use suggests. Refused when the body cannot be read."""
        used = (await self._ask(_request(template, "uses")))["uses"]
        return tuple(
            Variable(name, guessed["type"], guessed["trust"])
            for name, guessed in used.items()
            if is_name(name) and not template.takes(name)
        )

    async def warm(self) -> None:
        """Start the workers, so that the first rendering does not wait for one."""
        await self._pool.warm()

    def close(self) -> None:
        """End the workers; what is still asked is refused."""
        self._pool.close()

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        answer = await self._pool.ask(request)
        if "refused" in answer:
            raise Refused(answer["refused"], hint=answer["hint"] or "Change the template there.")
        return answer


def _request(template: PromptTemplate, op: str) -> dict[str, Any]:
    return {
        "op": op,
        **_file(template),
        "trusts": {variable.name: variable.trust for variable in template.variables},
        "lines": {variable.name: variable.line for variable in template.variables},
        "is_partial": template.kind == "partial",
        "partials": {each.ref: _file(each) for each in template.partials},
    }


def _file(template: PromptTemplate) -> dict[str, Any]:
    return {
        "source": template.source,
        "body_line": template.body_line,
        "pins": {name: f"{name}@{version}" for name, version in template.pins},
    }


def _rendered(answer: dict[str, Any], fence: Fence) -> Rendered:
    spans = tuple(
        TrustSpan(number, start, end, variable, trust)
        for number, made in enumerate(answer["messages"])
        for start, end, variable, trust in made["spans"]
    )
    messages = tuple(message(made["role"], made["text"]) for made in answer["messages"])
    return Rendered(messages, spans, fence.boundary, answer["removed"])


def _noted(rendered: Rendered, notes: list[str], canary: str) -> Rendered:
    """With these lines at the end of the system prompt; without one nothing is told, and no canary."""
    if not notes or not rendered.messages or rendered.messages[0].role != "system":
        return rendered
    first, *rest = rendered.messages
    told = message("system", "\n".join([first.text, *notes]))
    return replace(rendered, messages=(told, *rest), canary=canary)


def _strings(value: Any) -> list[str]:
    """Every text in plain data, however deep."""
    found: list[str] = []
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str(text):
                found.append(text)
            case dict(items):
                waiting += items.values()
            case list(items):
                waiting += items
            case _:
                pass  # numbers, truth values and null hold no boundary
    return found
