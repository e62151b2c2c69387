"""What fits into the window: the invariants over random conversations, and a few stories."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.errors import Refused
from core.tokens.budget import fit, pinned, within
from core.tokens.counter import REPLY_OVERHEAD
from core.tokens.strategies import STRATEGIES, Asked, Strategy
from core.types import Budget, Item, Slice

tokens = st.integers(0, 400)


def item(label: str, count: int) -> Item:
    return Item(label, f"text of {label}", count, ref=label)


@st.composite
def conversations(draw: st.DrawFn) -> dict[str, object]:
    sources = draw(st.lists(tokens, max_size=8))
    turns = draw(st.lists(st.tuples(tokens, tokens), max_size=8))
    return {
        "system": [item("system", draw(tokens))],
        "sources": [item(f"s{n}", count) for n, count in enumerate(sources)],
        "history": [
            [item(f"u{n}", asked), item(f"a{n}", said)] for n, (asked, said) in enumerate(turns)
        ],
        "prompt": item("prompt", draw(tokens)),
        "reserve": draw(st.integers(0, 500)),
        "source_share": draw(st.floats(0, 1)),
    }


def part(budget: Budget, region: str) -> Slice:
    return next(found for found in budget.slices if found.region == region)


def kept(budget: Budget) -> set[str]:
    return {i.label for s in budget.slices for i in s.items if i.kept}


@settings(max_examples=400, deadline=None)
@given(conversations(), st.integers(0, 6000), st.integers(0, 500))
def test_the_window_holds_by_construction(asked: dict[str, object], window: int, more: int) -> None:
    try:
        budget = within(fit(window=window, **asked))  # type: ignore[arg-type]
    except Refused:
        assume(False)
        return
    assert budget.used <= window
    assert budget.used == sum(found.tokens for found in budget.slices)
    for found in budget.slices:
        own = sum(i.tokens for i in found.items if i.kept)
        assert found.tokens == own + (REPLY_OVERHEAD if found.region == "prompt" else 0)
    assert {"system", "prompt"} <= kept(budget)
    for found in budget.slices:
        assert all(bool(i.reason) != i.kept for i in found.items)
    _pairs_and_ranks_hold(budget)
    assert fit(window=window, **asked) == budget  # type: ignore[arg-type]
    wider = fit(window=window + more, **asked)  # type: ignore[arg-type]
    assert kept(wider) >= kept(budget)


PLACES = st.sets(st.integers(0, 7))


@settings(max_examples=400, deadline=None)
@given(
    conversations(),
    st.integers(0, 6000),
    st.integers(0, 500),
    st.sampled_from(list(STRATEGIES.values())),
    st.integers(0, 9),
    st.lists(st.floats(0, 5), max_size=8),
    PLACES,
    PLACES,
)
def test_whatever_the_strategy_pins_hold_and_more_room_never_drops_more(
    asked: dict[str, Any],
    window: int,
    more: int,
    strategy: Strategy,
    latest: int,
    relevance: list[float],
    turns: set[int],
    passages: set[int],
) -> None:
    asked["history"] = [
        [replace(said, pinned=place in turns) for said in turn]
        for place, turn in enumerate(asked["history"])
    ]
    asked["sources"] = [
        replace(found, pinned=place in passages) for place, found in enumerate(asked["sources"])
    ]
    ranking = strategy.rank(len(asked["history"]), Asked(latest, tuple(relevance)))
    assert len(set(ranking.order)) == len(ranking.order)
    assert set(ranking.order) <= set(range(len(asked["history"])))
    try:
        budget = within(fit(window=window, ranking=ranking, **asked))
    except Refused:
        assume(False)
        return
    assert budget.used <= window
    everything = [i for found in budget.slices for i in found.items]
    assert all(i.kept for i in everything if i.pinned)
    assert all(bool(i.reason) != i.kept for i in everything)
    history = [i.kept for i in part(budget, "history").items]
    assert history[::2] == history[1::2], "question and answer live or die together"
    assert kept(fit(window=window + more, ranking=ranking, **asked)) >= kept(budget)


def _pairs_and_ranks_hold(budget: Budget) -> None:
    sources = [i.kept for i in part(budget, "sources").items]
    assert sources == sorted(sources, reverse=True), "the lowest ranks are dropped first"
    history = [i.kept for i in part(budget, "history").items]
    assert history == sorted(history), "the oldest are dropped first"
    assert history[::2] == history[1::2], "question and answer live or die together"


@settings(deadline=None)
@given(conversations())
def test_every_item_comes_back_unchanged_but_for_its_fate(asked: dict[str, object]) -> None:
    budget = fit(window=100_000, **asked)  # type: ignore[arg-type]
    given_items = [
        *asked["system"],  # type: ignore[misc]
        *asked["sources"],  # type: ignore[misc]
        *(i for turn in asked["history"] for i in turn),  # type: ignore[attr-defined]
        asked["prompt"],
    ]
    found = [i for s in budget.slices if s.region != "reserve" for i in s.items]
    assert [replace(i, kept=True, reason="") for i in found] == given_items
    assert all(i.kept for i in found), "a large window drops nothing"


def story(window: int, sources: int, turns: int, **more: Any) -> Budget:
    return within(
        fit(
            window=window,
            reserve=100,
            system=[item("system", 50)],
            sources=[item(f"s{n}", 100) for n in range(sources)],
            history=[[item(f"u{n}", 50), item(f"a{n}", 50)] for n in range(turns)],
            prompt=item("prompt", 47),
            **more,
        )
    )


def test_each_dropped_item_says_why_with_numbers() -> None:
    budget = story(window=1000, sources=5, turns=6)
    assert [i.label for i in part(budget, "sources").items if not i.kept] == ["s4"]
    assert part(budget, "sources").items[-1].reason == (
        "lowest rank first: 100 tokens over the 400 that passages may take"
    )
    assert [i.label for i in part(budget, "history").items if not i.kept] == [
        *("u0", "a0", "u1", "a1"),
    ]
    assert part(budget, "history").items[0].reason == "oldest history first: 200 tokens over"
    assert budget.used == 1000


def test_what_one_region_does_not_want_the_other_may_take() -> None:
    assert part(story(1000, sources=8, turns=0), "sources").tokens == 800
    assert part(story(1000, sources=0, turns=8), "history").tokens == 800
    assert part(story(1000, sources=2, turns=8), "history").tokens == 600
    assert part(story(1000, sources=8, turns=1), "sources").tokens == 700
    assert part(story(1000, sources=8, turns=8, source_share=0.25), "sources").tokens == 200


def test_a_question_that_does_not_fit_is_refused_with_the_numbers() -> None:
    with pytest.raises(Refused) as refused:
        story(window=150, sources=3, turns=3)
    assert str(refused.value) == (
        "the question does not fit: 50 tokens of question, 50 of instructions and 100 reserved"
        " for the answer are 200, and the window holds 150"
    )
    assert "Shorten the question by 50 tokens" in refused.value.hint


def test_the_regions_come_in_the_order_in_which_they_are_drawn() -> None:
    budget = story(1000, sources=1, turns=1)
    assert [found.region for found in budget.slices] == [
        *("system", "sources", "history", "prompt", "reserve"),
    ]
    assert budget.input_tokens == budget.used - 100
    assert (budget.counter, budget.exact) == ("o200k_base", False)


def dropped(strategy: str, asked: Asked = Asked()) -> list[str]:  # noqa: B008
    """The turns of six that go when there is room for three."""
    ranking = STRATEGIES[strategy].rank(6, asked)
    budget = story(window=500, sources=0, turns=6, ranking=ranking)
    return [i.label for i in part(budget, "history").items if not i.kept][::2]


def test_each_strategy_drops_what_it_says() -> None:
    assert dropped("oldest_first") == ["u0", "u1", "u2"]
    assert dropped("head_and_tail") == ["u1", "u2", "u3"]
    assert dropped("sliding_window", Asked(latest=2)) == ["u1", "u2", "u3"]
    assert dropped("sliding_window", Asked(latest=1)) == ["u1", "u2", "u3", "u4"]
    relevance = (0.1, 0.9, 0.0, 0.8, 0.2, 0.0)
    assert dropped("most_relevant", Asked(relevance=relevance)) == ["u0", "u2", "u4"]


def test_a_pinned_turn_stays_and_the_others_go_by_the_strategy() -> None:
    history = [[replace(item(f"u{n}", 50), pinned=n == 1), item(f"a{n}", 50)] for n in range(6)]
    budget = fit(
        window=500,
        reserve=100,
        system=[item("system", 50)],
        sources=[],
        history=history,
        prompt=item("prompt", 47),
    )
    assert [i.label for i in part(budget, "history").items if i.kept][::2] == ["u1", "u4", "u5"]


def test_pins_that_do_not_fit_are_refused_with_what_to_unpin() -> None:
    with pytest.raises(Refused) as refused:
        within(
            fit(
                window=500,
                reserve=100,
                system=[item("system", 50)],
                sources=[replace(item("lease.pdf, page 3", 400), pinned=True)],
                history=[],
                prompt=item("prompt", 47),
            )
        )
    assert str(refused.value) == (
        "what is pinned does not fit: 400 tokens are pinned, 100 more than there is room for"
    )
    assert "“lease.pdf, page 3: text of lease.pdf, page 3” with 400 tokens" in refused.value.hint


def test_the_tools_have_a_region_of_their_own_and_are_never_dropped() -> None:
    budget = story(window=500, sources=1, turns=6, tools=[item("search", 150)])
    assert part(budget, "tools").tokens == 150
    assert budget.used <= 500
    assert "search" in kept(budget)


def test_a_window_that_is_too_full_is_drawn_with_what_must_be_in_it_and_nothing_else() -> None:
    lock = replace(item("pinned", 300), pinned=True)
    full = fit(
        window=500,
        reserve=100,
        system=[item("system", 50)],
        sources=[item("passage", 10)],
        history=[[item("u1", 10), item("a1", 10)], [lock, item("its answer", 50)]],
        prompt=item("prompt", 47),
    )
    assert kept(full) == {"system", "pinned", "its answer", "prompt", "Room for the answer"}
    assert full.free == -50
    assert [size for _, size in pinned(full)] == [300, 50]
