"""A question and its answer, and the conversation they stand in."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from core.types.messages import Message
from core.types.models import Usage
from core.types.passages import Citation, Source
from core.types.window import WindowPlan


@dataclass(frozen=True, slots=True)
class Replay:
    """A turn that goes through the run `of` again: what comes before `step` is taken from its tape
    whatever has changed, and what comes after as long as its input is the same. Changed may be results
    of tools by the id of their call, messages of the window by their place in it, and what the model
    `said` by its step; `anew` puts the window together anew."""

    of: str
    step: int = 1
    results: tuple[tuple[str, str], ...] = ()
    messages: tuple[tuple[int, str], ...] = ()
    said: tuple[tuple[int, str], ...] = ()
    anew: bool = False


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """What somebody asks. `model` is a ref (`provider:id`) or None for the first that is there;
    `use_documents` is True for all, False for none, or the ids of documents and collections to look
    in. A program brings along what was said before, instructions that follow ours, and the id of its
    key, which pays; a visitor's question the ids of his link and of himself, which pay. `table` names the fields of the table that the answer shall be (`name, price: number`), "" for an answer in words. Without
    `guess` no model is asked when nothing in the documents is near the question. With `condense`
    the model first puts a follow-up so that it can be searched for by itself. `tools` are the names
    of those that the model may call. `again` is the id of a turn that is asked once more: only what was
    said before it is sent. `plan` fills this window alone; without one it is the conversation's."""

    prompt: str
    model: str | None = None
    use_documents: bool | tuple[str, ...] = True
    template: str = "answer"
    variables: dict[str, Any] = field(default_factory=dict)
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    history: tuple[Message, ...] = ()
    instructions: str = ""
    key_id: str = ""
    link_id: str = ""
    visitor_id: str = ""
    table: str = ""
    guess: bool = True
    condense: bool = False
    tools: tuple[str, ...] = ()
    replay: Replay | None = None
    again: str = ""
    plan: WindowPlan | None = None


@dataclass(frozen=True, slots=True)
class Calls:
    """What the ledger has of a turn: every attempt at a call, and the tokens of them all. For `estimated`
    of them no vendor reported anything, so that their tokens and dollars are our estimate."""

    count: int = 0
    estimated: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


TurnStatus = Literal["running", "done", "stopped", "failed", "interrupted"]


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation in the list; `turns` counts its questions."""

    id: str
    title: str
    created_at: datetime
    updated_at: datetime
    turns: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and its answer, as far as it has come. `cost` is None when the price is unknown."""

    id: str
    conversation_id: str
    status: TurnStatus
    request: TurnRequest
    created_at: datetime
    model: str = ""
    """The ref of the model that answered."""
    answer: str = ""
    reasoning: str = ""
    sources: tuple[Source, ...] = ()
    citations: tuple[Citation, ...] = ()
    usage: Usage | None = None
    """What came back with the answer, all its steps together; None when it has no end of its own."""
    cost: Decimal | None = None
    calls: Calls = Calls()
    """All that was asked for it, which is what `cost` pays."""
    stop_reason: str = ""
    error: dict[str, str] | None = None
    """`code`, `message` and `hint` of what made it fail."""
    first_token_seconds: float | None = None
    seconds: float | None = None
    ended_at: datetime | None = None
    prompt_version: str = ""
    """`name@version` of the template that was rendered."""
    taint: str = ""
    """Why its window counts as tainted: which text in it others wrote; "" when there was none."""
    leak: str = ""
    """How the canary of the system prompt got into the answer; "" when it did not."""

    @property
    def unsent(self) -> bool:
        """Whether it ended and nothing of its window went to a model: refused by us, stopped before, or not
        in the documents."""
        return self.status != "running" and not self.calls.count and self.request.replay is None

    @property
    def rests_on(self) -> frozenset[str]:
        """The names of the documents that it cites; of all that it was given when it cites none."""
        cited = {each.number for each in self.citations}
        return frozenset(
            each.hit.name for each in self.sources if not cited or each.number in cited
        )

    @property
    def tainted(self) -> bool:
        """Whether its window held text that others wrote: tools with effects then need a yes."""
        return bool(self.taint)
