"""The editor of prompts as somebody uses it: a mistake while typing, its mark, a declaration, a version;
and the cases of a prompt on a phone."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import ROOT, App, Tab

DARK = {"color_scheme": "dark"}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prompts") / "prompts"
    shutil.copytree(ROOT / "prompts", folder)
    return folder


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, prompts: Path) -> Iterator[App]:
    app = App(
        tmp_path_factory.mktemp("own") / "data",
        FOOTLIGHTS_PROMPTS=str(prompts),
        FOOTLIGHTS_SAMPLES="0",
    )
    yield app
    app.close()


@pytest.fixture
def tab(chromium: Browser, own: App, request: pytest.FixtureRequest) -> Iterator[Tab]:
    made = Tab(chromium, own.address, **getattr(request, "param", {}))
    yield made
    made.context.close()
    assert made.faults == []


def at_the_end(page: Page) -> None:
    editor = page.locator(".cm-content")
    expect(editor).to_be_visible()
    editor.click()
    page.keyboard.press("Control+End")


def in_the_last_words(page: Page) -> None:
    """The cursor behind what the last message says."""
    at_the_end(page)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("End")


def test_a_mistake_is_marked_while_typing_declared_by_a_click_and_saved(
    tab: Tab, prompts: Path
) -> None:
    page = tab.open("/prompts?p=plain")
    in_the_last_words(page)
    page.keyboard.type(" {{ mood }")
    expect(page.locator(".cm-lintRange-error")).to_be_visible()
    expect(page.get_by_text("cannot be saved yet")).to_be_visible()
    page.keyboard.type("}")
    expect(page.get_by_text("'mood' is used, but not declared")).to_be_visible()
    expect(page.locator(".cm-lintRange-error")).to_have_text("mood")
    page.get_by_role("button", name="Declare mood as text, user").click()
    expect(page.get_by_text("can be sent")).to_be_visible()
    expect(page.locator(".cm-lintRange-error")).to_have_count(0)
    expect(page.locator(".cm-content")).to_contain_text("name: mood")
    page.get_by_label("Mood").fill("in a cheerful mood")
    page.get_by_label("Mood").press("Enter")
    expect(page.locator(".fl-sent").last).to_contain_text("in a cheerful mood")
    page.get_by_label("What is different").fill("A mood")
    page.get_by_role("button", name="Save as version 2").click()
    expect(page.get_by_text("version 2, unchanged")).to_be_visible()
    saved = (prompts / "plain" / "v2.md").read_text()
    assert "{{ mood }}" in saved and "- name: mood" in saved and 'message: "A mood"' in saved


def test_a_prompt_that_was_opened_from_the_library_stays_open_and_the_library_too(tab: Tab) -> None:
    page = tab.open("/prompts")
    page.get_by_test_id("stPageLink").get_by_text("answer", exact=True).click()
    page.get_by_role("tab", name="Versions").click()
    expect(page).to_have_url(re.compile(r"/prompts\?p=answer$"))
    expect(page.get_by_role("tab", name="Versions")).to_have_attribute("aria-selected", "true")
    page.get_by_text("All prompts").click()
    # The browser tells its address with what is typed: within the blink in which it still is the old one, nobody types.
    expect(page).to_have_url(re.compile("/prompts$"))
    tab.settle()
    page.get_by_placeholder("Search by name, description, text or label").fill("judge")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("stPageLink").get_by_text("plain", exact=True)).to_have_count(0)
    expect(page.get_by_test_id("stPageLink").get_by_text("judge", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("/prompts$"))
    tab.settle()


def test_what_was_typed_survives_a_reload_and_every_key_is_kept(tab: Tab) -> None:
    page = tab.open("/prompts?p=name")
    at_the_end(page)
    words = "".join(f"{{# word {number} #}}" for number in range(30))
    page.keyboard.type(words, delay=8)
    page.keyboard.press("Control+s")
    expect(page.get_by_text("The draft is kept.")).to_be_visible()
    expect(page.locator(".cm-content")).to_contain_text("word 29")
    page.reload()
    tab.settle()
    at_the_end(page)
    kept = page.locator(".cm-content").inner_text()
    assert all(f"word {number} " in kept for number in range(30))
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("version 1, unchanged")).to_be_visible()
    expect(page.locator(".cm-content")).not_to_contain_text("word 29")


def test_ctrl_enter_runs_what_is_written_with_the_values_beside_it(tab: Tab) -> None:
    page = tab.open("/prompts?p=summary")
    page.get_by_role("textbox", name="Question").fill("The notice period")
    page.get_by_role("textbox", name="Question").press("Control+Enter")
    expect(page.locator(".fl-sent").last).to_contain_text("The notice period")
    in_the_last_words(page)
    page.keyboard.type(" Please.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("first word")).to_have_count(2)
    expect(page.get_by_role("textbox", name="Question")).to_have_value("The notice period")
    answers = [page.locator(f".st-key-play_lane_answer_{place}") for place in (0, 1)]
    expect(answers[0]).to_contain_text("version 1 · production")
    expect(answers[1]).to_contain_text("your draft")
    expect(answers[1]).to_contain_text("The notice period")
    page.get_by_role("tab", name="Editor").click()
    page.get_by_role("button", name="Discard").click()


def test_the_preview_follows_what_is_typed(tab: Tab) -> None:
    page = tab.open("/prompts?p=condense")
    in_the_last_words(page)
    page.keyboard.type(" Seen at once.")
    expect(page.locator(".fl-sent").last).to_contain_text("Seen at once.")
    # Not undone first: an editor that holds what is saved has nothing to discard.
    page.get_by_role("button", name="Discard").click()
    expect(page.locator(".fl-sent").last).not_to_contain_text("Seen at once.")


def test_what_is_typed_is_shown_as_text_and_a_fault_of_the_values_at_its_line(tab: Tab) -> None:
    page = tab.open("/prompts?p=condense")
    in_the_last_words(page)
    page.keyboard.insert_text("<img src=x onerror=alert(1)><b>bold</b>")
    expect(page.locator(".fl-sent").last).to_contain_text("<img src=x onerror=alert(1)><b>bold</b>")
    expect(page.locator(".fl-sent img, .fl-sent b")).to_have_count(0)
    page.keyboard.insert_text("{{ question / 2 }}")
    expect(page.get_by_text("cannot be sent with these values")).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="unsupported operand")).to_be_visible()
    expect(page.locator(".cm-lintRange-error")).to_be_visible()
    expect(page.get_by_text("What was sent before the mistake")).to_be_visible()
    expect(page.locator(".fl-sent").last).to_contain_text("<b>bold</b>")
    page.keyboard.press("Control+z")
    expect(page.get_by_text("can be sent")).to_be_visible()
    expect(page.locator(".cm-lintRange-error")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(page.get_by_text("version 1, unchanged")).to_be_visible()


def test_a_key_and_ctrl_s_at_once_keep_the_newest_text(tab: Tab, own: App) -> None:
    page = tab.open("/prompts?p=judge")
    at_the_end(page)
    page.keyboard.type("{# x #}")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("draft, kept")).to_be_visible()
    expect(page.get_by_text("The draft is kept.")).to_be_visible()
    fresh = page.context.new_page()
    fresh.goto(f"{own.address}/prompts?p=judge")
    at_the_end(fresh)
    expect(fresh.locator(".cm-content")).to_contain_text("{# x #}")
    fresh.close()
    page.get_by_role("button", name="Discard").click()


def test_a_megabyte_that_is_pasted_is_refused_at_once_and_nothing_is_lost(tab: Tab) -> None:
    page = tab.open("/prompts?p=extract")
    at_the_end(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(
        """() => {
          const data = new DataTransfer()
          data.setData("text/plain", "0123456789abcde\\n".repeat(65536))
          const host = [...document.querySelectorAll("*")].find((e) => e.shadowRoot?.querySelector(".cm-content"))
          const paste = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
          host.shadowRoot.querySelector(".cm-content").dispatchEvent(paste)
        }"""
    )
    expect(page.get_by_text("and a prompt has at most 65,536")).to_be_visible()
    expect(page.locator(".cm-content")).not_to_contain_text("0123456789abcde")
    assert asked == [], "nobody was asked"
    page.keyboard.type("{# y #}")
    expect(page.get_by_text("can be sent")).to_be_visible()
    page.get_by_role("button", name="Discard").click()


@pytest.mark.parametrize("tab", [DARK, PHONE], ids=["dark", "phone"], indirect=True)
def test_the_editor_follows_the_theme_and_fits_the_window(tab: Tab) -> None:
    page = tab.open("/prompts?p=answer")
    editor = page.locator(".cm-editor")
    expect(editor).to_be_visible()
    width = editor.evaluate("each => each.getBoundingClientRect().right")
    assert width <= page.evaluate("innerWidth")
    text, behind = editor.evaluate(
        "each => [getComputedStyle(each).color,"
        " getComputedStyle(document.querySelector('.stApp')).backgroundColor]"
    )
    assert text != behind


# --- cases on a phone -----------------------------------------------------------------------------

_SIDEWAYS = """() => [...document.querySelectorAll('[data-testid="stMain"], [data-testid="stMain"] *')]
  .filter((each) => each.clientWidth > 0 && each.scrollWidth > each.clientWidth
    && ["auto", "scroll"].includes(getComputedStyle(each).overflowX))
  .map((each) => `${each.dataset.testid || each.className}: ${each.scrollWidth} of ${each.clientWidth}`)"""


def with_cases(tab: Tab, name: str, *cases: tuple[str, str]) -> Page:
    """The playground of this prompt with cases that ask this and expect the word "asked"."""
    page = tab.open(f"/prompts?p={name}")
    page.get_by_role("tab", name="Playground").click()
    page.get_by_role("button", name="Export, import").click()
    checks = [{"kind": "contains", "value": "asked"}]
    lines = [
        json.dumps({"name": title, "inputs": {"question": question}, "checks": checks})
        for title, question in cases
    ]
    page.locator('input[type="file"]').set_input_files(
        {"name": "c.jsonl", "mimeType": "text/plain", "buffer": "\n".join(lines).encode()}
    )
    expect(page.get_by_role("button", name="Run all cases")).to_be_visible()
    page.keyboard.press("Escape")
    tab.settle()
    return page


@pytest.mark.parametrize("tab", [PHONE], indirect=True)
def test_on_a_phone_the_cases_of_a_run_are_cards_and_a_tap_opens_one(tab: Tab) -> None:
    page = with_cases(tab, "plain", ("first", "How long?"), ("second", "And in winter?"))
    page.get_by_role("button", name="Run all cases").click()
    expect(page.get_by_text("2 new")).to_be_visible()
    tab.settle()
    assert page.evaluate(_SIDEWAYS) == []
    expect(page.get_by_text("You asked: How long?")).to_be_visible()
    page.get_by_role("button", name="second").click()
    expect(page.get_by_text("You asked: And in winter?")).to_be_visible()
    expect(page.get_by_text("You asked: How long?")).to_have_count(0)
