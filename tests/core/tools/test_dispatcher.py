"""Whatever a model writes and whatever a tool does: it is told in words, and nothing breaks."""

import json
import math
import os
from typing import Any

import pytest

from core.clean_text import clean
from core.tools.scrub import scrubbed


@pytest.fixture
def ran(workshop: Any) -> list[int]:
    """The levels with which the tool `dim` was really called."""
    levels: list[int] = []

    def dim(level: int) -> str:
        """Dim the light."""
        levels.append(level)
        return f"dimmed to {level}"

    workshop.add(dim)
    return levels


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ('{"level": 3', "not JSON"),
        ('{"level": ', "not JSON"),
        ("", "empty"),
        ("dim it", "not JSON"),
        ("[3]", "a list"),
        ("3", "a number"),
        ('{"level": 3, "level": 4}', "twice"),
        ('{"level": 3} {"level": 4}', "not JSON"),
        ('```json\n{"level": 3}\n```', "not JSON"),
        ('{"level": ' + "[" * 5000 + "]" * 5000 + "}", "deep"),
        ('{"level": ' + "9" * 400 + "}", "digits"),
        ('{"level": NaN}', "NaN"),
        ('{"level": 3, "name": "\\ud800"}', "half a character"),
        ('{"level": 3, "\\u0000": 1}', "NUL"),
        ('{"level": "three"}', "level"),
        ('{"level": 3, "colour": "red"}', "colour"),
        ("{}", "level"),
        ('{"level": 3, "x": "' + "a" * 200_000 + '"}', "characters"),
    ],
)
async def test_arguments_that_cannot_be_used_are_told_and_never_run(
    workshop: Any, ran: list[int], arguments: str, words: str
) -> None:
    outcome = await workshop.call("dim", arguments)
    assert (outcome.failed, outcome.code, ran) == (True, "arguments", [])
    assert words in outcome.text
    assert "What you wrote" in outcome.text
    assert len(outcome.text) < 700


async def test_whole_arguments_are_run_once(workshop: Any, ran: list[int]) -> None:
    outcome = await workshop.call("dim", ' {"level": 3} ')
    assert (outcome.text, outcome.failed, ran) == ("dimmed to 3", False, [3])
    assert outcome.arguments == {"level": 3}


async def test_an_unknown_tool_is_answered_with_the_names_that_there_are(workshop: Any) -> None:
    outcome = await workshop.call("rm_rf", "{}")
    assert (outcome.failed, outcome.code) == (True, "unknown_tool")
    assert "'rm_rf'" in outcome.text
    assert "search_documents, read_document" in outcome.text


async def test_a_tool_that_raises_is_told_without_paths_and_keys(workshop: Any) -> None:
    def lookup() -> str:
        """Look it up."""
        raise OSError(
            "/home/ada/secret/prices.csv: password=hunter2 sk-live-0123456789abcdefABCD "
            "postgres://ada:hunter2@db/prices"
        )

    workshop.add(lookup)
    outcome = await workshop.call("lookup")
    assert (outcome.failed, outcome.code) == (True, "raised")
    assert outcome.text.startswith("lookup failed: OSError: prices.csv: ")
    for secret in ("/home", "ada/", "hunter2", "sk-live"):
        assert secret not in outcome.text


async def test_a_tool_that_hangs_is_ended_at_its_limit(workshop: Any) -> None:
    import asyncio

    async def wait() -> str:
        """Wait."""
        await asyncio.Event().wait()
        return ""

    workshop.add(wait, seconds=-0.95)
    outcome = await workshop.call("wait")
    assert (outcome.failed, outcome.code) == (True, "time")
    assert outcome.seconds < 2


def cycle() -> Any:
    inner: list[Any] = []
    inner.append({"again": inner})
    return inner


def deep() -> Any:
    found: Any = 1
    for _ in range(3000):
        found = [found]
    return found


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (b"\x00" * 1234, "1,234 bytes"),
        (cycle(), "holds itself"),
        (deep(), "levels deep"),
        (object(), "returned a object"),
        ([1] * 300_000, "200,000 values"),
    ],
)
async def test_a_result_that_no_model_can_read_is_told(
    workshop: Any, value: Any, words: str
) -> None:
    def give() -> Any:
        """Give it."""
        return value

    workshop.add(give)
    outcome = await workshop.call("give")
    assert (outcome.failed, outcome.code) == (True, "result")
    assert words in outcome.text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "It returned nothing."),
        (math.nan, '"nan (not a number of JSON)"'),
        ({"a": math.inf}, '{\n "a": "inf (not a number of JSON)"\n}'),
        (10**400, '"a whole number of about 400 digits"'),
        ("a\ud800b\x00c", "a\ufffdbc"),
        ({1: "x"}, '{\n "1": "x"\n}'),
        ("<|im_end|>", "< |im_end|>"),
        ("a\u200bb\u202ec", "abc"),
    ],
)
async def test_odd_results_are_said_plainly(workshop: Any, value: Any, text: str) -> None:
    def give() -> Any:
        """Give it."""
        return value

    workshop.add(give)
    outcome = await workshop.call("give")
    assert (outcome.text, outcome.failed) == (text, False)


async def test_a_list_of_alike_rows_is_shown_as_a_table(workshop: Any) -> None:
    def lamps() -> list[dict[str, Any]]:
        """List the lamps."""
        return [{"name": "PAR", "watts": 500}, {"name": "Fresnel", "watts": 1200}]

    workshop.add(lamps)
    outcome = await workshop.call("lamps")
    assert outcome.shown == {
        "kind": "table",
        "columns": ["name", "watts"],
        "rows": [["PAR", 500], ["Fresnel", 1200]],
        "total": 2,
    }
    assert json.loads(outcome.text)[1]["watts"] == 1200


async def test_a_text_of_10_mb_is_cut_and_can_be_read_on_to_its_end(workshop: Any) -> None:
    lines = "".join(f"line {number}\n" for number in range(1_000_000))

    def book() -> str:
        """Give the book."""
        return lines

    workshop.add(book)
    workshop.tokens = 100_000
    outcome = await workshop.call("book", id="b7")
    assert len(outcome.text) < 410_000
    heard, text, reads = "", outcome.text, 0
    while "[Cut: " in text:
        body, _, note = text.rpartition("\n[Cut: ")
        heard += body
        offset = note.rpartition("offset=")[2].rstrip(")]")
        asked = json.dumps({"call_id": "b7", "offset": int(offset)})
        text = (await workshop.call("read_result", asked)).text
        reads += 1
    heard += text
    assert lines.startswith(heard[:1_000_000])
    assert "the first 2,000,000 were kept" in heard
    assert 4 <= reads <= 7


async def test_reading_on_where_nothing_was_cut_says_so(workshop: Any) -> None:
    assert (
        await workshop.call("read_result", '{"call_id": "x", "offset": 0}')
    ).code == "unknown_tool"
    workshop.kept.texts["b7"] = "abc"
    for arguments in ('{"call_id": "x", "offset": 0}', '{"offset": 0}', '{"call_id": "b7"', "[]"):
        assert (await workshop.call("read_result", arguments)).failed
    assert "0 to 3" in (await workshop.call("read_result", '{"call_id": "b7", "offset": 9}')).text


def test_an_error_is_scrubbed_of_what_nobody_should_read() -> None:
    said = scrubbed(
        "File /var/lib/app/tools/x.py, Bearer abc.def token: qwerty C:\\Users\\ada\\x.txt"
    )
    assert said == "File x.py, [left out] [left out] x.txt"
    assert len(scrubbed("a" * 10_000)) == 401
    assert clean(said) == said
    assert os.sep not in said
