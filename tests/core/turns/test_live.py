"""A running turn in memory: its events are numbered, travel together and lose no character."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from core.events import ContextReady, ModelDone, Progress, TextDelta, TurnDone
from core.turns.live import LiveTurn
from core.types import Budget, Usage


def ending() -> TurnDone:
    return TurnDone("finished", "finished", "quotes", None, "0", 1.0, 0.1)


def said(live: LiveTurn) -> str:
    return "".join(r.event.text for r in live.events if isinstance(r.event, TextDelta))


async def test_the_first_word_goes_out_at_once_and_quick_ones_travel_together() -> None:
    live = LiveTurn("local", "t", "c")
    for word in ("one ", "two ", "three "):
        live.publish(TextDelta(word))
    assert said(live) == "one "
    live.flush()
    assert [r.event for r in live.events] == [TextDelta("one "), TextDelta("two three ")]


async def test_any_other_event_comes_behind_the_words_before_it() -> None:
    live = LiveTurn("local", "t", "c")
    live.publish(TextDelta("a"))
    live.publish(TextDelta("b"))
    live.publish(ModelDone("stop", Usage(1, 2), "m"))
    assert [r.event.type for r in live.events] == ["text_delta", "text_delta", "model_done"]
    assert [r.seq for r in live.events] == [1, 2, 3]


@given(st.lists(st.text(st.characters(codec="utf-8")), max_size=20))
def test_every_word_arrives_once_and_in_order(words: list[str]) -> None:
    async def run() -> str:
        live = LiveTurn("local", "t", "c")
        for word in words:
            live.publish(TextDelta(word))
        live.flush()
        return said(live)

    assert asyncio.run(run()) == "".join(words).replace("\x00", "")


async def test_two_halves_of_a_surrogate_pair_become_one_character() -> None:
    live = LiveTurn("local", "t", "c")
    live.publish(TextDelta("a\ud83d"))
    live.publish(TextDelta("\ude42b"))
    live.flush()
    assert said(live) == "a🙂b"


async def test_a_reader_who_comes_late_gets_what_is_behind_his_place_and_then_the_end() -> None:
    live = LiveTurn("local", "t", "c")
    live.publish(Progress("searching", "searching"))
    live.publish(ContextReady(Budget(100, ()), (), "quotes"))
    assert [r.seq for r in await live.after(1)] == [2]
    waiting = asyncio.ensure_future(live.after(2))
    await asyncio.sleep(0)
    assert not waiting.done()
    live.end(live.last(ending()))
    assert [r.event.type for r in await waiting] == ["turn_done"]
    assert await live.after(3) == []


async def test_a_reader_on_another_loop_is_woken_too() -> None:
    live = LiveTurn("local", "t", "c")
    reading = asyncio.ensure_future(asyncio.to_thread(lambda: asyncio.run(live.after(0))))
    live.publish(Progress("searching", "searching"))
    assert [r.seq for r in await reading] == [1]
