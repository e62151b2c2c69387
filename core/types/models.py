"""What can be asked and what one call of it asks for, and what that comes to."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from core.types.messages import Message
from core.types.passages import Source


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one model call; `input_tokens` includes cached and cache-written ones for every vendor."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    source: Literal["reported", "estimated"] = "reported"

    def __add__(self, other: "Usage") -> "Usage":
        """The tokens of both; estimated when either is."""
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_tokens + other.cached_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            "estimated" if "estimated" in (self.source, other.source) else "reported",
        )


_MILLION = Decimal(10**6)


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens; a model without a known price has no `Price` at all."""

    input: Decimal
    output: Decimal

    def of(self, sent: int, answered: int = 0) -> Decimal:
        """US dollars for so many tokens of each."""
        return (self.input * sent + self.output * answered) / _MILLION


ToolSupport = Literal["native", "schema", "none"]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One model that can be asked: `ref` is `provider:id`, `window` its context window in tokens."""

    ref: str
    provider: str
    id: str
    label: str
    window: int
    max_output: int
    price: Price | None
    is_model: bool = True
    note: str = ""
    passages: int = 8
    """How many passages are worth sending to it."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model is told of it; `parameters` is the JSON schema of its arguments."""

    name: str
    description: str
    parameters: dict[str, Any]
    strict: bool = False
    """Whether the schema is in the strict form that vendors can hold a model to."""


@dataclass(frozen=True, slots=True)
class OutputSchema:
    """The JSON schema that the answer must fit, for vendors that can hold a model to one."""

    name: str
    schema: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One call of a model. `model` is the vendor's own id; `sources` are the passages inside the
    messages, for providers that are no models; `max_tokens` bounds the answer. `tool_choice` is
    auto, none, required or the name of a tool. The first `stable` messages will be sent again as
    they are, so that a vendor can keep them in its cache."""

    model: str
    messages: tuple[Message, ...]
    max_tokens: int
    sources: tuple[Source, ...] = ()
    question: str = ""
    stop: tuple[str, ...] = ()
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: str = "auto"
    output: OutputSchema | None = None
    stable: int = 0


LedgerState = Literal["reserved", "settled", "released"]


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One attempt that could cost money. `reserved` is the worst case, `cost` what it came to (USD);
    either is None when the price is unknown."""

    id: str
    turn_id: str
    conversation_id: str
    model: str
    purpose: str
    state: LedgerState
    created_at: datetime
    reserved: Decimal | None
    cost: Decimal | None
    usage: Usage | None = None
    settled_at: datetime | None = None
