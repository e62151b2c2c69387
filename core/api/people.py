"""The people of the team: who one is; and for the owner who they are, what they spent, what they may."""

from datetime import datetime
from decimal import Decimal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from core.api.bench import Bench, Owner, User
from core.bootstrap import Member
from core.caller import LOCAL_USER

router = APIRouter(tags=["people"])


class MeOut(BaseModel):
    """Who asks; `email` is "" for the owner."""

    user_id: str
    email: str
    name: str
    owner: bool


class PersonOut(BaseModel):
    """One user: `state` is in, removed or unlisted; `spent` is this month's, in US dollars, and `cap`
    that of his month, null for none."""

    user_id: str
    email: str
    name: str
    state: str
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    spent: str
    cap: str | None


class MonthIn(BaseModel):
    """US dollars a month; null takes the cap away."""

    model_config = ConfigDict(extra="forbid")

    cap: Decimal | None


class InIn(BaseModel):
    """Whether he may sign in."""

    model_config = ConfigDict(extra="forbid")

    removed: bool


@router.get("/me")
def me(bench: Bench, user: User) -> MeOut:
    """Who asks."""
    person = bench.team.people.get(user)
    return MeOut(
        user_id=user,
        email=person.email if person else "",
        name=person.name if person else "",
        owner=user == LOCAL_USER,
    )


@router.get("/people")
def people(bench: Bench, owner: Owner) -> list[PersonOut]:
    """Everyone who has signed in, and what each spent this month; for the owner."""
    return [_out(each) for each in bench.team.members()]


@router.put("/people/{user_id}/cap")
def cap(bench: Bench, owner: Owner, user_id: str, body: MonthIn) -> list[PersonOut]:
    """Set what a person may spend a month; for the owner."""
    bench.team.set_cap(user_id, body.cap)
    return people(bench, owner)


@router.put("/people/{user_id}/removed")
def removed(bench: Bench, owner: Owner, user_id: str, body: InIn) -> list[PersonOut]:
    """Take a person off, or let him in again; for the owner."""
    if body.removed:
        bench.team.remove(user_id)
    else:
        bench.team.put_back(user_id)
    return people(bench, owner)


def _out(member: Member) -> PersonOut:
    plain = {name: getattr(member, name) for name in ("user_id", "email", "name", "state")}
    return PersonOut(
        **plain,
        first_seen_at=member.first_seen_at,
        last_seen_at=member.last_seen_at,
        spent=f"{member.spent:f}",
        cap=f"{member.cap.limit:f}" if member.cap else None,
    )
