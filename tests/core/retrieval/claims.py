"""The claims of the files beside this one: passages of many kinds, each with what is said of it truly and falsely."""

from dataclasses import dataclass
from pathlib import Path

TRUE = ("verbatim", "paraphrase")


@dataclass(frozen=True, slots=True)
class Said:
    """A claim of a kind ("paraphrase", "number", ...) about the passage of that name."""

    passage: str
    kind: str
    text: str


def load(file: str = "claims.txt") -> tuple[dict[str, str], list[Said]]:
    """The passages by name, in order, and all that is said of them."""
    passages: dict[str, str] = {}
    claims: list[Said] = []
    written = Path(__file__).with_name(file).read_text("utf-8")
    for block in written.split("\n== "):
        head, _, said = block.removeprefix("== ").partition("\n--\n")
        name, _, passages_text = head.partition("\n")
        passages[name] = passages_text.strip()
        for line in said.strip().splitlines():
            kind, _, text = line.partition(": ")
            claims.append(Said(name, kind, text))
    return passages, claims
