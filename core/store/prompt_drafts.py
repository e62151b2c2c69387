"""What a user is writing: kept with every pause, gone when it is saved as a version."""

from sqlalchemy import Engine, delete, select

from core.store.engine import insert, reading, writing
from core.store.tables import preferences

_KIND = "draft of "


class PromptDrafts:
    """The drafts of each user, one for each version that is being changed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, user: str, ref: str) -> str | None:
        """What was made of `name@version`, None when nothing was."""
        query = select(preferences.c.value).where(
            preferences.c.user_id == user, preferences.c.name == _KIND + ref
        )
        with reading(self._engine) as connection:
            found: str | None = connection.scalar(query)
        return found

    def set(self, user: str, ref: str, raw: str) -> None:
        """Keep this as the draft; it is on the disk when this returns."""
        with writing(self._engine) as connection:
            row = insert(connection, preferences).values(user_id=user, name=_KIND + ref, value=raw)
            connection.execute(
                row.on_conflict_do_update(index_elements=["user_id", "name"], set_={"value": raw})
            )

    def remove(self, user: str, ref: str) -> None:
        """Forget the draft."""
        with writing(self._engine) as connection:
            connection.execute(
                delete(preferences).where(
                    preferences.c.user_id == user, preferences.c.name == _KIND + ref
                )
            )

    def refs(self, user: str) -> list[str]:
        """Every `name@version` that has a draft, in alphabetical order."""
        query = select(preferences.c.name).where(
            preferences.c.user_id == user, preferences.c.name.startswith(_KIND, autoescape=True)
        )
        with reading(self._engine) as connection:
            return sorted(name.removeprefix(_KIND) for name in connection.scalars(query))
