"""The prompts page: the library, the editor with its preview, versions with labels, zip in and out."""

import asyncio
import io
import json
import shutil
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
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
    kinds = (test.markdown, test.caption, test.error, test.info, test.warning, test.success)
    return "\n".join(element.value for kind in kinds for element in kind)


def html(test: AppTest) -> str:
    return "\n".join(element.proto.body for element in test.get("html"))


def asked_for(test: AppTest) -> dict[str, Any]:
    """What the page gives to the preview, which the browser asks for."""
    found = (each.proto for each in test.get("bidi_component"))
    given = next(each for each in found if each.component_name == "footlights_prompt_preview")
    return dict(json.loads(given.json))


def previewed(test: AppTest, bench: Any, ref: str = "answer@1") -> Any:
    """What the preview shows of the text in the editor, as the API tells it."""
    given = asked_for(test)
    model = bench.models.resolve(given["model"])
    raw = text(test, ref)
    return bench.bridge.run(bench.previews.of(given["name"], raw, given["values"], model))


def sent(test: AppTest, bench: Any, ref: str = "answer@1") -> str:
    shown = previewed(test, bench, ref)
    assert shown.sent, shown.fault
    return "".join(run.text for part in shown.sent.parts for run in part.runs)


def press(test: AppTest, label: str) -> AppTest:
    return next(button for button in test.button if button.label == label).click().run()


def text(test: AppTest, ref: str = "answer@1") -> str:
    return str(test.session_state[f"prompt_text_{ref}"])


def edit(test: AppTest, old: str, new: str, ref: str = "answer@1") -> AppTest:
    """What the code editor tells the page, which AppTest cannot type."""
    from pages.prompts import prompt_drafts
    from pages.ui.session import workbench

    raw = text(test, ref)
    assert old in raw
    bench = workbench()
    name, _, version = ref.partition("@")
    bench.drafts.set("local", ref, raw.replace(old, new))
    assert prompt_drafts.key(bench.prompts.get(name, int(version))) == f"prompt_text_{ref}"
    test.session_state[f"prompt_text_{ref}"] = raw.replace(old, new)
    return test.run()


def opened(app: Open, tab: str = "Editor", **query: str) -> AppTest:
    test = app("prompts", **{"p": "answer", **query})
    if tab != "Editor":
        test.session_state["prompt_tab"] = tab
        test.run()
    assert not test.exception, test.exception
    return test


# --- the library ----------------------------------------------------------------------------------


def test_the_library_shows_every_prompt_with_its_labels_and_uses(
    app: Open, bench: Any, asked: Callable[[str], Any]
) -> None:
    bench.documents.add("local", "rider.txt", b"The notice period is sixty days.")
    asked("How long is the notice period?")
    shown = texts(app("prompts"))
    assert "Answer a question from the passages" in shown
    assert ":green-badge[production v1]" in shown
    assert "1 version · used once · " in shown and "claims supported" in shown
    assert "Judge an answer" in shown and "not used yet" in shown


def test_the_search_finds_words_of_the_description_and_of_the_text(app: Open) -> None:
    test = app("prompts")
    test.text_input(key="prompt_search").set_value("RUBRIC judge").run()
    assert "Judge an answer" in texts(test) and "Answer a question" not in texts(test)
    test.text_input(key="prompt_search").set_value("nothing has this").run()
    assert "No prompt has these words." in texts(test)


def test_a_new_prompt_is_made_and_opened_and_a_bad_name_refused(app: Open, prompts: Path) -> None:
    test = app("prompts")
    test.text_input(key="new_prompt_name").set_value("../evil").run()
    press(test, "Create it")
    assert "cannot be the name of a prompt" in test.error[0].value
    test.text_input(key="new_prompt_name").set_value("translate").run()
    press(test, "Create it")
    assert test.query_params["p"] == ["translate"] or test.query_params["p"] == "translate"
    assert "{{ question }}" in (prompts / "translate" / "v1.md").read_text()
    assert [path.name for path in prompts.parent.iterdir() if "evil" in path.name] == []


def test_where_no_prompt_is_left_the_chat_says_where_to_get_one(
    app: Open, bench: Any, prompts: Path
) -> None:
    for name in bench.prompts.askable():
        shutil.rmtree(prompts / name)
    [said] = app().error
    assert "no prompt is left" in said.value and "Prompts page" in said.value


