"""An answer as data: partial, whole, mended, asked for again, and every way it can fail."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter

from core.errors import ModelMisbehaved, StreamCut
from core.events import FellBack, FinishReason, ModelDone, ModelEvent, ReasoningDelta, TextDelta
from core.llm import unusable
from core.llm.client import LLMClient
from core.llm.partials import Partials
from core.llm.scripted import Reply, ScriptedProvider
from core.llm.shape import shape
from core.llm.structured import Ask, Extracted, Partial, Reasked, Structured, extract
from core.llm.unusable import OutputInvalid, UnusableOutput
from core.trace import Trace
from core.types import Message, ModelRequest, OutputSchema, Usage, message
from tests.core.llm.json_values import OBJECTS, PROSE

QUESTION = (message("system", "Be brief."), message("user", "Which book is it?"))


class Book(BaseModel):
    title: str
    year: int = Field(ge=1450)
    note: str = ""


DUNE = '{"title": "Dune", "year": 1965}'


def said(text: str, finish: FinishReason = "stop", detail: str = "") -> list[ModelEvent]:
    return [TextDelta(text), ModelDone(finish, Usage(9, 9), "m", detail)]


class Script:
    """An `ask` that gives the next answer of its script and keeps what it was asked."""

    def __init__(self, *answers: list[ModelEvent] | str) -> None:
        self.answers = [said(each) if isinstance(each, str) else each for each in answers]
        self.asked: list[tuple[tuple[Message, ...], OutputSchema | None]] = []
        self.closed = 0
        self.now = 0.0

    async def __call__(
        self, messages: tuple[Message, ...], output: OutputSchema | None
    ) -> AsyncGenerator[ModelEvent, None]:
        self.asked.append((messages, output))
        try:
            for event in self.answers.pop(0):
                self.now += 1.0  # a second between two events
                yield event
        finally:
            self.closed += 1


async def steps(script: Ask, schema: Any = Book, **options: Any) -> list[Any]:
    options = {"native": False, **options}
    structured: Structured[Any] = Structured(shape(schema), script, **options)
    return [step async for step in structured.stream(QUESTION)]


async def failure(script: Ask, schema: Any = Book, **options: Any) -> UnusableOutput:
    with pytest.raises(UnusableOutput) as caught:
        await steps(script, schema, **options)
    return caught.value


# --- what is asked ----------------------------------------------------------------------------


async def test_a_native_vendor_is_held_to_the_schema_and_the_messages_stay_as_they_are() -> None:
    script = Script(DUNE)
    assert await extract(Book, QUESTION, ask=script, native=True) == Book(title="Dune", year=1965)
    ((messages, output),) = script.asked
    assert messages == QUESTION
    assert output == OutputSchema(
        "Book",
        {
            "type": "object",
            "properties": {
                "title": {"type": "string"},
                "year": {"type": "integer", "description": "(minimum 1450)"},
                "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            },
            "required": ["title", "year", "note"],
            "additionalProperties": False,
        },
    )


async def test_any_other_model_is_told_the_schema_at_the_end_of_its_system_message() -> None:
    script = Script(DUNE)
    await extract(Book, QUESTION, ask=script, native=False)
    ((messages, output),) = script.asked
    assert output is None
    assert [each.role for each in messages] == ["system", "user"]
    assert messages[0].text.startswith("Be brief.\n\nAnswer with one JSON value")
    assert json.loads(messages[0].text.splitlines()[-1]) == Book.model_json_schema()


async def test_without_a_system_message_the_schema_makes_one() -> None:
    script = Script(DUNE)
    await extract(Book, QUESTION[1:], ask=script, native=False)
    assert [each.role for each in script.asked[0][0]] == ["system", "user"]


async def test_a_schema_without_a_strict_form_is_told_in_words_to_a_native_vendor_too() -> None:
    script = Script('{"a": 1}')
    counts = TypeAdapter(dict[str, int])
    assert await extract(counts, QUESTION, ask=script, native=True) == {"a": 1}
    assert script.asked[0][1] is None
    assert "JSON Schema" in script.asked[0][0][0].text


async def test_a_null_for_what_may_be_left_out_counts_as_left_out() -> None:
    script = Script('{"title": "Dune", "year": 1965, "note": null}')
    found = (await steps(script, native=True))[-1]
    assert found.value == Book(title="Dune", year=1965, note="")
    assert found.data == {"title": "Dune", "year": 1965}
    error = await failure(Script(*['{"title": null, "year": 1965}'] * 3))
    assert isinstance(error, OutputInvalid)
    assert error.problems == ("title: Field required",)


# --- what comes -------------------------------------------------------------------------------


async def test_text_comes_as_partial_objects_and_every_other_event_as_it_is() -> None:
    done = ModelDone("stop", Usage(9, 9), "m")
    fell = FellBack("a", "b", "overloaded")
    pieces = ['{"title": "Du', 'ne", "ye', 'ar": 19', "65}"]
    script = Script([fell, ReasoningDelta("hm"), *map(TextDelta, pieces), done])
    assert await steps(script, clock=lambda: script.now) == [
        fell,
        ReasoningDelta("hm"),
        Partial({"title": "Du"}),
        Partial({"title": "Dune"}),
        Partial({"title": "Dune", "year": 19}),
        Partial({"title": "Dune", "year": 1965}),
        done,
        Extracted(
            Book(title="Dune", year=1965), {"title": "Dune", "year": 1965}, "".join(pieces), 1
        ),
    ]


async def test_partials_begin_where_the_json_does_and_the_answer_says_that_it_was_mended() -> None:
    script = Script([*map(TextDelta, ["Sure [1]:\n```json\n", DUNE, "\n```"]), *said("")[1:]])
    partial, _, found = await steps(script)
    assert partial == Partial({"title": "Dune", "year": 1965})
    assert (found.value.title, found.mended, found.text[:4]) == ("Dune", True, "Sure")


async def test_a_type_adapter_and_a_plain_json_schema_do_as_well_as_a_model() -> None:
    books = await extract(TypeAdapter(list[Book]), QUESTION, ask=Script(f"[{DUNE}]"), native=True)
    assert books == [Book(title="Dune", year=1965)]
    plain = {"type": "object", "properties": {"day": {"type": "string", "format": "date"}}}
    assert await extract(plain, QUESTION, ask=Script('{"day": "2026-11-23"}'), native=True) == {
        "day": "2026-11-23"
    }
    days = TypeAdapter(dict[str, date])
    script = Script('{"a": "2026-11-23"}')
    assert await extract(days, QUESTION, ask=script, native=False) == {"a": date(2026, 11, 23)}


async def test_the_stream_of_a_reader_who_leaves_is_closed() -> None:
    script = Script([TextDelta('{"title": "Dune", '), *said("")])
    stream = Structured(shape(Book), script, native=False).stream(QUESTION)
    assert await anext(stream) == Partial({"title": "Dune"})
    await stream.aclose()
    assert script.closed == 1


# --- asked again ------------------------------------------------------------------------------


async def test_a_wrong_answer_is_asked_for_again_with_itself_and_what_is_wrong_with_it() -> None:
    wrong = '{"title": "Dune", "year": "long ago"}'
    script = Script(wrong, DUNE)
    shown = await steps(script)
    (again,) = [step for step in shown if isinstance(step, Reasked)]
    assert (again.attempt, again.code) == (2, "output_invalid")
    assert "year: Input should be a valid integer" in again.problem
    assert '(it is "long ago")' in again.problem
    assert shown[-1].attempts == 2
    assert shown[-3] == Partial({"title": "Dune", "year": 1965}, attempt=2)
    first, second = (messages for messages, _ in script.asked)
    assert second[: len(first)] == first
    assert second[-2] == message("assistant", wrong)
    assert second[-1].role == "user"
    assert again.problem in second[-1].text


async def test_the_third_time_only_the_latest_answer_is_repeated_and_then_it_is_over() -> None:
    script = Script("first", "second", "third", DUNE)
    error = await failure(script)
    assert [len(messages) for messages, _ in script.asked] == [2, 4, 4]
    assert script.asked[2][0][2].text == "second"
    assert (error.text, error.attempts, error.code) == ("third", 3, "output_not_json")
    assert script.closed == 3


async def test_attempts_can_be_fewer_but_not_more_than_three() -> None:
    script = Script("no", DUNE)
    assert (await failure(script, attempts=1)).attempts == 1
    assert len(script.asked) == 1
    with pytest.raises(ValueError, match="1 to 3"):
        Structured(shape(Book), script, native=False, attempts=4)


async def test_of_a_very_long_wrong_answer_only_its_ends_are_repeated() -> None:
    script = Script("a" * 50_000 + "z", DUNE)
    await steps(script)
    repeated = script.asked[1][0][-2].text
    assert len(repeated) < 17_000
    assert "[…]" in repeated
    assert repeated.endswith("z")


async def test_every_attempt_is_booked_when_it_goes_through_the_client() -> None:
    rows: list[tuple[Any, ...]] = []

    class Meter:
        async def reserve(self, model: str, input_tokens: int, max_tokens: int) -> str:
            rows.append(("reserve", input_tokens))
            return f"row{len(rows)}"

        async def settle(self, row_id: str, model: str, usage: Usage) -> None:
            rows.append(("settle", row_id, usage))

        async def release(self, row_id: str) -> None:
            rows.append(("release", row_id))

    provider = ScriptedProvider(
        [Reply("not yet", usage=Usage(7, 2)), Reply(DUNE, usage=Usage(20, 9))]
    )
    client = LLMClient({"scripted": provider})

    def ask(
        messages: tuple[Message, ...], output: OutputSchema | None
    ) -> AsyncGenerator[ModelEvent, None]:
        request = ModelRequest("m", messages, 100, output=output)
        return client.stream(
            "scripted:m", request, meter=Meter(), trace=Trace("t"), input_tokens=len(messages)
        )

    assert await extract(Book, QUESTION, ask=ask, native=True) == Book(title="Dune", year=1965)
    assert rows == [
        ("reserve", 2),
        ("settle", "row1", Usage(7, 2)),
        ("reserve", 4),
        ("settle", "row3", Usage(20, 9)),
    ]


# --- every way it can fail --------------------------------------------------------------------

FAILURES = {
    "output_empty": " \n",
    "output_not_json": "I have read the documents and found nothing.",
    "output_bare_value": '"Dune"',
    "output_wrong_shape": f"[{DUNE}]",
    "output_several": f"{DUNE} or perhaps {DUNE}",
    "output_duplicate_key": '{"title": "Dune", "year": 1965, "year": 1966}',
    "output_number": f'{{"title": "Dune", "year": {"9" * 400}}}',
    "output_too_deep": '{"a":' * 5000 + "1" + "}" * 5000,
    "output_broken_text": '{"title": "\\ud83d", "year": 1965}',
    "output_invalid": '{"title": "Dune", "year": 12}',
}


@pytest.mark.parametrize("code", FAILURES)
async def test_each_failure_is_an_error_of_its_own_after_three_answers(code: str) -> None:
    script = Script(*[FAILURES[code]] * 3)
    error = await failure(script)
    assert (error.code, error.attempts, error.text) == (code, 3, FAILURES[code])
    assert len(script.asked) == 3
    assert isinstance(error, ModelMisbehaved)
    assert error.hint not in (UnusableOutput.hint, "")


@pytest.mark.parametrize(
    ("finish", "detail", "code", "words"),
    [
        ("refusal", "It is about weapons.", "output_refused", "It is about weapons."),
        ("content_filter", "", "output_filtered", "filter"),
        ("length", "the context window was full", "output_cut", "window was full"),
    ],
)
async def test_what_would_be_the_same_again_is_not_asked_again(
    finish: FinishReason, detail: str, code: str, words: str
) -> None:
    script = Script(said('{"title": "Du', finish, detail))
    error = await failure(script)
    assert (error.code, error.attempts, error.text) == (code, 1, '{"title": "Du')
    assert words in str(error)
    assert len(script.asked) == 1


def test_every_error_has_a_code_and_a_hint_of_its_own_and_stands_in_the_drawing() -> None:
    kinds = [
        kind
        for kind in vars(unusable).values()
        if isinstance(kind, type) and issubclass(kind, UnusableOutput)
    ]
    assert len({kind.code for kind in kinds}) == len(kinds) == 15
    assert all(kind.__name__ in (unusable.__doc__ or "") for kind in kinds)
    others = {"output_refused", "output_filtered", "output_cut", "output_unchecked"}
    assert set(FAILURES) | others == {kind.code for kind in kinds if kind is not UnusableOutput}


CODE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "code": {"type": "string", "pattern": "^(?:A|AA)+$"},
        "note": {"type": "string"},
    },
    "required": ["code"],
}
TREE: dict[str, Any] = {
    "$defs": {
        "leaf": {"properties": {"in": {"allOf": [{"$ref": "#/$defs/leaf"}] * 2}}, "type": "object"}
    },
    "$ref": "#/$defs/leaf",
}


@pytest.mark.parametrize(
    ("schema", "answer"),
    [(CODE, f'{{"code": "{"A" * 60}!"}}'), (TREE, '{"in":' * 40 + "{}" + "}" * 40)],
    ids=["a pattern", "references"],
)
async def test_a_schema_that_takes_for_ever_stops_nothing_but_its_own_answer(
    schema: Any, answer: str
) -> None:
    script = Script(answer)
    error = await failure(script, schema)
    assert (error.code, error.attempts, len(script.asked)) == ("output_unchecked", 1, 1)
    assert "took more than 1 s" in str(error)
    assert "Simplify the schema" in error.hint


async def test_by_a_schema_that_may_take_for_ever_an_answer_is_checked_as_by_any_other() -> None:
    script = Script('{"code": "AB"}', '{"code": "AAA", "note": null}')
    done = await steps(script, CODE)
    assert "'AB' does not match" in str(done)
    assert (done[-1].data, done[-1].value) == ({"code": "AAA"}, {"code": "AAA"})
    tree = '{"in": {"in": {}}}'
    assert (await steps(Script(tree), TREE))[-1].data == {"in": {"in": {}}}


@pytest.mark.parametrize(
    ("schema", "wild"),
    [
        (Book.model_json_schema(), False),
        (
            {"properties": {"pattern": {"type": "string"}, "uniqueItems": {"type": "boolean"}}},
            False,
        ),
        ({"$defs": {"a": {}}, "items": {"$ref": "#/$defs/a"}}, False),
        ({"$defs": {"a": {}}, "prefixItems": [{"$ref": "#/$defs/a"}] * 21}, True),
        ({"properties": {"a": {"items": {"$ref": "#/properties/a"}}}}, True),
        ({"items": {"$ref": "#"}}, True),
        ({"type": "array", "uniqueItems": True}, True),
        ({"patternProperties": {"^x": {}}}, True),
        (CODE, True),
        (TREE, True),
    ],
)
def test_a_schema_is_wild_when_checking_by_it_may_take_for_ever(schema: Any, wild: bool) -> None:
    assert shape(schema).wild is wild


async def test_a_whole_object_at_the_very_limit_of_the_length_is_whole() -> None:
    assert (await steps(Script(said(DUNE, "length"))))[-1].value.title == "Dune"
    assert (await failure(Script(said('{"title": "Dune", "year": 12}', "length")))).code == (
        "output_cut"
    )


@pytest.mark.parametrize("text", [f"{DUNE} This shows that", DUNE.replace('"', "'")])
async def test_what_would_have_to_be_mended_is_cut_when_the_limit_was_reached(text: str) -> None:
    assert (await steps(Script(said(text))))[-1].mended
    assert (await failure(Script(said(text, "length")))).code == "output_cut"


async def test_a_stream_without_an_ending_is_no_answer() -> None:
    with pytest.raises(StreamCut):
        await steps(Script([TextDelta(DUNE)]))


# --- properties -------------------------------------------------------------------------------

ANYTHING: dict[str, Any] = {"type": "object"}


def answered(pieces: list[str], finish: FinishReason = "stop") -> list[Any]:
    script = Script([*map(TextDelta, pieces), ModelDone(finish, None, "m")])
    return asyncio.run(steps(script, ANYTHING, attempts=1))


@settings(max_examples=60, deadline=None)
@given(OBJECTS, st.booleans(), PROSE, PROSE, st.data())
def test_any_split_of_the_text_gives_the_same_value_which_is_the_last_partial(
    value: dict[str, Any], escaped: bool, before: str, after: str, data: st.DataObject
) -> None:
    text = before + json.dumps(value, ensure_ascii=escaped) + after
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=20)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    shown = answered(pieces)
    found = shown[-1]
    partials = [step.data for step in shown if isinstance(step, Partial)]
    assert found.value == value
    assert found.data == value
    assert partials[-1] == value
    assert all(a != b for a, b in pairwise(partials))
    assert found.mended == bool((before + after).strip().removeprefix("\ufeff"))


# --- its cost ---------------------------------------------------------------------------------


def _cpu(work: Callable[[], Any]) -> float:
    began = time.thread_time()
    work()
    return time.thread_time() - began


def _read_in(pieces: list[str]) -> int:
    # A clock that stands still: what is counted is the cost by characters.
    partials = Partials("object", clock=lambda: 0.5)
    partials._next_at = 1.0
    return sum(len(partials.feed(piece)) for piece in pieces)


def _words(rows: int) -> list[str]:
    text = json.dumps({"rows": [{"name": f"book {n}", "year": n} for n in range(rows)]})
    size = max(len(text) // 20_000, 1)
    return [text[at : at + size] for at in range(0, len(text), size)]


def test_twenty_thousand_chunks_are_read_in_less_than_a_second_of_the_processor() -> None:
    pieces = _words(660)
    assert len(pieces) > 20_000
    assert _cpu(lambda: _read_in(pieces)) < 1.0


def test_the_number_of_looks_grows_with_the_logarithm_of_the_length() -> None:
    looks = [_read_in(_words(rows)) for rows in (200, 2_000, 20_000)]
    assert looks[0] > 50  # it streams
    # 64 * ln(10) = 147 more for ten times the text
    assert looks[1] - looks[0] < 160
    assert looks[2] - looks[1] < 160
