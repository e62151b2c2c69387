"""The table of faults: each is played to the client, and docs/faults.md says what became of it.

python -m tests.core.llm.test_fault_table     writes docs/faults.md anew
"""

import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import pytest

from core.errors import FootlightsError
from core.events import ModelDone, TextDelta
from core.llm.anthropic import AnthropicProvider
from core.llm.client import LLMClient
from core.llm.openai import OpenAIProvider
from core.llm.retry import RetryPolicy
from core.metering import TurnMeter
from core.store.ledger import Ledger
from core.trace import Trace
from core.types import LedgerRow, ModelRequest, message
from tests.core.llm.conftest import Wire
from tests.core.llm.fault_cases import CASES, KEY, Case
from tests.kept import database

DOC = Path(__file__).parents[3] / "docs" / "faults.md"
REFS = {"openai": "openai:gpt-6-luna", "anthropic": "anthropic:claude-haiku-5-5"}
INPUT = 20
HEAD = """# What becomes of each fault

Played by `tests/core/llm/test_fault_table.py`, which also writes this page: each vendor does what the first column says, at every attempt
unless it says *once*. *Asked* is how often we sent the question. *Booked* is what the ledger holds of each attempt: **reported** by
the vendor, **estimated** by us (at least what it can bill: what it had told by then, what was heard, and what it may have thought in
silence), or **nothing** because nothing was billed. No message, hint, span or row holds the key, though most of these vendors echo it.

"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case with one vendor."""

    said: str
    finish: str
    error: FootlightsError | None
    rows: tuple[LedgerRow, ...]
    spans: str
    waits: tuple[float, ...]

    @property
    def booked(self) -> str:
        """The rows in words, the first attempt first."""
        told = [_booked(row) for row in self.rows]
        return ", ".join(told) if len(set(told)) > 1 or len(told) < 2 else f"{told[0]}, each"


def _booked(row: LedgerRow) -> str:
    if row.state != "settled" or row.usage is None:
        return {"released": "nothing"}.get(row.state, row.state)
    return row.usage.source


async def play(case: Case, vendor: str) -> Outcome:
    asked: list[httpx2.Request] = []
    make: Callable[[int], httpx2.Response] = getattr(case, vendor)

    def handler(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return make(len(asked))

    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    options: dict[str, Any] = {"api_key": KEY, "transport": Wire(handler), "name": vendor}
    provider = (
        OpenAIProvider(base_url="https://vendor.test/v1", **options)
        if vendor == "openai"
        else AnthropicProvider(base_url="https://vendor.test", **{**options, "name": "anthropic"})
    )
    with tempfile.TemporaryDirectory() as folder:
        engine = await asyncio.to_thread(database, Path(folder) / "store.db")
        ledger, trace = Ledger(engine), Trace("t1")
        llm = LLMClient({vendor: provider}, retry=RetryPolicy(sleep=sleep))
        llm.limiter._sleep = sleep
        said, finish, error = await _hear(llm, TurnMeter(ledger, "me", "t1", "c1"), trace, vendor)
        rows = tuple(reversed(ledger.rows("me")))
        await provider.close()
        engine.dispose()
    assert len(rows) == len(asked)
    return Outcome(said, finish, error, rows, repr(trace.take()), tuple(waits))


@cache
def played(case: Case, vendor: str) -> Outcome:
    """`play`, once for all who look at it."""
    return asyncio.run(play(case, vendor))


async def _hear(
    llm: LLMClient, meter: TurnMeter, trace: Trace, vendor: str
) -> tuple[str, str, FootlightsError | None]:
    model = REFS[vendor].partition(":")[2]
    request = ModelRequest(model, (message("user", "How long is the notice period?"),), 100)
    said, finish = "", ""
    try:
        async for event in llm.stream(
            REFS[vendor], request, meter=meter, trace=trace, input_tokens=INPUT
        ):
            if isinstance(event, TextDelta):
                said += event.text
            elif isinstance(event, ModelDone):
                finish = event.finish
    except FootlightsError as error:
        return said, finish, error
    return said, finish, None


def _row(case: Case, outcomes: dict[str, Outcome]) -> list[str]:
    cells = {vendor: _cells(outcome) for vendor, outcome in outcomes.items()}
    if cells["openai"] == cells["anthropic"]:
        return [f"| {case.name} | both | {' | '.join(cells['openai'])} |"]
    return [f"| {case.name} | {vendor} | {' | '.join(told)} |" for vendor, told in cells.items()]


def _cells(outcome: Outcome) -> list[str]:
    if outcome.error is None:
        told = (
            "the answer" if outcome.finish == "stop" else f"the answer, marked `{outcome.finish}`"
        )
    else:
        words = str(outcome.error).replace("Anthropic", "…").replace("OpenAI", "…")
        words = words.replace("anthropic", "…").replace("openai", "…").replace("|", "\\|")
        kept = " What was said is kept." if outcome.said else ""
        told = f"`{outcome.error.code}`: {words} *{outcome.error.hint}*{kept}"
    return [told, str(len(outcome.rows)), outcome.booked]


def document() -> str:
    lines = ["| the vendor | | becomes | asked | booked |", "|---|---|---|---|---|"]
    for case in CASES:
        outcomes = {vendor: played(case, vendor) for vendor in REFS}
        lines += _row(case, outcomes)
    return HEAD + "\n".join(lines) + "\n"


@pytest.mark.parametrize("vendor", sorted(REFS))
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_fault_ends_as_one_of_ours_with_its_money_booked_and_no_key_told(
    case: Case, vendor: str
) -> None:
    outcome = played(case, vendor)
    told = f"{outcome.error!s}{outcome.error.hint if outcome.error else ''}{outcome.spans}"
    assert KEY not in told + repr(outcome.rows)
    assert outcome.error is None or outcome.error.hint
    assert all(row.state in ("settled", "released") for row in outcome.rows)
    assert all(0 <= wait <= 30 for wait in outcome.waits)
    if outcome.said or outcome.error is None:
        last = outcome.rows[-1]
        assert last.state == "settled"
        reported = last.usage is not None and last.usage.source == "reported"
        assert last.cost is not None
        assert reported or last.cost > 0
        assert last.cost <= (last.reserved or Decimal(0))


def test_the_page_of_faults_says_what_is_played() -> None:
    assert DOC.read_text(encoding="utf-8") == document(), (
        "docs/faults.md is out of date: python -m tests.core.llm.test_fault_table"
    )


if __name__ == "__main__":
    DOC.write_text(document(), encoding="utf-8")
