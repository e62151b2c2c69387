"""Who runs a turn, and who may take it over when its process died."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy import Engine, select, update

from core.store.columns import now
from core.store.engine import reading, writing
from core.store.leases import LEASE_SECONDS, is_orphaned
from core.store.tables import turns
from core.store.turn_rows import RUNNING, is_turn


class TurnLeases:
    """The ownership of running turns; those of a process are found across all users."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def renew(self, owner: str, seconds: float = LEASE_SECONDS) -> None:
        """Keep every running turn of this owner for so many seconds from now."""
        mine = RUNNING & (turns.c.owner == owner)
        # Locked in the order in which events are appended, so that the two never wait in a ring.
        in_order = (
            select(turns.c.id)
            .where(mine)
            .order_by(turns.c.user_id, turns.c.created_at, turns.c.id)
            .with_for_update()
        )
        until = now() + timedelta(seconds=seconds)
        with writing(self._engine) as connection:
            connection.execute(in_order)
            connection.execute(update(turns).where(mine).values(lease_until=until))

    def orphans(self, alive: Callable[[str], bool | None]) -> Sequence[tuple[str, str]]:
        """The running turns `(user, turn_id)` whose owner is dead, or cannot be seen and let its lease run out."""
        query = select(turns.c.user_id, turns.c.id, turns.c.owner, turns.c.lease_until).where(
            RUNNING
        )
        with reading(self._engine) as connection:
            running = connection.execute(query).all()
        return [
            (user, turn_id)
            for user, turn_id, owner, lease_until in running
            if is_orphaned(alive(owner), lease_until < now())
        ]

    def adopt(self, user: str, turn_id: str, new_owner: str) -> int:
        """Take over a running turn: its new fence, or 0 when it is over, deleted or this owner's already.

        From now on nobody else can end it.
        """
        statement = (
            update(turns)
            .where(is_turn(user, turn_id), RUNNING, turns.c.owner != new_owner)
            .values(
                owner=new_owner,
                fence=turns.c.fence + 1,
                lease_until=now() + timedelta(seconds=LEASE_SECONDS),
            )
            .returning(turns.c.fence)
        )
        with writing(self._engine) as connection:
            return connection.execute(statement).scalar_one_or_none() or 0

    def request_stop(self, user: str, turn_id: str) -> None:
        """Ask whoever runs the turn to stop it; one that is over stays as it is."""
        statement = update(turns).where(is_turn(user, turn_id), RUNNING)
        with writing(self._engine) as connection:
            connection.execute(statement.values(stop_requested=True))

    def stops(self, owner: str) -> Sequence[tuple[str, str]]:
        """The running turns `(user, turn_id)` of this owner that somebody asked to stop."""
        query = select(turns.c.user_id, turns.c.id).where(
            RUNNING, turns.c.owner == owner, turns.c.stop_requested
        )
        with reading(self._engine) as connection:
            return [(user, turn_id) for user, turn_id in connection.execute(query)]
