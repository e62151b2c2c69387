"""What tools asked to be allowed, and what was decided."""

from typing import get_args

from sqlalchemy import Engine, select, update

from core.errors import Conflict, Misuse, NotFound
from core.events import Decision
from core.store.columns import now
from core.store.engine import insert, reading, writing
from core.store.tables import approvals, turns
from core.store.turn_rows import is_turn

_DECISIONS: tuple[str, ...] = get_args(Decision)


class ApprovalRows:
    """The approvals of each user; whoever runs the turn reads what another process wrote."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def ask(self, user: str, turn_id: str, call_id: str, conversation_id: str, tool: str) -> None:
        """Write down that a call waits. Repeating it changes nothing."""
        with writing(self._engine) as connection:
            row = insert(connection, approvals).values(
                user_id=user,
                turn_id=turn_id,
                call_id=call_id,
                conversation_id=conversation_id,
                tool=tool,
                decision="",
                asked_at=now(),
            )
            connection.execute(row.on_conflict_do_nothing())

    def decide(self, user: str, turn_id: str, call_id: str, decision: str) -> None:
        """Allow a call that waits, or not. Raises NotFound when none waits under this id, Conflict when
        it was decided otherwise or its turn is over."""
        if decision not in _DECISIONS:
            raise Misuse(
                f"{decision[:40]!r} is no decision", hint=f"It is one of {', '.join(_DECISIONS)}."
            )
        this = _this(user, turn_id, call_id)
        runs = select(turns.c.id).where(is_turn(user, turn_id), turns.c.status == "running")
        with writing(self._engine) as connection:
            before = connection.scalar(select(approvals.c.decision).where(this))
            if before is None:
                raise NotFound("no tool waits to be allowed under this id")
            over = connection.scalar(runs) is None
            if before not in ("", decision):
                raise Conflict(
                    f"this was decided already: {before}", hint="Ask again to have it called."
                )
            if over and not before:
                raise Conflict("the turn is over", hint="Ask again to have it called.")
            connection.execute(update(approvals).where(this).values(decision=decision))

    def decision(self, user: str, turn_id: str, call_id: str) -> str:
        """What was decided; "" as long as nothing was."""
        with reading(self._engine) as connection:
            query = select(approvals.c.decision).where(_this(user, turn_id, call_id))
            return connection.scalar(query) or ""

    def always(self, user: str, conversation_id: str) -> frozenset[str]:
        """The tools that are allowed for the whole conversation."""
        query = select(approvals.c.tool).where(
            approvals.c.user_id == user,
            approvals.c.conversation_id == conversation_id,
            approvals.c.decision == "always",
        )
        with reading(self._engine) as connection:
            return frozenset(connection.scalars(query))


def _this(user: str, turn_id: str, call_id: str):  # type: ignore[no-untyped-def]
    return (
        (approvals.c.user_id == user)
        & (approvals.c.turn_id == turn_id)
        & (approvals.c.call_id == call_id)
    )