def test_a_prompt_is_duplicated_archived_and_restored(app: Open, prompts: Path) -> None:
    test = app("prompts")
    test.text_input(key="copy_answer").set_value("answer-2").run()
    test.button(key="duplicate_answer").click().run()
    assert (prompts / "answer-2" / "v1.md").exists()
    test = app("prompts")
    test.text_input(key="why_answer-2").set_value("only a try").run()
    test.button(key="archive_answer-2").click().run()
    assert not any(button.key == "archive_answer-2" for button in test.button)
    assert "only a try" in texts(test) and "by you" in texts(test)
    away = texts(opened(app, p="answer-2"))
    assert ":gray-badge[archived]" in away and "in use" not in away
    test.button(key="restore_answer-2").click().run()
    assert any(button.key == "archive_answer-2" for button in test.button)
    line = json.loads((prompts / "answer-2" / "history.jsonl").read_text().splitlines()[-1])
    assert (line["what"], line["who"]) == ("restored", "local")


def test_a_zip_is_imported_as_new_versions_and_a_hostile_one_refused(
    app: Open, prompts: Path
) -> None:
    def zipped(name: str, data: str) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr(name, data)
        return out.getvalue()

    test = app("prompts")
    changed = (prompts / "answer" / "v1.md").read_text().replace("Answer briefly", "Answer kindly")
    upload = next(each for each in test.file_uploader if each.key == "prompt_zip")
    upload.set_value([("prompts.zip", zipped("answer/v1.md", changed), "application/zip")]).run()
    press(test, "Import it")
    assert "1 version added\\: answer@2." in texts(test)
    assert "Answer briefly" in (prompts / "answer" / "v1.md").read_text()
    upload = next(each for each in test.file_uploader if each.key == "prompt_zip")
    upload.set_value([("evil.zip", zipped("../../evil/v1.md", changed), "application/zip")]).run()
    press(test, "Import it")
    assert "does not belong into a zip of prompts" in test.error[0].value


def test_a_folder_is_imported_as_git_has_it(app: Open, prompts: Path) -> None:
    test = app("prompts")
    changed = (prompts / "answer" / "v1.md").read_text().replace("Answer briefly", "Answer kindly")
    upload = next(each for each in test.file_uploader if each.key == "prompt_folder")
    files = [
        ("ours/answer/v7.md", changed),
        ("ours/README.md", "Ours"),
        ("ours/answer/labels.yaml", "production: 7"),
    ]
    upload.set_value([(name, data.encode(), "text/plain") for name, data in files]).run()
    press(test, "Import it")
    assert "1 version added\\: answer@2." in texts(test)
    assert "Answer kindly" in (prompts / "answer" / "v2.md").read_text()
    assert "7" not in (prompts / "answer" / "labels.yaml").read_text()


def test_a_file_that_is_broken_or_was_changed_by_hand_is_said(
    app: Open, bench: Any, prompts: Path
) -> None:
    bench.bridge.run(bench.prompts.duplicate("answer", "copy"))
    (prompts / "copy" / "v1.md").write_text((prompts / "answer" / "v1.md").read_text())
    (prompts / "judge" / "v2.md").write_bytes(b"\xff\xfe")
    shown = texts(app("prompts"))
    assert "`copy/v1.md`: its file was changed by hand" in shown
    assert "`judge/v2.md`" in shown and "not UTF-8" in shown
    assert "This is not what was saved" in texts(app("prompts", p="copy"))


def test_a_library_of_many_prompts_is_drawn_page_by_page_and_says_how_many_there_are(
    app: Open, prompts: Path
) -> None:
    for number in range(40):
        shutil.copytree(prompts / "plain", prompts / f"scene-{number:02}")
    whole = len([each for each in prompts.iterdir() if each.is_dir()])
    test = app("prompts")
    assert f"1 to 20 of {whole} prompts" in texts(test)
    assert [each.key for each in test.button if str(each.key).startswith("archive_")] == [
        f"archive_{name}" for name in sorted(each.name for each in prompts.iterdir())[:20]
    ]
    test.text_input(key="prompt_search").set_value("scene-3").run()
    drawn = [each.key for each in test.button if str(each.key).startswith("archive_scene")]
    assert drawn == [f"archive_scene-3{number}" for number in range(10)]


