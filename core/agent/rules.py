"""What holds in a run: its bounds and their words, what must be allowed, and what is sent back."""

import json
import re
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from core.agent.reel import Reel
from core.events import Decision, ModelEvent, RunStopped
from core.tools.dispatcher import Bench, Read
from core.tools.tool import Outcome, Tool
from core.trace import OpenSpan, Trace
from core.types import Message, Source, ToolCall, ToolResult, ToolSpec

_GONE = "[Left out to make room: call the tool again if you need it.]"
_ODD = re.compile(r"[^a-zA-Z0-9_-]+")
_LONGEST_NAME = 64
_IN_WORDS = {2: "twice", 3: "three times", 4: "four times"}


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far one run may go: steps, seconds (waiting for an approval not counted), US dollars (None:
    no limit of its own), and how often the same call may have the same result."""

    steps: int = 8
    seconds: float = 300.0
    dollars: Decimal | None = Decimal("0.50")
    repeats: int = 3


@dataclass(frozen=True, slots=True)
class Spending:
    """US dollars of a run: what it has cost, and what its next call may cost; None when unknown."""

    so_far: Decimal | None
    ahead: Decimal | None


Ask = Callable[[tuple[Message, ...], tuple[ToolSpec, ...], str], AsyncGenerator[ModelEvent, None]]
"""Asks the model, metered: the messages, the tools, and `auto` or `none` of them."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Who is asked about a tool that changes something: whether it may be called, always or now."""

    allowed: Callable[[], Awaitable[frozenset[str]]]
    ask: Callable[[str, str], Awaitable[None]]
    wait: Callable[[str], Awaitable[Decision]]


@dataclass(slots=True)
class Run:
    """One run: what it is given, and how far it has come."""

    bench: Bench
    ask: Ask
    gate: Gate
    spending: Callable[[Sequence[Message]], Awaitable[Spending]]
    count: Callable[[str], int]
    messages: list[Message]
    sources: list[Source]
    room: int
    """Tokens that the messages may have."""
    untrusted: bool
    """Whether the window holds text that somebody else wrote."""
    strict: bool
    bounds: Bounds
    trace: Trace
    parent: OpenSpan
    step: int = 0
    deadline: float = 0.0
    ended: RunStopped | None = None
    seen: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    ids: set[str] = field(default_factory=set)
    reel: Reel | None = None
    """The tape that a replay goes along."""


# --- what is allowed --------------------------------------------------------------------------


def may_ask(read: Read) -> bool:
    """Whether somebody may have to be asked about this call."""
    return bool(read.tool and read.tool.access in ("network", "effects") and not read.refused)


def why_asked(tool: Tool | None, untrusted: bool, allowed: frozenset[str]) -> str:
    """Why somebody must be asked, in words; "" when the tool may simply be called."""
    if tool is None or tool.access in ("pure", "documents"):
        return ""
    if tool.access == "network" and not untrusted:
        return ""
    if tool.access == "effects" and not untrusted and tool.name in allowed:
        return ""
    does = tool.effects or "It asks the open internet."
    others = " The window holds text that others wrote, which may have made the model do this."
    return f"{does[:1].upper()}{does[1:].rstrip('.')}.{others if untrusted else ''}"


def denied(tool: Tool) -> Outcome:
    """What the model is told of a tool that was not allowed."""
    return Outcome(
        f"{tool.name} was not run: the user did not allow it. Go on without it, or ask him.",
        True,
        "denied",
    )


# --- what is sent back ------------------------------------------------------------------------


def sent_back(read: Read) -> ToolCall:
    """The call as it may stand in the next request: what could not be read is quoted, as vendors read
    it too, and a name that no tool can have is written as one, since they refuse all others."""
    call = replace(read.call, name=_ODD.sub("_", read.call.name)[:_LONGEST_NAME] or "unnamed")
    if read.arguments is not None:
        return call
    return replace(call, arguments=json.dumps({"unreadable": call.arguments[:300]}))


def canonical(read: Read, outcome: Outcome) -> str:
    """The arguments in one form, however they were written."""
    if outcome.arguments is None:
        return read.call.arguments
    return json.dumps(outcome.arguments, sort_keys=True)


def tokens_of(messages: Sequence[Message], count: Callable[[str], int]) -> int:
    """The tokens of the messages, calls and results included."""
    total = 0
    for each in messages:
        for part in each.parts:
            text = part.name + part.arguments if isinstance(part, ToolCall) else part.text
            total += count(text) + 8
    return total


def make_room(messages: list[Message], room: int, count: Callable[[str], int]) -> None:
    """Leave out the oldest results until the rest fits into so many tokens; a call keeps its place and
    its result's."""
    for at, said in enumerate(messages):
        if tokens_of(messages, count) <= room:
            return
        if said.role == "tool":
            shorter = tuple(
                replace(part, text=_GONE) if isinstance(part, ToolResult) else part
                for part in said.parts
            )
            messages[at] = replace(said, parts=shorter)


# --- reasons in words -------------------------------------------------------------------------


def steps_used(steps: int) -> RunStopped:
    """The steps are used up."""
    return RunStopped(
        "steps",
        f"{steps} steps, the most of one run: ask for a part of it, or allow more with "
        "FOOTLIGHTS_RUN_STEPS",
    )


def time_used(seconds: float) -> RunStopped:
    """The time is used up."""
    return RunStopped(
        "time",
        f"{seconds:g} s, the most of one run: ask for a part of it, or allow more with "
        "FOOTLIGHTS_RUN_SECONDS",
    )


def money_used(limit: Decimal, spent: Decimal, ahead: Decimal) -> RunStopped:
    """The next call could pass the limit in dollars."""
    return RunStopped(
        "money",
        f"${limit:f} reached: ${spent:f} was spent, and the next call could cost ${ahead:.4f}; choose a "
        "cheaper model, or allow more with FOOTLIGHTS_RUN_DOLLARS",
    )


def repeated(times: int, read: Read, outcome: Outcome) -> RunStopped:
    """The run goes round in circles."""
    often = _IN_WORDS.get(times, f"{times} times")
    given = outcome.arguments if isinstance(outcome.arguments, dict) else {}
    shown = ", ".join(json.dumps(value, ensure_ascii=False) for value in given.values())
    call = f"{read.call.name[:64]}({shown if len(shown) <= 80 else shown[:80] + '…'})"
    came = " ".join(outcome.text.split())
    gave = came if len(came) <= 90 else f"{came[:90].rstrip(' .')}…"
    return RunStopped(
        "repeated",
        f"same call with the same result {often}: {call} gave “{gave}”; ask in other words, or choose "
        "other tools",
    )
