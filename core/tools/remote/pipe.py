"""What is known of a connection while it lives: its bounds, and why it ended."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.addresses import Address, is_public

MOST_MESSAGE = 4 * 2**20
"""Bytes of one message of a server."""
MOST_ANSWER = 32 * 2**20
"""Bytes of everything that a server sends between two messages of ours, or in one response."""
QUERY = "?"
"""The name under which the query of an address is kept among its secrets."""
MOST_WORDS = 2_000
_BETWEEN = re.compile(r"[\s=&]+")


@dataclass(frozen=True, slots=True)
class Way:
    """How a server is reached. Whoever prints one sees no secret."""

    name: str
    command: tuple[str, ...] = ()
    url: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The environment of a command; the headers of an address, and its query under "?"."""
    loopback: bool = False
    """Whether its address is on this machine, and nowhere else."""

    def allowed(self, address: Address) -> bool:
        """Whether this may be connected to."""
        return address.is_loopback if self.loopback else is_public(address)

    def without_secrets(self, text: str) -> str:
        """The text with what was given in confidence left out."""
        for value in self.secrets.values():
            # "Bearer ..." may come back without its first word, and "key=..." without its name.
            parts = [each for each in _BETWEEN.split(value) if len(each) >= 8]
            for each in (value, *parts) if len(value) >= 6 else ():
                text = text.replace(each, "[left out]")
        return text

    def redacted(self, value: Any) -> Any:
        """A value of JSON in which nothing is left of what was given in confidence."""
        match value:
            case str():
                return self.without_secrets(value)
            case dict():
                return {self.redacted(key): self.redacted(each) for key, each in value.items()}
            case list():
                return [self.redacted(each) for each in value]
            case _:
                return value


def _nothing() -> None:
    return None


@dataclass(slots=True)
class Pipe:
    """One connection: `ended` says in words why it is over, `words` are the last of the server's log."""

    ended: str = ""
    words: bytes = b""
    status: int = 0
    """The HTTP status of the last answer, when it was an error."""
    kill: Callable[[], None] = _nothing
    """End whatever runs for it, at once."""

    def overheard(self, data: bytes) -> None:
        """Keep the last of what the server says to nobody."""
        self.words = (self.words + data)[-MOST_WORDS:]
