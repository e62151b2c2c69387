"""Runs of the injection range: the newest of each prompt are kept whole."""

from sqlalchemy import ColumnElement, Engine, and_, delete, select

from core.attacks import RangeRun
from core.errors import NotFound
from core.store.engine import insert, reading, writing
from core.store.tables import range_runs

KEPT = 10
"""Runs that are kept of a prompt."""


class RangeRuns:
    """The runs of each user."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def save(self, user: str, run: RangeRun) -> None:
        """Keep the run as it is now; the oldest beyond the tenth of its prompt go."""
        values = {"prompt": run.prompt, "created_at": run.created_at, "run": run}
        newest = range_runs.c.created_at.desc(), range_runs.c.id.desc()
        with writing(self._engine) as connection:
            row = insert(connection, range_runs).values(user_id=user, id=run.id, **values)
            connection.execute(
                row.on_conflict_do_update(index_elements=["user_id", "id"], set_=values)
            )
            kept = (
                select(range_runs.c.id).where(_of(user, run.prompt)).order_by(*newest).limit(KEPT)
            )
            gone = range_runs.c.id.not_in(connection.scalars(kept).all())
            connection.execute(delete(range_runs).where(_of(user, run.prompt), gone))

    def get(self, user: str, run_id: str) -> RangeRun:
        """One run. Raises NotFound."""
        query = select(range_runs.c.run).where(
            range_runs.c.user_id == user, range_runs.c.id == run_id
        )
        with reading(self._engine) as connection:
            run: RangeRun | None = connection.scalar(query)
        if run is None:
            raise NotFound(
                f"there is no run {run_id} of the range",
                hint="The ten newest runs of each prompt are kept.",
            )
        return run

    def list(self, user: str, prompt: str) -> list[RangeRun]:
        """The runs of the prompt, newest first."""
        query = (
            select(range_runs.c.run)
            .where(_of(user, prompt))
            .order_by(range_runs.c.created_at.desc(), range_runs.c.id.desc())
        )
        with reading(self._engine) as connection:
            return list(connection.scalars(query))


def _of(user: str, prompt: str) -> ColumnElement[bool]:
    return and_(range_runs.c.user_id == user, range_runs.c.prompt == prompt)
