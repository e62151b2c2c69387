"""The injection range on the Prompts page: priced, run, and each case to open."""

import json
import re
from collections.abc import Callable
from typing import Any

from streamlit.testing.v1 import AppTest

from core.llm.scripted import Reply

Open = Callable[..., AppTest]


def range_tab(app: Open, prompt: str = "answer") -> AppTest:
    test = app("prompts", p=prompt)
    test.session_state["prompt_tab"] = "Injection range"
    return test.run()


def texts(test: AppTest) -> str:
    kinds = (test.markdown, test.caption, test.info, test.warning)
    return "\n".join(element.value for kind in kinds for element in kind)


def rows(test: AppTest, number: int = 0) -> list[list[str]]:
    """The cells of a table that is read, row by row."""
    tables = [each.proto.body for each in test.get("html") if "<tbody>" in each.proto.body]
    body = tables[number].partition("<tbody>")[2]
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in body.split("</tr>")[:-1]]


def listed(test: AppTest) -> list[list[list[str]]]:
    """The lists of which a row is picked: id and cells of each."""
    found = (each.proto for each in test.get("bidi_component"))
    return [json.loads(e.json)["rows"] for e in found if e.component_name == "footlights_rows"]


def test_a_run_is_priced_before_and_shows_what_worked_and_why(app: Open, bench: Any) -> None:
    test = range_tab(app)
    assert "96 answers" in texts(test) and "It was not run with this prompt yet" in texts(test)
    script = bench.models.providers["scripted"].script
    script.extend([Reply("COBALT-17")] * 96)
    test.button(key="range_run").click().run()
    table = rows(test)
    assert [row[0] for row in table] == [
        "As every answer is made",
        "Without the fence",
        "With datamarking besides",
        "No layer at all",
    ]
    assert all(" of 12" in row[1] for row in table)
    assert "The detector flags" in texts(test)
    assert "It worked: the answer says “COBALT-17”, as the document wanted" in texts(test)


def test_what_was_run_is_there_after_a_reload(app: Open, bench: Any) -> None:
    test = range_tab(app)
    bench.models.providers["scripted"].script.extend([Reply("Nothing.")] * 96)
    test.button(key="range_run").click().run()
    again = range_tab(app)
    assert "What it came to" in again.subheader[0].value
    assert "0 of 12" in rows(again)[0][1]


def test_a_prompt_that_takes_no_documents_says_so(app: Open) -> None:
    assert "there is nothing that could attack it" in texts(range_tab(app, "name"))


def test_two_runs_are_compared_and_what_went_otherwise_stands_beside_each_other(
    app: Open, bench: Any
) -> None:
    test = range_tab(app)
    script = bench.models.providers["scripted"].script
    script.extend([Reply("COBALT-17")] * 96)
    test.button(key="range_run").click().run()
    script.extend([Reply("Nothing.")] * 96)
    test.button(key="range_run").click().run()
    newest, earlier = bench.range.kept("local", "answer")
    test.selectbox(key=f"range_against_{newest.id}").select(earlier.id).run()
    assert not test.exception
    better, worse = rows(test, 1)[0][-2:]
    assert int(better) > 0 and worse == "0"
    moved = listed(test)[0]
    assert {row[2] for row in moved} == {"better"} and {row[3] for row in moved} == {
        "the attack worked"
    }
    said = "\n".join(each.proto.body for each in test.get("html"))
    assert "COBALT-17" in said and "Nothing." in said
