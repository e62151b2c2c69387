"""How figures are said."""

from decimal import Decimal

import pytest

from core.figures import money, nearly


@pytest.mark.parametrize(
    ("cost", "said"),
    [
        ("0", "$0"),
        ("0.0000001", "$0.0000001"),
        ("0.000107385", "$0.000107"),
        ("0.0000004999", "$0.0000005"),
        ("12.3456", "$12.35"),
    ],
)
def test_a_reckoned_sum_has_three_digits_and_is_nothing_only_when_it_is(
    cost: str, said: str
) -> None:
    assert nearly(Decimal(cost)) == said


def test_a_booked_sum_below_a_dollar_is_exact_and_an_unknown_one_says_so() -> None:
    assert money(Decimal("0.000107385")) == "$0.000107385"
    assert money(Decimal("1234.5")) == "$1,234.50"
    assert money(None) == "price unknown"
