"""What is said in a conversation: messages and their parts."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Text:
    """What was said."""

    text: str
    type: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class Reasoning:
    """What the model thought aloud before it answered; never sent back."""

    text: str
    type: Literal["reasoning"] = "reasoning"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that a model asks for; `arguments` is the JSON as the model wrote it, whole but unchecked."""

    id: str
    name: str
    arguments: str
    type: Literal["tool_call"] = "tool_call"


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a call came to, for the model to read; the only part of a message of role `tool`."""

    call_id: str
    text: str
    failed: bool = False
    type: Literal["tool_result"] = "tool_result"


Part = Text | Reasoning | ToolCall | ToolResult


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation, in the order of its parts."""

    role: Role
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """What was said, without the reasoning."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))


def message(role: Role, text: str) -> Message:
    """A message of one text part."""
    return Message(role, (Text(text),))
