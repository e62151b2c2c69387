"""Conversations, the ledger, the models, and whether the app is well."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse
from pydantic import AfterValidator

from core import export
from core.api.bench import Bench, User
from core.api.shapes import HealthOut, TitleIn
from core.bootstrap import Workbench
from core.export import plain
from core.types import Conversation, LedgerRow, ModelInfo, Turn

router = APIRouter()


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Moment = Annotated[datetime, AfterValidator(_utc)]
"""A time; one without a zone is UTC."""


@router.get("/health", tags=["app"])
def health(bench: Bench, user: User) -> HealthOut:
    """That the app answers, and which model would."""
    missing = bench.passages.unembedded(user)
    model = bench.models.resolve(None).ref
    return HealthOut(version="0.1.0", model=model, needs_embedding=missing)


@router.get("/models", response_model=list[ModelInfo], tags=["app"])
def models(bench: Bench) -> Any:
    """The models that can be asked now, the one used by default first."""
    return plain(bench.models.ready())


@router.get("/conversations", response_model=list[Conversation], tags=["conversations"])
def conversations(
    bench: Bench, user: User, query: str = "", limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> Any:
    """The conversations, newest first; `query` searches titles, questions and answers."""
    return plain(bench.conversations.list(user, query, limit))


@router.get("/conversations/{conversation_id}", tags=["conversations"])
def conversation(bench: Bench, user: User, conversation_id: str) -> dict[str, Any]:
    """One conversation with all its turns."""
    return export.as_json(*_read(bench, user, conversation_id))


@router.get(
    "/conversations/{conversation_id}/markdown",
    response_class=PlainTextResponse,
    tags=["conversations"],
)
def markdown(bench: Bench, user: User, conversation_id: str) -> str:
    """The same to read: questions, answers and the cited passages."""
    return export.as_markdown(*_read(bench, user, conversation_id))


@router.patch(
    "/conversations/{conversation_id}", response_model=Conversation, tags=["conversations"]
)
def rename(bench: Bench, user: User, conversation_id: str, body: TitleIn) -> Any:
    """Give a conversation another name."""
    rows = bench.conversations
    rows.rename(user, conversation_id, body.title)
    return plain(rows.get(user, conversation_id))


@router.delete("/conversations/{conversation_id}", status_code=204, tags=["conversations"])
def delete(bench: Bench, user: User, conversation_id: str) -> None:
    """Delete a conversation with its turns, and stop the one that runs; its rows in the ledger stay."""
    bench.delete_conversation(user, conversation_id)


@router.get("/ledger", response_model=list[LedgerRow], tags=["money"])
def ledger(
    bench: Bench,
    user: User,
    turn_id: str | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> Any:
    """What was booked, newest first; money is USD as a decimal string, null when unknown."""
    rows = bench.ledger.rows(user, limit=limit, since=since, until=until, turn_id=turn_id)
    return plain(rows)


def _read(bench: Workbench, user: str, conversation_id: str) -> tuple[Conversation, list[Turn]]:
    found = bench.conversations.get(user, conversation_id)
    return found, bench.turns_of(user, conversation_id)
