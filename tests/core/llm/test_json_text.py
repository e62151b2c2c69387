"""One JSON value from a text: strict, mended or refused, and never guessed."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.llm import unusable
from core.llm.json_scan import scan
from core.llm.json_text import MOST_DEPTH, read
from core.llm.unusable import OutputNotJson, UnusableOutput
from tests.core.llm.json_values import OBJECTS, PROSE, TEXTS


@pytest.mark.parametrize(
    "text",
    ['{"a": NaN}', '{"a": -Infinity}', "{'a': NaN}", '{"a": 1e999}', f'{{"a": {"9" * 5000},}}'],
)
def test_what_is_no_number_in_json_is_refused_and_not_mended(text: str) -> None:
    with pytest.raises(unusable.OutputNumber):
        read(text, "object")


@pytest.mark.parametrize("text", ['{"a": "\ud800"}', '{"\\udfff": 1}', '["\\u0000"]'])
def test_half_a_character_and_nul_are_refused_wherever_they_stand(text: str) -> None:
    with pytest.raises(unusable.OutputBrokenText):
        read(text, "any")


def test_nesting_is_bounded_and_up_to_the_bound_it_is_read() -> None:
    deep = "[" * MOST_DEPTH + "1" + "]" * MOST_DEPTH
    assert json.dumps(read(deep, "array")[0]) == deep
    for text in (f"[{deep}]", "[" * 100_000, "x " + "[" * 5000 + "]" * 5000):
        with pytest.raises(unusable.OutputTooDeep):
            read(text, "array")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('As [1] says: {"a": 1} - does that help?', {"a": 1}),
        ('{"a": 1}}', {"a": 1}),
        ('\ufeff{"a": 1}', {"a": 1}),
        ("{'a': 'x', 'b': [1, 2,],}", {"a": "x", "b": [1, 2]}),
        ("{'a': \"it's\"}", {"a": "it's"}),
        ("{'a': 'it\\'s'}", {"a": "it's"}),
        ("{“a”: “b”}", {"a": "b"}),
        ('{a: True, b: None, "c": -1.5e3,}', {"a": True, "b": None, "c": -1500.0}),
        ('{"a": 1 "b": 2}', {"a": 1, "b": 2}),
        ('{"a": "x" "b": 2}', {"a": "x", "b": 2}),
        ('{"a": "he said "hi" there"}', {"a": 'he said "hi" there'}),
        ('{"a": "two\nlines"}', {"a": "two\nlines"}),
        ('{"a": "{ [ not a bracket", }', {"a": "{ [ not a bracket"}),
        ("{'a': {}, 'b': [], 'c': ''}", {"a": {}, "b": [], "c": ""}),
    ],
)
def test_fences_prose_quotes_and_commas_are_mended(text: str, value: Any) -> None:
    # The byte order mark alone is no mending.
    assert read(text, "object") == (value, not text.startswith("\ufeff"))


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1',
        '{"a": "x',
        '{"a": "x\\',
        '{"a": [1, 2}',
        '{"a": [1, 2}]',
        '{"a": }',
        '{"a" 1}',
        '{"a": 10:30}',
        '{"a": 1,000}',
        '{"a": undefined}',
        '{"a": $5}',
        '{"a": 007}',
        '{"a": 1, "a": 2,}',
        '[{"a": 1, "a": 2,}]',
        "{'a': 'it's'}",
        '{"a": "C:\\dir",}',
        '{"a": "x\n",}',
        "Fill in {name} please.",
    ],
)
def test_nothing_is_added_dropped_or_guessed(text: str) -> None:
    with pytest.raises(OutputNotJson):
        read(text, "any")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": undefined}', "“undefined” stands there without quotes"),
        ('{"a": }', "a key without a value"),
        ('{"a": "\\q",}', "holds an escape that is none"),
        ('{"a": 1', "ends before its last bracket or quote is closed"),
        ('{"a": [1, 2}]', "brackets do not match"),
        ("I found nothing.", "holds no JSON; it begins with “I found nothing.”"),
    ],
)
def test_the_model_is_told_what_stands_in_the_way(text: str, words: str) -> None:
    with pytest.raises(OutputNotJson, match=words):
        read(text, "object")


@pytest.mark.parametrize("before", ["NaN", "1e999 of", "Infinity:", "9" * 200])
def test_a_number_that_is_none_in_the_prose_before_is_prose(before: str) -> None:
    assert read(before + '{"a": 1}', "object") == ({"a": 1}, True)


def test_what_is_too_long_to_be_mended_is_refused_at_once() -> None:
    with pytest.raises(OutputNotJson, match="characters long"):
        read("{'a': '" + "x" * 300_000 + "'}", "object")


# --- properties -------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(OBJECTS, st.booleans(), PROSE, st.data())
def test_no_cut_answer_is_ever_a_success_whatever_the_model_said_of_its_ending(
    value: dict[str, Any], escaped: bool, before: str, data: st.DataObject
) -> None:
    text = json.dumps(value, ensure_ascii=escaped)
    cut = before + text[: data.draw(st.integers(0, len(text) - 1))]
    with pytest.raises(UnusableOutput):
        read(cut, "object")
    with pytest.raises(UnusableOutput):
        read(cut, "object", mend=False)


@settings(max_examples=200, deadline=None)
@given(OBJECTS, PROSE, PROSE)
def test_the_scan_of_json_is_exact(value: dict[str, Any], before: str, after: str) -> None:
    text = json.dumps(value, ensure_ascii=False)
    (span,) = scan(before + text + after, most_depth=64, most_digits=400)
    assert (span.start, span.end, span.broken) == (len(before), len(before) + len(text), "")


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("{}[],:\"' \n\\ab1-.eE+tnulrfasNI“”/*#`"), max_size=40))
def test_any_text_at_all_is_either_plain_json_or_one_of_our_errors(text: str) -> None:
    try:
        value, _ = read(text, "any")
    except UnusableOutput:
        return
    assert json.loads(json.dumps(value, allow_nan=False)) == value


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text("abc", min_size=1), TEXTS.filter(lambda text: "\\" not in text)))
def test_what_a_python_programmer_would_print_is_mended_to_itself_or_refused(
    value: dict[str, str],
) -> None:
    with suppress(UnusableOutput):
        assert read(repr(value), "object")[0] == value
