"""The team: who is in, who comes in, what each may spend; what the owner sees of it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from core.caller import LOCAL_USER
from core.errors import NotFound, NotSignedIn
from core.people.allowed import Allowed
from core.people.identity import Identity
from core.store.caps import Caps, CapState
from core.store.columns import now
from core.store.people import People, Person
from core.store.sign_ins import SignIns

PERSON_DAYS = 1
"""Days after which a person signs in anew: whoever has left at the provider is out by then."""
_SHOWN_DAYS = 30


@dataclass(frozen=True, slots=True)
class Member:
    """One user as the owner sees him: `spent` is this month's, in US dollars; `cap` that of his month.
    `state` is in, removed (by the owner) or unlisted (no longer on the allow-list)."""

    user_id: str
    email: str
    name: str
    state: str
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    spent: Decimal
    cap: CapState | None


@dataclass(frozen=True, slots=True)
class Team:
    """Everyone who may use this app besides visitors; the owner alone where no provider is set."""

    people: People
    sign_ins: SignIns
    caps: Caps
    allowed: Allowed
    first_cap: Decimal | None
    clock: Callable[[], datetime] = now

    # --- in -------------------------------------------------------------------------------------

    def arrive(self, who: Identity) -> str:
        """What his browser is known by from now on. Raises NotSignedIn for whoever may not come in."""
        if self.allowed.owns(who.email):
            return self.sign_ins.browser(LOCAL_USER, who.email, PERSON_DAYS)
        if not self.allowed.lets_in(who.email):
            raise NotSignedIn("unlisted", "this address is not on the allow-list")
        user = user_id(who)
        found = self.people.get(user)
        if found is not None and found.removed_at is not None:
            raise NotSignedIn("unlisted", "the owner has taken this person off")
        if found is None and self.first_cap is not None:
            # Before he is there, so that nobody is ever without it.
            self.caps.set(user, "month", self.first_cap)
        self.people.arrive(user, who.email, who.name)
        return self.sign_ins.browser(user, who.email, PERSON_DAYS)

    def signed_in(self, secret: str) -> str | None:
        """The user whose browser shows this secret; None for nobody, and for whoever may not any more."""
        found = self.sign_ins.whose(secret) if secret else None
        if found is None:
            return None
        if found.user_id == LOCAL_USER:
            owns = not found.email or self.allowed.owns(found.email)
            return LOCAL_USER if owns else None
        if not self.allowed.lets_in(found.email) or not self.is_in(found.user_id):
            return None
        self.people.note_seen(found.user_id)
        return found.user_id

    def is_in(self, user: str) -> bool:
        """Whether what belongs to this user is open now: his API keys and his links."""
        if user == LOCAL_USER:
            return True
        person = self.people.get(user)
        return person is not None and self._state(person) == "in"

    def users(self) -> list[str]:
        """The ids of the owner and of everybody who has ever signed in."""
        return [LOCAL_USER, *(each.user_id for each in self.people.everybody())]

    # --- for the owner --------------------------------------------------------------------------

    def members(self) -> list[Member]:
        """The owner first, then everybody who has ever signed in, whoever was here last first."""
        month, spent = f"{self.clock():%Y-%m}", dict[str, Decimal]()
        for user, _, dollars in self.people.spent_by_day(f"{month}-01"):
            spent[user] = spent.get(user, Decimal(0)) + dollars
        nothing = Decimal(0)
        owner = Member(
            LOCAL_USER, "", "You", "in", None, None, spent.get(LOCAL_USER, nothing),
            self.caps.state(LOCAL_USER, "month"),
        )  # fmt: skip
        others = [
            Member(
                each.user_id,
                each.email,
                each.name,
                self._state(each),
                each.first_seen_at,
                each.last_seen_at,
                spent.get(each.user_id, nothing),
                self.caps.state(each.user_id, "month"),
            )
            for each in self.people.everybody()
        ]
        return [owner, *others]

    def spending(self) -> list[tuple[str, str, Decimal]]:
        """What each user spent on each of the last 30 days: his address, the day, US dollars."""
        first = (self.clock() - timedelta(days=_SHOWN_DAYS - 1)).date().isoformat()
        names = {each.user_id: each.email for each in self.people.everybody()}
        names[LOCAL_USER] = "You"
        return [
            (names.get(user, user), day, spent)
            for user, day, spent in self.people.spent_by_day(first)
            if spent
        ]

    def set_cap(self, user: str, dollars: Decimal | None) -> None:
        """He may spend this much a month; None is no cap. Raises NotFound, and Refused for absurd sums."""
        self._known(user)
        if dollars is None:
            self.caps.remove(user, "month")
        else:
            self.caps.set(user, "month", dollars)

    def remove(self, user: str) -> None:
        """He is out at once, with his API keys and links; what is his stays. Raises NotFound."""
        self._known(user)
        self.people.set_removed(user, True)
        self.sign_ins.end_all(user)

    def put_back(self, user: str) -> None:
        """He may sign in again. Raises NotFound."""
        self._known(user)
        self.people.set_removed(user, False)

    def _known(self, user: str) -> None:
        if self.people.get(user) is None:
            raise NotFound(f"nobody with the id {user} has signed in")

    def _state(self, person: Person) -> str:
        if person.removed_at is not None:
            return "removed"
        return "in" if self.allowed.lets_in(person.email) else "unlisted"


def user_id(who: Identity) -> str:
    """The user id of a person: of his provider and his subject there, since addresses change hands."""
    digest = hashlib.sha256(f"{who.issuer}\n{who.subject}".encode()).hexdigest()
    return f"person-{digest[:32]}"
