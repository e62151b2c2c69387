"""What was booked on a span of days, to be held against a bill."""

from datetime import date, timedelta

from sqlalchemy import BigInteger, Connection, case, func, select, type_coerce

from core.bills.comparing import Booked
from core.store.columns import Dollars
from core.store.spend_days import date_of, midnight
from core.store.tables import ledger

_DAY = 86_400_000_000


def booked(connection: Connection, user: str, first_day: date, last_day: date) -> list[Booked]:
    """Each UTC day and model with what of it was estimated; both days are included."""
    day = type_coerce(ledger.c.created_at, BigInteger) // _DAY
    doubtful = func.coalesce(ledger.c.source, "") != "reported"
    query = (
        select(
            day.label("day"),
            ledger.c.model,
            func.count().label("calls"),
            func.coalesce(func.sum(ledger.c.cost), 0, type_=Dollars).label("cost"),
            func.sum(ledger.c.input_tokens).label("sent"),
            func.sum(ledger.c.output_tokens).label("received"),
            func.sum(case((doubtful, 1), else_=0)).label("estimated"),
            func.coalesce(func.sum(case((doubtful, ledger.c.cost))), 0, type_=Dollars).label(
                "unsure"
            ),
            (func.count() - func.count(ledger.c.cost)).label("unpriced"),
        )
        .where(ledger.c.user_id == user, ledger.c.state == "settled")
        .where(ledger.c.created_at >= midnight(first_day))
        .where(ledger.c.created_at < midnight(last_day + timedelta(days=1)))
        .group_by(day, ledger.c.model)
    )
    return [
        Booked(
            day=date_of(int(row.day)),
            model=row.model,
            calls=row.calls,
            cost=row.cost,
            sent=int(row.sent),
            received=int(row.received),
            estimated=int(row.estimated),
            estimated_cost=row.unsure,
            unpriced=row.unpriced,
        )
        for row in connection.execute(query)
    ]
