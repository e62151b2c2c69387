"""The context window: who has which place in it, and how it is filled."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.types.messages import Role

Basis = Literal["exact", "counted", "calibrated", "estimate"]
"""What a count rests on: the model's own vocabulary, the vendor's own count of the same window, our estimate
times what the vendor's reports taught, or our estimate alone."""


Region = Literal["system", "tools", "sources", "summary", "history", "prompt", "reserve"]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that wants a place in the window; `reason` says why it was dropped ("" when kept)."""

    label: str
    text: str
    tokens: int
    kept: bool = True
    reason: str = ""
    role: Role | None = None
    ref: str = ""
    """What it is: a message id, a chunk id, a prompt version."""
    pinned: bool = False
    """Somebody wants it in every window of the conversation: it is never dropped."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One region of the window with its items in order; `tokens` counts the kept ones and their overhead."""

    region: Region
    items: tuple[Item, ...]
    tokens: int


MESSAGE_OVERHEAD = 4
"""Tokens around each message: 3 and its role ("How to count tokens with tiktoken", OpenAI Cookbook)."""


TOOL_OVERHEAD = 8
"""Tokens around the schema of each tool, until a vendor's reports taught better."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Where every token of the window goes; drawn, sent and charged from this one value."""

    window: int
    slices: tuple[Slice, ...]
    counter: str = "o200k_base"
    exact: bool = False
    """Whether the counts are those of the model's own tokenizer, or an estimate."""
    ratio: float = 1.0
    """What an estimate was multiplied with, learned from what the vendor reported."""
    per_message: float = MESSAGE_OVERHEAD
    per_tool: float = TOOL_OVERHEAD
    """What was added for each message and each tool, learned in the same way."""
    basis: Basis = "estimate"
    error: float = 0.0
    """The share within which half of the answers that taught a calibration were."""

    @property
    def used(self) -> int:
        """Tokens of the request and the reserve for its answer."""
        return sum(part.tokens for part in self.slices)

    @property
    def input_tokens(self) -> int:
        """Tokens of the request alone."""
        return sum(part.tokens for part in self.slices if part.region != "reserve")

    @property
    def free(self) -> int:
        """Tokens that nobody claims."""
        return self.window - self.used

    def tokens(self, region: Region) -> int:
        """What the region takes; 0 when it is not there."""
        return sum(part.tokens for part in self.slices if part.region == region)

    def items(self, region: Region) -> tuple[Item, ...]:
        """What is listed in the region, kept or not; nothing when it is not there."""
        return tuple(item for part in self.slices if part.region == region for item in part.items)

    def kept(self, region: Region) -> frozenset[str]:
        """The refs of what is sent in the region."""
        return frozenset(item.ref for item in self.items(region) if item.kept)


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """How the window of a conversation is filled: which turns stay when not all fit (`strategy` by its
    name, `latest` for those that keep a few), the share that passages may take, at most how many
    tokens of the model's window are used (None: all), the turns and passages that are pinned, and how many
    tokens are kept for the answer (`reserve`, None: as many as the prompt says)."""

    strategy: str = "oldest_first"
    latest: int = 6
    source_share: float = 0.5
    limit: int | None = None
    turns: tuple[str, ...] = ()
    passages: tuple[int, ...] = ()
    reserve: int | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """What the turns with these ids come to, oldest first, written by `model` with `prompt_version`.
    `depth` is 1 when it was made from turns alone, one more for each summary that went into it."""

    id: str
    text: str
    turns: tuple[str, ...]
    depth: int
    model: str
    prompt_version: str
    created_at: datetime
    undone_at: datetime | None = None
