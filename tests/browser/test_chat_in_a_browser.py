"""The main job, as a visitor does it."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from docx import Document as Docx
from playwright.sync_api import Page, WebSocketRoute, expect
from reportlab.pdfgen.canvas import Canvas

from tests.browser.conftest import App, Tab

# Streamlit's own: on every page, under sparklines, and in its file uploader.
KNOWN = {"list", "listitem", "svg-img-alt", "presentation-role-conflict"}
PAGES = [
    "/",
    "/documents",
    "/prompts",
    "/prompts?p=answer",
    "/tokens",
    "/traces",
    "/costs",
    "/models",
    "/shares",
    "/shares?new=live",
]
DARK = {"color_scheme": "dark"}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def a_pdf(folder: Path, *lines: str) -> Path:
    path = folder / "rider.pdf"
    canvas = Canvas(str(path))
    for number, line in enumerate(lines):
        canvas.drawString(72, 750 - 20 * number, line)
    canvas.save()
    return path


def ask(page: Page, text: str) -> None:
    field = page.get_by_test_id("stChatInputTextArea")
    expect(field).to_be_enabled()
    field.fill(text)
    field.press("Enter")


def attach(page: Page, file: Path) -> None:
    """Lay the file into the input; Enter sends nothing as long as it is on its way."""
    with page.expect_response(lambda response: "upload_file" in response.url):
        page.get_by_test_id("stChatInput").locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text(file.name).first).to_be_visible()


def violations(page: Page) -> list[tuple[str, list[str]]]:
    """What axe finds on the page that is ours."""
    found = Axe().run(page).response["violations"]
    return [
        (each["id"], [node["html"][:200] for node in each["nodes"][:3]])
        for each in found
        if each["id"] not in KNOWN
    ]


def last_answer(page: Page) -> Any:
    return page.get_by_test_id("stChatMessage").last


def stop_button(page: Page) -> Any:
    return page.locator(".st-key-stop button")


def test_the_first_page_is_a_finished_demo(tab: Tab, served: App) -> None:
    page = tab.open()
    expect(page.get_by_test_id("stChatMessage")).to_have_count(2)
    expect(last_answer(page).get_by_text("scripted", exact=False).first).to_be_visible()
    expect(page.locator("[class*=st-key-citations_] button").first).to_be_visible()
    expect(page.locator(".st-key-suggestions button").first).to_be_visible()
    assert {each["status"] for each in served.api.get("/documents").json()} >= {"indexed"}


def test_a_pdf_is_uploaded_asked_about_and_its_citation_opened(tab: Tab, tmp_path: Path) -> None:
    page = tab.open("/?c=new")
    file = a_pdf(tmp_path, "The notice period of this rider is ninety-one days.")
    attach(page, file)
    ask(page, "How long is the notice period of this rider?")
    expect(last_answer(page)).to_contain_text("ninety-one days")
    chip = page.locator("[class*=st-key-citations_] button", has_text="rider.pdf").first
    chip.click()
    expect(page.locator(".fl-passage mark").first).to_contain_text("ninety-one days")
    expect(page.get_by_text(re.compile("rider.pdf.*page 1")).first).to_be_visible()
    assert "c=" in page.url and "c=new" not in page.url


def test_what_is_typed_is_estimated_before_it_is_sent(tab: Tab) -> None:
    page = tab.open()
    field = page.get_by_test_id("stChatInputTextArea")
    expect(field).to_be_enabled()
    line = page.get_by_text(re.compile(r"^Sends about [\d,]+ of [\d,]+ tokens, "))
    expect(line).to_have_count(0)
    field.fill("How long is the notice period?")
    expect(line).to_be_visible()
    expect(page.locator(".estimate i[data-region=history]")).to_have_count(1)
    expect(page.locator(".estimate i[data-region=reserve]")).to_have_count(1)
    field.fill("word " * 39_000)
    expect(page.get_by_text("This does not fit, by")).to_be_visible()
    field.press("Enter")
    expect(page.get_by_text("the question does not fit").first).to_be_visible()
    expect(page.locator(".estimate span")).to_have_text("")
    assert page.locator(".estimate i").count() == 0


def test_an_answer_survives_a_reload_in_the_middle(tab: Tab, served: App) -> None:
    page = tab.open("/?c=new")
    ask(page, "/words 150 pace 30ms")
    expect(stop_button(page)).to_be_visible()
    expect(last_answer(page)).to_contain_text(re.compile(r"(\w+\W+){12}"))
    page.reload()
    expect(stop_button(page)).to_be_visible()
    expect(stop_button(page)).to_have_count(0)
    tab.settle()
    turn = served.api.get("/turns").json()[0]
    assert turn["status"] == "done"
    assert len(turn["answer"].split()) == 150
    expect(last_answer(page)).to_contain_text(" ".join(turn["answer"].split()[-5:]))


def test_an_answer_goes_on_while_another_page_is_looked_at(tab: Tab, served: App) -> None:
    page = tab.open("/?c=new")
    ask(page, "/words 80 pace 20ms")
    expect(stop_button(page)).to_be_visible()
    page.get_by_test_id("stSidebarNav").get_by_text("Costs").click()
    expect(page).to_have_url(re.compile("/costs"))
    tab.settle()
    turn = served.api.get("/turns").json()[0]
    served.api.get(f"/turns/{turn['id']}/events")
    assert len(served.api.get(f"/turns/{turn['id']}").json()["answer"].split()) == 80


def test_stop_stops_the_answer_and_keeps_what_was_said(tab: Tab, served: App) -> None:
    page = tab.open("/?c=new")
    ask(page, "/words 3000 pace 20ms")
    expect(last_answer(page)).to_contain_text(re.compile(r"(\w+\W+){5}"))
    stop_button(page).click()
    expect(page.get_by_text("Stopped by you").first).to_be_visible()
    turn = served.api.get("/turns").json()[0]
    assert turn["status"] == "stopped"
    assert 0 < len(turn["answer"].split()) < 3000


@pytest.mark.parametrize("tab", [{}, PHONE], ids=["desktop", "phone"], indirect=True)
def test_a_long_conversation_opens_at_its_end_and_is_followed_down(tab: Tab, served: App) -> None:
    first = served.ask("A long tale, please.")
    where = {"conversation_id": first["conversation_id"]}
    for _ in range(3):
        served.ask("And then?", **where)
    page = tab.open(f"/?c={first['conversation_id']}")
    expect(page.get_by_text("A long tale, please.").last).not_to_be_in_viewport()
    expect(page.locator("[class*=st-key-facts_]").last).to_be_in_viewport()
    # Whoever has read further up and asks is taken down to the answer.
    page.get_by_text("A long tale, please.").last.scroll_into_view_if_needed()
    ask(page, "How does it end?")
    expect(page.get_by_text("How does it end?").last).to_be_visible()
    tab.settle()
    expect(page.locator("[class*=st-key-facts_]")).to_have_count(5)
    expect(page.locator("[class*=st-key-facts_]").last).to_be_in_viewport()


def test_two_tabs_see_the_same_answer(tab: Tab, served: App) -> None:
    page = tab.open("/?c=new")
    ask(page, "/words 100 pace 30ms")
    expect(stop_button(page)).to_be_visible()
    other = tab.context.new_page()
    other.goto(page.url)
    for each in (page, other):
        expect(stop_button(each)).to_have_count(0)
    words = served.api.get("/turns").json()[0]["answer"].split()
    for each in (page, other):
        expect(last_answer(each)).to_contain_text(" ".join(words[-5:]))


def test_a_file_that_cannot_be_read_is_refused_in_words_and_the_other_goes_on(
    tab: Tab, tmp_path: Path
) -> None:
    fake, good = tmp_path / "fake.pdf", tmp_path / "house-rules.docx"
    fake.write_text("this only says that it is a PDF")
    document = Docx()
    document.add_paragraph("Doors open forty minutes before the show.")
    document.save(str(good))
    page = tab.open("/documents")
    page.get_by_test_id("stFileUploader").locator("input[type=file]").set_input_files([fake, good])
    expect(page.get_by_text("not a PDF").first).to_be_visible()
    expect(page.get_by_text("house-rules.docx").first).to_be_visible()


def test_an_address_that_is_refused_stands_there_still_to_be_mended(tab: Tab) -> None:
    page = tab.open("/documents")
    page.get_by_role("button", name="Add a web page").click()
    field = page.get_by_role("textbox", name="Address of the page")
    field.fill("http://localhost/rider.html")
    page.get_by_role("button", name="Fetch it").click()
    expect(page.get_by_text("not on the open internet").first).to_be_visible()
    expect(field).to_have_value("http://localhost/rider.html")


def test_what_a_model_writes_runs_no_script_and_makes_no_request(tab: Tab, tmp_path: Path) -> None:
    hostile = tmp_path / "hostile.md"
    hostile.write_text(
        "# Leak\n\nThe leak is here: ![x](https://evil.example/leak.png) "
        '<img src="https://evil.example/b.png" onerror="document.title=1"> '
        "<script>document.title='owned'</script> and that is the leak.\n"
    )
    page = tab.open("/?c=new")
    attach(page, hostile)
    ask(page, "Where is the leak?")
    expect(last_answer(page)).to_contain_text("leak")
    page.locator("[class*=st-key-citations_] button").first.click()
    expect(page.locator(".fl-passage").first).to_be_visible()
    assert page.title() != "owned"


def test_a_file_that_is_not_read_says_so_while_the_question_beside_it_is_answered(
    tab: Tab, tmp_path: Path
) -> None:
    song = tmp_path / "hum.xyz"
    song.write_text("la la")
    page = tab.open("/?c=new")
    attach(page, song)
    ask(page, "What is the ghost light?")
    expect(last_answer(page)).to_contain_text("ghost light")
    expect(page.get_by_text("hum.xyz was not taken: not a kind of file")).to_be_visible()


@pytest.mark.parametrize("tab", [{}, DARK, PHONE], indirect=True, ids=["light", "dark", "phone"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_accessible_and_fits(tab: Tab, path: str) -> None:
    page = tab.open(path)
    expect(page.locator("#stMain")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    if "p=" in path:  # a preview is dimmed until the newest text is answered
        page.wait_for_load_state("networkidle")
        expect(page.locator(".preview")).to_have_css("opacity", "1")
    assert violations(page) == []


@pytest.mark.parametrize("tab", [{}, DARK], indirect=True)
def test_code_in_an_answer_can_be_read_is_shown_sign_by_sign_and_arabic_runs_from_the_right(
    tab: Tab, served: App
) -> None:
    code = "```python\n@wrap\ndef f(x: int = 3) -> str:  # a comment\n    return 'a' if x else None\n```"
    turn = served.ask(f"مرحبا بالعالم\n\n{code}\n", use_documents=False)
    page = tab.open(f"/?c={turn['conversation_id']}")
    said = page.get_by_test_id("stChatMessage").first
    expect(said.get_by_text("@wrap")).to_have_css("font-variant-ligatures", "none")
    words = said.get_by_text("مرحبا بالعالم")
    expect(words).to_have_css("unicode-bidi", "plaintext")
    expect(words).to_have_css("text-align", "start")
    assert violations(page) == []


def test_the_same_control_of_several_rows_is_told_apart_by_whoever_hears_the_page(tab: Tab) -> None:
    page = tab.open("/prompts")
    more = page.get_by_role("button", name="More about answer", exact=True)
    expect(more).to_have_count(1)
    hidden = more.get_by_text("about answer").bounding_box()
    assert hidden and hidden["width"] <= 1  # who sees it has its row


def test_a_broken_line_is_told_with_what_becomes_of_the_answer_and_the_page_goes_on(
    tab: Tab, served: App
) -> None:
    page, lines = tab.page, []

    def through(line: WebSocketRoute) -> None:
        line.connect_to_server()
        lines.append(line)

    page.route_web_socket(re.compile("_stcore/stream"), through)
    tab.open("/?c=new")
    page.route("**/_stcore/health", lambda route: route.abort())
    lines[-1].close()
    told = page.get_by_role("dialog")
    expect(told).to_contain_text("What was being answered goes on meanwhile, and is kept.")
    expect(told).not_to_contain_text("Streamlit")
    page.unroute("**/_stcore/health")
    expect(told).to_have_count(0)
    tab.settle()
    tab.faults.clear()  # the browser logs that the line was broken


def test_whoever_asks_hears_when_the_answer_is_there_and_types_on(tab: Tab) -> None:
    page = tab.open("/?c=new")
    ask(page, "/words 5")
    expect(page.get_by_role("status").filter(has_text="The answer is there.")).to_have_count(1)
    expect(page.get_by_test_id("stChatInputTextArea")).to_be_focused()


@pytest.mark.parametrize("tab", [{"forced_colors": "active"}], indirect=True)
def test_with_colours_of_the_reader_s_own_bars_and_what_is_chosen_can_be_seen(tab: Tab) -> None:
    page = tab.open("/tokens")
    ground = """(of) => [...new Set([...document.querySelectorAll(of)]
      .map((each) => getComputedStyle(each).backgroundColor))].length"""
    expect(page.locator(".fl-part").first).to_be_visible()
    assert page.evaluate(ground, ".fl-bar .fl-part") > 2
    assert page.evaluate(ground, "ul.fl-legend i") > 2
    assert page.evaluate(ground, '[role="tab"]') == 2
    tab.open("/costs")
    assert page.evaluate(ground, '[role="radio"]') == 2


def test_a_name_made_of_bytes_is_no_path(served: App) -> None:
    files = [("files", ("../../../etc/evil.txt", io.BytesIO(b"The lamps are tungsten.")))]
    assert served.api.post("/documents", files=files).json()[0]["name"] == "evil.txt"


def test_a_link_that_leaves_asks_first_and_shows_the_whole_address(tab: Tab, served: App) -> None:
    turn = served.ask("See [the notes](https://other.example/?told=4711) and [costs](/costs)")
    page = tab.open(f"/?c={turn['conversation_id']}")
    link = page.get_by_role("link", name="the notes", exact=True).first
    link.click()
    dialog = page.get_by_role("dialog", name="This link leaves Footlights")
    expect(dialog).to_contain_text("other.example")
    expect(dialog).to_contain_text("https://other.example/?told=4711")
    dialog.get_by_role("button", name="Stay").click()
    expect(dialog).to_be_hidden()
    assert len(tab.context.pages) == 1
    link.click()
    with tab.context.expect_page() as opened:
        dialog.get_by_role("button", name="Open in a new tab").click()
    expect(opened.value).to_have_url(re.compile(r"other\.example|chrome-error"))
    page.get_by_role("link", name="costs", exact=True).first.click()
    expect(dialog).to_be_hidden()


def test_a_conversation_is_deleted_while_it_is_being_answered(tab: Tab, served: App) -> None:
    """A dialog is heard when the run of the page has ended, which follows the answer else."""
    asked = served.api.post("/turns", json={"prompt": "/words 5000 pace 20ms"}).json()
    page = tab.page
    page.goto(f"{served.address}/?c={asked['conversation_id']}")
    expect(page.get_by_text("word20", exact=False).first).to_be_visible()
    page.locator(".st-key-conversation_menu button").first.evaluate("each => each.click()")
    page.get_by_role("menuitem", name="Delete").or_(
        page.get_by_text("Delete", exact=True)
    ).last.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_have_count(0, timeout=10_000)
    assert served.api.get(f"/conversations/{asked['conversation_id']}").status_code == 404
    [row] = served.api.get("/ledger", params={"turn_id": asked["turn_id"]}).json()
    assert row["state"] == "settled"
