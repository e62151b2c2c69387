"""What was counted of a turn's window beside what its vendor reported for it."""

from collections import Counter
from collections.abc import Sequence
from math import ceil

from sqlalchemy import Connection, select

from core.store.tables import tape
from core.types import Budget, TurnRequest, Usage


def of_one_call(usage: Usage | None, request: TurnRequest) -> bool:
    """Whether the usage is a vendor's word on the one window that was counted: an answer in steps, or
    one that was asked again, has several."""
    several = request.table or request.tools
    return usage is not None and usage.source == "reported" and not several


def of_steps(usage: Usage | None, request: TurnRequest) -> bool:
    """Whether the first step of the run was a call of the window that was counted."""
    live = request.tools and not request.table and request.replay is None
    return usage is not None and usage.source == "reported" and bool(live)


def first_usages(connection: Connection, user: str, ids: Sequence[str]) -> dict[str, int]:
    """What was reported for the first call of each of these runs."""
    query = (
        select(tape.c.turn_id, tape.c.data)
        .where(tape.c.user_id == user, tape.c.turn_id.in_(ids))
        .where(tape.c.kind == "model", tape.c.step == 1)
        .order_by(tape.c.seq.desc())  # so that the first of a step that was asked twice stays
    )
    usages = ((turn_id, data.get("usage")) for turn_id, data in connection.execute(query))
    return {
        turn_id: usage["input_tokens"]
        for turn_id, usage in usages
        if usage and usage["source"] == "reported"
    }


def parts(budget: Budget) -> tuple[float, int, int]:
    """Tokens of the texts as they were before any calibration, messages and tools."""
    kept = Counter(part.region for part in budget.slices for item in part.items if item.kept)
    tools = kept["tools"]
    messages = sum(kept[name] for name in ("system", "summary", "history", "prompt"))
    around = messages * ceil(budget.per_message) + tools * ceil(budget.per_tool)
    return max(0.0, (budget.input_tokens - around) / budget.ratio), messages, tools
