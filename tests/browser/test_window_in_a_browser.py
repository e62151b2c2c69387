"""The what-if lab, as a visitor uses it: replayed, asked under two strategies, and made the conversation's."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import App, Tab


def talk(served: App, count: int) -> str:
    """A conversation of so many questions; the id of its last turn."""
    where, turn = None, ""
    for number in range(count):
        body = {"prompt": f"/words 40 lamp {number}", "use_documents": False, "max_tokens": 64}
        started = served.api.post("/turns", json={**body, "conversation_id": where}).json()
        where, turn = started["conversation_id"], started["turn_id"]
        served.api.get(f"/turns/{turn}/events")
    return turn


@pytest.mark.timeout(300)  # it may be the one that starts the app
def test_the_lab_replays_asks_under_two_strategies_and_is_taken_over(tab: Tab, served: App) -> None:
    turn = talk(served, 5)
    page = tab.open(f"/tokens?turn={turn}")
    page.get_by_role("tab", name="What if").click()
    expect(page.get_by_text("“/words 40 lamp 4”").first).to_be_visible()
    asked = len(served.api.get("/turns").json())
    window = page.locator(".st-key-lab_window").get_by_role("slider")
    window.focus()
    window.press("Home")  # 300 tokens
    expect(page.locator(".fl-turns .fl-gone").first).to_be_visible()
    expect(page.get_by_text(re.compile("^What goes: ")).first).to_be_visible()
    at = page.locator("[class*=st-key-lab_at_]").get_by_role("slider")
    at.focus()
    at.press("ArrowLeft")
    expect(page.get_by_text("“/words 40 lamp 3”").first).to_be_visible()
    expect(page.get_by_text("of 3 earlier turns kept").first).to_be_visible()
    assert len(served.api.get("/turns").json()) == asked, "nothing is sent until it is asked"
    for number, name in enumerate(("oldest_first", "sliding_window"), 1):
        tab.settle()
        page.locator(f".st-key-ask_{name}").get_by_role("button").click()
        expect(page.locator("[class*=st-key-again_]")).to_have_count(number)
    tab.settle()
    newest = served.api.get("/turns").json()[:2]
    assert {each["request"]["plan"]["strategy"] for each in newest} == {
        "oldest_first",
        "sliding_window",
    }
    page.locator(".st-key-use_sliding_window").get_by_role("button").click()
    expect(page.get_by_text("This conversation uses it.")).to_be_visible()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("width", [1000, 1280])
def test_costs_and_shares_of_the_models_are_seen_at_any_width(
    tab: Tab, served: App, width: int
) -> None:
    talk(served, 1)
    tab.page.set_viewport_size({"width": width, "height": 900})
    table = tab.open("/costs").locator(".st-key-cost_split [data-testid=stDataFrame]")
    expect(table).to_be_visible()
    # The name, the cost and the share of all come to 320 pixels.
    box = table.bounding_box()
    assert box and box["width"] >= 320
