"""Shares: a link is looked at before it is made, shown once, and closed; strangers see one page."""

from decimal import Decimal
from typing import Any

import pytest
import streamlit as st
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from core.errors import Refused
from core.sharing.pace import Pace
from core.sharing.wishes import Wish
from core.store.conversations import touch
from core.store.engine import writing
from pages.ui import session
from tests.pages.conftest import ROOT, Open

ME = "local"


def texts(page: AppTest) -> str:
    kinds = (page.title, page.header, page.subheader, page.markdown, page.caption, page.code)
    return "\n".join(str(each.value) for kind in kinds for each in kind)


def press(page: AppTest, label: str) -> AppTest:
    [button] = [each for each in page.button if each.label == label]
    return button.click().run()


def test_a_live_demo_is_made_and_its_link_is_shown_once(app: Open, bench: Any) -> None:
    page = app("shares")
    assert "Nothing is shared" in texts(page)
    page = press(page, "New link")
    assert page.session_state["share_kind"] == "snapshot", "what costs nothing comes first"
    page.session_state["share_kind"] = "live"
    page.run()
    assert "What a stranger will see" in texts(page)
    page.text_input(key="share_title_live").set_value("Ask the crew").run()
    assert "Ask the crew" in [each.value for each in page.title]
    page = press(page, "Make the link")
    [share] = bench.shares.list(ME)
    assert share.link.title == "Ask the crew" and share.cap and share.cap.limit == 1
    said = texts(page)
    assert "/demo?t=" in said and "Ask the crew is ready" in said
    page = press(page, "I have it")
    assert "/demo?t=" not in texts(page)


def test_the_conversation_that_is_to_be_shared_is_chosen_however_many_are_newer(
    app: Open, bench: Any, asked: Any
) -> None:
    old = asked("/words 3")
    with writing(bench.engine) as connection:
        for number in range(100):
            touch(connection, ME, f"newer-{number}", f"Newer {number}")
    newer = asked("/words 4")

    form = app("shares", new="snapshot", c=old.conversation_id)
    assert form.selectbox(key="share_conversation").value == old.conversation_id
    gone = app("shares", new="snapshot", c="gone")
    assert "there is no conversation gone" in gone.error[0].value
    assert gone.selectbox(key="share_conversation").value is None
    assert newer.answer not in texts(gone), "another one is not offered in its place"


def test_many_links_come_by_the_page_newest_first_and_can_be_looked_for(
    app: Open, bench: Any
) -> None:
    for number in range(12):
        bench.shares.make(ME, Wish(kind="live", title=f"Demo {number}", cap=Decimal("0.0005")))
    page = app("shares")
    shown = [each.value for each in page.subheader if each.value.startswith("Demo")]
    assert shown == [f"Demo {number}" for number in range(11, 1, -1)]
    [cap, *_] = [each for each in page.number_input if each.label.startswith("All its visitors")]
    assert (cap.value, cap.proto.format) == (0.0005, "%g")
    page.session_state["share_page"] = 2
    page.run()
    assert [each.value for each in page.subheader if each.value.startswith("Demo")] == [
        "Demo 1",
        "Demo 0",
    ]
    page.text_input(key="share_query").set_value("demo 1").run()
    assert [each.value for each in page.subheader if each.value.startswith("Demo")] == [
        "Demo 11",
        "Demo 10",
        "Demo 1",
    ]
    page.text_input(key="share_query").set_value("nowhere").run()
    assert "No link with “nowhere”" in texts(page)


def test_a_public_address_is_asked_whether_it_answers(
    app: Open, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.settings, "public_url", "http://[::1]:9")
    page = press(app("shares", new="live"), "Make the link")
    assert "http://[::1]:9/demo?t=" in texts(page)
    [told] = page.warning
    assert "cannot be reached from here" in told.value and "Start the tunnel" in told.value
    assert "cloudflared" not in texts(page)


def test_what_should_not_be_shown_is_pointed_at_before_it_is(
    app: Open, bench: Any, asked: Any
) -> None:
    turn = asked("Write to anna@example.org, the key is sk-proj-0123456789abcdefghij")
    page = app("shares", new="snapshot", c=turn.conversation_id)
    said = texts(page)
    assert "an e-mail address in the title" in said and "anna@example.org" in said
    assert "a key in question 1" in said
    [make] = [each for each in page.button if each.label == "Make the link"]
    assert make.disabled
    page.checkbox(key="share_agreed").check().run()
    page = press(page, "Make the link")
    assert [each.link.kind for each in bench.shares.list(ME)] == ["snapshot"]


def test_a_card_pauses_and_revokes_and_one_switch_pauses_all(app: Open, bench: Any) -> None:
    link, _ = bench.shares.make(ME, Wish(kind="live", title="Demo"))
    page = app("shares")
    page.button(key=f"pause_{link.id}").click().run()
    assert bench.shares.get(ME, link.id).state == "paused"
    page.button(key=f"go_{link.id}").click().run()
    page.toggle[0].set_value(True).run()
    assert bench.shares.list(ME)[0].state == "paused"
    page.toggle[0].set_value(False).run()
    page.button(key=f"revoke_{link.id}").click().run()
    assert bench.shares.list(ME)[0].state == "revoked"


def test_the_owner_reads_what_a_visitor_asked(app: Open, bench: Any) -> None:
    link, token = bench.shares.make(ME, Wish(kind="live", title="Demo"))
    visit = bench.visits.enter(token, "", "127.0.0.1")
    bench.visits.ask(visit, "What is a gaffer?", "127.0.0.1")
    for _ in bench.bridge.iterate(bench.visits.follow(visit), 60):
        pass
    [visitor] = bench.shares.visitors.list(ME, link.id)
    page = app("shares", share=link.id, visitor=visitor.id)
    assert "What is a gaffer?" in texts(page)
    page = app("shares")
    assert not page.get("plotly_chart")  # a page of many links draws none that is not opened
    page.session_state[f"use_{link.id}"] = True
    page.run()
    assert page.get("plotly_chart")
    [days] = page.dataframe
    assert days.value["Calls"].tolist() == [1] and days.value["Cost"].tolist() == ["$0"]


