"""Golden questions and the history of their runs."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Engine, Select, delete, func, select

from core.errors import NotFound
from core.store.engine import insert, reading, writing
from core.store.tables import changes, golden_questions, golden_results, golden_runs
from core.types import Golden, Run

KEPT_RUNS = 100
_QUESTION = [golden_questions.c[name] for name in Golden.__slots__]
_RUN = [golden_runs.c[name] for name in Run.__slots__ if name != "ranks"]


class GoldenRows:
    """The golden questions of a user, and what each of their runs came to."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, user: str, questions: Sequence[Golden]) -> None:
        """Keep these, all or none of them."""
        rows = [
            {"user_id": user, **{name: getattr(each, name) for name in Golden.__slots__}}
            for each in questions
        ]
        with writing(self._engine) as connection:
            for row in rows:
                connection.execute(golden_questions.insert().values(**row))

    def delete(self, user: str, golden_id: str) -> None:
        """Delete one with its results. Raises NotFound."""
        mine = (golden_questions.c.user_id == user) & (golden_questions.c.id == golden_id)
        with writing(self._engine) as connection:
            if not connection.execute(delete(golden_questions).where(mine)).rowcount:
                raise NotFound(f"there is no golden question {golden_id}")

    def last_change(self, user: str) -> int:
        """The number of the last change to the user's documents; 0 before the first."""
        query = select(func.max(changes.c.seq)).where(changes.c.user_id == user)
        with reading(self._engine) as connection:
            return int(connection.scalar(query) or 0)

    def note(self, user: str, run: Run, ranks: Mapping[str, tuple[int, ...]]) -> None:
        """Keep these results of the run, which begins with the first of them; repeating it changes
        nothing. Results of questions that are gone are left out, and of the runs the newest stay."""
        with writing(self._engine) as connection:
            row = insert(connection, golden_runs).values(
                user_id=user, **{column.name: getattr(run, column.name) for column in _RUN}
            )
            connection.execute(row.on_conflict_do_nothing())
            mine = select(golden_questions.c.id).where(golden_questions.c.user_id == user)
            for golden_id in connection.scalars(mine).all():
                if golden_id in ranks:
                    result = insert(connection, golden_results).values(
                        user_id=user, run_id=run.id, golden_id=golden_id, ranks=ranks[golden_id]
                    )
                    connection.execute(result.on_conflict_do_nothing())
            kept = _recent(user, KEPT_RUNS).with_only_columns(golden_runs.c.id)
            connection.execute(
                delete(golden_runs)
                .where(golden_runs.c.user_id == user)
                .where(golden_runs.c.id.not_in(connection.scalars(kept).all()))
            )

    def runs(self, user: str, limit: int = KEPT_RUNS) -> list[Run]:
        """The runs with their results, newest first."""
        with reading(self._engine) as connection:
            rows = connection.execute(_recent(user, limit)).all()
            results = connection.execute(
                select(
                    golden_results.c.run_id, golden_results.c.golden_id, golden_results.c.ranks
                ).where(
                    golden_results.c.user_id == user,
                    golden_results.c.run_id.in_([row.id for row in rows]),
                )
            ).all()
        found: dict[str, dict[str, tuple[int, ...]]] = {row.id: {} for row in rows}
        for result in results:
            found[result.run_id][result.golden_id] = result.ranks
        return [Run(**row._asdict(), ranks=found[row.id]) for row in rows]

    # Last, because its name hides the type from the annotations below it.
    def list(self, user: str) -> list[Golden]:
        """Every golden question, oldest first."""
        query = select(*_QUESTION).where(golden_questions.c.user_id == user)
        query = query.order_by(golden_questions.c.created_at, golden_questions.c.id)
        with reading(self._engine) as connection:
            return [Golden(**row._asdict()) for row in connection.execute(query)]


def _recent(user: str, limit: int) -> Select[Any]:
    return (
        select(*_RUN)
        .where(golden_runs.c.user_id == user)
        .order_by(golden_runs.c.created_at.desc(), golden_runs.c.id.desc())
        .limit(limit)
    )
