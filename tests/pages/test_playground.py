"""The playground tab: columns side by side, inputs kept as cases, runs compared with the labelled version."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.bootstrap import Plan
from core.cases import Check, Verdict
from core.playground.calls import Estimate
from pages.prompts.playground_columns import cost_words
from pages.prompts.playground_compare import verdict_words
from pages.prompts.playground_suite import plan_words

Open = Callable[..., AppTest]
ROOT = Path(__file__).resolve().parents[2]
RIDER = b"The notice period is sixty days."


@pytest.fixture(autouse=True)
def prompts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the prompts with a second version of `answer`, which is not in use."""
    folder = tmp_path / "prompts"
    shutil.copytree(ROOT / "prompts", folder)
    raw = (folder / "answer" / "v1.md").read_text()
    for version in (folder / "answer").glob("v*.md"):
        version.unlink()
    (folder / "answer" / "v1.md").write_text(raw)
    (folder / "answer" / "v2.md").write_text(raw.replace("Answer briefly,", "Answer in a word,"))
    (folder / "answer" / "labels.yaml").write_text("production: 1\n")
    monkeypatch.setenv("FOOTLIGHTS_PROMPTS", str(folder))
    return folder


def texts(test: AppTest) -> str:
    kinds = (test.markdown, test.caption, test.error, test.info, test.warning, test.success)
    return "\n".join(element.value for kind in kinds for element in kind)


def opened(app: Open, name: str = "answer", **query: str) -> AppTest:
    test = app("prompts", **{"p": name, **query})
    test.session_state["prompt_tab"] = "Playground"
    test.run()
    assert not test.exception, test.exception
    return test


def ask(test: AppTest, question: str) -> AppTest:
    return test.text_area(key="play_answer_0_question_long_text").set_value(question).run()


def rider(bench: Any) -> None:
    bench.documents.add("local", "rider.txt", RIDER)
    for _ in bench.bridge.iterate(bench.documents.settled("local"), 60):
        pass


def keep(bench: Any, name: str = "notice", *checks: Check, **inputs: Any) -> Any:
    given = {
        "question": "How long is the notice period?",
        "passages": [{"number": 1, "name": "rider.txt", "text": RIDER.decode()}],
        **inputs,
    }
    return bench.cases.keep("local", "answer", name, given, checks or (Check("contains", "sixty"),))


def totals(test: AppTest) -> list[list[str]]:
    """The sides of the comparison, each with its figures."""
    body = next(each.proto.body for each in test.get("html") if "<tbody>" in each.proto.body)
    rows = body.partition("<tbody>")[2].split("</tr>")[:-1]
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows]


def listed(test: AppTest) -> list[dict[str, str]]:
    """The list of cases, each as one reads it."""
    found = (each.proto for each in test.get("bidi_component"))
    given = json.loads(
        next(each for each in found if each.component_name == "footlights_rows").json
    )
    return [dict(zip(given["heads"], row[1:], strict=True)) for row in given["rows"]]


# --- columns --------------------------------------------------------------------------------------


def test_the_version_in_use_stands_beside_the_next_and_the_price_is_told_first(app: Open) -> None:
    test = opened(app)
    assert test.selectbox(key="play_version_answer_0").value == 1
    assert test.selectbox(key="play_version_answer_1").value == 2
    assert "2 calls, " in texts(test) and "to send: \\$0" in texts(test)
    test.selectbox(key="play_model_answer_1").set_value("quotes").run()
    assert not test.exception


def test_two_columns_are_answered_from_passages_that_were_searched(app: Open, bench: Any) -> None:
    rider(bench)
    test = ask(opened(app), "How long is the notice period?")
    assert "Found: rider.txt." in texts(test)
    test.selectbox(key="play_model_answer_1").set_value("quotes").run()
    test.button(key="play_run").click().run()
    shown = texts(test)
    assert "**version 1 · production** · :gray[Scripted, no model]" in shown
    assert "**version 2** · :gray[Quotations, no model]" in shown
    assert "You asked: How long is the notice period?" in shown
    assert "“The notice period is sixty days.” :primary-badge[1]" in shown
    assert shown.count("· finished") == 2 and "first word" in shown
    assert {row.purpose for row in bench.ledger.rows("local")} == {"playground"}
    assert test.button(key="play_run").label == "Run side by side"


def test_a_draft_of_the_editor_can_be_tried_before_it_is_saved(app: Open, bench: Any) -> None:
    raw = bench.prompts.get("answer", 1).raw
    bench.drafts.set("local", "answer@1", raw.replace("Answer briefly,", "Answer at length,"))
    test = opened(app)
    assert test.selectbox(key="play_version_answer_1").value == 0
    test.button(key="play_run").click().run()
    assert "**your draft**" in texts(test)
    asked = [each.messages[0].text for each in bench.models.providers["scripted"].requests]
    assert sorted("at length" in text for text in asked) == [False, True]


def test_a_column_that_fails_says_why_and_the_other_answers(app: Open) -> None:
    test = ask(opened(app), "/fail key_rejected")
    test.selectbox(key="play_model_answer_1").set_value("quotes").run()
    test.button(key="play_run").click().run()
    assert "as it was told to" in test.error[0].value and "Models page" in test.error[0].value
    assert "No model was used" in texts(test)


