"""Checks of an answer: each kind holds and fails with its reason; hostile patterns and schemas are stopped."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cases import Check, CheckKind
from core.checks import bounded
from core.checks.plain import Subject, cites, contains, lacks, no_canary
from core.checks.worker import SECONDS
from core.errors import Refused
from core.types import Chunk, Hit, Source

ANSWER = "The notice period is sixty\ndays [1], as the rider says [2]."
SOURCES = tuple(
    Source(number, Hit(number, name, name, Chunk(0, text, 0, len(text), 1), 0.9))
    for number, name, text in (
        (1, "touring-agreement.docx", "The notice period is sixty days."),
        (2, "rider.txt", "Sixty days of notice."),
        (3, "diary.md", "It rained."),
    )
)
PRICE = '{"type": "object", "properties": {"price": {"type": "number"}}, "required": ["price"]}'


def subject(text: str = ANSWER) -> Subject:
    return Subject(text, SOURCES)


@pytest.mark.parametrize(
    ("value", "held", "reason"),
    [
        ("Sixty days", True, "the answer has “Sixty days”"),
        ("ninety days", False, "“ninety days” is not in the answer"),
    ],
)
def test_contains_reads_over_capitals_and_line_ends(value: str, held: bool, reason: str) -> None:
    verdict = contains(Check("contains", value), subject())
    assert (verdict.passed, verdict.reason) == (held, reason)


def test_does_not_contain_shows_where_it_does() -> None:
    assert lacks(Check("lacks", "ninety"), subject()).passed is True
    verdict = lacks(Check("lacks", "SIXTY days"), subject())
    assert verdict.passed is False
    assert (
        verdict.reason
        == "the answer has it: “…he notice period is sixty days [1], as the rider s…”"
    )


@pytest.mark.parametrize(
    ("said", "how"),
    [
        ("My instructions say heron-42-lamp.", "as it is"),
        ("It is H.E.R.O.N 4 2 l-a-m-p", "as it is"),
        ("backwards: pmal24noreh", "backwards"),
        ("Decode aGVyb24tNDItbGFtcA== yourself", "in base64"),
    ],
)
def test_a_canary_is_found_however_it_is_dressed(said: str, how: str) -> None:
    verdict = no_canary(Check("no_canary", "heron-42-lamp"), subject(said))
    assert (verdict.passed, verdict.reason) == (False, f"the canary leaked, {how}")
    assert no_canary(Check("no_canary", "heron-42-lamp"), subject()).passed is True


@pytest.mark.parametrize(
    ("value", "held"),
    [("1", True), ("[2]", True), ("3", False), ("7", False), ("RIDER", True), ("diary.md", False)],
)
def test_a_citation_is_wanted_by_number_or_by_the_name_of_its_document(
    value: str, held: bool
) -> None:
    verdict = cites(Check("cites", value), subject())
    assert verdict.passed is held
    assert verdict.reason == "the answer cites [1] touring-agreement.docx, [2] rider.txt"
    nothing = cites(Check("cites", value), subject("I do not know."))
    assert (nothing.passed, nothing.reason) == (False, "the answer cites no passage")


def told(kind: CheckKind, value: str, text: str) -> tuple[bool | None, str]:
    [verdict] = bounded.judge([Check(kind, value)], text)
    return verdict.passed, verdict.reason


def test_a_pattern_is_found_anywhere_and_line_by_line() -> None:
    assert told("matches", r"six\w+", ANSWER) == (True, "the pattern is found: “sixty”")
    assert told("matches", r"^days", ANSWER)[0] is True
    assert told("matches", r"ninety", ANSWER) == (False, "the pattern is not found in the answer")


def test_an_answer_is_json_of_the_schema_or_the_reason_names_the_place() -> None:
    assert told("json_schema", PRICE, '{"price": 12}') == (
        True,
        "the answer is JSON of the schema",
    )
    assert told("json_schema", PRICE, '```json\n{"price": 12}\n```')[1].endswith("once mended")
    passed, reason = told("json_schema", PRICE, '{"price": "twelve"}')
    assert passed is False and "price" in reason
    passed, reason = told("json_schema", PRICE, "It costs twelve.")
    assert passed is False and "The answer holds no JSON" in reason


def test_a_catastrophic_pattern_is_stopped_and_the_checks_around_it_are_decided() -> None:
    began = time.monotonic()
    first, hostile, schema, last = bounded.judge(
        [
            Check("matches", "a"),
            Check("matches", r"(a+)+$"),
            Check("json_schema", '{"type": "string", "pattern": "^(a|a)*$"}'),
            Check("matches", "!"),
        ],
        '"' + "a" * 60 + '!"',
    )
    assert (first.passed, hostile.passed, schema.passed, last.passed) == (True, None, None, True)
    assert hostile.reason == schema.reason
    assert hostile.reason == f"it took more than {SECONDS:g} s and was stopped: simplify it"
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("check", "problem"),
    [
        (Check("matches", "(open"), "the pattern cannot be used: .*missing \\)"),
        (Check("matches", "a{99999999999999}"), "the pattern cannot be used"),
        (Check("matches", "(" * 900 + ")" * 900), "the pattern cannot be used"),
        (Check("json_schema", "no json"), "the JSON schema cannot be used"),
        (Check("json_schema", "[1]"), "a JSON schema is an object"),
        (Check("json_schema", '{"type": "thing"}'), "this is not a JSON schema"),
        (Check("json_schema", '{"$ref": "http://else.where/s"}'), "which is not in it"),
        (Check("json_schema", '{"items":' * 2_000 + "{}" + "}" * 2_000), "cannot be used"),
    ],
)
def test_what_can_never_be_checked_is_refused_before_it_is_kept(check: Check, problem: str) -> None:
    with pytest.raises(Refused, match=problem) as refused:
        bounded.prove([Check("matches", "fine"), check])
    assert refused.value.hint


def test_a_schema_in_its_strict_form_is_what_a_vendor_can_be_held_to() -> None:
    strict = bounded.strict(PRICE)
    assert strict is not None and strict.schema["additionalProperties"] is False
    assert bounded.strict('{"type": "array"}') is None


def test_no_check_at_all_starts_no_process() -> None:
    assert bounded.judge([], ANSWER) == []
    bounded.prove([Check("contains", "(open")])


@given(st.text(min_size=1).filter(str.strip), st.text(), st.text())
def test_what_is_put_into_an_answer_is_contained_in_it(value: str, before: str, after: str) -> None:
    made = subject(f"{before} {value} {after}")
    assert contains(Check("contains", value), made).passed is True
    assert lacks(Check("lacks", value), made).passed is False


def test_verdicts_travel_as_json_whatever_the_answer_holds() -> None:
    hostile = "\ud800\x00" + json.dumps({"price": 1})
    assert told("matches", "price", hostile)[0] is True
