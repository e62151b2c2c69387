"""How many turns used each version of a prompt."""

from sqlalchemy import Engine, func, select

from core.store.engine import reading
from core.store.tables import turns


def prompt_uses(engine: Engine, user: str) -> dict[str, int]:
    """The number of the user's turns by `name@version`; a version that was never used is not in it."""
    query = (
        select(turns.c.prompt_version, func.count())
        .where(turns.c.user_id == user, turns.c.prompt_version != "")
        .group_by(turns.c.prompt_version)
    )
    with reading(engine) as connection:
        return {version: int(count) for version, count in connection.execute(query)}