def test_an_answer_is_checked_against_a_schema_of_ones_own(app: Open) -> None:
    test = ask(opened(app), "/words 3")
    test.text_area(key="play_schema_answer").set_value('{"type": "object"}').run()
    test.button(key="play_run").click().run()
    assert ":red-badge[:material/close: JSON]" in texts(test)
    test.text_area(key="play_schema_answer").set_value("no schema").run()
    assert "Nothing can be sent yet." in texts(test)


def test_what_cannot_be_sent_is_told_with_its_column_before_it_runs(app: Open) -> None:
    test = ask(opened(app), "word " * 40_000)
    assert "Column 1: " in test.warning[0].value and "do not fit" in test.warning[0].value
    assert "Nothing can be sent yet." in texts(test)


def test_a_turn_fills_the_inputs_with_what_it_had(
    app: Open, bench: Any, asked: Callable[[str], Any]
) -> None:
    rider(bench)
    turn = asked("How long is the notice period?")
    test = opened(app, turn=turn.id)
    assert test.text_area(key="play_answer_0_question_long_text").value == turn.request.prompt
    test.button(key="play_run").click().run()
    sent = bench.models.providers["scripted"].requests[-1]
    assert sent.sources[0].hit.chunk.text == RIDER.decode()


def test_what_was_typed_is_there_after_a_look_at_the_editor(app: Open) -> None:
    test = ask(opened(app), "Is it still here?")
    test.session_state["prompt_tab"] = "Editor"
    test.run()
    test.session_state["prompt_tab"] = "Playground"
    test.run()
    assert test.text_area(key="play_answer_0_question_long_text").value == "Is it still here?"


def test_a_reload_finds_the_answers_again_and_another_prompt_does_not_show_them(
    app: Open, bench: Any
) -> None:
    test = ask(opened(app), "Will it last?")
    test.button(key="play_run").click().run()
    kept = test.query_params["play"]
    race = kept if isinstance(kept, str) else kept[0]
    again = opened(app, play=race)
    assert "You asked: Will it last?" in texts(again)
    other = opened(app, "plain", play=race)
    assert "You asked: Will it last?" not in texts(other)


def test_answers_that_are_gone_after_a_restart_leave_an_empty_place(app: Open) -> None:
    test = opened(app, play="of another process")
    assert not test.exception and not test.error
    assert "play" not in test.query_params


@pytest.mark.parametrize("name", ["summary", "extract", "condense", "agent", "judge", "history"])
def test_every_prompt_that_is_shipped_can_be_opened_here(app: Open, name: str) -> None:
    test = opened(app, name)
    assert not test.exception and not test.error
    assert "Test cases" in [each.value for each in test.subheader]


# --- cases ----------------------------------------------------------------------------------------


def test_inputs_are_kept_as_a_case_with_checks_and_opened_again(app: Open, bench: Any) -> None:
    rider(bench)
    test = ask(opened(app), "How long is the notice period?")
    test.button(key="play_add_answer").click().run()
    test.button(key="play_add_answer").click().run()
    test.text_input(key="play_check_answer_0_0_short").set_value("sixty").run()
    test.selectbox(key="play_check_answer_0_1_kind").set_value("cites").run()
    test.text_input(key="play_check_answer_0_1_short").set_value("rider.txt").run()
    test.button(key="play_keep_answer").click().run()
    assert "the name of a case has 1 to 120 characters" in test.error[0].value
    test.text_input(key="play_case_name_answer").set_value("notice").run()
    test.button(key="play_keep_answer").click().run()
    [case] = bench.cases.cases("local", "answer")
    assert case.checks == (Check("contains", "sixty"), Check("cites", "rider.txt"))
    assert case.inputs["passages"][0]["text"] == RIDER.decode()
    ask(test, "Something else")
    test.button(key="play_case_open").click().run()
    reopened = test.text_area(key="play_answer_1_question_long_text")
    assert reopened.value == "How long is the notice period?"
    test.button(key="play_change_answer").click().run()
    assert bench.cases.cases("local", "answer")[0].digest == case.digest  # nothing was changed


@pytest.mark.parametrize(
    ("named", "tab"), [("", "Editor"), ("play", "Playground"), ("range", "Injection range")]
)
def test_a_run_that_the_address_names_is_what_a_reload_opens(
    app: Open, named: str, tab: str
) -> None:
    test = app("prompts", p="answer", **({named: "its-id"} if named else {}))
    assert not test.exception, test.exception
    assert test.session_state["prompt_tab"] == tab
    drawn = {button.key for button in test.button}
    assert ("play_run" in drawn, "range_run" in drawn) == (named == "play", named == "range")


def test_the_names_of_what_was_found_are_only_names(app: Open, bench: Any) -> None:
    bench.documents.add("local", "![all](http:) *of* it.txt", RIDER)
    for _ in bench.bridge.iterate(bench.documents.settled("local"), 60):
        pass
    test = ask(opened(app), "How long is the notice period?")
    assert "Found: \\!\\[all\\]\\(http\\:\\) \\*of\\* it.txt." in texts(test)


