"""How our values lie in columns, the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Context, Decimal
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError, to_json
from sqlalchemy import BigInteger, Dialect, Text, TypeDecorator

from core.clean_text import clean, cleaned

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Wide enough for every integer that a column or a sum of columns can hold.
_EXACT = Context(prec=80, rounding=ROUND_CEILING)


def now() -> datetime:
    """The time in UTC; the clock of every repository unless it is given another one."""
    return datetime.now(UTC)


class Words(TypeDecorator[str]):
    """Text without what no database can hold; cleaned on its way in."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else clean(value)


class Moment(TypeDecorator[datetime]):
    """A moment as whole microseconds since 1970 in UTC; comes back aware, and naive ones are a TypeError."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + timedelta(microseconds=int(value))


def to_the_picodollar(value: Decimal) -> Decimal:
    """The amount as the database will hold it: rounded up."""
    return _EXACT.scaleb(_EXACT.to_integral_value(_EXACT.scaleb(value, 12)), -12)


class Dollars(TypeDecorator[Decimal]):
    """US dollars as whole picodollars (10^-12), rounded up, so that no sum is ever below the bill."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        return int(_EXACT.to_integral_value(_EXACT.scaleb(value, 12)))

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        amount = _EXACT.normalize(_EXACT.scaleb(Decimal(int(value)), -12))
        # normalize() writes ten dollars as 1E+1; people and JSON expect 10.
        return amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount


class Json(TypeDecorator[Any]):
    """A value of the given type as JSON text; it comes back as that type."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.adapter: TypeAdapter[Any] = TypeAdapter(kind)

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else encode(self.adapter, value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else self.adapter.validate_json(value)


def encode(adapter: TypeAdapter[Any], value: Any) -> str:
    """The value as JSON text that every database and JSON reader can hold."""
    try:
        written = adapter.dump_json(value).decode()
    except PydanticSerializationError:  # half of a surrogate pair, or something that is not JSON
        written = ""
    if written and "\\u0000" not in written:
        return written
    return to_json(cleaned(adapter.dump_python(value))).decode()
