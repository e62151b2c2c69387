"""What a user chose is kept for him alone, and what makes no sense is refused."""

import pytest
from sqlalchemy import Engine

from core.errors import Refused
from core.store.preferences import Limit, Preferences
from tests.core.store.stories import ME


def test_an_order_is_kept_replaced_and_taken_away_for_its_user_alone(engine: Engine) -> None:
    mine = Preferences(engine)
    assert mine.fallback(ME) is None
    mine.set_fallback(ME, ("openai:a", "quotes"))
    mine.set_fallback(ME, ("local:b",))
    assert mine.fallback(ME) == ("local:b",)
    assert mine.fallback("somebody else") is None
    mine.set_fallback(ME, ())  # nobody: that is a choice too
    assert mine.fallback(ME) == ()
    mine.set_fallback(ME, None)
    assert mine.fallback(ME) is None


def test_limits_are_kept_for_each_model_and_an_empty_one_goes(engine: Engine) -> None:
    mine = Preferences(engine)
    mine.set_limit(ME, "openai:a", Limit(requests=10))
    mine.set_limit(ME, "local:b", Limit(tokens=500))
    assert mine.limits(ME) == {"openai:a": Limit(10), "local:b": Limit(None, 500)}
    mine.set_limit(ME, "openai:a", Limit())
    assert mine.limits(ME) == {"local:b": Limit(None, 500)}
    assert mine.limits("somebody else") == {}


@pytest.mark.parametrize("number", [0, -1, 10**10])
def test_a_limit_that_is_none_is_refused(engine: Engine, number: int) -> None:
    with pytest.raises(Refused, match="a limit is 1 to"):
        Preferences(engine).set_limit(ME, "openai:a", Limit(number))


@pytest.mark.parametrize("refs", [("a",), ("openai:",), ("openai:a", "openai:a"), ("x:y",) * 11])
def test_an_order_that_is_none_is_refused(engine: Engine, refs: tuple[str, ...]) -> None:
    with pytest.raises(Refused):
        Preferences(engine).set_fallback(ME, refs)
    assert Preferences(engine).fallback(ME) is None
