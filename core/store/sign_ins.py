"""Sign-ins: the token that the owner comes in with from elsewhere, and the browsers that it let in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Engine, delete, func, select

from core.store.columns import now
from core.store.engine import reading, writing
from core.store.ids import new_id
from core.store.secret_words import digest, new_secret
from core.store.tables import sign_ins

Kind = Literal["token", "browser"]
TOKEN_DAYS = 365
BROWSER_DAYS = 30


@dataclass(frozen=True, slots=True)
class SignIns:
    """Tokens and signed-in browsers; of both only hashes are kept."""

    engine: Engine
    clock: Callable[[], datetime] = now

    def token(self, user: str) -> str:
        """A new token; those of before open as well until `rotate`."""
        return self._make(user, "token", TOKEN_DAYS)

    def exchange(self, token: str) -> str | None:
        """What a browser is known by from now on; None for a token that opens nothing."""
        user = self._whose(token, "token")
        return None if user is None else self._make(user, "browser", BROWSER_DAYS)

    def user(self, secret: str) -> str | None:
        """Who is signed in with this browser."""
        return self._whose(secret, "browser")

    def rotate(self, user: str) -> str:
        """Sign every browser out, make every token worthless, and give a new one."""
        with writing(self.engine) as connection:
            connection.execute(delete(sign_ins).where(sign_ins.c.user_id == user))
        return self.token(user)

    def browsers(self, user: str) -> int:
        """How many browsers are signed in."""
        query = select(func.count()).where(
            sign_ins.c.user_id == user,
            sign_ins.c.kind == "browser",
            sign_ins.c.expires_at > self.clock(),
        )
        with reading(self.engine) as connection:
            return connection.scalar(query) or 0

    def _make(self, user: str, kind: Kind, days: int) -> str:
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
                )
            )
        return secret

    def _whose(self, secret: str, kind: Kind) -> str | None:
        query = select(sign_ins.c.user_id).where(
            sign_ins.c.secret_hash == digest(secret),
            sign_ins.c.kind == kind,
            sign_ins.c.expires_at > self.clock(),
        )
        with reading(self.engine) as connection:
            found: str | None = connection.scalar(query)
            return found
