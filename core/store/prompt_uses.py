"""How often each version of a prompt was used, what that cost, and how well the answers held."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, Engine, and_, func, select

from core.store.engine import reading
from core.store.tables import ledger, turns
from core.types import Citation

JUDGED = 2_000
"""The newest answers whose claims are counted."""
_BORNE_OUT = {"verbatim", "supported"}


@dataclass(frozen=True, slots=True)
class PromptUse:
    """What became of one version: its turns, and in US dollars what their answers cost, None when the
    price of one is unknown. Of the claims in the newest answers, those that their passage bears out."""

    turns: int = 0
    last: datetime | None = None
    cost: Decimal | None = Decimal(0)
    claims: int = 0
    supported: int = 0


def prompt_uses(engine: Engine, user: str) -> dict[str, PromptUse]:
    """The uses of the user's prompts by `name@version`; a version that was never used is not in it."""
    with reading(engine) as connection:
        found = _turns(connection, user)
        for version, cost in _costs(connection, user):
            found[version] = replace(found[version], cost=cost)
        for version, claims, supported in _claims(connection, user):
            use = found[version]
            found[version] = replace(
                use, claims=use.claims + claims, supported=use.supported + supported
            )
    return found


def errand_uses(engine: Engine, user: str) -> dict[str, PromptUse]:
    """The calls beside the answers, by their purpose: that is the name of the prompt that was used."""
    query = (
        select(
            ledger.c.purpose,
            func.count(),
            func.max(ledger.c.created_at),
            func.sum(ledger.c.cost),
            func.count() == func.count(ledger.c.cost),
        )
        .where(ledger.c.user_id == user, ledger.c.state == "settled")
        .where(ledger.c.purpose != "answer")
        .group_by(ledger.c.purpose)
    )
    with reading(engine) as connection:
        return {
            purpose: PromptUse(int(count), last, cost if known else None)
            for purpose, count, last, cost, known in connection.execute(query)
        }


def _turns(connection: Connection, user: str) -> dict[str, PromptUse]:
    query = (
        select(turns.c.prompt_version, func.count(), func.max(turns.c.created_at))
        .where(turns.c.user_id == user, turns.c.prompt_version != "")
        .group_by(turns.c.prompt_version)
    )
    return {
        version: PromptUse(int(count), last) for version, count, last in connection.execute(query)
    }


def _costs(connection: Connection, user: str) -> list[tuple[str, Decimal | None]]:
    query = (
        select(
            turns.c.prompt_version,
            func.sum(ledger.c.cost),
            func.count() == func.count(ledger.c.cost),
        )
        .join(ledger, and_(ledger.c.user_id == turns.c.user_id, ledger.c.turn_id == turns.c.id))
        .where(turns.c.user_id == user, turns.c.prompt_version != "")
        .where(ledger.c.purpose == "answer", ledger.c.state == "settled")
        .group_by(turns.c.prompt_version)
    )
    return [
        (version, cost if known else None) for version, cost, known in connection.execute(query)
    ]


def _claims(connection: Connection, user: str) -> Iterable[tuple[str, int, int]]:
    query = (
        select(turns.c.prompt_version, turns.c.citations)
        .where(turns.c.user_id == user, turns.c.prompt_version != "")
        .order_by(turns.c.created_at.desc(), turns.c.id.desc())
        .limit(JUDGED)
    )
    for version, citations in connection.execute(query).all():
        yield version, *_count(citations)


def _count(citations: Sequence[Citation]) -> tuple[int, int]:
    """Claims that were checked, and those of them that one of their passages bears out."""
    claims: dict[tuple[int, int], set[str]] = {}
    for each in citations:
        claims.setdefault((each.claim_start, each.claim_end), set()).add(each.verdict)
    checked = [verdicts for verdicts in claims.values() if verdicts != {"unchecked"}]
    return len(checked), sum(bool(_BORNE_OUT & verdicts) for verdicts in checked)
