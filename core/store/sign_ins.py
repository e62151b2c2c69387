"""Sign-ins: the tokens that the owner comes in with from elsewhere, and the browsers that are in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, Engine, and_, delete, select, update

from core.store.columns import now
from core.store.engine import reading, writing
from core.store.ids import new_id
from core.store.secret_words import digest, new_secret
from core.store.tables import sign_ins

Kind = Literal["token", "browser"]
PRINTED_DAYS = 7
"""What was printed at a start stays in a log, so it does not open for long."""
TOKEN_DAYS = 365
BROWSER_DAYS = 30
_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SignIn:
    """A token or a signed-in browser, without its secret; `email` is the address that a provider vouched
    for, "" where a token was shown."""

    user_id: str
    id: str
    kind: Kind
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    email: str

    @property
    def is_spare(self) -> bool:
        """Whether it is the token of a start that nobody has come in with."""
        lasts = self.expires_at - self.created_at
        return self.kind == "token" and not self.last_used_at and lasts.days <= PRINTED_DAYS


_COLUMNS = [sign_ins.c[name] for name in SignIn.__slots__]


@dataclass(frozen=True, slots=True)
class SignIns:
    """Tokens and signed-in browsers; of both only hashes are kept."""

    engine: Engine
    clock: Callable[[], datetime] = now

    def token(self, user: str, days: float = PRINTED_DAYS) -> str:
        """A new token; those of before open as well until they end, or until `rotate`."""
        return self._make(user, "token", days)

    def exchange(self, token: str) -> str | None:
        """What a browser is known by from now on; None for a token that opens nothing."""
        found = self._whose(token, "token")
        return None if found is None else self.browser(found.user_id)

    def browser(self, user: str, email: str = "", days: float = BROWSER_DAYS) -> str:
        """What a browser is known by from now on, for so many days."""
        return self._make(user, "browser", days, email)

    def whose(self, secret: str) -> SignIn | None:
        """The browser that shows this secret; None for a secret that opens nothing."""
        return self._whose(secret, "browser")

    def leave(self, secret: str) -> None:
        """This browser is signed out."""
        with writing(self.engine) as connection:
            mine = (sign_ins.c.secret_hash == digest(secret)) & (sign_ins.c.kind == "browser")
            connection.execute(delete(sign_ins).where(mine))

    def end(self, user: str, sign_in_id: str) -> None:
        """This token opens nothing any more, or this browser is out."""
        with writing(self.engine) as connection:
            mine = (sign_ins.c.user_id == user) & (sign_ins.c.id == sign_in_id)
            connection.execute(delete(sign_ins).where(mine))

    def end_all(self, user: str) -> None:
        """Sign every browser out and make every token worthless."""
        with writing(self.engine) as connection:
            connection.execute(delete(sign_ins).where(sign_ins.c.user_id == user))

    def rotate(self, user: str) -> str:
        """Sign every browser out, make every token worthless, and give a new one."""
        self.end_all(user)
        return self.token(user, TOKEN_DAYS)

    # Last, because its name hides the type from the annotations below it.
    def list(self, user: str) -> list[SignIn]:
        """The tokens that open and the browsers that are in, newest first."""
        query = select(*_COLUMNS).where(
            sign_ins.c.user_id == user, sign_ins.c.expires_at > self.clock()
        )
        newest = sign_ins.c.created_at.desc()
        with reading(self.engine) as connection:
            rows = connection.execute(query.order_by(newest, sign_ins.c.id.desc()))
            return [SignIn(**row._mapping) for row in rows]

    def _make(self, user: str, kind: Kind, days: float, email: str = "") -> str:
        secret, moment = new_secret(), self.clock()
        with writing(self.engine) as connection:
            connection.execute(delete(sign_ins).where(sign_ins.c.expires_at <= moment))
            connection.execute(
                sign_ins.insert().values(
                    user_id=user,
                    id=new_id(),
                    kind=kind,
                    secret_hash=digest(secret),
                    created_at=moment,
                    expires_at=moment + timedelta(days=days),
                    email=email,
                )
            )
        return secret

    def _whose(self, secret: str, kind: Kind) -> SignIn | None:
        moment = self.clock()
        mine = _opens(secret, kind, moment)
        with reading(self.engine) as connection:
            row = connection.execute(select(*_COLUMNS).where(mine)).first()
        if row is None:
            return None
        found = SignIn(**row._mapping)
        if found.last_used_at is None or moment - found.last_used_at > _NOTED_EVERY:
            with writing(self.engine) as connection:
                connection.execute(update(sign_ins).where(mine).values(last_used_at=moment))
        return found


def _opens(secret: str, kind: Kind, moment: datetime) -> ColumnElement[bool]:
    return and_(
        sign_ins.c.secret_hash == digest(secret),
        sign_ins.c.kind == kind,
        sign_ins.c.expires_at > moment,
    )
