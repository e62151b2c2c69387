"""Documents, as their owner uses them: a collection made, filled, renamed and deleted; the picture read."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import App, Tab


def picked(page: Page, name: str) -> None:
    """Pick this from the menu of the collection that is open."""
    page.locator(".st-key-collection_menu").get_by_test_id("stMenuButtonButton").first.click()
    page.get_by_text(name, exact=True).click()


def documents_of(served: App) -> int:
    """How many can be asked about; the files of this folder share one app, in any order."""
    return sum(each["status"] == "indexed" for each in served.api.get("/documents").json())


@contextmanager
def reading_held(served: App) -> Iterator[None]:
    """No file is read meanwhile: what is sent stays on its way, however fast the machine is."""
    family = psutil.Process(served.process.pid).children(recursive=True)
    [nursery] = [each for each in family if "core.retrieval.reading.reader" in each.cmdline()]
    nursery.suspend()
    try:
        yield
    finally:
        nursery.resume()


@pytest.mark.timeout(300)  # it may be the one that starts the app
def test_a_collection_is_made_filled_renamed_and_deleted(tab: Tab, served: App) -> None:
    page = tab.open("/documents")
    page.get_by_role("button", name="New collection").click()
    page.get_by_label("Name").fill("Papers")
    page.get_by_role("button", name="Make it").click()
    page.get_by_role("button", name="Choose its documents").click()
    dialog = page.get_by_role("dialog")
    nothing = dialog.get_by_role("button", name="Nothing is changed")
    expect(nothing).to_be_disabled()
    drawn = "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
    words, ground = nothing.evaluate(drawn)
    assert words != ground
    dialog.get_by_text("touring-agreement.docx").click()
    dialog.get_by_text("production-diary.md").click()
    dialog.get_by_role("button", name="Add 2").click()
    expect(page.get_by_text(re.compile("^2 documents with .* can be asked about"))).to_be_visible()
    picked(page, "Rename")
    page.get_by_role("dialog").get_by_label("Name").fill("Agreements")
    page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    expect(page.get_by_text("What you add now goes into Agreements too.")).to_be_visible()
    picked(page, "Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    every = f"^{documents_of(served)} documents with .* can be asked about"
    expect(page.get_by_text(re.compile(every))).to_be_visible()
    tab.settle()


def test_each_document_that_is_opened_begins_above_not_the_first_alone(tab: Tab) -> None:
    page = tab.open("/documents")
    main = page.get_by_test_id("stMain")
    for name in ("lighting-handbook.pdf", "touring-agreement.docx"):
        page.set_viewport_size({"width": 1440, "height": 400})
        page.get_by_role("link", name=name).scroll_into_view_if_needed()
        main.evaluate("box => box.scrollTo(0, box.scrollHeight)")
        page.get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", name=name)).to_be_in_viewport()
        tab.settle()
        page.wait_for_function("box => box.scrollTop === 0", arg=main.element_handle())
        page.get_by_role("link", name="All documents").click()
        tab.settle()


def test_a_dot_of_the_picture_tells_its_passage_and_leads_to_it(tab: Tab, served: App) -> None:
    page = tab.open("/documents")
    page.get_by_role("tab", name="Index").click()
    canvas = page.locator("figure > canvas")
    told = rf"^\d+ passages of {documents_of(served)} documents"
    expect(canvas).to_have_attribute("aria-label", re.compile(told))
    box = canvas.bounding_box()
    assert box
    link = page.locator("figure .read a")
    for place in range(9, 200):  # a walk over the picture, until a dot is near enough
        across, down = place % 14 / 14, place // 14 / 14
        canvas.click(position={"x": box["width"] * across + 3, "y": box["height"] * down + 3})
        if link.count():
            break
    link.click()
    tab.settle()
    expect(page).to_have_url(re.compile(r"documents\?d=.+&passage=\d+$"))
    expect(page.get_by_text(re.compile("passage you came for")).first).to_be_visible()


def test_a_document_that_arrives_closes_no_dialog_and_is_there_after_it(
    tab: Tab, served: App
) -> None:
    page = tab.open("/documents")
    page.get_by_role("button", name="New collection").click()
    page.get_by_label("Name").fill("Riders")
    with reading_held(served):
        rider = ("riders.md", b"The rider asks for 7 lamps and 49 cues.")
        [sent] = served.api.post("/documents", files={"files": rider}).json()
        page.get_by_role("button", name="Make it").click()
        expect(page.get_by_role("progressbar")).to_have_count(1)
        picked(page, "Rename")
        name = page.get_by_role("dialog").get_by_label("Name")
        name.fill("Riders of the y")
    expect(page.get_by_role("progressbar")).to_have_count(0)
    expect(name).to_have_value("Riders of the y")
    page.keyboard.press("Escape")
    picked(page, "Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    every = f"^{documents_of(served)} documents with .* can be asked about"
    expect(page.get_by_text(re.compile(every))).to_be_visible()
    served.api.delete(f"/documents/{sent['id']}")


def test_a_file_within_the_bound_that_was_set_is_read_whatever_streamlit_takes(
    tab: Tab, served: App, tmp_path: Path
) -> None:
    (tmp_path / "hum.bin").write_bytes(bytes(21_500_000))
    page = tab.open("/documents")
    page.locator("input[type=file]").first.set_input_files(tmp_path / "hum.bin")
    told = page.get_by_text(re.compile("hum.bin was not taken: not a kind of file"))
    expect(told).to_be_visible()
    tab.settle()
    [there] = [each for each in served.api.get("/documents").json() if each["name"] == "hum.bin"]
    assert there["bytes"] == 21_500_000
    served.api.delete(f"/documents/{there['id']}")


def test_a_double_click_on_a_bin_deletes_one_golden_question_and_not_the_next(
    tab: Tab, served: App
) -> None:
    passage = {"sha256": served.api.get("/documents").json()[0]["sha256"], "text": "Notice"}
    asked = [f"{word} question?" for word in ("First", "Other", "Third")]
    lines = "\n".join(json.dumps({"question": each, "right": [passage]}) for each in asked)
    page = tab.open("/documents")
    page.get_by_role("tab", name="Try a question").click()
    page.get_by_role("button", name="Export, import").click()
    file = {"name": "golden.jsonl", "mimeType": "application/jsonl", "buffer": lines.encode()}
    page.locator("[class*=st-key-golden_file] input[type=file]").set_input_files([file])
    bins = page.get_by_role("button", name=re.compile("^Delete .* question"))
    expect(bins).to_have_count(3)
    tab.settle()
    page.keyboard.press("Escape")
    bins.first.scroll_into_view_if_needed()
    box = bins.first.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.up()
    expect(bins).to_have_count(2)
    tab.settle()
    page.mouse.down(click_count=2)  # the next one stands there now
    page.mouse.up(click_count=2)
    tab.settle()
    page.reload()
    page.get_by_role("tab", name="Try a question").click()
    expect(bins).to_have_count(2)
