"""The one schema and what its tables are written with: keys, columns that are never empty, belonging."""

from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, MetaData

from core.store.columns import Words

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s",
        "ix": "ix_%(table_name)s",
    }
)


def key(name: str, kind: Any = Words) -> Column[Any]:
    """A column of the primary key; the first of them is the user."""
    return Column(name, kind, primary_key=True, nullable=False, autoincrement=False)


def filled(name: str, kind: Any) -> Column[Any]:
    """A column that is never empty."""
    return Column(name, kind, nullable=False)


def belongs(child: tuple[str, str], parent: str, name: str | None = None) -> ForeignKeyConstraint:
    """What belongs to a parent goes with it; of two parents each constraint has a name."""
    keys = [f"{parent}.user_id", f"{parent}.id"]
    return ForeignKeyConstraint(child, keys, name=name, ondelete="CASCADE")