def test_files_that_take_long_to_check_hold_nobody_up_and_many_faults_are_counted(
    app: Open, bench: Any, prompts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2, 32):
        (prompts / "plain" / f"v{number}.md").write_text("no head")
    shown = texts(app("prompts"))
    assert shown.count("`plain/v") == 20 and "and 10 more" in shown
    begun, go = threading.Event(), threading.Event()
    check = bench.sandbox.check

    async def held(template: Any) -> None:
        begun.set()
        await asyncio.to_thread(go.wait, 60)
        await check(template)

    monkeypatch.setattr(bench.sandbox, "check", held)
    monkeypatch.setattr(
        "pages.prompts.prompt_problems.wait",
        lambda waited, _: SimpleNamespace(done=set() if begun.wait(60) else waited),
    )
    shutil.copytree(prompts / "plain", prompts / "another")
    (prompts / "another" / "v1.md").write_text((prompts / "plain" / "v1.md").read_text() + "\n")
    test = app("prompts")
    assert "Files that are not" not in texts(test) and test.button(key="archive_another")
    [bar] = test.get("progress")
    whole = len(list(prompts.glob("*/v*.md")))
    assert bar.proto.text == f"1 of {whole} versions are checked"
    go.set()


# --- the editor -----------------------------------------------------------------------------------


def test_a_prompt_opens_in_the_version_that_answers_use(app: Open) -> None:
    test = opened(app)
    assert ":green-badge[production]" in texts(test)
    assert "this version: not used yet." in texts(test)
    assert asked_for(test)["name"] == "answer" and asked_for(test)["ref"] == "answer@1"


def with_rider(bench: Any, text: bytes) -> None:
    bench.documents.add("local", "rider.txt", text)
    for _ in bench.bridge.iterate(bench.documents.settled("local"), 60):
        pass


def test_the_preview_has_real_passages_and_the_values_of_the_form(app: Open, bench: Any) -> None:
    with_rider(bench, b"The notice period is <sixty> days.")
    test = opened(app)
    field = test.text_area(key="try_answer__question_long_text")
    field.set_value("How long is the notice?").run()
    test.selectbox(key="try_answer__tone_choice").set_value("formal").run()
    values = asked_for(test)["values"]
    assert (values["question"], values["tone"]) == ("How long is the notice?", "formal")
    assert [each["text"] for each in values["passages"]] == ["The notice period is <sixty> days."]
    assert "The notice period is <sixty> days." in sent(test, bench)
    test.toggle(key="prompt_raw").set_value(True).run()
    assert asked_for(test)["raw"]


def test_of_a_question_of_any_length_the_beginning_is_searched(app: Open, bench: Any) -> None:
    with_rider(bench, b"The notice period is sixty days.")
    test = opened(app)
    field = test.text_area(key="try_answer__question_long_text")
    field.set_value("notice period " + "word " * 5_000).run()
    assert not test.error
    assert asked_for(test)["values"]["passages"][0]["name"] == "rider.txt"


def test_the_preview_is_told_the_chosen_model(app: Open) -> None:
    test = opened(app)
    assert asked_for(test)["model"] == "scripted"
    test.selectbox(key="priced_for_").set_value("openai:gpt-6.1-sol").run()
    assert asked_for(test)["model"] == "openai:gpt-6.1-sol"


def test_a_fault_is_shown_with_its_line_and_column_and_is_not_saved(
    app: Open, prompts: Path
) -> None:
    test = edit(opened(app), "{{ question }}\n{%", "{{ questoin }}\n{%")
    assert "line 36, column 4" in test.error[0].value
    assert test.text_area(key="try_answer__question_long_text"), "the form keeps its values"
    press(test, "Save as version 2")
    assert not (prompts / "answer" / "v2.md").exists()
    assert "questoin" in text(test), "what was typed is kept"


def test_a_variable_that_is_not_declared_is_offered_and_declared_by_a_click(app: Open) -> None:
    test = edit(opened(app), "{{ question }}\n{%", "{{ question }} {{ mood }}\n{%")
    assert "'mood' is used" in test.error[0].value.replace("\\", "")
    press(test, "Declare `mood` as text, user")
    assert not test.error
    assert "  - name: mood\n    type: text\n    trust: user\n---" in text(test)
    assert test.text_input(key="try_answer__mood_text")


def test_an_edit_is_saved_put_to_use_compared_and_rolled_back(
    app: Open, bench: Any, prompts: Path
) -> None:
    test = edit(opened(app), "Answer briefly,", "Answer in one sentence,")
    assert "Answer in one sentence" in sent(test, bench)
    test.text_input(key="message_answer@1").set_value("One sentence").run()
    press(test, "Save as version 2")
    assert "Answer in one sentence" in (prompts / "answer" / "v2.md").read_text()
    assert "production: 1" in (prompts / "answer" / "labels.yaml").read_text()
    test = opened(app, "Versions", v="2")
    assert "1 new, 1 gone" not in texts(test) and "2 new, 2 gone" in texts(test)
    assert "Answer in one sentence" in html(test)
    assert "tokens" in texts(test) and "Variables: the same" in texts(test)
    test.button(key="use_2").click().run()
    assert "production: 2" in (prompts / "answer" / "labels.yaml").read_text()
    assert "**production** moved from version 1 to version 2" in texts(test)
    press(test, "Roll back production")
    assert "production: 1" in (prompts / "answer" / "labels.yaml").read_text()
    assert "**production** went back from version 2 to version 1" in texts(test)
    assert "by you" in texts(test)


