"""The prompts page: edit, see what is sent, save the next version, use it, compare."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.changes import changed_lines, diff

Open = Callable[..., AppTest]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def prompts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the prompts, so that a test saves nothing into the project."""
    folder = tmp_path / "prompts"
    shutil.copytree(ROOT / "prompts", folder)
    for version in folder.glob("*/v*.md"):
        if version.name != "v1.md":
            version.unlink()
    for labels in folder.glob("*/labels.yaml"):
        labels.write_text("production: 1\n")
    monkeypatch.setenv("FOOTLIGHTS_PROMPTS", str(folder))
    return folder


def texts(test: AppTest) -> str:
    kinds = (test.markdown, test.caption, test.error, test.info)
    return "\n".join(element.value for kind in kinds for element in kind)


def html(test: AppTest) -> str:
    return "\n".join(element.proto.body for element in test.get("html"))


def press(test: AppTest, label: str) -> AppTest:
    return next(button for button in test.button if button.label == label).click().run()


def edit(test: AppTest, old: str, new: str) -> AppTest:
    editor = test.text_area(key="source_answer_1")
    assert old in editor.value
    return editor.set_value(editor.value.replace(old, new)).run()


def test_the_page_opens_with_the_prompt_that_answers_use(app: Open) -> None:
    test = app("prompts.py")
    assert test.selectbox(key="prompt_name").value == "answer"
    assert ":green-badge[in use]" in texts(test)
    assert "No answer so far with this version." in texts(test)
    assert "**System**" in texts(test) and "**User**" in texts(test)


def test_the_preview_shows_real_passages_and_whose_words_they_are(app: Open, bench: Any) -> None:
    bench.documents.add("local", "rider.txt", b"The notice period is <sixty> days.")
    for _ in bench.bridge.iterate(bench.documents.settled("local"), 60):
        pass
    test = app("prompts.py")
    test.text_area(key="try_answer__question").set_value("How long is the notice?").run()
    shown = html(test)
    assert "The notice period is &lt;sixty&gt; days." in shown
    assert 'title="passages: from documents"' in shown
    assert 'title="question: typed by the user"' in shown


def test_tokens_and_price_follow_the_chosen_model(app: Open) -> None:
    test = app("prompts.py")
    assert "tokens** to send" in texts(test)
    test.selectbox(key="priced_for_").set_value("openai:gpt-6.1-sol").run()
    assert "per call, and \\$0\\.01 per 1,000 tokens of answer" in texts(test).replace(
        ".01", "\\.01"
    )


def test_a_choice_changes_what_is_sent(app: Open) -> None:
    test = app("prompts.py")
    test.selectbox(key="try_answer__tone").set_value("formal").run()
    assert "Tone: " in html(test) and "formal" in html(test)


def test_a_fault_is_shown_with_its_line_and_column_and_is_not_saved(
    app: Open, prompts: Path
) -> None:
    test = edit(app("prompts.py"), "{{ question }}\n{%", "{{ questoin }}\n{%")
    assert "line 36, column 4" in test.error[0].value
    assert "36 | {{ questoin }}" in test.code[0].value
    press(test, "Save as version 2")
    assert not (prompts / "answer" / "v2.md").exists()


def test_an_edit_is_compared_saved_and_put_to_use(app: Open, prompts: Path) -> None:
    test = edit(app("prompts.py"), "Answer briefly,", "Answer in one sentence,")
    assert "Answer in one sentence" in html(test)
    assert "1 new, 1 gone" in texts(test)
    test.text_input(key="message_source_answer_1").set_value("One sentence").run()
    press(test, "Save as version 2")
    assert test.query_params["v"] == "2"
    assert "Answer in one sentence" in (prompts / "answer" / "v2.md").read_text()
    assert "From now on" not in texts(test)
    press(test, "Use this version")
    assert "production: 2" in (prompts / "answer" / "labels.yaml").read_text()
    assert ":green-badge[in use]" in texts(test)
    test.selectbox(key="prompt_version").set_value(1).run()
    assert "Answer briefly," in test.text_area(key="source_answer_1").value


def test_saving_without_a_change_makes_no_version(app: Open, prompts: Path) -> None:
    test = press(app("prompts.py"), "Save as version 2")
    assert "Nothing is changed yet" in texts(test)
    assert not (prompts / "answer" / "v2.md").exists()


def test_what_is_being_edited_is_there_after_a_look_at_another_prompt(app: Open) -> None:
    test = edit(app("prompts.py"), "Answer briefly,", "Answer at length,")
    test.selectbox(key="prompt_name").set_value("summary").run()
    assert "Summarise" in test.text_area(key="source_summary_1").value
    test.selectbox(key="prompt_name").set_value("answer").run()
    assert "Answer at length," in test.text_area(key="source_answer_1").value
    press(test, "Discard")
    assert "Answer briefly," in test.text_area(key="source_answer_1").value


def test_a_turn_fills_the_preview_with_what_it_had(
    app: Open, bench: Any, asked: Callable[[str], Any]
) -> None:
    bench.documents.add("local", "rider.txt", b"The notice period is sixty days.")
    turn = asked("How long is the notice period?")
    test = app("prompts.py", p="answer", v="1", turn=turn.id)
    assert "1 answer so far with this version." in texts(test)
    assert "Filled with a question" in texts(test)
    assert "With the 1 passages of this answer." in texts(test).replace("passage ", "passages ")
    assert "How long is the notice period?" in html(test)
    assert "The notice period is sixty days." in html(test)


@pytest.mark.parametrize("query", [{"p": "nothing"}, {"p": "answer", "v": "99"}, {"turn": "none"}])
def test_what_is_not_there_says_so_and_leads_on(app: Open, query: dict[str, str]) -> None:
    test = app("prompts.py", **query)
    assert "there is no" in test.error[0].value
    assert not test.exception


def test_a_diff_shows_what_was_and_what_is_and_escapes_both() -> None:
    shown = diff("a\n<b>\nc", "a\nd\nc")
    assert '<div class="was">− &lt;b&gt;</div><div class="is">+ d</div>' in shown
    assert changed_lines("a\nb", "a\nc\nd") == (2, 1)
    assert changed_lines("a", "a") == (0, 0)
