"""What is known of an MCP server: how it is reached, what it offered when it was accepted, and what now."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Kind = Literal["new", "changed", "gone"]


@dataclass(frozen=True, slots=True)
class McpOffer:
    """A tool as its server describes it, made harmless and cut; `pin` is the hash of the description as
    it was sent, whole. `problem` says why it cannot be called at all."""

    name: str
    description: str
    parameters: dict[str, Any]
    pin: str
    problem: str = ""

    def text(self) -> str:
        """All that a model is told of it, to be compared."""
        return (
            f"{self.description}\n\n{json.dumps(self.parameters, indent=1, ensure_ascii=False)}\n"
        )


@dataclass(frozen=True, slots=True)
class McpChange:
    """A tool that is not as it was when its server was accepted."""

    name: str
    kind: Kind
    before: McpOffer | None = None
    now: McpOffer | None = None

    def texts(self) -> tuple[str, str]:
        """What a model was told of it, and what it would be told now."""
        before = self.before.text() if self.before else ""
        return before, self.now.text() if self.now else ""


@dataclass(frozen=True, slots=True)
class McpServer:
    """A server as it is kept: a command, or an address. Of its secrets (the environment of a command, the
    headers of an address) only the names stand here."""

    id: str
    name: str
    command: tuple[str, ...]
    url: str
    secret_names: tuple[str, ...]
    loopback: bool
    """Whether its address is on this machine, and nowhere else."""
    is_on: bool
    accepted: tuple[McpOffer, ...]
    """What it offered when the owner looked at it last."""
    seen: tuple[McpOffer, ...]
    """What it offered when it was asked last."""
    harmless: tuple[str, ...]
    """The tools that change nothing, as the owner says."""
    error: str
    created_at: datetime
    seen_at: datetime
    used_at: datetime | None = None

    @property
    def kind(self) -> str:
        """How it is reached: `stdio` or `http`."""
        return "stdio" if self.command else "http"

    def callable(self) -> tuple[McpOffer, ...]:
        """The tools that may be called: what was accepted and is still the same to the letter."""
        pins = {each.name: each.pin for each in self.seen}
        return tuple(
            each for each in self.accepted if not each.problem and pins.get(each.name) == each.pin
        )

    def changes(self) -> tuple[McpChange, ...]:
        """What differs between what was accepted and what it offers now."""
        before = {each.name: each for each in self.accepted}
        now = {each.name: each for each in self.seen}
        gone = [McpChange(name, "gone", each) for name, each in before.items() if name not in now]
        new = [
            McpChange(name, "new", None, each) for name, each in now.items() if name not in before
        ]
        changed = [
            McpChange(name, "changed", before[name], each)
            for name, each in now.items()
            if name in before and before[name].pin != each.pin
        ]
        return (*changed, *new, *gone)
