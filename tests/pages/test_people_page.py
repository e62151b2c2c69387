"""People: the owner sees who spent what and sets caps; a person sees neither that page nor the keys."""

import json
from decimal import Decimal
from typing import Any

import pytest
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from core.errors import BudgetExceeded
from core.people.allowed import Allowed
from core.people.identity import Identity
from core.people.team import user_id
from tests.pages.conftest import ROOT, Open

ANNA = Identity("https://login.example.org", "7", "anna@example.org", "Anna")
ME = user_id(ANNA)


def texts(page: AppTest) -> str:
    kinds = (page.title, page.header, page.subheader, page.markdown, page.caption, page.code)
    return "\n".join(str(each.value) for kind in kinds for each in kind)


@pytest.fixture
def secret(bench: Any) -> str:
    """The cookie of a person who has signed in, and has spent $1.25 of his $5 today."""
    object.__setattr__(bench.settings, "oidc_issuer", "https://login.example.org")
    object.__setattr__(bench.team, "allowed", Allowed(["@example.org"]))
    made = str(bench.team.arrive(ANNA))
    bench.ledger.reserve(ME, "r1", "t1", "c1", "m", "answer", Decimal("1.25"))
    bench.ledger.settle(ME, "r1", cost=Decimal("1.25"), usage=None)
    return made


def test_the_owner_sees_who_spent_what_and_sets_a_cap(app: Open, bench: Any, secret: str) -> None:
    page = app("people")
    said = texts(page)
    assert "Anna" in said and "anna@example.org" in said and "here last" in said
    assert [each.value for each in page.metric] == ["1", "$1.25", "$0"]
    page.number_input(key=f"month_{ME}").set_value(2.5).run()
    page.button(key=f"set_month_{ME}").click().run()
    assert bench.caps.state(ME, "month").limit == Decimal("2.5")
    page.button(key=f"remove_{ME}").click().run()
    assert bench.team.signed_in(secret) is None
    page.button(key=f"back_{ME}").click().run()
    assert bench.team.members()[1].state == "in"


def test_of_a_hundred_people_one_is_found_and_the_dearest_are_named(app: Open, bench: Any) -> None:
    object.__setattr__(bench.settings, "oidc_issuer", "https://login.example.org")
    object.__setattr__(bench.team, "allowed", Allowed(["@example.org"]))
    for number in range(50):
        who = Identity(ANNA.issuer, f"{number}", f"p{number}@example.org", f"Person {number}")
        bench.team.arrive(who)
        bench.ledger.reserve(user_id(who), "r", "t", "c", "m", "answer", Decimal(1))
        bench.ledger.settle(user_id(who), "r", None, Decimal(number) / 100)
    page = app("people")
    assert "1 to 20 of 50 people" in texts(page)
    assert len([each for each in page.button if str(each.key).startswith("remove_")]) == 20
    page.text_input(key="people_search").set_value("P31@").run()
    assert [each.value for each in page.subheader][1:] == ["Person 31"]
    page.text_input(key="people_search").set_value("nobody").run()
    assert "Nobody has “nobody”" in texts(page)
    [chart] = page.get("plotly_chart")
    bars = json.loads(chart.proto.spec)["data"]
    assert [each["name"] for each in bars[:2]] == ["p49@example.org", "p48@example.org"]
    assert bars[-1]["name"] == "42 others" and len(bars) == 8
    assert len({each["marker"]["color"] for each in bars}) == 8  # nobody has the colour of another


def test_alone_the_page_says_how_others_come_in(app: Open, bench: Any) -> None:
    said = texts(app("people"))
    assert "FOOTLIGHTS_OIDC_ISSUER" in said and "/api/sign-in/oidc/callback" in said


def test_the_owner_ends_a_token_that_is_listed(app: Open, bench: Any) -> None:
    token = bench.sign_ins.token("local")
    assert bench.sign_ins.exchange(token)
    page = app("shares")
    said = texts(page)
    assert "**Token**" in said and "**Browser**" in said and "never used" in said
    [row] = [each for each in bench.sign_ins.list("local") if each.kind == "token"]
    page.button(key=f"end_{row.id}").click().run()
    assert bench.sign_ins.exchange(token) is None


def test_tokens_of_earlier_starts_are_one_line_and_end_together(app: Open, bench: Any) -> None:
    made = bench.sign_ins.token("local", 365)
    first, second, newest = (bench.sign_ins.token("local") for _ in range(3))
    page = app("shares")
    assert "**2 tokens of earlier starts**" in texts(page)
    page.button(key="end_earlier").click().run()
    assert "of earlier starts" not in texts(page)
    assert [bench.sign_ins.exchange(each) is not None for each in (first, second, newest, made)] == [
        False, False, True, True
    ]  # fmt: skip


# --- as a person of the team ----------------------------------------------------------------------


@pytest.fixture
def hers(secret: str, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Pages as the doors hand them to a person who has signed in."""
    headers = {"x-footlights-door": "browser", "x-footlights-address": "10.0.0.9"}
    monkeypatch.setattr(ContextProxy, "headers", property(lambda _: headers))
    monkeypatch.setattr(ContextProxy, "cookies", property(lambda _: {"footlights_owner": secret}))

    def open_page(page: str = "chat") -> AppTest:
        test = AppTest.from_file(str(ROOT / "pages" / "frame.py"), default_timeout=60).run()
        if page != "chat":
            test.switch_page(f"{page}/page.py").run()
        assert not test.exception, test.exception
        return test

    return open_page


def test_a_person_has_conversations_of_her_own_and_is_out_when_she_is_removed(
    hers: Open, bench: Any, asked: Any
) -> None:
    asked("What does the owner ask?")
    page = hers()
    side = "\n".join(str(each.value) for each in page.sidebar.caption)
    assert "anna@example.org" in side and "/sign-out" in side
    assert "What does the owner ask?" not in str(page.sidebar)
    page.chat_input[0].set_value("What is a gaffer?").run()
    [turn] = bench.turn_rows.list(ME, 10)
    assert turn.request.prompt == "What is a gaffer?"
    bench.team.remove(ME)
    page.session_state["_user_seen"] = (-9.0, None)
    page.run()
    assert not page.chat_input and not page.sidebar.button


def test_a_person_sees_neither_keys_nor_the_caps_of_others(hers: Open, bench: Any) -> None:
    page = hers("models")
    said = texts(page)
    assert "the owner of the app sets it" in said
    assert not [each for each in page.text_input if "key" in each.label.lower()]
    assert not [each for each in page.number_input if each.key and each.key.startswith("cap_")]
    assert "Your own way in" not in texts(hers("shares"))


def test_at_her_cap_a_person_is_sent_to_whoever_can_raise_it(hers: Open, bench: Any) -> None:
    bench.caps.set(ME, "month", Decimal("1.30"))
    page = hers()
    assert "This month's cap is near" in page.warning[0].value
    assert "Change the caps" not in [each.proto.label for each in page.get("page_link")]
    with pytest.raises(BudgetExceeded) as refused:
        bench.ledger.reserve(ME, "r2", "t1", "c1", "openai:a", "answer", Decimal(1))
    assert refused.value.hint.startswith("It renews on ")
    assert "Ask whoever runs the app to raise it" in refused.value.hint
