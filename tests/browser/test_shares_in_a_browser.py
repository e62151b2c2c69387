"""A link as a stranger opens it: in a real Chromium, under another name than this machine's."""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import ROOT, App, Tab

HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script>![x](https://evil.example/a.png)'


@pytest.fixture
def far(chromium: Browser, served: App) -> Iterator[Tab]:
    """A phone from elsewhere, which fails its test when anybody but the app is asked, or when it is told
    where on this machine the app lies."""
    with phone(chromium, served) as made:
        yield made


@contextmanager
def phone(chromium: Browser, served: App) -> Iterator[Tab]:
    address = served.address.replace("127.0.0.1", "footlights.test")
    made = Tab(chromium, address, viewport={"width": 390, "height": 844})
    made.page.on("dialog", lambda dialog: made.faults.append(f"a script ran: {dialog.message}"))
    told: list[bytes | str] = []
    made.page.on("websocket", lambda one: one.on("framereceived", lambda each: told.append(each)))
    yield made
    made.context.close()
    assert made.faults == []
    assert not [each for each in told if os.fsencode(ROOT) in os.fsencode(each)]


def hostile_document(served: App) -> str:
    files = {"files": (f"{HOSTILE[:40]}.txt", f"The lamp house says {HOSTILE} at noon.".encode())}
    [document] = served.api.post("/documents", files=files).json()
    moment = threading.Event()
    while served.api.get(f"/documents/{document['id']}").json()["status"] != "indexed":
        moment.wait(0.05)
    return str(document["id"])


def enter(far: Tab, made: dict[str, Any]) -> None:
    far.page.goto(f"{far.address}/demo?t={made['token']}")
    expect(far.page).to_have_url(f"{far.address}/demo")
    far.page.get_by_role("button", name="Open").dblclick(no_wait_after=True)  # as many people do


def test_a_stranger_asks_and_no_stored_script_runs_nor_asks_anybody(
    far: Tab, served: App, chromium: Browser
) -> None:
    wish = {
        "kind": "live",
        "title": f"Demo {HOSTILE}"[:100],
        "description": HOSTILE,
        "questions": [f"What does the lamp house say? {HOSTILE}"],
        "documents": [hostile_document(served)],
    }
    made = served.api.post("/shares", json=wish).json()
    enter(far, made)
    page = far.page
    expect(page.get_by_text("Whoever shared this can read")).to_be_visible()
    page.locator(".st-key-suggestions button").click()
    chip = page.locator("[class*=st-key-citations_] button").first
    chip.click()
    expect(page.get_by_role("region", name="Passage")).to_contain_text("<script>alert(2)</script>")
    with phone(chromium, served) as other:  # somebody else, with the same link at the same time
        enter(other, made)
        expect(other.page.get_by_text("20 of 20 questions left")).to_be_visible()
        expect(other.page.locator("[class*=st-key-citations_]")).to_have_count(0)
        expect(page.get_by_text("19 of 20 questions left")).to_be_visible()
    assert served.api.get(f"/shares/{made['id']}").json()["visitors"] == 2
    page.goto(f"{far.address}/documents")
    expect(page).to_have_url(re.compile("/sign-in"))
    served.api.post(f"/shares/{made['id']}/revoke")
    page.goto(f"{far.address}/demo")
    expect(page.get_by_text("This demo has ended")).to_be_visible()
    log = served.log.read_text()
    assert made["token"] not in log and "Traceback" not in log


def test_a_snapshot_opens_its_citations_without_a_script_or_a_request(
    far: Tab, served: App
) -> None:
    turn = served.ask(f"What does the lamp house say? {HOSTILE}")
    talk = {"conversation_id": turn["conversation_id"], "title": HOSTILE[:90]}
    made = served.api.post("/shares", json={"kind": "snapshot", **talk}).json()
    enter(far, made)
    page = far.page
    expect(page.get_by_role("heading", level=1)).to_contain_text("<img src=x")
    page.locator("a.cite").first.click()
    expect(page.locator(".passage").first).to_be_visible()
    asked: list[str] = []
    html = served.api.get(f"/shares/{made['id']}/snapshot").text
    page.on("request", lambda request: asked.append(request.url))
    page.set_content(html)
    page.locator("a.cite").first.click()
    assert [each for each in asked if not each.startswith("data:")] == []
    assert page.locator("script").count() == 0


def test_a_stranger_who_has_read_further_up_is_taken_to_what_they_ask(
    far: Tab, served: App
) -> None:
    wish = {"kind": "live", "title": "A tale", "show_cost": True}
    made = served.api.post("/shares", json=wish).json()
    enter(far, made)
    page = far.page
    field = page.get_by_test_id("stChatInputTextArea")
    answers = page.get_by_text(re.compile("tokens in, "))
    for number, question in enumerate(("/words 200", "/words 201", "/words 202"), 1):
        expect(field).to_be_enabled()
        field.fill(question)
        field.press("Enter")
        expect(answers).to_have_count(number)
        expect(answers.last).to_be_in_viewport()
        page.mouse.move(195, 300)
        page.mouse.wheel(0, -9_000)
        expect(answers.last).not_to_be_in_viewport()
