"""What the user says a model costs, where no table knows it or the table is wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine, Row, delete, select

from core.errors import Refused
from core.store.engine import insert, reading, writing
from core.store.tables import price_overrides
from core.types import ModelInfo, Price

# With the most tokens that we believe of one call it still fits into a column of picodollars.
_MOST = Decimal(10_000)


@dataclass(frozen=True, slots=True)
class PriceOverride:
    """US dollars for a million tokens of the model `ref`; `cached` and `cache_write` are those of
    `input` where they are None."""

    ref: str
    input: Decimal
    output: Decimal
    cached: Decimal | None = None
    cache_write: Decimal | None = None


class PriceOverrides:
    """The prices that each user has entered, one for a model."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, user: str, ref: str) -> PriceOverride | None:
        """The price of `provider:id`, None when the user has entered none."""
        query = select(price_overrides).where(
            price_overrides.c.user_id == user, price_overrides.c.ref == ref
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        return None if row is None else _override(row)

    def set(self, user: str, override: PriceOverride) -> None:
        """Charge by this price from the next call on. Refused when it is negative or absurd."""
        _check(override)
        values = asdict(override)
        with writing(self._engine) as connection:
            statement = insert(connection, price_overrides).values(user_id=user, **values)
            connection.execute(
                statement.on_conflict_do_update(index_elements=["user_id", "ref"], set_=values)
            )

    def remove(self, user: str, ref: str) -> None:
        """Charge by the table again, if it knows the model."""
        with writing(self._engine) as connection:
            connection.execute(
                delete(price_overrides).where(
                    price_overrides.c.user_id == user, price_overrides.c.ref == ref
                )
            )

    def priced(self, user: str, infos: Sequence[ModelInfo]) -> list[ModelInfo]:
        """The same models, with the user's own price where there is one."""
        own = {each.ref: Price(each.input, each.output) for each in self.list(user)}
        return [
            replace(info, price=own[info.ref], note="your price") if info.ref in own else info
            for info in infos
        ]

    # Last, because its name hides the type from the annotations below it.
    def list(self, user: str) -> tuple[PriceOverride, ...]:
        """Every price that the user has entered, by ref."""
        query = select(price_overrides).where(price_overrides.c.user_id == user)
        with reading(self._engine) as connection:
            return tuple(map(_override, connection.execute(query.order_by(price_overrides.c.ref))))


def _check(override: PriceOverride) -> None:
    provider, _, model = override.ref.partition(":")
    if not provider or not model:
        raise Refused(
            f"{override.ref!r} names no model",
            hint="Name it as the Models page does: the provider, a colon, the model's id.",
        )
    for price in _given(override):
        if not price.is_finite() or not 0 <= price <= _MOST:
            raise Refused(
                f"a price is 0 to {_MOST:,} dollars for a million tokens, and this is {price}"
            )


def _given(override: PriceOverride) -> Iterator[Decimal]:
    prices = (override.input, override.output, override.cached, override.cache_write)
    return (price for price in prices if price is not None)


def _override(row: Row[Any]) -> PriceOverride:
    return PriceOverride(row.ref, row.input, row.output, row.cached, row.cache_write)
