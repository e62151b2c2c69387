"""The words of the house: pure, frozen values without ids of their own making and without I/O."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

# --- messages ---------------------------------------------------------------------------------

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


# --- what a model call costs ------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens; a model without a known price has no `Price` at all."""

    input: Decimal
    output: Decimal


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


# --- documents --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    """Page `number` (from 1) of an extracted text: characters [start, end)."""

    number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Extracted:
    """The text of a file; `unit` names what `pages` are: page, slide, sheet or section."""

    text: str
    pages: tuple[Page, ...]
    unit: Literal["page", "slide", "sheet", "section"]
    empty_pages: tuple[int, ...] = ()
    hidden_characters: int = 0
    """Invisible characters that were removed."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Passage `seq` of a document: `text == extracted.text[start:end]`, on page `page`, under `heading`."""

    seq: int
    text: str
    start: int
    end: int
    page: int
    heading: str = ""
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question; `score` is the cosine similarity, -1 to 1."""

    chunk_id: int
    document_id: str
    name: str
    chunk: Chunk
    score: float
    unit: str = "page"
    fused: float = 0.0
    """What meaning and words come to, 0 to 1 among the passages that were considered."""
    hidden: int = 0
    """Invisible characters that were removed from its document."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that was considered for a question: its place by meaning and by words (from 1, None
    when it was not among the first there), its cosine and its BM25, what both come to (0 to 1), the
    better passage that says the same, if there is one, and what a cross-encoder made of it, read with
    the question (0 to 1, None when it was not read)."""

    chunk_id: int
    dense_rank: int | None
    dense_score: float
    word_rank: int | None
    word_score: float
    fused: float
    duplicate_of: int | None = None
    read: float | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to: the hits, everything that was considered for them, and how near the
    nearest comes to the question: its cosine, and the share of the question's telling words that one
    of the hits has."""

    hits: tuple[Hit, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    cosine: float = 0.0
    coverage: float = 0.0


@dataclass(frozen=True, slots=True)
class Source:
    """A passage with the number under which an answer may cite it: [1], [2], ...; `flagged` says that it
    reads like an instruction, and `suspicion` how much, 0 to 1."""

    number: int
    hit: Hit
    suspicion: float = 0.0
    flagged: bool = False


Verdict = Literal["verbatim", "supported", "other_source", "not_found", "unchecked"]
"""What a passage says of a claim: its very words, the same, nothing while another passage of the
window does, nothing at all; "unchecked" when nobody has looked, or nothing is claimed."""


@dataclass(frozen=True, slots=True)
class Citation:
    """One [n] of an answer: characters [start, end) of the answer, and the words of source `number`
    that the sentence rests on, characters [quote_start, quote_end) of its passage (equal when none).
    An empty place (start == end) is behind a sentence that names no passage, and was found to rest on
    this one.

    `verdict` is on the claim, characters [claim_start, claim_end) of the answer; `found_in` is the
    number of the passage that bears out a claim of "other_source", else 0."""

    number: int
    start: int
    end: int
    quote_start: int
    quote_end: int
    verdict: Verdict = "unchecked"
    found_in: int = 0
    claim_start: int = 0
    claim_end: int = 0


# --- the context window -----------------------------------------------------------------------

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


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """How the window of a conversation is filled: which turns stay when not all fit (`strategy` by its
    name, `latest` for those that keep a few), the share that passages may take, at most how many
    tokens of the model's window are used (None: all), and the turns and passages that are pinned."""

    strategy: str = "oldest_first"
    latest: int = 6
    source_share: float = 0.5
    limit: int | None = None
    turns: tuple[str, ...] = ()
    passages: tuple[int, ...] = ()


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


# --- requests ---------------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class Replay:
    """A turn that goes through the run `of` again: what comes before `step` is taken from its tape
    whatever has changed, and what comes after as long as its input is the same. `results` are results
    of tools that were changed, by the id of their call; `anew` puts the window together anew."""

    of: str
    step: int = 1
    results: tuple[tuple[str, str], ...] = ()
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


# --- traces -----------------------------------------------------------------------------------

SpanKind = Literal["turn", "prompt", "retrieval", "window", "model", "tool", "citations", "wait"]


@dataclass(frozen=True, slots=True)
class SpanEvent:
    """Something that happened at a moment inside a span."""

    name: str
    at_ns: int
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Span:
    """One timed piece of a turn, in the shape of an OpenTelemetry span; times in ns since the epoch."""

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    kind: SpanKind
    start_ns: int
    end_ns: int
    status: Literal["ok", "error", "stopped"] = "ok"
    attributes: dict[str, Any] = field(default_factory=dict)
    events: tuple[SpanEvent, ...] = ()


# --- what the store gives back ----------------------------------------------------------------

DocumentStatus = Literal["queued", "reading", "chunking", "embedding", "indexed", "refused"]
TurnStatus = Literal["running", "done", "stopped", "failed", "interrupted"]
LedgerState = Literal["reserved", "settled", "released"]


@dataclass(frozen=True, slots=True)
class Document:
    """An uploaded file and how far it has come. `done` of `total` counts the current stage;
    `seconds` is the time of each finished stage; `reason` says why it was refused."""

    id: str
    name: str
    sha256: str
    bytes: int
    kind: str
    status: DocumentStatus
    created_at: datetime
    reason: str = ""
    done: int = 0
    total: int = 0
    unit: str = "page"
    pages: int = 0
    empty_pages: tuple[int, ...] = ()
    passages: int = 0
    tokens: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    indexed_at: datetime | None = None
    hidden_characters: int = 0
    """Invisible characters that were removed from it."""


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a page, in fractions of its width and height from the upper left corner."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class PagePicture:
    """Page `number` (from 1) of a document as PNG, and where on it the sought words stand, line by
    line; no boxes when they could not be found."""

    number: int
    png: bytes
    width: int
    height: int
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class PageText:
    """What was read from page (slide, sheet, section) `number`: its beginning when it is very long
    (`characters` counts all of it), and where in it each passage begins, by the passage's `seq`."""

    number: int
    text: str
    characters: int
    places: dict[int, int] = field(default_factory=dict)

    def span(self, seq: int, start: int, end: int) -> tuple[int, int]:
        """Characters [start, end) of passage `seq` as characters of this text; (0, 0) when it is not here."""
        place = self.places.get(seq)
        return (0, 0) if place is None else (place + start, place + end)


@dataclass(frozen=True, slots=True)
class Collection:
    """A named group of documents; `documents` counts them. A document may be in several."""

    id: str
    name: str
    created_at: datetime
    documents: int = 0


@dataclass(frozen=True, slots=True)
class Right:
    """A passage that answers a golden question: the hash of its file and its very words, so that it is
    found again however the file is cut and whenever it is uploaded; `name` and the characters
    [start, end) are where it was when it was chosen."""

    sha256: str
    text: str
    name: str = ""
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Golden:
    """A question whose right passages are known, asked of one collection or ("") of all documents."""

    id: str
    question: str
    right: tuple[Right, ...]
    created_at: datetime
    collection_id: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One time that the golden questions were asked: of the index as change `seq` left it, of the
    embedding space, and of what the collections held. `ranks` has for each question the rank of each
    right passage, 0 for one that was not found."""

    id: str
    created_at: datetime
    seq: int
    space: str
    scope: str
    ranks: dict[str, tuple[int, ...]] = field(default_factory=dict)


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
    cost: Decimal | None = None
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
    def tainted(self) -> bool:
        """Whether its window held text that others wrote: tools with effects then need a yes."""
        return bool(self.taint)


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
