"""Two windows side by side: what a cache can keep, what came and what went."""

from hypothesis import given
from hypothesis import strategies as st

from core.tokens.comparison import compare
from core.types import Budget, Item, Slice


def window(system: str = "Answer.", history: tuple[str, ...] = (), question: str = "?") -> Budget:
    return Budget(
        1_000,
        (
            Slice("system", (Item("System", system, 10, role="system"),), 10),
            Slice("history", tuple(Item("You", said, 5, role="user") for said in history), 5),
            Slice("prompt", (Item("Your question", question, 3, role="user"),), 3),
            Slice("reserve", (Item("Room for the answer", "", 100),), 100),
        ),
    )


def test_what_was_said_before_stays_the_beginning_and_the_question_breaks_it() -> None:
    change = compare(window(question="first"), window(history=("first", "one"), question="second"))
    assert change.prefix == 10
    assert change.broken_by and change.broken_by.item.text == "first"
    assert [each.item.text for each in change.came] == ["first", "one", "second"]
    assert [each.item.text for each in change.went] == ["first"]


def test_another_system_prompt_leaves_nothing_that_a_cache_could_keep() -> None:
    change = compare(window(history=("a",)), window("Be short.", ("a",)))
    assert (change.prefix, change.broken_by and change.broken_by.region) == (0, "system")


def test_a_turn_that_was_dropped_went_and_what_is_behind_it_is_no_prefix() -> None:
    change = compare(window(history=("a", "b", "c")), window(history=("b", "c")))
    assert [(each.region, each.item.text) for each in change.went] == [("history", "a")]
    assert change.prefix == 10
    assert change.broken_by and change.broken_by.item.text == "b"


def test_the_room_for_the_answer_is_never_sent_and_never_compared() -> None:
    whole = window()
    assert all(each.region != "reserve" for each in compare(Budget(1, ()), whole).came)


@given(st.lists(st.text(max_size=3), max_size=6).map(tuple))
def test_a_window_beside_itself_is_all_prefix(history: tuple[str, ...]) -> None:
    same = window(history=history)
    change = compare(same, same)
    assert (change.broken_by, change.came, change.went) == (None, (), ())
    assert change.prefix == 10 + 5 * len(history) + 3


@given(
    st.lists(st.sampled_from("abc"), max_size=6).map(tuple),
    st.lists(st.sampled_from("abc"), max_size=6).map(tuple),
)
def test_the_prefix_is_never_longer_than_either_window(
    one: tuple[str, ...], other: tuple[str, ...]
) -> None:
    before, now = window(history=one), window(history=other)
    sizes = [sum(i.tokens for p in w.slices[:3] for i in p.items) for w in (before, now)]
    assert compare(before, now).prefix <= min(sizes)
