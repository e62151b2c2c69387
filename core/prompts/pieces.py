"""What a rendering template yields: text that remembers whose it is, and the marks between messages."""

from typing import Any, Literal

Kind = Literal["text", "message", "endmessage", "fenced", "endfenced"]


class Piece(str):
    """A string with its origin beside it, not inside it, so that no text can pretend to one.

    Jinja2 calls `str()` on everything that it prints; `__str__` hands the piece through.
    """

    __slots__ = ("kind", "quoted", "trust", "variable")
    kind: Kind
    variable: str
    trust: str
    quoted: bool

    def __str__(self) -> "Piece":
        return self


def piece(value: Any, variable: str, trust: str) -> Piece:
    """What is printed for a value; numbers and booleans of retrieved data need no fence."""
    made = Piece(str(value))
    made.kind, made.variable, made.trust = "text", variable, trust
    made.quoted = trust == "retrieved" and not isinstance(value, int | float | None)
    return made


def mark(kind: Kind, role: str = "") -> Piece:
    """The beginning or the end of a message (its text is the role) or of a fenced part."""
    made = Piece(role)
    made.kind, made.variable, made.trust, made.quoted = kind, "", "trusted", False
    return made
