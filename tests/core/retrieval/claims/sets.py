"""The claims of the files beside this one: passages of many kinds, each with what is said of it truly and falsely."""

from dataclasses import dataclass
from pathlib import Path

from core.retrieval.claims.citations import check as places
from core.retrieval.claims.verdicts import judged
from core.types import Chunk, Citation, Hit, Source

BORNE_OUT = ("verbatim", "supported")
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


def source(number: int, text: str, heading: str = "") -> Source:
    return Source(number, Hit(number, "d", "n", Chunk(0, text, 0, len(text), 1, heading), 0.5))


def check(answer: str, sources: list[Source]) -> tuple[Citation, ...]:
    return judged(answer, places(answer, sources), sources)


def stands(claim: str, passage: str) -> bool:
    """Whether the claim is borne out by the passage, which is all that was found."""
    [citation] = check(f"{claim.rstrip('.')} [1].", [source(1, passage)])
    return citation.verdict in BORNE_OUT
