"""What the user has chosen on a page: whom to ask instead of a model, and how fast."""

from dataclasses import dataclass
from typing import Literal, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import Engine, delete, select

from core.errors import Refused
from core.store.engine import insert, reading, writing
from core.store.tables import preferences

_MOST_REFS = 10
_MOST_A_MINUTE = 10**9
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limit:
    """How many requests and tokens a minute a model may be asked for; None for no limit of one's own."""

    requests: int | None = None
    tokens: int | None = None


@dataclass(frozen=True, slots=True)
class KeepTraces:
    """How many days, and how many megabytes of the newest, traces are kept; None for no bound."""

    days: int | None = None
    megabytes: int | None = None


AtCap = Literal["refuse", "local"]
_AT_CAP: TypeAdapter[AtCap] = TypeAdapter(AtCap)
_KEEP = TypeAdapter(KeepTraces)
_REFS = TypeAdapter(tuple[str, ...])
_LIMITS = TypeAdapter(dict[str, Limit])


class Preferences:
    """The choices of each user."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def fallback(self, user: str) -> tuple[str, ...] | None:
        """The models to ask in this order when one does not answer; None when nothing was chosen."""
        return self._get(user, "fallback", _REFS)

    def set_fallback(self, user: str, refs: tuple[str, ...] | None) -> None:
        """Ask these models instead from now on; None goes back to the settings."""
        if refs is not None:
            if len(refs) > _MOST_REFS or len(set(refs)) != len(refs):
                raise Refused(f"the order holds up to {_MOST_REFS} models, each of them once")
            for ref in refs:
                _check(ref)
        self._set(user, "fallback", _REFS, refs)

    def at_cap(self, user: str) -> AtCap:
        """What happens when a cap is reached: the question is refused, until something else was chosen."""
        return self._get(user, "at_cap", _AT_CAP) or "refuse"

    def set_at_cap(self, user: str, choice: AtCap) -> None:
        """Refuse, or go on with the model of this machine, from the next question on."""
        self._set(user, "at_cap", _AT_CAP, choice)

    def limits(self, user: str) -> dict[str, Limit]:
        """The limits that the user has set, by the ref of the model."""
        return self._get(user, "limits", _LIMITS) or {}

    def set_limit(self, user: str, ref: str, limit: Limit) -> None:
        """Keep a model's limit; one without numbers takes it away. Raises Refused."""
        _check(ref)
        for number in (limit.requests, limit.tokens):
            if number is not None and not 0 < number <= _MOST_A_MINUTE:
                raise Refused(
                    f"a limit is 1 to {_MOST_A_MINUTE:,} a minute, and this is {number:,}"
                )
        kept = {name: each for name, each in self.limits(user).items() if name != ref}
        if limit != Limit():
            kept[ref] = limit
        self._set(user, "limits", _LIMITS, kept)

    def keep_traces(self, user: str) -> KeepTraces:
        """How long the user's traces are kept: for ever, until something else was chosen."""
        return self._get(user, "keep_traces", _KEEP) or KeepTraces()

    def set_keep_traces(self, user: str, rule: KeepTraces) -> None:
        """Hold to this rule from the next start on. Raises Refused for a bound below 1."""
        if any(bound is not None and bound < 1 for bound in (rule.days, rule.megabytes)):
            raise Refused("traces are kept for at least 1 day and 1 MB")
        self._set(user, "keep_traces", _KEEP, rule)

    def _get(self, user: str, name: str, kind: TypeAdapter[T]) -> T | None:
        query = select(preferences.c.value).where(
            preferences.c.user_id == user, preferences.c.name == name
        )
        with reading(self._engine) as connection:
            value = connection.scalar(query)
        return None if value is None else kind.validate_json(value)

    def _set(self, user: str, name: str, kind: TypeAdapter[T], value: T | None) -> None:
        mine = (preferences.c.user_id == user) & (preferences.c.name == name)
        with writing(self._engine) as connection:
            if value is None:
                connection.execute(delete(preferences).where(mine))
                return
            text = kind.dump_json(value).decode()
            row = insert(connection, preferences).values(user_id=user, name=name, value=text)
            connection.execute(
                row.on_conflict_do_update(index_elements=["user_id", "name"], set_={"value": text})
            )


def _check(ref: str) -> None:
    provider, _, model = ref.partition(":")
    if not provider or not (model or provider == "quotes"):
        raise Refused(
            f"{ref!r} names no model",
            hint="Name it as the Models page does: the provider, a colon, the model's id.",
        )
