"""Models, as their owner uses them: a key for a program is revoked, and no other."""

from playwright.sync_api import expect

from tests.browser.conftest import Tab


def test_a_revoked_key_leaves_no_other_one_with_its_question_open(tab: Tab) -> None:
    page = tab.open("/models")
    for name in ("First", "Second"):
        page.get_by_role("button", name="Make a key").click()
        page.get_by_role("dialog").get_by_role("textbox", name="Name").fill(name)
        page.get_by_role("button", name="Make it").click()
        expect(page.get_by_text("Copy it now")).to_be_visible()
        page.get_by_role("button", name="Close").click()
        tab.settle()
    page.get_by_role("button", name="Revoke Second").click()
    page.get_by_role("button", name="Revoke it").click()
    expect(page.get_by_text("Second is revoked.")).to_be_visible()
    expect(page.get_by_role("button", name="Revoke Second")).to_have_count(0)
    tab.settle()
    expect(page.get_by_role("button", name="Revoke it")).to_have_count(0)
    page.get_by_role("button", name="Revoke First").click()
    expect(page.get_by_text("Programs that use First")).to_be_visible()
    page.get_by_role("button", name="Revoke it").click()
    expect(page.get_by_text("First is revoked.")).to_be_visible()
