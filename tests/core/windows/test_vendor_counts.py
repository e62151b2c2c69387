"""Before its reports have taught us, a vendor that counts for nothing is asked, and the window is held to what it says."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from core.errors import KeyRejected, Malformed
from core.tokens.calibration import told
from core.types import ModelRequest, WindowPlan, message
from core.windows.vendor_counts import VendorCounts
from tests.conftest import running, settings_for
from tests.core.llm.conftest import KEY, anthropic_with
from tests.core.turns.test_turns import followed
from tests.core.vendor_server import Says, Vendor, vendor
from tests.core.windows.test_window_plans import next_turn, part, sent_history

CLAUDE = "anthropic:claude-haiku-5-5"
REQUEST = ModelRequest("claude", (message("system", "Brief."), message("user", "Hello")), 100)


@pytest.fixture
def wire() -> Iterator[Vendor]:
    with vendor("anthropic") as made:
        yield made


@pytest.fixture
def claude(wire: Vendor, tmp_path: Path) -> Iterator[Any]:
    given = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": wire.address}
    with running(settings_for(tmp_path, FOOTLIGHTS_MODEL=CLAUDE, **given)) as bench:
        yield bench


def asked(bench: Any, where: str | None, question: str) -> tuple[str, str]:
    from core.types import TurnRequest

    request = TurnRequest(question, use_documents=False, max_tokens=64)
    started = bench.turns.start("local", request, conversation_id=where)
    followed(bench, started.turn_id)
    return started.conversation_id, started.turn_id


def _again(bench: Any) -> None:
    """The minute in which a vendor that did not count is left alone is over."""
    bench.turns._chat._composer._calibration._counts._quiet.clear()


def test_the_first_window_is_as_large_as_the_vendor_counts_it(claude: Any, wire: Vendor) -> None:
    wire.counts = 75
    _, turn = asked(claude, None, "What is a ghost light, and who may switch it off at night?")
    budget = claude.turn_rows.budget("local", turn)
    assert budget.basis == "counted"
    assert 75 <= budget.input_tokens <= 77, "each text is rounded up"
    [body] = wire.counted
    assert body.keys() == {"model", "system", "messages"}
    [answered] = wire.bodies
    # What is counted is what is sent, but for the marks of the cache.
    assert answered["messages"] == body["messages"]
    assert [block["text"] for block in answered["system"]] == [body["system"]]
    [row] = claude.ledger.rows("local", turn_id=turn)
    assert row.state == "settled"


def test_where_a_cap_refuses_the_answer_nothing_is_sent_to_be_counted(
    claude: Any, wire: Vendor
) -> None:
    wire.counts = 75
    claude.caps.set("local", "month", Decimal("0.00001"))
    _, turn = asked(claude, None, "What is a ghost light?")
    assert claude.turn_rows.get("local", turn).stop_reason == "budget_exceeded"
    assert (wire.counted, wire.bodies) == ([], [])
    claude.caps.set("local", "month", Decimal(1))
    asked(claude, None, "What is a ghost light?")
    assert (len(wire.counted), len(wire.bodies)) == (1, 1)


def test_a_vendor_that_does_not_count_is_left_alone_and_our_estimate_stands(
    claude: Any, wire: Vendor
) -> None:
    where, first = asked(claude, None, "one?")
    _, second = asked(claude, where, "two?")
    budgets = [claude.turn_rows.budget("local", turn) for turn in (first, second)]
    assert [(each.basis, each.ratio) for each in budgets] == [("estimate", 1.0)] * 2
    assert len(wire.counted) == 1
    assert len(wire.bodies) == 2


def test_when_five_answers_have_taught_us_the_vendor_is_asked_no_more(
    claude: Any, wire: Vendor
) -> None:
    wire.counts, wire.always = 75, Says("done", tokens=(75, 3))
    where, turn = asked(claude, None, "question 0?")
    for number in range(1, 6):
        _, turn = asked(claude, where, f"question {number}?")
    assert len(wire.counted) == 5
    assert claude.turn_rows.budget("local", turn).basis == "calibrated"


def test_a_window_that_is_nearly_full_is_held_against_the_vendor_s_count(
    claude: Any, wire: Vendor
) -> None:
    """What we had learned is too low for these texts: the oldest turn makes room before anything is sent."""
    wire.counts = None
    where, first = asked(claude, None, f"one {'word ' * 200}?")
    usual = claude.turn_rows.budget("local", first).input_tokens
    wire.always = Says("done", tokens=(usual, 3))
    ids = [first]
    for number in range(5):
        ids.append(asked(claude, where, f"{number} {'word ' * 200}?")[1])
    last = claude.turn_rows.budget("local", ids[-1])
    limit = last.used + 240
    claude.conversations.set_plan("local", where, WindowPlan(limit=limit))
    _again(claude)
    wire.counts = 2 * limit
    turn, _ = next_turn(claude, where, f"next {'word ' * 200}?")
    budget = claude.turn_rows.budget("local", turn)
    assert budget.basis == "counted"
    assert budget.used <= limit
    assert len(sent_history(claude, turn)) < len(ids)
    assert part(budget, "prompt").tokens > 400


def test_what_earlier_answers_taught_is_known_when_the_app_starts_again(
    wire: Vendor, tmp_path: Path
) -> None:
    given = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": wire.address}
    wire.always = Says("done", tokens=(90, 3))
    with running(settings_for(tmp_path, FOOTLIGHTS_MODEL=CLAUDE, **given)) as bench:
        where, _ = asked(bench, None, "question 0?")
        for number in range(1, 5):
            asked(bench, where, f"question {number}?")
    with running(settings_for(tmp_path, FOOTLIGHTS_MODEL=CLAUDE, **given)) as bench:
        assert bench.counter.basis(CLAUDE) == "estimate"
        bench._recall_counts()
        assert bench.counter.basis(CLAUDE) == "calibrated"


async def test_the_same_request_is_counted_once_and_no_other_provider_is_asked() -> None:
    counted: list[httpx2.Request] = []

    def handler(wire: httpx2.Request) -> httpx2.Response:
        counted.append(wire)
        return httpx2.Response(200, json={"input_tokens": 12})

    provider = anthropic_with(handler)
    counts = VendorCounts({"anthropic": provider, "quotes": object()})
    assert [await counts.of("anthropic:claude", REQUEST) for _ in range(3)] == [12] * 3
    assert await counts.of("quotes", REQUEST) is None
    assert [each.url.path for each in counted] == ["/v1/messages/count_tokens"]
    assert counted[0].headers["authorization"] == f"Bearer {KEY}"
    await provider.close()


async def test_a_vendor_that_takes_too_long_is_not_waited_for() -> None:
    asked: list[str] = []

    async def silent(wire: httpx2.Request) -> httpx2.Response:
        asked.append(wire.url.path)
        await asyncio.Event().wait()
        return httpx2.Response(200)

    now = [0.0]
    provider = anthropic_with(silent)
    counts = VendorCounts({"anthropic": provider}, seconds=0.01, clock=lambda: now[0])
    assert await counts.of("anthropic:claude", REQUEST) is None
    assert await counts.of("anthropic:claude", REQUEST) is None
    assert len(asked) <= 1, "it is left alone for a minute"
    now[0] = 61.0
    assert await counts.of("anthropic:claude", REQUEST) is None
    await provider.close()


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, {"error": {"type": "authentication_error", "message": f"bad {KEY}"}}, KeyRejected),
        (200, {"tokens": 5}, Malformed),
        (200, {"input_tokens": -1}, Malformed),
    ],
)
async def test_a_count_that_fails_is_one_of_our_errors_without_the_key(
    status: int, body: dict[str, Any], error: type[Exception]
) -> None:
    provider = anthropic_with(lambda _: httpx2.Response(status, json=body))
    with pytest.raises(error) as raised:
        await provider.count_tokens(REQUEST, 9)
    assert KEY not in str(raised.value)
    await provider.close()


def test_one_count_makes_ours_the_same_and_never_lower_than_without() -> None:
    found = told((100, 2, 0, 148))
    assert found is not None
    assert (found.ratio, found.error, found.basis) == (
        pytest.approx(1.4),
        pytest.approx(0),
        "counted",
    )
    lower = told((100, 2, 0, 90))
    assert lower is not None
    assert (lower.ratio, lower.error) == (1.0, pytest.approx(0.2))
    # As Anthropic's own reference says of one tool and a short question.
    tools = told((60, 1, 1, 403))
    assert tools is not None
    assert 60 * tools.ratio + 4 + tools.tool == pytest.approx(403)
    assert told((100, 2, 0, 100_000)) is None
    assert told((0, 2, 0, 8)) is None
