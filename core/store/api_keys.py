"""API keys: made once and shown once, kept as hashes, revoked at once."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Engine, select, update

from core.errors import NotFound, Refused
from core.store.caps import Caps
from core.store.columns import now
from core.store.engine import reading, writing
from core.store.ids import new_id
from core.store.tables import api_keys

_MARK = "fl-"
_RANDOM_BYTES = 32
_VISIBLE = len(_MARK) + 6
_LONGEST_NAME = 100
_SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key of a user, without its secret; `prefix` is how the secret begins. Its cap is the cap of
    scope `key` and subject `id`."""

    user: str
    id: str
    name: str
    prefix: str
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


_COLUMNS = [
    api_keys.c.user_id.label("user"),
    *(api_keys.c[name] for name in ApiKey.__slots__ if name != "user"),
]


class ApiKeys:
    """The keys of each user; a secret is 256 random bits, so its bare SHA-256 gives nothing away."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = now) -> None:
        self._engine = engine
        self._caps = Caps(engine)
        self._clock = clock

    def make(self, user: str, name: str, cap: Decimal | None) -> tuple[ApiKey, str]:
        """A new key and its secret, which nobody can read again; `cap` (USD) is all that it may ever
        spend, None for no cap of its own. Refused for a bad name or cap."""
        name = " ".join(name.split())
        if not 0 < len(name) <= _LONGEST_NAME:
            raise Refused(
                f"the name of a key has 1 to {_LONGEST_NAME} characters, and this has {len(name)}",
                hint="Name it after the program that will use it.",
            )
        secret = _MARK + secrets.token_urlsafe(_RANDOM_BYTES)
        key = ApiKey(user, new_id(), name, secret[:_VISIBLE], self._clock())
        # Before the key, so that no key is ever without the cap that it was given.
        if cap is not None:
            self._caps.set(user, "key", cap, key.id)
        row = {column: getattr(key, column) for column in ApiKey.__slots__ if column != "user"}
        with writing(self._engine) as connection:
            values = {**row, "user_id": user, "secret_hash": _hash(secret)}
            connection.execute(api_keys.insert().values(**values))
        return key, secret

    def verify(self, secret: str) -> ApiKey | None:
        """Whose secret it is; None when it is nobody's or revoked. Notes the use once a minute."""
        digest, moment = _hash(secret), self._clock()
        query = select(*_COLUMNS, api_keys.c.secret_hash).where(
            api_keys.c.secret_hash == digest, api_keys.c.revoked_at.is_(None)
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None or not hmac.compare_digest(row.secret_hash, digest):
            return None
        found = {column: getattr(row, column) for column in ApiKey.__slots__}
        # Both ways, so that a clock that was set back does not stop it.
        if row.last_used_at is None or abs(moment - row.last_used_at) >= _SEEN_EVERY:
            self._note_use(row.user, row.id, moment)
            found["last_used_at"] = moment
        return ApiKey(**found)

    def is_open(self, user: str, key_id: str) -> bool:
        """Whether the user has this key, and it is not revoked."""
        query = select(api_keys.c.id).where(
            api_keys.c.user_id == user, api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None)
        )
        with reading(self._engine) as connection:
            return connection.scalar(query) is not None

    def revoke(self, user: str, key_id: str) -> None:
        """From now on it opens nothing; repeating it changes nothing. Raises NotFound."""
        mine = (api_keys.c.user_id == user) & (api_keys.c.id == key_id)
        with writing(self._engine) as connection:
            if connection.scalar(select(api_keys.c.id).where(mine)) is None:
                raise NotFound(f"there is no API key {key_id}")
            connection.execute(
                update(api_keys)
                .where(mine, api_keys.c.revoked_at.is_(None))
                .values(revoked_at=self._clock())
            )

    def _note_use(self, user: str, key_id: str, moment: datetime) -> None:
        with writing(self._engine) as connection:
            connection.execute(
                update(api_keys)
                .where(api_keys.c.user_id == user, api_keys.c.id == key_id)
                .values(last_used_at=moment)
            )

    # Last, because its name hides the type from the annotations below it.
    def list(self, user: str) -> tuple[ApiKey, ...]:
        """Every key, newest first, revoked ones included."""
        query = select(*_COLUMNS).where(api_keys.c.user_id == user)
        query = query.order_by(api_keys.c.created_at.desc(), api_keys.c.id.desc())
        with reading(self._engine) as connection:
            return tuple(ApiKey(**row._asdict()) for row in connection.execute(query))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