def test_the_name_of_a_case_is_told_as_it_was_written(app: Open) -> None:
    test = ask(opened(app), "How long is the notice period?")
    test.text_input(key="play_case_name_answer").set_value("the *$x$* of [it](http://else)").run()
    test.button(key="play_keep_answer").click().run()
    told = "“the \\*\\$x\\$\\* of \\[it\\]\\(http\\://else\\)” is kept"
    assert test.toast[0].value.startswith(told)


def test_a_check_that_cannot_be_used_is_refused_with_its_reason(app: Open, bench: Any) -> None:
    test = opened(app)
    test.button(key="play_add_answer").click().run()
    test.selectbox(key="play_check_answer_0_0_kind").set_value("matches").run()
    test.text_input(key="play_check_answer_0_0_short").set_value("(open").run()
    test.text_input(key="play_case_name_answer").set_value("x").run()
    test.button(key="play_keep_answer").click().run()
    assert "the pattern cannot be used" in test.error[0].value.replace("\\", "")
    assert bench.cases.cases("local", "answer") == []


# --- runs -----------------------------------------------------------------------------------------


def test_all_cases_are_run_and_compared_with_the_labelled_version(app: Open, bench: Any) -> None:
    keep(bench, "notice")
    keep(bench, "winter", Check("contains", "winter"), question="And in winter?")
    test = opened(app, v="2")
    assert "2 answers, 2 of the labelled version, to compare with: **\\$0**." in texts(test)
    assert [row["Against the labelled"] for row in listed(test)] == ["not run yet"] * 2
    test.button(key="play_suite_run").click().run()
    assert "Against version 1 · production: :gray[**2 same**]" in texts(test)
    ours, theirs = totals(test)
    assert (ours[1], theirs[2], ours[4]) == ("2 of 2", "2 of 2", "$0")
    assert {row["Against the labelled"] for row in listed(test)} == {"= same"}
    assert "2 results of the labelled version kept from before." in texts(test)
    winter = next(case for case in bench.cases.cases("local", "answer") if case.name == "winter")
    test.session_state["play_open_answer"] = winter.id  # as a click on its row does
    test.run()
    assert "You asked: And in winter?" in texts(test)
    assert ":green-badge[:material/check: contains winter]" in texts(test)


def test_a_worse_case_stands_first_with_the_check_that_fails(app: Open, bench: Any) -> None:
    from core.llm.scripted import Reply

    keep(bench, "a fine one", Check("contains", "days"))
    keep(bench, "the worse", Check("contains", "sixty"))
    test = opened(app, v="2")

    def said(request: Any) -> Reply:
        return Reply("Ninety days." if "in a word" in request.messages[0].text else "Sixty days.")

    bench.models.providers["scripted"].script.extend([said] * 4)
    test.button(key="play_suite_run").click().run()
    assert ":red[**1 worse**], :gray[**1 same**]" in texts(test)
    assert listed(test)[0] == {
        **listed(test)[0],
        "Case": "the worse",
        "Against the labelled": "▼ worse",
        "Checks": "0 of 1",
        "Labelled": "1 of 1",
    }
    assert "“sixty” is not in the answer" in texts(test)


def test_a_case_is_deleted_with_its_results(app: Open, bench: Any) -> None:
    keep(bench)
    test = opened(app)
    test.button(key="play_case_delete").click().run()
    assert bench.cases.cases("local", "answer") == []
    assert "None yet. Keep inputs" in texts(test)


def test_cases_come_in_from_a_file_or_are_refused_with_the_line(app: Open, bench: Any) -> None:
    test = opened(app)
    lines = json.dumps({"name": "notice", "inputs": {"question": "How long?"}})
    test.file_uploader(key="cases_file_answer_0").set_value([("c.jsonl", b"nonsense", "")]).run()
    assert "line 1 is no case" in test.error[0].value
    test.file_uploader(key="cases_file_answer_0").set_value([("c.jsonl", lines.encode(), "")]).run()
    assert [case.name for case in bench.cases.cases("local", "answer")] == ["notice"]


def test_costs_are_said_with_two_digits_that_count_and_unknown_ones_as_unknown() -> None:
    from decimal import Decimal

    told = cost_words(Estimate(2, 10, Decimal("0.002114625"), Decimal("0.0006426")))
    assert told == "about $0.00064, at most $0.0021"
    assert cost_words(Estimate(1, 10, None, None)) == "price unknown"
    assert cost_words(Estimate()) == "$0"


def test_a_verdict_that_could_not_be_given_is_grey_and_says_why(bench: Any) -> None:
    told = verdict_words(Verdict(Check("matches", "(a+)+$"), None, "it took more than 2 s"))
    assert told.startswith(":gray-badge[:material/question_mark: matches ")
    keep(bench, "judged", Check("judged", "kind"))
    pair = bench.cases.pair(bench.prompts.get("answer"), "scripted", "scripted")
    plan: Plan = bench.bridge.run(bench.suites.plan("local", pair))
    assert plan_words(plan) == "1 answer, 1 judgement: **\\$0**."
