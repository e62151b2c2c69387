"""API keys: shown once, kept as hashes, gone when they are revoked."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, select

from core.errors import BudgetExceeded, NotFound, Refused
from core.store.accounts import Payers
from core.store.api_keys import ApiKeys
from core.store.caps import Caps
from core.store.engine import reading
from core.store.ledger import Ledger
from core.store.tables import api_keys

ME, YOU = "ada", "bob"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(engine: Engine, clock: Clock) -> ApiKeys:
    return ApiKeys(engine, clock=clock)


def test_a_secret_opens_until_it_is_revoked_and_then_at_once_no_more(keys: ApiKeys) -> None:
    key, secret = keys.make(ME, "my notebook", None)
    assert secret.startswith("fl-")
    assert len(secret) == 3 + 43  # 32 bytes in base64 without padding
    found = keys.verify(secret)
    assert found is not None
    assert (found.user, found.id, found.name) == (ME, key.id, "my notebook")
    keys.revoke(ME, key.id)
    assert keys.verify(secret) is None
    [listed] = keys.list(ME)
    assert listed.revoked_at is not None


def test_revoking_twice_keeps_the_first_moment(keys: ApiKeys, clock: Clock) -> None:
    key, _ = keys.make(ME, "k", None)
    keys.revoke(ME, key.id)
    first = keys.list(ME)[0].revoked_at
    clock.at += timedelta(hours=1)
    keys.revoke(ME, key.id)
    assert keys.list(ME)[0].revoked_at == first


def test_the_database_holds_no_secret_but_its_hash_and_how_it_begins(
    keys: ApiKeys, engine: Engine
) -> None:
    key, secret = keys.make(ME, "k", None)
    with reading(engine) as connection:
        row = connection.execute(select(api_keys)).one()
    assert key.prefix == secret[:9] == row.prefix
    assert secret[9:] not in str(row._asdict())
    assert len(row.secret_hash) == 64
    assert secret not in repr(key)


def test_two_keys_are_never_the_same(keys: ApiKeys) -> None:
    made = [keys.make(ME, "k", None) for _ in range(20)]
    assert len({secret for _, secret in made}) == len({key.id for key, _ in made}) == 20
    assert [key.id for key in keys.list(ME)] == [key.id for key, _ in reversed(made)]


def test_a_second_user_sees_and_revokes_only_his_own(keys: ApiKeys) -> None:
    key, secret = keys.make(ME, "mine", None)
    yours, your_secret = keys.make(YOU, "yours", None)
    assert [each.name for each in keys.list(YOU)] == ["yours"]
    with pytest.raises(NotFound):
        keys.revoke(YOU, key.id)
    found, your_found = keys.verify(secret), keys.verify(your_secret)
    assert found is not None and found.user == ME
    assert your_found is not None and (your_found.user, your_found.id) == (YOU, yours.id)


@pytest.fixture
def secret(keys: ApiKeys) -> str:
    return keys.make(ME, "k", None)[1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(guess=st.text(max_size=300))
def test_nothing_else_opens(keys: ApiKeys, secret: str, guess: str) -> None:
    for tried in (guess, f"fl-{guess}", secret + guess + "x", secret[: -1 - len(guess) % 40], ""):
        assert keys.verify(tried) is None


def test_half_of_a_surrogate_pair_is_nobodys_secret(keys: ApiKeys) -> None:
    assert keys.verify("fl-\ud800") is None


def test_its_use_is_noted_at_most_once_a_minute(
    keys: ApiKeys, engine: Engine, clock: Clock
) -> None:
    _, secret = keys.make(ME, "k", None)
    assert keys.list(ME)[0].last_used_at is None
    updates: list[str] = []
    event.listen(
        engine,
        "before_cursor_execute",
        lambda *call: updates.append(call[2]) if call[2].startswith("UPDATE") else None,
    )
    first = clock.at
    for seconds in (0, 1, 30, 59):
        clock.at = first + timedelta(seconds=seconds)
        assert keys.verify(secret)
    assert len(updates) == 1
    assert keys.list(ME)[0].last_used_at == first
    clock.at = first + timedelta(seconds=60)
    found = keys.verify(secret)
    assert found is not None and found.last_used_at == clock.at
    assert len(updates) == 2


def test_a_clock_that_was_set_back_does_not_stop_the_notes(keys: ApiKeys, clock: Clock) -> None:
    _, secret = keys.make(ME, "k", None)
    keys.verify(secret)
    clock.at -= timedelta(days=30)
    keys.verify(secret)
    assert keys.list(ME)[0].last_used_at == clock.at


def test_its_own_cap_holds_its_reservations_and_no_others(keys: ApiKeys, engine: Engine) -> None:
    key, _ = keys.make(ME, "k", Decimal("0.5"))
    other, _ = keys.make(ME, "other", None)
    ledger = Ledger(engine)

    def reserve(row: str, by: str) -> None:
        ledger.reserve(ME, row, "t", "c", "openai:m", "answer", Decimal("0.3"), Payers("c", key=by))

    reserve("r1", key.id)
    with pytest.raises(BudgetExceeded) as refusal:
        reserve("r2", key.id)
    assert refusal.value.scope == "key"
    reserve("r3", other.id)
    [cap] = Caps(engine).list(ME)
    assert (cap.scope, cap.subject, cap.limit) == ("key", key.id, Decimal("0.5"))


@pytest.mark.parametrize("name", ["", "  \n ", "x" * 101])
def test_a_key_without_a_usable_name_is_refused(keys: ApiKeys, name: str) -> None:
    with pytest.raises(Refused):
        keys.make(ME, name, None)


@pytest.mark.parametrize("cap", [Decimal(-1), Decimal("NaN"), Decimal("Infinity")])
def test_a_key_with_a_cap_that_is_none_is_refused_and_not_made(keys: ApiKeys, cap: Decimal) -> None:
    with pytest.raises(Refused):
        keys.make(ME, "k", cap)
    assert keys.list(ME) == ()
