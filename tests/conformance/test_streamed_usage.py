"""Streamed usage, case by case; see README.md for running it against another client."""

from collections.abc import Iterator

import pytest

from tests.conformance.client import client_under_test
from tests.conformance.server import serving
from tests.conformance.wires import CASES, Case, Counts


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving() as at:
        yield at


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.api}-{case.name}")
async def test_what_is_booked_is_what_was_billed(case: Case, address: str) -> None:
    booked = await client_under_test()(case, address)
    assert booked.whole is (not case.fails and case.leave_after is None), case.why
    if case.counts is not None:
        assert booked.reported, case.why
        counts = Counts(
            booked.input, booked.output, booked.cached, booked.cache_write, booked.reasoning
        )
        assert counts == case.counts, case.why
        if case.dollars is not None:
            assert booked.cost == case.dollars, case.why
        return
    assert not booked.reported, f"{case.why}; booked as if it had been reported"
    assert booked.output >= case.at_least, case.why
    assert booked.input > 0, "a call without any input is never what was billed"
    assert booked.cost, "and nor is one that costs nothing"


def test_every_case_has_a_name_and_a_reason_of_its_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    assert len({case.why for case in CASES}) == len(CASES)
