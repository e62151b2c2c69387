"""Each citation gets a verdict: verbatim, supported, in another source, or not found."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from core.retrieval.claims.verdicts import summary
from core.types import Citation, Source, Verdict
from tests.core.retrieval.claims.sets import BORNE_OUT, TRUE, Said, check, load, source, stands

PASSAGES, CLAIMS = load()
NAMES = list(PASSAGES)
LEASE = (
    "The Tenant shall pay a monthly rent of EUR 1,450. Small repairs are paid by the Tenant. "
    "The Tenant may not sublet the flat without the written consent of the Landlord. "
    "Ms Weber signed it on 3 March 2021."
)
ROME = "Vespasian began the Colosseum in AD 72. It was completed in 80 under Titus."


def window(name: str, size: int = 5) -> list[Source]:
    """The passage of that name as [1], and others after it."""
    place = NAMES.index(name)
    return [
        source(n + 1, PASSAGES[NAMES[(place + n * 7) % len(NAMES)]] if n else PASSAGES[name])
        for n in range(size)
    ]


def verdict_on(claim: str, name: str) -> Verdict:
    [citation] = check(f"{claim.rstrip('.')} [1].", window(name))
    return citation.verdict


def test_a_claim_may_rest_on_the_heading_that_its_passage_is_sent_under() -> None:
    def verdict(claim: str, heading: str) -> Verdict:
        text = "It is thirty days, to the end of a month."
        [citation] = check(f"{claim} [1].", [source(1, text, heading)])
        return citation.verdict

    claim = "The notice period of the dance school is thirty days"
    assert verdict(claim, "Dance school > Notice period") == "supported"
    assert verdict(claim, "") == "not_found"
    assert verdict("The notice period is forty days", "Notice period") == "not_found"
    quoted = 'The form is called "Notice period"'
    assert verdict(quoted, "Notice period") == "not_found"


def test_a_row_from_the_middle_of_a_table_is_read_under_its_columns() -> None:
    def verdict(claim: str) -> Verdict:
        rows = "| clamp | 64 | 51 | Cellar |\n| flight case | 103 | 77 | Stalls |\n| harness | 112 | 83 | Stalls |"
        heading = "Hire list > Prices > Item | Euros a day | Deposit in euros | Kept in"
        [citation] = check(f"{claim} [1].", [source(1, rows, heading)])
        return citation.verdict

    assert verdict("The deposit for a harness is 83 euros") == "supported"
    assert verdict("A flight case is kept in the Stalls and costs 103 euros a day") == "supported"
    assert verdict("The deposit for a harness is 77 euros") == "not_found"
    assert verdict("A flight case is kept in the Cellar") == "not_found"


def told_apart(file: str) -> tuple[list[bool], list[bool]]:
    """Of the true claims of the file which stand, and of the false ones which fall."""
    passages, claims = load(file)
    held = [(each, stands(each.text, passages[each.passage])) for each in claims]
    true = [ok for each, ok in held if each.kind in TRUE]
    false = [not ok for each, ok in held if each.kind not in TRUE]
    print(f"true {sum(true)}/{len(true)}, false {sum(false)}/{len(false)}")
    return true, false


def half(number: int) -> list[Said]:
    """The claims about every other passage.

    Each batch was written before the rules saw it; as soon as its failures were read it was no
    longer held out. At first sight of the four batches (74 + 83, 50 + 70, 28 + 36 and 24 + 31
    claims) 85, 80, 82 and 75 % of the true ones stood and 96, 90, 75 and 87 % of the false ones fell.
    """
    return [claim for claim in CLAIMS if NAMES.index(claim.passage) % 2 == number]


@pytest.mark.parametrize("number", [0, 1], ids=["one half", "the other"])
def test_of_two_hundred_claims_the_true_ones_stand_and_the_false_ones_fall(number: int) -> None:
    verdicts = {claim: verdict_on(claim.text, claim.passage) for claim in half(number)}
    true = {claim: v in BORNE_OUT for claim, v in verdicts.items() if claim.kind in TRUE}
    false = {claim: v not in BORNE_OUT for claim, v in verdicts.items() if claim.kind not in TRUE}
    print(f"true {sum(true.values())}/{len(true)}, false {sum(false.values())}/{len(false)}")
    wrong = [c for c, right in {**true, **false}.items() if not right]
    assert sum(true.values()) >= 0.90 * len(true), wrong
    assert sum(false.values()) >= 0.95 * len(false), wrong


def test_of_claims_that_the_rules_were_not_made_on_most_stand_or_fall_as_they_should() -> None:
    """Three batches of somebody else, of harder paraphrases and of two things that change places.

    Before their failures were read 19 of 26, 13 of 27 and 14 of 15 of the true ones stood, and 27 of 38, 29 of
    36 and 15 of 24 of the false ones fell. With the rules that came from reading two of them 14 of the 15 and
    18 of the 24 of the third did, which was written after those rules and read then too.
    """
    true, false = told_apart("claims_second.txt")
    assert sum(true) >= 0.72 * len(true)
    assert sum(false) >= 0.83 * len(false)


def test_of_claims_in_four_languages_and_on_tables_most_stand_or_fall_as_they_should() -> None:
    """Two batches of somebody else. Before the failures of the first were read 24 of its 37 true ones stood,
    and 46 of its 58 false ones fell. The second, of Spanish, tables and sheets, was written after what came
    of that: 14 of its 15 stood and 21 of its 23 fell at first sight (12 and 16 with the rules of before).
    """
    true, false = told_apart("claims_third.txt")
    assert sum(true) >= 41
    assert sum(false) >= 71


def test_of_claims_on_cases_parties_and_spans_most_stand_or_fall_as_they_should() -> None:
    """Twenty-three short passages (a lease, minutes, a manual, a match, a contract), by the writer of the rules. At
    first sight 57 of the 73 true ones of the first twelve stood and 51 of their 81 false ones fell. Six and five
    more were each written after what came of those before, and then read too: 40 of 52 and 36 of 52 at first sight
    (41 and 32 with the rules of before any), 36 of 48 and 37 of 51 (37 and 32).
    """
    true, false = told_apart("claims_cases.txt")
    assert sum(true) >= 146
    assert sum(false) >= 149


@pytest.mark.parametrize(
    ("file", "true", "false"), [("claims_free.txt", 320, 370), ("claims_unread.txt", 118, 130)]
)
def test_of_free_paraphrases_and_the_errors_of_language_models_most_are_told_apart(
    file: str, true: int, false: int
) -> None:
    """Four sets of somebody else, of 25 passages each, as a large model would answer: in its own words, with
    conclusions and sums. Before the failures of the first three were read 289 of their 525 true ones stood and
    379 of the 525 false ones fell; what came of that is 325 and 386. The failures of the fourth have not been
    read: of 175 and 175 they are 124 and 135, with the rules from before the first three were read 115 and 134.
    """
    stood, fell = told_apart(file)
    assert sum(stood) >= true
    assert sum(fell) >= false


TRAINS = "| Train | Harwick | Saltmouth |\n| --- | --- | --- |\n| IC 7 | 09:05 | 10:12 |\n| IC 9 | 18:05 | 19:14 |"
OFFICE = (
    "- Row 2 | Name: Adaeze Obi | Dept: Logistics | Start: 2019-04-01\n"
    "- Row 3 | Name: Chiara Conti | Dept: Sales | Start: 2021-09-15"
)


@pytest.mark.parametrize(
    ("claim", "passage", "is_borne_out"),
    [
        ("IC 7 leaves Harwick at 09:05 and IC 9 at 18:05", TRAINS, True),
        ("IC 7 leaves Harwick at 18:05 and IC 9 at 09:05", TRAINS, False),
        ("Adaeze Obi works in Logistics and Chiara Conti in Sales", OFFICE, True),
        ("Adaeze Obi works in Sales and Chiara Conti in Logistics", OFFICE, False),
        ("Adaeze Obi started on 1 April 2019 and Chiara Conti on 15 September 2021", OFFICE, True),
        ("Adaeze Obi started on 15 September 2021 and Chiara Conti on 1 April 2019", OFFICE, False),
        ("Two years are given on the motor and one on the battery", "The motor is guaranteed for two years, the battery for one year.", True),
        ("The guarantee lasts one year for the motor and two years for the battery", "The motor is guaranteed for two years, the battery for one year.", False),
    ],
)  # fmt: skip
def test_of_two_things_each_is_said_what_stands_beside_it(
    claim: str, passage: str, is_borne_out: bool
) -> None:
    assert stands(claim, passage) == is_borne_out


@pytest.mark.parametrize(
    ("claim", "passage", "is_borne_out"),
    [
        ("It takes a day and a half to circle the star", "Planet b takes 1.5 days to circle the star.", True),
        ("It takes a year and a half to circle the star", "Planet b takes 1.5 days to circle the star.", False),
        ("It weighs one and a half tonnes", "It weighs 1,500 kg.", True),
        ("It weighs two and a half tonnes", "It weighs 1,500 kg.", False),
        ("The bridge was built in the early 1990s", "The bridge was built in 1991.", True),
        ("The bridge was built in the 1980s", "The bridge was built in 1991.", False),
        ("The bridge was built in 1991", "The bridge was built in the 1990s.", False),
        ("It was founded in the 19th century", "It was founded in 1874.", True),
        ("It was founded in the 18th century", "It was founded in 1874.", False),
        ("Nearly two thirds of the voters agreed", "65.8 % of the voters agreed.", True),
        ("Nearly three quarters of the voters agreed", "65.8 % of the voters agreed.", False),
        ("Three quarters of the budget is spent", "75% of the budget is spent.", True),
        ("One in five residents is older than 65", "20 % of the residents are older than 65.", True),
        ("One in three residents is older than 65", "20 % of the residents are older than 65.", False),
        ("It takes three quarters of an hour", "It takes 45 minutes.", True),
        ("It takes a quarter of an hour", "It takes 15 minutes.", True),
        ("Sales fell for three quarters", "Sales fell for nine months.", True),
        ("A fifth of the fee is paid on signature", "20 per cent of the fee is paid on signature.", True),
    ],
)  # fmt: skip
def test_parts_halves_decades_and_centuries_are_amounts(
    claim: str, passage: str, is_borne_out: bool
) -> None:
    assert stands(claim, passage) == is_borne_out


def test_a_not_of_the_claim_is_doubted_only_where_the_passage_says_the_same_words_plainly() -> None:
    claim = "Helen Ward did not attend the meeting in Leeds"
    apologies = (
        "Apologies had been received from Helen Ward. The meeting in Leeds approved the budget."
    )
    assert stands(claim, apologies)
    present = (
        "Present at the meeting in Leeds: Helen Ward. All attend the meeting in Leeds again in May."
    )
    assert not stands(claim, present)


STAFF = (
    "- Row 2 | Employee: Farah Idris | Dept: Radiology | Start: 2019-04-01\n"
    "- Row 3 | Employee: Jon Weiss | Dept: Surgery | Start: 2021-09-15"
)
ENTRY = (
    "| Group | Weekday | Sunday |\n| --- | --- | --- |\n| Adults | 12 | 15 |\n| Children | 7 | 9 |"
)
WELLS = "| Well | Nitrate (mg/L) | Lead (µg/L) |\n| --- | --- | --- |\n| East | 18 | 3 |\n| West | 52 | 12 |"


@pytest.mark.parametrize(
    ("claim", "passage", "is_borne_out"),
    [
        ("Jon Weiss works in Surgery", STAFF, True),
        ("Jon Weiss works in Radiology", STAFF, False),
        ("Farah Idris is in Radiology and Jon Weiss in Surgery", STAFF, True),
        ("Jon Weiss started on 15 September 2021", STAFF, True),
        ("Jon Weiss started on 15.09.2021", STAFF, True),
        ("Jon Weiss started on 15 October 2021", STAFF, False),
        ("Jon Weiss started in April 2019", STAFF, False),
        ("On Sunday adults pay 15", ENTRY, True),
        ("On Sunday adults pay 15 euros", ENTRY, True),
        ("On Sunday adults pay 15 hours", ENTRY, False),
        ("Lead in the West well is 12 µg/L", WELLS, True),
        ("Lead in the West well is 12 mg/L", WELLS, False),
        ("The vans were approved", "The vans were approved by three votes to none.", True),
        ("It is closed on 1 May", "It is closed on 1 May.", True),
        ("No se puede pagar con tarjeta", "Se puede pagar con tarjeta, pero no con cheque.", False),
        ("El billete cuesta cinco euros", "El billete cuesta 5 euros.", True),
        ("Cierra el 2 de mayo", "Cierra el 2 de marzo.", False),
        ("Il est fermé le 1er avril", "Il est fermé le 1er mai et le 25 décembre.", False),
    ],
)
def test_a_claim_on_a_row_rests_on_that_row_its_units_and_its_dates(
    claim: str, passage: str, is_borne_out: bool
) -> None:
    assert stands(claim, passage) == is_borne_out


def test_the_set_is_as_large_and_as_mixed_as_it_is_said_to_be() -> None:
    assert len(PASSAGES) >= 25
    assert len(CLAIMS) >= 200
    assert sum(claim.kind in TRUE for claim in CLAIMS) >= 80


def test_words_of_the_passage_itself_are_verbatim() -> None:
    said = [claim for claim in CLAIMS if claim.kind == "verbatim"]
    assert [c.text for c in said if verdict_on(c.text, c.passage) != "verbatim"] == []


def test_a_claim_that_cites_the_wrong_passage_is_led_to_the_right_one() -> None:
    swapped = [claim for claim in CLAIMS if claim.kind in TRUE]
    right = 0
    for claim in swapped:
        sources = window(claim.passage)
        [citation] = check(f"{claim.text.rstrip('.')} [2].", sources)
        assert citation.verdict not in BORNE_OUT, claim
        right += (citation.verdict, citation.found_in) == ("other_source", 1)
    assert right >= 0.9 * len(swapped)


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("The rent is €1450 a month", "supported"),
        ("The rent is 1.450 euros a month", "supported"),
        ("The rent is EUR 1,540 a month", "not_found"),
        ("The lease says that “small repairs are paid by the Tenant”", "verbatim"),
        ('The lease says that "large repairs are paid by the Tenant"', "not_found"),
        ('The lease has the words "Small repairs ... by the Tenant"', "verbatim"),
        ("Without the written consent of the Landlord, the Tenant may not sublet the flat", "supported"),
        ("Subletting the flat needs the written consent of the landlord", "supported"),
        ("The Tenant may sublet the flat", "not_found"),
        ("The Tenant may sublet the flat without the written consent of the Landlord", "not_found"),
        ("Ms Weber signed it on March 3, 2021", "supported"),
        ("Ms Weber signed it on 2021-03-03", "supported"),
        ("Ms Weber signed it on 3 May 2021", "not_found"),
        ("Ms Webber signed it on 3 March 2021", "not_found"),
        ("The Colosseum was begun by Vespasian in 72", "other_source"),
    ],
)  # fmt: skip
def test_what_is_said_of_the_lease(claim: str, verdict: Verdict) -> None:
    [citation] = check(f"{claim} [1].", [source(1, LEASE), source(2, ROME)])
    assert citation.verdict == verdict
    assert citation.found_in == (2 if verdict == "other_source" else 0)


def test_words_that_the_passage_denies_are_not_verbatim() -> None:
    [citation] = check("Touch the blade [1].", [source(1, "Do not touch the blade.")])
    assert citation.verdict == "not_found"


def test_each_citation_says_which_words_are_its_claim() -> None:
    answer = "The rent is 1,450 euros [1], and Titus completed the Colosseum [2]."
    found = check(answer, [source(1, LEASE), source(2, ROME)])
    assert [answer[c.claim_start : c.claim_end].strip(" ,") for c in found] == [
        "The rent is 1,450 euros",
        "and Titus completed the Colosseum",
    ]
    assert [c.verdict for c in found] == ["supported", "supported"]


def test_two_marks_after_one_sentence_are_one_claim_and_one_of_them_is_enough() -> None:
    answer = "The rent is 1,450 euros [2][1]. Rome was sacked by Alaric [2]."
    found = check(answer, [source(1, LEASE), source(2, ROME)])
    assert [(c.verdict, c.found_in) for c in found] == [
        ("other_source", 1), ("supported", 0), ("not_found", 0),
    ]  # fmt: skip
    assert summary(found, answer) == "1 of 2 claims supported"


def test_the_summary_counts_claims_and_says_nothing_of_what_was_not_checked() -> None:
    one = Citation(1, 10, 13, 0, 4, "supported")
    assert summary([], "") == ""
    assert summary([Citation(1, 10, 13, 0, 4)], "") == ""
    assert summary([one], "") == "1 of 1 claim supported"
    assert summary([one, Citation(2, 13, 16, 0, 4, "not_found")], "") == "1 of 1 claim supported"
    assert summary([one, Citation(2, 40, 43, 0, 4, "not_found")], "") == "1 of 2 claims supported"
    elsewhere = Citation(2, 40, 43, 20, 40, "other_source", 3)
    assert summary([one, elsewhere], "") == "1 of 2 claims supported, 1 by another passage"


def test_a_citation_stored_before_there_were_verdicts_still_loads() -> None:
    old = json.dumps([{"number": 1, "start": 3, "end": 6, "quote_start": 0, "quote_end": 4}])
    [citation] = TypeAdapter(tuple[Citation, ...]).validate_json(old)
    assert (citation.verdict, citation.found_in) == ("unchecked", 0)


TEXTS = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from(
            ["[1]", "[2]", ". ", ", ", "not ", "without ", "1,450 ", "half past ", "ten ", "two hundred ", "2021-03-03 ", "€", "| ", "\n| ", "`", '"', "“", "”", "Tenant ", "n'est ", "kein ", "99:99 ", "5xx ", "12 pm ", "\ud800", "東京", "½", "a quarter of ", "٣ ", "1" * 400, "(", "-"]
        ),
        max_size=30,
    ).map("".join),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(TEXTS, TEXTS)
def test_a_verdict_is_given_on_any_text(answer: str, passage: str) -> None:
    sources = [source(1, passage), source(2, LEASE)]
    found = check(f"{answer} [1]", sources)
    assert found == check(f"{answer} [1]", sources)
    for citation in found:
        assert 0 <= citation.claim_start <= citation.claim_end <= len(answer) + 4
        assert (citation.verdict == "other_source") == (citation.found_in > 0)
    assert summary(found, answer) == "" or " supported" in summary(found, answer)


@pytest.mark.parametrize(
    "answer",
    ["".join(f"The rent of flat {i} is {i} euros and not {i + 1}" + "[1][2]" * 25 + ".\n" for i in range(500)),
     "1," * 50_000 + "[1]", "1 " * 50_000 + "[1]", "a.b" * 30_000 + "[1]", "not " * 25_000 + "[1]", "/a" * 30_000 + "[1]",
     "two hundred " * 9_000 + "[1]", "A" * 100_000 + "[1]", "a 1–" * 20_000 + "[1]", "“a”" * 30_000 + "[1]", "9" * 100_000 + "[1]"],
)  # fmt: skip
def test_verdicts_on_a_hostile_answer_take_bounded_time(answer: str) -> None:
    started = time.thread_time()
    check(answer, [source(n, f"{LEASE} {ROME} {n}") for n in range(1, 9)])
    assert time.thread_time() - started < 4


@pytest.mark.parametrize(
    "said",
    ["nothing is free, half of it, the rest of the whole price in full; ", "| a | 3 | [2] Vienna, ",
     "is not; more than the aus der Stadt is not; ", "the Smew and the Egret "],
)  # fmt: skip
def test_verdicts_on_a_model_that_repeats_a_passage_without_end_take_bounded_time(
    said: str,
) -> None:
    passage = (said * 300)[:8_000]
    started = time.thread_time()
    check(f"{(said * 100)[:6_000]}[1][2].", [source(1, passage), source(2, f"{passage} x")])
    assert time.thread_time() - started < 4  # it took from six to sixteen


KEYS = "Keep the spare keys of the stage door in the cellar, and the lamps in the loft."
SEATS = "The north hall seats 240 people and the south hall seats 180 people."
PRICES = "## Prices 2023\n\nA seat in the stalls costs 41 euros."
INCOME = "## Income\n\n| Item | 2022 | 2023 |\n|---|---|---|\n| Tickets | 310 | 345 |"

BOATS = (
    "| Boat | Kind | Seats |\n|---|---|---|\n| Smew | electric boat | 6 |\n| Egret | rowing boat | 2 |\n"
    "| Marten | electric boat | 4 |\n| Eel | electric boat | 6 |"
)


def said_of(passage: str, claim: str) -> Verdict:
    [citation] = check(f"{claim} [1].", [source(1, passage)])
    return citation.verdict


def test_a_word_in_the_place_of_another_is_not_borne_out() -> None:
    assert said_of(KEYS, "Keep the spare keys of the stage door in the cellar") == "verbatim"
    assert said_of(KEYS, "Keep the spare keys of the stage door in the office") == "not_found"


@pytest.mark.parametrize(
    ("passage", "true", "false"),
    [
        (
            "The clocks are shown on the second floor, while the first floor is given to paintings.",
            "The clocks are on the second floor and the paintings on the first.",
            "The clocks are on the first floor and the paintings on the second.",
        ),
        (
            BOATS,
            "The electric boats with 6 seats are the Smew and the Eel.",
            "The electric boats with 6 seats are the Smew and the Egret.",
        ),
        (
            BOATS,
            "The Smew and the Eel have 6 seats.",
            "The Smew and the Marten have 6 seats.",
        ),
        (
            "The light is switched off only after the doors have been locked.",
            "The doors have to be locked before the light is switched off.",
            "The light is switched off before the doors are locked.",
        ),
        (
            "Only the tenants of the house may use the garden.",
            "The tenants of the house may use the garden.",
            "Anybody may use the garden of the house.",
        ),
        (
            "The train stood for an hour. Nobody was blamed for the delay.",
            "Nobody was blamed for the delay of the train.",
            "Lina was blamed for the delay of the train.",
        ),
        (
            "The new bridge stands 60 metres upstream of the old bridge.",
            "The new bridge is 60 metres upstream.",
            "The new bridge is 60 metres downstream.",
        ),
        (
            "Of its cost of £6.3 million the county pays half.",
            "The county pays half of the £6.3m cost.",
            "The county pays half of the £6.8m cost.",
        ),
        (
            "Deep nesting raises `DepthError`, which is a subclass of `ParseError`.",
            "`DepthError` is a subclass of `ParseError`.",
            "`ParseError` is a subclass of `DepthError`.",
        ),
        (
            "Guided tours start at 11 and 15 o'clock. Nothing is owed by either party after a fire.",
            "Tours start at 11 am and 3 pm.",
            "Tours start at 11 am and 5 pm.",
        ),
        (
            "Nothing is owed by either party when a flood prevents the performance. A fee is owed otherwise. Each owes tax.",
            "If a flood prevents the performance, neither party owes anything.",
            "If a flood prevents the performance, each party owes £300.",
        ),
        (
            "The winch costs 81 euros.",
            "The winch costs eighty-one euros.",
            "The winch costs eighty-two euros.",
        ),
        (
            "Guests may stay for up to 14 days.",
            "Guests may stay no longer than two weeks.",
            "Guests may stay no less than 14 days.",
        ),
        (
            "Notice must be given at least 3 days before the visit.",
            "Notice must be given no fewer than three days before the visit.",
            "Notice must be given no later than 3 days after the visit, at most.",
        ),
        (
            "The North depot is cheaper than the Lake hostel.",
            "The Lake hostel is more expensive than the North depot.",
            "The North depot is more expensive than the Lake hostel.",
        ),
        (
            "The North depot is older than the Lake hostel.",
            "Compared with the Lake hostel, the North depot is older.",
            "Compared with the North depot, the Lake hostel is older.",
        ),
        (
            "The mill is higher than the chapel.",
            "The chapel is lower than the mill.",
            "The mill is lower than the chapel.",
        ),
        (
            "The mill is busier than the chapel.",
            "The chapel is quieter than the mill.",
            "The mill is as busy as the chapel.",
        ),
        (
            "The filter is cleaned before the tank is drained.",
            "First the filter is cleaned, then the tank is drained.",
            "First the tank is drained, then the filter is cleaned.",
        ),
        (
            "The number of bookings rose from 31 to 35 percent.",
            "The number of bookings increased from 31% to 35%.",
            "The number of bookings rose from 35 to 31 percent.",
        ),
        (
            "The number of bookings rose from 31 to 35 percent.",
            "The number of bookings grew to 35 percent.",
            "The number of bookings remained unchanged at 31 percent.",
        ),
        (
            "Mr Tanaka trained Ms Okafor in 2021.",
            "In 2021 Ms Okafor was trained by Mr Tanaka.",
            "In 2021 Mr Tanaka was trained by Ms Okafor.",
        ),
        (
            "Most suppliers show an identity card.",
            "The majority of suppliers show an identity card.",
            "All suppliers show an identity card.",
        ),
        (
            "All guests must sign the register.",
            "Every guest must sign the register.",
            "Only some guests must sign the register.",
        ),
        (
            "The Old mill is led by Mr Dupont, and the Green workshop by Mr Osei.",
            "Mr Osei leads the Green workshop.",
            "Mr Dupont leads the Green workshop.",
        ),
        (
            "The lake hostel is open from 8:00 to 17:30.",
            "The lake hostel closes at 5:30 pm.",
            "The lake hostel opens at 8 pm.",
        ),
        (
            "The trailer weighs 59 kg and has two axles.",
            "The trailer weighs 59 kg.",
            "The projector weighs 59 kg.",
        ),
        (
            "All drivers must pay a deposit.",
            "Every driver must pay a deposit.",
            "All tenants must pay a deposit.",
        ),
        (
            "The camera costs 43 euros a day and the boiler 18 euros a day. The winch costs 25 euros.",
            "The camera and the boiler together cost 61 euros a day.",
            "The camera and the boiler together cost 68 euros a day.",
        ),
        (
            "| Item | Euros | Stock |\n| --- | --- | --- |\n| Pump | 77 | 120 |\n| Kayak | 74 | 275 |\n| Drill | 19 | 466 |",
            "The pump and the drill cost 96 euros in total.",
            "The pump and the kayak cost 96 euros in total.",
        ),
        (
            "The camera costs 43 euros a day and the boiler 18 euros a day. The winch costs 25 euros.",
            "The camera costs more than the boiler.",
            "The boiler costs more than the camera.",
        ),
        ("The tank holds 47 litres.", "The tank holds 47 l.", "The tank holds 47 gallons."),
    ],
)
def test_one_claim_stands_and_its_twin_falls(passage: str, true: str, false: str) -> None:
    [stands] = check(f"{true[:-1]} [1].", [source(1, passage)])
    [falls] = check(f"{false[:-1]} [1].", [source(1, passage)])
    assert (stands.verdict in BORNE_OUT, falls.verdict) == (True, "not_found")


def test_a_text_says_the_year_of_the_heading_above_it_and_no_other() -> None:
    assert said_of(PRICES, "In 2023 a seat in the stalls cost 41 euros") == "supported"
    assert said_of(PRICES, "In 2021 a seat in the stalls cost 41 euros") == "not_found"


def test_a_cell_says_the_year_of_its_column_and_not_of_its_neighbour() -> None:
    assert said_of(INCOME, "Tickets brought in 345 in 2023") == "supported"
    assert said_of(INCOME, "Tickets brought in 345 in 2022") == "not_found"


def test_two_numbers_that_have_changed_places_are_not_borne_out_and_two_halves_may() -> None:
    swapped = "The north hall seats 180 people and the south hall seats 240 people"
    other_order = "The south hall seats 180 people, the north hall seats 240 people"
    assert said_of(SEATS, swapped) == "not_found"
    assert said_of(SEATS, other_order) == "supported"


def test_what_needs_a_consent_is_not_borne_out_as_allowed() -> None:
    pets = source(1, f"{LEASE} One cat is allowed; dogs need a written yes of the landlady.")
    for claim, expected in (
        ("You may keep a dog", "not_found"),
        ("Dogs are allowed", "not_found"),
        ("The monthly rent is EUR 1,450, and you may keep a dog", "not_found"),
        ("One cat is allowed", "verbatim"),
        ("Dogs may be kept with a written yes of the landlady", "supported"),
        ("Dogs need the yes of the landlady", "supported"),
    ):
        assert [each.verdict for each in check(f"{claim} [1].", [pets])] == [expected], claim


@pytest.mark.parametrize(
    ("claim", "is_true"),
    [
        ("Berlin: low 10, high 20", True),
        ("In Berlin the low is 10 and the high is 20", True),
        ("In Berlin the low is 20 and the high is 10", False),
        ("Berlin has a low of 30 and a high of 40", False),
        ("The low of Berlin is 20", False),
    ],
)
def test_who_says_both_ends_of_an_axis_has_not_put_one_for_the_other(
    claim: str, is_true: bool
) -> None:
    table = "| City | Low | High |\n| --- | --- | --- |\n| Berlin | 10 | 20 |\n| Paris | 30 | 40 |"
    assert stands(claim, table) is is_true