def test_a_label_on_a_version_whose_file_is_gone_can_be_put_on_another(
    app: Open, prompts: Path
) -> None:
    (prompts / "answer" / "labels.yaml").write_text("production: 7\n")
    test = opened(app, "Versions")
    assert "answer@7 has the label production, and its file is gone" in test.error[0].value.replace(
        "\\", ""
    )
    test.button(key="use_1").click().run()
    assert "production: 1" in (prompts / "answer" / "labels.yaml").read_text()
    assert not opened(app).error


def test_labels_of_ones_own_are_put_on_and_taken_off(app: Open, prompts: Path) -> None:
    test = opened(app, "Versions")
    test.text_input(key="label_own_1").set_value("Not a label").run()
    press(test, "Add the label")
    assert "cannot be a label" in test.error[0].value
    test.text_input(key="label_own_1").set_value("friday").run()
    press(test, "Add the label")
    press(test, "Make it staging")
    labels = (prompts / "answer" / "labels.yaml").read_text()
    assert labels == "friday: 1\nproduction: 1\nstaging: 1\n"
    press(test, "Take off friday")
    assert "friday" not in (prompts / "answer" / "labels.yaml").read_text()


def test_saving_without_a_change_makes_no_version(app: Open, prompts: Path) -> None:
    test = press(opened(app), "Save as version 2")
    assert "Nothing is changed yet" in texts(test)
    assert not (prompts / "answer" / "v2.md").exists()


def test_a_draft_is_there_in_another_session_and_gone_when_it_is_discarded(
    app: Open, bench: Any
) -> None:
    edit(opened(app), "Answer briefly,", "Answer at length,")
    assert ":gray-badge[draft]" in texts(app("prompts"))
    test = opened(app)
    assert "Answer at length," in text(test)
    press(test, "Discard")
    assert "Answer briefly," in text(test)
    assert bench.drafts.refs("local") == []


def test_a_full_disk_refuses_the_save_and_keeps_the_draft(
    app: Open, bench: Any, prompts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = edit(opened(app), "Answer briefly,", "Answer at length,")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.prompts.folder.os.link", full)
    press(test, "Save as version 2")
    assert "the disk is full" in test.error[0].value and not test.exception
    assert bench.drafts.refs("local") == ["answer@1"]
    assert "Answer at length," in text(test)


def test_a_turn_fills_the_preview_with_what_it_had(
    app: Open, bench: Any, asked: Callable[[str], Any]
) -> None:
    bench.documents.add("local", "rider.txt", b"The notice period is sixty days.")
    turn = asked("How long is the notice period?")
    test = opened(app, v="1", turn=turn.id)
    assert "this version: used once" in texts(test)
    assert "Filled with a question" in texts(test)
    assert "With the one passage of this answer." in texts(test)
    shown = sent(test, bench)
    assert "How long is the notice period?" in shown
    assert "The notice period is sixty days." in shown


@pytest.mark.parametrize(
    "query",
    [{"p": "nothing"}, {"p": "answer", "v": "99"}, {"turn": "none"}, {"p": "../x"}, {"p": "a/b"}],
)
def test_what_is_not_there_says_so_and_leads_on(app: Open, query: dict[str, str]) -> None:
    test = app("prompts", **query)
    assert "there is no" in test.error[0].value
    assert not test.exception


def test_a_diff_shows_what_was_and_what_is_and_escapes_both() -> None:
    shown = diff("a\n<b>\nc", "a\nd\nc")
    assert '<div class="was">− &lt;b&gt;</div><div class="is">+ d</div>' in shown
    assert changed_lines("a\nb", "a\nc\nd") == (2, 1)
    assert changed_lines("a", "a") == (0, 0)


def test_the_layers_of_the_defence_are_switches_that_write_themselves_into_the_text(
    app: Open,
) -> None:
    test = opened(app)
    toggle = test.toggle(key="defence_datamarking_answer@1")
    assert not toggle.value and test.toggle(key="defence_fence_answer@1").value
    toggle.set_value(True).run()
    assert 'defence: {"datamarking": true}' in text(test)
    assert "with datamarking" in texts(test)
    test.toggle(key="defence_datamarking_answer@1").set_value(False).run()
    assert "defence:" not in text(test)
