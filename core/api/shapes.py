"""What the API takes and gives, where it is not one of core's own values."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from core.bootstrap import Changes
from core.events import Decision
from core.types import TurnRequest

_A_TURN: JsonDict = {
    "prompt": "How long is the notice period?",
    "model": "openai:gpt-6-luna",
    "use_documents": True,
    "template": "answer@1",
    "variables": {"tone": "brief"},
    "max_tokens": 400,
}

_Words = Annotated[str, Field(max_length=1_000_000)]
"""Whole characters: a bound makes pydantic look at them, and half of a surrogate pair is refused."""


class TurnIn(BaseModel):
    """A question. Only `prompt` is needed; `use_documents` is true, false or a list of ids, of
    documents or of collections; `collection` is the name or the id of the one to look in."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={"examples": [{"prompt": "How long is the notice period?"}, _A_TURN]},
    )

    prompt: str
    conversation_id: str | None = None
    model: str | None = None
    use_documents: bool | list[str] = True
    collection: str | None = None
    tools: list[str] = Field(default_factory=list)
    """The names of those that the model may call; GET /api/tools has them."""
    template: str = "answer"
    variables: dict[str, Any] = Field(default_factory=dict)
    max_tokens: int | None = Field(None, ge=1)
    guess: bool = True
    """False: when nothing in the documents is near the question, say so and ask no model."""
    condense: bool = False
    """True: a follow-up is first put so that it can be searched for by itself, by one small call."""
    table: str = ""
    """The fields of a table that the answer shall be: `name, year: number, open: yes/no`."""

    def request(self) -> TurnRequest:
        """The same as core's own value."""
        documents = self.use_documents
        return TurnRequest(
            prompt=self.prompt,
            model=self.model,
            use_documents=documents if isinstance(documents, bool) else tuple(documents),
            template=self.template,
            variables=self.variables,
            max_tokens=self.max_tokens,
            table=self.table,
            guess=self.guess,
            condense=self.condense,
            tools=tuple(self.tools),
        )


class EstimateIn(TurnIn):
    """A question that is being written, with all that it would be asked with."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"prompt": "How long is the notice"}]}
    )

    prompt: str = Field(max_length=1_000_000)


class DecisionIn(BaseModel):
    """What is decided about a tool that waits."""

    model_config = ConfigDict(extra="forbid")

    decision: Decision


class ReplayIn(BaseModel):
    """What a replay changes, from which step on; nothing: the run as it was."""

    model_config = ConfigDict(extra="forbid")

    step: int = Field(1, ge=1, le=1000)
    model: str | None = None
    template: str | None = None
    question: str | None = Field(None, min_length=1)
    results: dict[str, _Words] = {}
    messages: dict[int, _Words] = {}
    said: dict[int, _Words] = {}

    def changes(self) -> Changes:
        return Changes(**self.model_dump())


class ToolOut(BaseModel):
    """A tool: `touches` is pure, documents, network or effects; `tokens` is what it adds to a question.
    `file` and `server` say where it is from, when it did not come with the app."""

    name: str
    description: str
    signature: str
    parameters: dict[str, Any]
    touches: str
    effects: str
    on: bool
    file: str
    server: str
    tokens: int
    calls: int
    failures: int
    p50_seconds: float | None


class TryIn(BaseModel):
    """The arguments of a call, as a model would write them."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"arguments": {"expression": "2 + 3"}}]}
    )

    arguments: dict[str, Any] = Field(default_factory=dict)


class TriedOut(BaseModel):
    """What the call came to; `shown` is a table or a chart, if it is one."""

    text: str
    failed: bool
    code: str
    seconds: float
    shown: dict[str, Any] | None


class SearchIn(BaseModel):
    """What to look for, how many passages to give back, and the name or the id of a collection when
    only its documents are to be searched."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"query": "notice period", "k": 5}]}
    )

    query: str
    k: int = Field(5, ge=1, le=100)
    collection: str | None = None


class PageIn(BaseModel):
    """The address of a web page."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"url": "https://example.org/rider.html"}]}
    )

    url: str


class TextIn(BaseModel):
    """A text, and what it is to be called; without a name it is called after its first words."""

    model_config = ConfigDict(extra="forbid")

    text: str
    name: str = ""


class TitleIn(BaseModel):
    """A new name for a conversation."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=1, max_length=200)


class StartedOut(BaseModel):
    """The ids under which the turn can be followed."""

    turn_id: str
    conversation_id: str


class UploadOut(BaseModel):
    """One uploaded file: `status` ends as `indexed` or as `refused` with the reason."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: str
    name: str
    status: str
    reason: str
    already_there: bool
    """Whether the same bytes had been uploaded before: then this is that document."""


class HitOut(BaseModel):
    """A passage: characters [start, end) of the document's text; `score` is what meaning and words
    come to among those considered, 0 to 1."""

    document_id: str
    name: str
    page: int
    start: int
    end: int
    text: str
    score: float


class HitsOut(BaseModel):
    """The passages, nearest first."""

    hits: list[HitOut]


class HealthOut(BaseModel):
    """That the app answers, and which model would; `needs_embedding` passages are searched again once
    `POST /api/embedding` has had them embedded with the embedder of the settings."""

    status: Literal["ok"] = "ok"
    version: str
    model: str
    needs_embedding: int = 0
