"""The next model, only before the first word."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from core.errors import (
    BudgetExceeded,
    CircuitOpen,
    FootlightsError,
    KeyRejected,
    Overloaded,
    RequestRejected,
    StreamCut,
    TooFast,
)
from core.events import FellBack, ModelDone, ModelEvent, Progress, TextDelta
from core.llm.fallback import first_that_answers
from core.types import Usage

DONE = ModelDone("stop", Usage(1, 1), "m")
BUSY = Overloaded("a is overloaded", provider="a")
Script = dict[str, list[ModelEvent | FootlightsError]]


async def heard(
    script: Script, refs: list[str] | None = None, at_cap: str = ""
) -> list[ModelEvent]:
    async def ask(ref: str) -> AsyncIterator[ModelEvent]:
        for step in script[ref]:
            if isinstance(step, FootlightsError):
                raise step
            yield step

    return [event async for event in first_that_answers(refs or list(script), ask, at_cap)]


async def test_the_second_answers_when_the_first_cannot_and_it_is_said() -> None:
    waiting = Progress("retrying", "a is overloaded: trying again in 1 s")
    events = await heard({"a:1": [waiting, BUSY], "b:2": [TextDelta("Hello"), DONE]})
    assert events == [
        waiting,
        FellBack("a:1", "b:2", "a is overloaded"),
        TextDelta("Hello"),
        DONE,
    ]


async def test_an_answer_that_has_begun_is_never_begun_by_another() -> None:
    cut = StreamCut("it broke off", provider="a")
    with pytest.raises(StreamCut):
        await heard({"a:1": [TextDelta("Hel"), cut], "b:2": [DONE]})


async def test_when_none_answers_the_first_error_names_the_others() -> None:
    script: Script = {
        "a:1": [BUSY],
        "b:2": [KeyRejected("b does not accept the key", provider="b")],
        "c:3": [CircuitOpen("c:3 is left alone")],
    }
    with pytest.raises(Overloaded) as failed:
        await heard(script)
    assert failed.value is BUSY
    assert "b:2: b does not accept the key; c:3: c:3 is left alone" in failed.value.hint


async def test_the_first_error_rises_also_when_the_last_is_of_a_kind_that_ends_the_asking() -> None:
    busy = Overloaded("a is overloaded", provider="a")
    unknown = RequestRejected("b does not know the model '2'", provider="b")
    with pytest.raises(Overloaded) as failed:
        await heard({"a:1": [busy], "b:2": [unknown], "c:3": [DONE]})
    assert failed.value is busy
    assert failed.value.hint.endswith("in vain: b:2: b does not know the model '2'")


async def test_an_answer_of_the_second_that_breaks_off_is_the_seconds_error() -> None:
    cut = StreamCut("b broke off", provider="b")
    with pytest.raises(StreamCut) as failed:
        await heard({"a:1": [BUSY], "b:2": [TextDelta("Hel"), cut], "c:3": [DONE]})
    assert failed.value is cut


async def test_the_reason_is_said_in_a_few_words_without_what_the_vendor_wrote() -> None:
    wordy = Overloaded("a is overloaded or has a fault: <html>" + "x" * 200, provider="a")
    slow = TooFast("b:2 allows no more for now: the next call can go in 9 s")
    events = await heard({"a:1": [wordy], "b:2": [slow], "c:3": [DONE]})
    assert events[:2] == [
        FellBack("a:1", "b:2", "a is overloaded"),
        FellBack("b:2", "c:3", "b:2 allows no more for now: the next call can go in 9 s"),
    ]


async def test_what_another_model_cannot_help_with_rises_as_it_is() -> None:
    refused = RequestRejected("no", provider="a")
    with pytest.raises(RequestRejected):
        await heard({"a:1": [refused], "b:2": [DONE]})
    from decimal import Decimal

    cap = BudgetExceeded(
        "reached",
        scope="day",
        limit=Decimal(1),
        spent=Decimal(1),
        reserved=Decimal(0),
        renews_at=None,
    )
    with pytest.raises(BudgetExceeded):
        await heard({"a:1": [cap], "b:2": [DONE]})


async def test_at_a_cap_the_free_model_goes_on_and_no_other_is_asked() -> None:
    script: Script = {"a:1": [_spent()], "b:2": [TextDelta("paid"), DONE], "local:s": [DONE]}
    events = await heard(script, refs=["a:1", "b:2"], at_cap="local:s")
    assert events == [FellBack("a:1", "local:s", "the cap of $1 for today is reached"), DONE]


async def test_where_the_free_model_has_no_room_either_the_cap_is_what_is_told() -> None:
    script: Script = {"a:1": [BUSY], "b:2": [_spent()], "local:s": [_spent()]}
    with pytest.raises(Overloaded) as failed:
        await heard(script, refs=["a:1", "b:2"], at_cap="local:s")
    assert "b:2: the cap of $1" in failed.value.hint and "local:s: the cap" in failed.value.hint


def _spent() -> BudgetExceeded:
    one = Decimal(1)
    words = "the cap of $1 for today is reached: $1 is spent"
    return BudgetExceeded(words, scope="day", limit=one, spent=one, reserved=one, renews_at=None)
