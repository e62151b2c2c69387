"""Test cases of prompts, and the newest result of each with every version and model."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Engine, Row, delete, select, update
from sqlalchemy.exc import IntegrityError

from core.cases import Case, CaseResult
from core.errors import Conflict, NotFound
from core.store.engine import insert, reading, writing
from core.store.tables import prompt_cases, prompt_results

KEPT = 5
"""Results that are kept of a case with the same text of the prompt and the same model."""
_CASE = [prompt_cases.c[name] for name in Case.__slots__]
_RESULT = [prompt_results.c[name] for name in CaseResult.__slots__]


class PromptCases:
    """The test cases of a user, each with what it came to."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # --- cases --------------------------------------------------------------------------------

    def get(self, user: str, case_id: str) -> Case:
        """The case. Raises NotFound."""
        with reading(self._engine) as connection:
            row = connection.execute(select(*_CASE).where(_is(user, case_id))).first()
        if row is None:
            raise _missing(case_id)
        return Case(**row._asdict())

    def add(self, user: str, cases: Sequence[Case]) -> None:
        """Keep these, all or none. Conflict when a prompt has a case of the same name already."""
        try:
            with writing(self._engine) as connection:
                for case in cases:
                    connection.execute(prompt_cases.insert().values(user_id=user, **_row(case)))
        except IntegrityError:
            raise Conflict(
                "there is a case of this name already",
                hint="Choose another name, or change the case that is there.",
            ) from None

    def change(self, user: str, case: Case) -> None:
        """Replace what the case of this id holds. Raises NotFound and Conflict."""
        values = {name: value for name, value in _row(case).items() if name != "created_at"}
        try:
            with writing(self._engine) as connection:
                done = connection.execute(
                    update(prompt_cases).where(_is(user, case.id)).values(**values)
                )
                if not done.rowcount:
                    raise _missing(case.id)
        except IntegrityError:
            raise Conflict(
                f"there is a case named {case.name!r} already", hint="Choose another name."
            ) from None

    def delete(self, user: str, case_id: str) -> None:
        """Delete the case with its results; what they cost stays in the ledger. Raises NotFound."""
        with writing(self._engine) as connection:
            if not connection.execute(delete(prompt_cases).where(_is(user, case_id))).rowcount:
                raise _missing(case_id)

    # --- results ------------------------------------------------------------------------------

    def note(self, user: str, result: CaseResult) -> None:
        """Keep the result; of its kind the newest stay. Of a case that is gone nothing is kept."""
        values = {name: getattr(result, name) for name in CaseResult.__slots__}
        values["cost"] = result.outcome.cost
        values["outcome"] = replace(result.outcome, cost=None)
        same = _alike(user, result)
        newest = prompt_results.c.created_at.desc(), prompt_results.c.id.desc()
        with writing(self._engine) as connection:
            there = select(prompt_cases.c.id).where(_is(user, result.case_id))
            if connection.execute(there.with_for_update()).first() is None:
                return
            row = insert(connection, prompt_results).values(user_id=user, **values)
            connection.execute(row.on_conflict_do_nothing())
            kept = select(prompt_results.c.id).where(same).order_by(*newest).limit(KEPT)
            gone = prompt_results.c.id.not_in(connection.scalars(kept).all())
            connection.execute(delete(prompt_results).where(same, gone))

    def results(self, user: str, prompt: str) -> list[CaseResult]:
        """Every result that is kept of the prompt's cases, newest first."""
        query = select(*_RESULT, prompt_results.c.cost).where(
            prompt_results.c.user_id == user, prompt_results.c.prompt == prompt
        )
        query = query.order_by(prompt_results.c.created_at.desc(), prompt_results.c.id.desc())
        with reading(self._engine) as connection:
            return [_result(row) for row in connection.execute(query)]

    # Last, because its name hides the type from the annotations below it.
    def list(self, user: str, prompt: str) -> list[Case]:
        """The cases of a prompt by name."""
        query = select(*_CASE).where(
            prompt_cases.c.user_id == user, prompt_cases.c.prompt == prompt
        )
        with reading(self._engine) as connection:
            found = [Case(**row._asdict()) for row in connection.execute(query)]
        return sorted(found, key=lambda case: (case.name, case.id))


def _is(user: str, case_id: str) -> ColumnElement[bool]:
    return (prompt_cases.c.user_id == user) & (prompt_cases.c.id == case_id)


def _alike(user: str, result: CaseResult) -> ColumnElement[bool]:
    table = prompt_results.c
    return (
        (table.user_id == user)
        & (table.case_id == result.case_id)
        & (table.template == result.template)
        & (table.model == result.model)
    )


def _row(case: Case) -> dict[str, Any]:
    return {name: getattr(case, name) for name in Case.__slots__}


def _result(row: Row[*tuple[Any, ...]]) -> CaseResult:
    values = row._asdict()
    cost = values.pop("cost")
    return CaseResult(**{**values, "outcome": replace(values["outcome"], cost=cost)})


def _missing(case_id: str) -> NotFound:
    return NotFound(f"there is no case {case_id[:80]}")