def test_the_owner_is_told_when_what_a_link_rests_on_is_gone(app: Open, bench: Any) -> None:
    document, _ = bench.documents.add(ME, "rider.txt", b"The gaffer keeps the lamps.")
    bench.bridge.run(bench.prompts.duplicate("answer", "mine"))
    wish = Wish(kind="live", title="Ask the crew", prompt="mine@1", documents=(document.id,))
    link, token = bench.shares.make(ME, wish)
    visit = bench.visits.enter(token, "", "10.0.0.9")
    assert not app("shares").warning

    def told() -> str:
        with pytest.raises(Refused, match="cannot answer now"):  # all that a visitor is told
            bench.visits.ask(visit, "What is a gaffer?", "10.0.0.9")
        [said] = app("shares").warning
        assert "make a new link and revoke this one" in said.value
        return str(said.value)

    home = bench.prompts.home("mine").path
    home.rename(home.with_name("yours"))
    assert "there is no prompt 'mine@1'" in told()
    home.with_name("yours").rename(home)
    assert not app("shares").warning
    bench.documents.delete(ME, document.id)
    assert "none of its documents and collections is there any more" in told()
    bench.shares.links.revoke(ME, link.id)
    assert not app("shares").warning


# --- as a visitor ----------------------------------------------------------------------------------


@pytest.fixture
def stranger(bench: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`stranger(cookie)` opens the frame as the doors announce somebody who is not the owner."""

    def open_as(cookie: str) -> AppTest:
        headers = {"x-footlights-door": "none", "x-footlights-address": "10.0.0.9"}
        monkeypatch.setattr(ContextProxy, "headers", property(lambda _: headers))
        monkeypatch.setattr(
            ContextProxy, "cookies", property(lambda _: {"footlights_visit": cookie})
        )
        return AppTest.from_file(str(ROOT / "pages" / "frame.py"), default_timeout=60)

    return open_as


def test_a_visitor_gets_no_other_page_of_the_app(bench: Any, asked: Any, stranger: Any) -> None:
    asked("The owner's own question")
    _, token = bench.shares.make(ME, Wish(kind="live", title="Demo"))
    test = stranger(bench.visits.enter(token, "", "10.0.0.9")).run()
    assert [each.value for each in test.title] == ["This demo has ended"]  # at any address but one
    pages = sorted((ROOT / "pages").glob("*/page.py"))
    assert len(pages) == 10
    for page in pages:
        with pytest.raises(ValueError, match="Could not find a navigation page"):
            test.switch_page(f"{page.parent.name}/page.py")
    test.switch_page("demo.py").run()
    assert "owner's own question" not in texts(test)
    assert not test.sidebar.button


def test_a_browser_that_clears_the_caches_of_pages_makes_no_second_workbench(bench: Any) -> None:
    st.cache_resource.clear()  # what any browser may have Streamlit do, a visitor's too
    assert session.workbench() is bench


def test_what_a_visitor_asks_in_another_tab_while_his_answer_comes_is_not_lost(
    bench: Any, stranger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token = bench.shares.make(ME, Wish(kind="live", title="Ask the crew"))
    visit = bench.visits.enter(token, "", "10.0.0.9")
    second = stranger(visit).run()
    second.switch_page("demo.py").run()
    bench.visits.ask(visit, "/stall", "10.0.0.9")

    def until_stopped(*_: Any) -> None:
        bench.bridge.run(bench.visits.stop(visit))
        for _ in bench.bridge.iterate(bench.visits.follow(visit), 60):
            pass

    monkeypatch.setattr("pages.ui.demo_chat._follow", until_stopped)
    second.chat_input[0].set_value("What is a gaffer?").run()
    assert [each["question"] for each in bench.visits.history(visit)] == ["/stall"]
    assert second.chat_input[0].proto.value == "What is a gaffer?"
    assert "19 of 20 questions left" in texts(second)


def test_a_visitor_asks_on_his_page_and_meets_a_good_end(bench: Any, stranger: Any) -> None:
    link, token = bench.shares.make(
        ME, Wish(kind="live", title="Ask the crew", messages=2, questions=("What is a grip?",))
    )
    test = stranger(bench.visits.enter(token, "", "10.0.0.9")).run()
    test.switch_page("demo.py").run()
    assert [each.value for each in test.title] == ["Ask the crew"]
    assert "Whoever shared this can read what you ask" in texts(test)
    assert "2 of 2 questions left" in texts(test)
    test.button(key="demo_What is a grip?").click().run()
    assert "1 of 2 questions left" in texts(test) and "What is a grip?" in texts(test)
    too_fast = bench.visits.paces.visitor
    bench.visits.paces.visitor = Pace(per_minute=0.001, burst=0)
    test.chat_input[0].set_value("And a gaffer?").run()
    assert "1 of 2 questions left" in texts(test) and test.error
    assert test.chat_input[0].proto.value == "And a gaffer?"  # typed once is enough
    bench.visits.paces.visitor = too_fast
    test.chat_input[0].set_value("And a gaffer?").run()
    assert "You have asked all your questions" in texts(test)
    assert test.chat_input[0].disabled
    bench.shares.links.revoke(ME, link.id)
    test.run()
    assert [each.value for each in test.title] == ["This demo has ended"]
    assert "gaffer" not in texts(test)
