"""A narrow row for each trace, kept in the transaction of its turn, so that the list is quick."""

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, distinct, func, insert, select, update

from core.store.search import folded
from core.store.tables import ledger, spans, tape, trace_heads, turns
from core.types import TurnRequest

_SHOWN, _SEARCHED = 300, 2_000
DOUBTED = ("other_source", "not_found")
"""Verdicts on a claim that its own passage does not bear out."""


def begin_head(
    connection: Connection, user: str, turn_id: str, at: datetime, request: TurnRequest
) -> None:
    """The row of a turn that begins."""
    values = {
        "user_id": user,
        "turn_id": turn_id,
        "created_at": at,
        "question": request.prompt[:_SHOWN],
        "searched": folded(request.prompt[:_SEARCHED], request.model or "", "running"),
        "model": request.model or "",
        "status": "running",
        "ending": "",
        "seconds": 0.0,
        "steps": 0,
        "tokens": 0,
        "spent": 0,
        "bytes": 0,
        "verdicts": {},
        "doubted": 0,
    }
    connection.execute(insert(trace_heads).values(values))


def end_head(connection: Connection, user: str, turn_id: str) -> None:
    """Bring the row up to what is written of its turn now."""
    turn = connection.execute(
        select(
            turns.c.request,
            turns.c.model,
            turns.c.status,
            turns.c.stop_reason,
            turns.c.error,
            turns.c.seconds,
            turns.c.citations,
        ).where(turns.c.user_id == user, turns.c.id == turn_id)
    ).one()
    mine = (trace_heads.c.user_id == user) & (trace_heads.c.turn_id == turn_id)
    values = {**_told(turn), **_sums(connection, user, turn_id)}
    connection.execute(update(trace_heads).where(mine).values(values))


def _told(turn: Any) -> dict[str, Any]:
    ending = (turn.error or {}).get("code") or turn.stop_reason
    model = turn.model or turn.request.model or ""
    verdicts = Counter(each.verdict for each in turn.citations)
    words = (turn.request.prompt[:_SEARCHED], model, turn.status, ending.replace("_", " "))
    return {
        "searched": folded(*words),
        "model": model,
        "status": turn.status,
        "ending": ending,
        "seconds": turn.seconds or 0.0,
        "verdicts": dict(verdicts),
        "doubted": sum(verdicts[each] for each in DOUBTED),
    }


def _sums(connection: Connection, user: str, turn_id: str) -> dict[str, Any]:
    noted = connection.scalar(
        select(func.coalesce(func.sum(func.length(spans.c.data)), 0)).where(
            spans.c.user_id == user, spans.c.turn_id == turn_id
        )
    )
    # A step of the run is one question to the model, however often it was asked.
    step = case((tape.c.kind == "model", tape.c.step))
    taped, steps = connection.execute(
        select(
            func.coalesce(func.sum(func.length(tape.c.data)), 0), func.count(distinct(step))
        ).where(tape.c.user_id == user, tape.c.turn_id == turn_id)
    ).one()
    spent, tokens = connection.execute(
        select(
            func.sum(ledger.c.cost), func.sum(ledger.c.input_tokens + ledger.c.output_tokens)
        ).where(ledger.c.user_id == user, ledger.c.turn_id == turn_id)
    ).one()
    return {
        "steps": steps,
        "bytes": int(noted or 0) + int(taped),
        "spent": spent or 0,
        "tokens": int(tokens or 0),
    }
