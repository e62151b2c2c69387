"""A claim may say no other portion of something (nothing, half, the rest, all) than its passage."""

import pytest

from tests.core.retrieval.claims.sets import stands

HIRE = (
    "You may cancel free of charge up to three weeks before the day of hire. After that half of the price is due; "
    "on the day itself all of it."
)
TRAINS = (
    "Pensioners travel at half price. Children under six travel free, and dogs pay the full fare."
)
LIBRARY = "The library is free for residents. Visitors pay the full fee of 20 euros a year, pupils half of it."
SICKNESS = (
    "In the first month of sickness the employer pays the whole salary, in the second month 80 per cent of it, "
    "and from the third month nothing."
)
RENT = "A third of the rent is due on signing, the rest on arrival."
ABSAGE = "Wer bis 14 Tage vorher absagt, zahlt nichts. Danach ist die Hälfte des Preises fällig, am Tag selbst der volle Preis."
BILLET = "Le billet est gratuit pour les enfants. Les étudiants paient la moitié du tarif et les autres la totalité."


@pytest.mark.parametrize(
    ("passage", "true", "false"),
    [
        (
            HIRE,
            "If you cancel on the day itself, the full price is due.",
            "If you cancel on the day itself, you owe the theatre 50% of the guaranteed fee.",
        ),
        (
            HIRE,
            "If you cancel on the day itself, you owe all of the price.",
            "If you cancel on the day itself, half of the price is due.",
        ),
        (TRAINS, "Pensioners pay half the price.", "Pensioners travel free."),
        (TRAINS, "Dogs pay the full fare.", "Dogs travel free."),
        (
            TRAINS,
            "Children under six travel free of charge.",
            "Children under six pay the full fare.",
        ),
        (LIBRARY, "Pupils pay half of what visitors pay.", "Visitors pay half of the fee."),
        (LIBRARY, "The full fee is 20 euros a year.", "Residents pay half of the fee."),
        (
            SICKNESS,
            "In the first month of sickness the whole salary is paid.",
            "From the third month the employer pays the whole salary.",
        ),
        (RENT, "On arrival the rest of the rent is due.", "The whole rent is due on signing."),
        (RENT, "A third of the rent is due on signing.", "A third of the rent is due on arrival."),
        (
            ABSAGE,
            "Am Tag selbst ist der volle Preis fällig.",
            "Am Tag selbst ist die Hälfte des Preises fällig.",
        ),
        (
            BILLET,
            "Les étudiants paient la moitié du tarif.",
            "Les enfants paient la moitié du tarif.",
        ),
    ],
)
def test_a_portion_is_that_of_the_case_it_is_said_of(passage: str, true: str, false: str) -> None:
    assert (stands(true, passage), stands(false, passage)) == (True, False)
