"""What a claim says in one case, of one party or in one span of time must be said of that by its passage."""

import pytest

from tests.core.retrieval.claims.sets import stands

LEASE = (
    "5 Repairs\nThe tenant pays for small repairs of up to 110 euros each, and never more than 300 euros in one year. "
    "Everything above that is for the landlord to pay."
)
NOTICE = (
    "6 Notice\nThe tenant may give notice of three months at any time, the landlord one of six months, and only for a "
    "reason that the law names. During the first year neither may give notice. Notice must be given in writing; an "
    "e-mail is not enough."
)
DEPOSIT = (
    "The deposit is two months' rent without charges. It may be paid in three equal instalments, the first with the "
    "first rent. It is returned within four months of moving out; a tenth of it may be held back until the service "
    "charges of the last year have been settled."
)
DESCALING = "Descale every 200 cups with hard water, every 350 with medium, every 600 with soft."
WARRANTY = "The warranty is two years for private use and six months for offices."
DAYS = (
    "5. The summer fair is on 18 July, the work days on 11 April and 17 October. Each plot owes two work days a year "
    "or 60 euros for each one that is missed; members over 75 owe none."
)
WATER = (
    "Water is free up to 12 cubic metres a plot. Beyond that members pay 1.80 euros a cubic metre."
)
BRIDGE = (
    "The ironwork of the bridge came from Dunmore, the granite from Skelby. Since 2004 heavy lorries have been banned; "
    "cyclists have used the northern footway since 2016."
)
PARKING = (
    "| Zone | Price per hour | Free on Sundays |\n|---|---|---|\n| A | 3.50 | no |\n| B | 2.20 | yes |\n| C | 1.00 | yes |\n"
    "A permit costs 45 euros a year."
)
HOME = "Employees may not work from abroad for more than 20 days a year."


@pytest.mark.parametrize(
    ("passage", "true", "false"),
    [
        (DESCALING, "Hard water asks for descaling every 200 cups.", "Soft water asks for descaling every 200 cups."),
        (DESCALING, "With soft water it is every 600 cups.", "With hard water it is every 600 cups."),
        (WARRANTY, "In an office the warranty is six months.", "In an office the warranty is two years."),
        (
            LEASE,
            "The tenant pays at most 300 euros a year for small repairs.",
            "The tenant pays at most 110 euros a year for small repairs.",
        ),
        (HOME, "Employees may work at most 20 days a year from abroad.", "Employees may not work 20 days a month from abroad."),
        (DAYS, "The summer fair takes place on 18 July.", "The summer fair takes place on 11 April."),
        (DAYS, "The work days are on 11 April and 17 October.", "The work days are on 18 July and 17 October."),
        (DAYS, "Each plot owes two work days a year.", "Each plot owes two work days a month."),
        (WATER, "Members pay 1.80 euros a cubic metre above 12 cubic metres.", "Water is free above 13 cubic metres."),
        (
            "Each key may send 600 requests a minute and 20,000 a day. Above the limit the status is 429.",
            "The daily limit is 20,000 requests.",
            "Each key may send 600 requests a day.",
        ),
        (
            "Write at least two working days before you need it.",
            "Write at least two working days ahead.",
            "Write at least two weeks ahead.",
        ),
        ("It keeps for a week in a bag.", "In a bag it keeps for a week.", "In a bag it keeps for a month."),
        (BRIDGE, "Heavy lorries have been banned since 2004.", "Heavy lorries have been banned since 2016."),
    ],
)  # fmt: skip
def test_a_number_is_that_of_its_case_its_span_and_its_date(
    passage: str, true: str, false: str
) -> None:
    assert (stands(true, passage), stands(false, passage)) == (True, False)


@pytest.mark.parametrize(
    ("passage", "true", "false"),
    [
        (NOTICE, "The tenant's notice period is three months.", "The tenant's notice period is six months."),
        (NOTICE, "The landlord must give six months' notice.", "The landlord's notice period is three months."),
        (
            NOTICE,
            "The landlord may only give notice for a reason that the law names.",
            "The tenant may give notice only for a reason that the law names.",
        ),
        (
            LEASE,
            "The tenant never pays more than 300 euros in one year.",
            "The landlord pays never more than 300 euros in one year.",
        ),
        (
            "Brae equalised through Lindt. Brae's captain Osei was sent off.",
            "Osei, the captain of Brae, was sent off.",
            "Osei, the captain of Halden, was sent off.",
        ),
        (BRIDGE, "The granite came from Skelby.", "The ironwork came from Skelby."),
    ],
)  # fmt: skip
def test_a_deed_is_that_of_the_party_of_which_it_is_said(
    passage: str, true: str, false: str
) -> None:
    assert (stands(true, passage), stands(false, passage)) == (True, False)


@pytest.mark.parametrize(
    ("passage", "true", "false"),
    [
        (DEPOSIT, "It comes back within four months of moving out.", "It comes back within four months of moving in."),
        (NOTICE, "During the first year neither may give notice.", "After the first year neither may give notice."),
        (
            "During the first year neither may give notice. It has two rooms. The keys are handed over; after that he pays.",
            "During the first year neither may give notice.",
            "After the first year neither may give notice.",
        ),
        (NOTICE, "Notice must be given in writing.", "Notice may be given by e-mail."),
        (DEPOSIT, "The deposit is two months' rent.", "The deposit is three months' rent."),
        (
            DEPOSIT,
            "Up to 10% of the deposit may be held back until the service charges are settled.",
            "All of the deposit may be held back until the service charges are settled.",
        ),
        (
            "The guarantee is 24 months, whichever comes first.",
            "The guarantee lasts 24 months.",
            "The guarantee lasts 24 weeks.",
        ),
        ("Reptiles are not allowed.", "Reptiles are forbidden.", "Reptiles are allowed."),
        ("A dog needs written consent.", "A dog needs written consent.", "A dog needs spoken consent."),
        (
            "Bring a lunch for Wednesday; all other meals are provided.",
            "All other meals are provided.",
            "All meals are provided.",
        ),
        ("The vote was carried by 29 to 12.", "It was carried by 29 to 12.", "It was rejected by 29 to 12."),
    ],
)  # fmt: skip
def test_a_small_word_that_turns_a_claim_round_is_seen(passage: str, true: str, false: str) -> None:
    assert (stands(true, passage), stands(false, passage)) == (True, False)


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ("An hour in zone B costs 2.20.", "An hour in zone A costs 2.20."),
        ("Zones B and C are free on Sundays.", "Zones A and B are free on Sundays."),
        ("Zone A is not free on Sundays.", "Zone A is free on Sundays."),
        ("A permit costs 45 euros a year.", "A permit costs 45 euros a month."),
    ],
)
def test_a_row_may_be_named_by_a_letter_and_say_no(true: str, false: str) -> None:
    assert (stands(true, PARKING), stands(false, PARKING)) == (True, False)
