"""People sign in at a real OpenID provider on loopback; whatever is amiss lets nobody in."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as some
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from core.api import create_api
from core.caller import caller
from core.doors import Doors
from core.people.allowed import Allowed
from core.people.ticket import Ticket, own_page
from core.sharing.wishes import Wish
from core.store.engine import reading
from core.store.tables import metadata
from core.types import TurnRequest
from tests.conftest import running, settings_for
from tests.core.people.provider_server import CLIENT, SECRET, OpenIdServer, provider

ANNA, BEN, BOSS = "anna@example.org", "ben@example.org", "boss@example.com"
CODE = "lamp-4711"


@pytest.fixture(scope="module")
def openid() -> Iterator[OpenIdServer]:
    with provider() as made:
        yield made


@pytest.fixture(autouse=True)
def straight(request: pytest.FixtureRequest) -> None:
    """The provider as it should be, before each test."""
    if "openid" in request.fixturenames:
        server = request.getfixturevalue("openid")
        server.claims, server.in_userinfo, server.signs_with = {}, False, None
        server.algorithm = "RS256"
        server.be(ANNA, name="Anna")


def team_settings(folder: Path, issuer: str, **more: Any) -> Any:
    given = {
        "FOOTLIGHTS_PUBLIC_URL": "http://demo.example",
        "FOOTLIGHTS_OIDC_ISSUER": issuer,
        "FOOTLIGHTS_OIDC_CLIENT_ID": CLIENT,
        "FOOTLIGHTS_OIDC_CLIENT_SECRET": SECRET,
        "FOOTLIGHTS_OIDC_ALLOW": "@example.org, guest@example.net",
        "FOOTLIGHTS_OIDC_OWNER": BOSS,
    }
    return settings_for(folder, **{**given, **more})


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, openid: OpenIdServer) -> Iterator[Any]:
    with running(team_settings(tmp_path_factory.mktemp("team"), openid.address)) as made:
        yield made


Browser = Callable[..., TestClient]


@pytest.fixture
def browser(bench: Any) -> Browser:
    """`browser()` is one of its own, from elsewhere, which has signed in nowhere yet."""
    addresses = iter(range(2, 250))

    def page(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"the page of {caller(request.scope).user}")

    app = Starlette(
        routes=[Mount("/api", app=create_api(lambda: bench)), Route("/{path:path}", page)],
        middleware=[Middleware(Doors, bench=lambda: bench, per_minute=100_000)],
    )

    def made() -> TestClient:
        where = (f"10.{time.time_ns() % 200}.0.{next(addresses)}", 5000)
        return TestClient(app, base_url="http://demo.example", client=where, follow_redirects=False)

    return made


def attempt(client: TestClient, page: str = "/") -> tuple[str, Any]:
    """Go to the provider, and come back with its answer: the address, and what it led to."""
    sent = client.get("/api/sign-in/oidc", params={"next": page})
    assert sent.status_code == 303
    back = httpx2.get(sent.headers["location"], follow_redirects=False).headers["location"]
    return back, client.get(back.removeprefix("http://demo.example"))


def sign_in(client: TestClient, openid: OpenIdServer, email: str, **more: Any) -> str:
    """Signed in as this person: his user id."""
    openid.be(email, **more)
    _, answer = attempt(client)
    assert answer.headers["location"] == "/", answer.headers
    return str(client.get("/api/me").json()["user_id"])


def why(answer: Any) -> str:
    """The word for which nobody was let in."""
    assert answer.status_code == 303 and "footlights_owner" not in str(answer.headers)
    return parse_qs(urlsplit(answer.headers["location"]).query)["why"][0]


# --- who comes in ---------------------------------------------------------------------------------


def test_a_person_signs_in_with_a_cookie_that_no_script_sees_and_signs_out_again(
    browser: Browser, openid: OpenIdServer, bench: Any
) -> None:
    anna = browser()
    assert anna.get("/api/turns").status_code == 401
    _, answer = attempt(anna, "/documents")
    assert (answer.status_code, answer.headers["location"]) == (303, "/documents")
    cookies = answer.headers.get_list("set-cookie")
    [cookie] = [each for each in cookies if each.startswith("footlights_owner=")]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Max-Age=86400" in cookie
    me = anna.get("/api/me").json()
    assert (me["email"], me["name"], me["owner"]) == (ANNA, "Anna", False)
    assert me["user_id"].startswith("person-") and ANNA not in me["user_id"]
    assert anna.get("/").text == f"the page of {me['user_id']}"
    kept = anna.cookies["footlights_owner"]
    assert anna.post("/api/sign-out").status_code == 204
    anna.cookies.set("footlights_owner", kept)
    assert anna.get("/api/turns").status_code == 401  # and not only forgotten by the browser


def test_behind_tls_the_cookies_go_over_tls_alone(
    browser: Browser, openid: OpenIdServer, bench: Any
) -> None:
    anna = browser()
    anna.base_url = httpx2.URL("https://demo.example")  # type: ignore[assignment]
    cookie = anna.get("/api/sign-in/oidc").headers["set-cookie"]
    assert "Secure" in cookie and "HttpOnly" in cookie and "Path=/api/sign-in" in cookie


def test_the_address_that_stays_the_same_person_when_it_changes(
    browser: Browser, openid: OpenIdServer, bench: Any
) -> None:
    first = sign_in(browser(), openid, "maiden@example.org", subject="77")
    married = sign_in(browser(), openid, "married@example.org", subject="77")
    heir = sign_in(browser(), openid, "maiden@example.org", subject="78")
    assert first == married != heir


def test_an_address_that_the_provider_tells_only_when_asked_is_taken(
    browser: Browser, openid: OpenIdServer, bench: Any
) -> None:
    openid.in_userinfo = True
    assert sign_in(browser(), openid, "guest@example.net").startswith("person-")


def test_the_owner_is_the_owner_by_the_provider_too(
    browser: Browser, openid: OpenIdServer, bench: Any
) -> None:
    boss = browser()
    assert sign_in(boss, openid, BOSS) == "local"
    assert boss.get("/api/people").status_code == 200
    assert BOSS not in [each["email"] for each in boss.get("/api/people").json()]


def test_this_machine_signs_in_as_well_where_the_app_is_shown_to_others(browser: Browser) -> None:
    near = TestClient(browser().app, base_url="http://localhost:8501", client=("127.0.0.1", 5000))
    assert near.get("/api/turns").status_code == 401


# --- who does not ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "email",
    ["eve@example.com", "eve@sub.example.org", "eve@example.org.evil.net", "eve@evilexample.org"],
)
def test_whoever_is_not_on_the_list_stays_out(
    browser: Browser, openid: OpenIdServer, email: str
) -> None:
    openid.be(email)
    client = browser()
    assert why(attempt(client)[1]) == "unlisted"
    assert client.get("/api/turns").status_code == 401


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"email_verified": False}, "unverified"),
        ({"email_verified": None}, "unverified"),
        ({"email": ["anna@example.org"]}, "unverified"),
        ({"iss": "https://evil.example"}, "provider"),
        ({"aud": "another-app"}, "provider"),
        ({"aud": [CLIENT, "another-app"]}, "provider"),
        ({"aud": CLIENT, "azp": "another-app"}, "provider"),
        ({"nonce": "of another attempt"}, "provider"),
        ({"nonce": None}, "provider"),
        ({"exp": 1_000_000}, "provider"),
        ({"exp": None}, "provider"),
        ({"iat": 9_999_999_999}, "provider"),
        ({"nbf": 9_999_999_999}, "provider"),
        ({"sub": ""}, "provider"),
        ({"sub": None}, "provider"),
    ],
)
def test_a_token_that_is_not_for_this_app_this_attempt_and_now_is_refused(
    browser: Browser, openid: OpenIdServer, claims: dict[str, Any], said: str
) -> None:
    openid.claims = claims
    assert why(attempt(browser())[1]) == said


def test_clocks_may_differ_by_a_minute(browser: Browser, openid: OpenIdServer, bench: Any) -> None:
    moment = int(time.time())
    openid.claims = {"exp": moment - 30, "iat": moment + 30, "nbf": moment + 30}
    assert attempt(browser())[1].headers["location"] == "/"
    openid.claims = {"exp": moment - 90}
    assert why(attempt(browser())[1]) == "provider"


def test_a_token_by_a_key_that_is_not_the_provider_s_is_refused(
    browser: Browser, openid: OpenIdServer
) -> None:
    openid.signs_with = RSAKey.generate_key(2048, {"kid": "one"})
    assert why(attempt(browser())[1]) == "provider"


@pytest.mark.parametrize("algorithm", ["HS256", "none"])
def test_the_public_key_is_no_shared_secret_and_a_signature_is_needed(
    browser: Browser, openid: OpenIdServer, algorithm: str
) -> None:
    openid.algorithm = algorithm
    assert why(attempt(browser())[1]) == "provider"


def test_a_key_that_the_provider_has_changed_is_asked_for(
    browser: Browser, openid: OpenIdServer, bench: Any
) -> None:
    assert attempt(browser())[1].headers["location"] == "/"
    openid.key = RSAKey.generate_key(2048, {"kid": "one"})
    bench.provider._keys_at -= 60  # not so soon after it was asked before
    assert attempt(browser())[1].headers["location"] == "/"


def test_an_answer_is_good_once_and_in_the_browser_that_asked(
    browser: Browser, openid: OpenIdServer
) -> None:
    anna, eve = browser(), browser()
    back, answer = attempt(anna)
    path = back.removeprefix("http://demo.example")
    assert answer.headers["location"] == "/"
    assert why(anna.get(path)) == "expired"
    assert why(eve.get(path)) == "expired"
    eve.get("/api/sign-in/oidc")
    assert why(eve.get(path)) == "expired"
    # With the state of his own attempt and a code that was stolen: PKCE ties the code to its browser.
    state = parse_qs(urlsplit(eve.get("/api/sign-in/oidc").headers["location"]).query)["state"][0]
    started = anna.get("/api/sign-in/oidc").headers["location"]
    stolen = httpx2.get(started, follow_redirects=False).headers["location"]
    code = parse_qs(urlsplit(stolen).query)["code"][0]
    query = {"code": code, "state": state}
    assert why(eve.get("/api/sign-in/oidc/callback", params=query)) == "provider"


def test_an_answer_of_another_provider_is_refused(browser: Browser, openid: OpenIdServer) -> None:
    client = browser()
    sent = client.get("/api/sign-in/oidc").headers["location"]
    state = parse_qs(urlsplit(sent).query)["state"][0]
    query = {"code": "x", "state": state, "iss": "https://evil.example"}
    assert why(client.get("/api/sign-in/oidc/callback", params=query)) == "provider"


def test_a_provider_that_is_not_there_is_said_and_not_thrown(
    browser: Browser, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.provider, "issuer", "http://127.0.0.1:9")
    monkeypatch.setattr(bench.provider, "_known", {})
    assert why(browser().get("/api/sign-in/oidc")) == "provider"
    monkeypatch.setattr(bench.provider, "issuer", "http://login.example")
    assert why(browser().get("/api/sign-in/oidc")) == "provider"


@pytest.mark.parametrize(
    "page", ["https://evil.example", "//evil.example", "/\\evil.example", "/x\r\ny", "javascript:x"]
)
def test_nobody_is_sent_to_another_page_afterwards(
    browser: Browser, openid: OpenIdServer, page: str
) -> None:
    assert attempt(browser(), page)[1].headers["location"] == "/"


@given(some.text())
def test_a_page_to_go_on_to_is_always_of_this_app(page: str) -> None:
    assert own_page(page) in {"/", page} and not own_page(page).startswith(("//", "/\\"))
    assert urlsplit(own_page(page)).netloc == ""


@given(some.text())
def test_a_cookie_that_is_no_ticket_is_none(cookie: str) -> None:
    assert Ticket.read(cookie) is None


@given(some.emails(), some.emails())
def test_the_list_lets_in_those_alone_whom_it_names(listed: str, other: str) -> None:
    allowed = Allowed([f" {listed.upper()} "])
    assert allowed.lets_in(listed)
    assert allowed.lets_in(other) == (other.casefold() == listed.casefold())
    assert not Allowed().lets_in(listed)
    assert Allowed(["@" + listed.rpartition("@")[2]]).lets_in(listed)


# --- who is taken off -----------------------------------------------------------------------------


def test_whoever_is_taken_off_is_out_at_the_next_request_with_keys_and_links(
    browser: Browser, openid: OpenIdServer, bench: Any
) -> None:
    client, boss = browser(), browser()
    user = sign_in(client, openid, "leaver@example.org")
    sign_in(boss, openid, BOSS)
    _, key = bench.api_keys.make(user, "a program", None)
    _, token = bench.shares.make(user, Wish(kind="live", title="Mine"))
    visit = bench.visits.enter(token, "", "10.1.1.1")
    program = {"Authorization": f"Bearer {key}"}
    assert client.get("/api/openai/v1/models", headers=program).status_code == 200
    answer = boss.put(f"/api/people/{user}/removed", json={"removed": True})
    assert [each["state"] for each in answer.json() if each["user_id"] == user] == ["removed"]
    assert client.get("/api/turns").status_code == 401
    assert client.get("/api/openai/v1/models", headers=program).status_code == 401
    stranger = browser()
    stranger.cookies.set("footlights_visit", visit)
    assert stranger.get("/api/demo").status_code == 404
    assert stranger.post("/api/demo/enter", json={"token": token}).status_code == 404
    openid.be("leaver@example.org")
    assert why(attempt(client)[1]) == "unlisted"
    boss.put(f"/api/people/{user}/removed", json={"removed": False})
    assert sign_in(client, openid, "leaver@example.org") == user


def test_a_list_that_no_longer_names_him_lets_him_out(
    tmp_path: Path, browser: Browser, openid: OpenIdServer, bench: Any
) -> None:
    client, boss = browser(), browser()
    user = sign_in(client, openid, "guest@example.net")
    sign_in(boss, openid, BOSS)
    secret, owner = client.cookies["footlights_owner"], boss.cookies["footlights_owner"]
    assert bench.team.signed_in(secret) == user and bench.team.signed_in(owner) == "local"
    for allowed in (Allowed(["@example.org"], ["new@example.com"]), Allowed()):
        object.__setattr__(bench.team, "allowed", allowed)
        try:
            assert bench.team.signed_in(secret) is None and not bench.team.is_in(user)
            assert bench.team.signed_in(owner) is None
        finally:
            object.__setattr__(
                bench.team, "allowed", Allowed(("@example.org", "guest@example.net"), (BOSS,))
            )
    late = lambda: bench.sign_ins.clock() + timedelta(days=1, seconds=1)  # noqa: E731
    assert type(bench.sign_ins)(bench.engine, clock=late).whose(secret) is None


# --- each his own ---------------------------------------------------------------------------------


def rows_of(bench: Any, user: str) -> dict[str, Any]:
    with reading(bench.engine) as connection:
        return {
            table.name: connection.execute(table.select().where(table.c.user_id == user)).all()
            for table in metadata.tables.values()
            if table.name not in ("people", "sign_ins")  # when he was here, and by which browser
        }


def test_no_route_gives_one_person_anything_of_another(
    browser: Browser, openid: OpenIdServer, bench: Any
) -> None:
    anna, ben = browser(), browser()
    user, other = sign_in(anna, openid, ANNA), sign_in(ben, openid, BEN)
    document, _ = bench.documents.add(user, "safe.txt", f"The safe opens with {CODE}.".encode())
    for _ in bench.bridge.iterate(bench.documents.settled(user), 60):
        pass
    turn = bench.turns.start(user, TurnRequest(f"What opens the safe? {CODE}"))
    for _ in bench.bridge.iterate(bench.turns.follow(user, turn.turn_id), 60):
        pass
    bench.shares.make(user, Wish(kind="live", title=f"Mine {CODE}"))
    bench.api_keys.make(user, f"program {CODE}", None)
    before, walked = rows_of(bench, user), 0
    every = ids_of(before)
    assert document.id in every and turn.turn_id in every
    for method, path, value in asked(bench, every):
        answer = ben.request(method, path, json={})
        assert CODE not in answer.text, (method, path)
        if value and method == "get":
            assert answer.status_code in (403, 404, 422), (method, path, answer.text[:200])
        walked += 1
    assert rows_of(bench, user) == before and walked > 200
    found = ben.post("/api/search", json={"query": "What opens the safe?", "k": 5}).json()
    assert found == {"hits": []}
    assert ben.get("/api/documents").json() == [] == ben.get("/api/conversations").json()
    assert [each["id"] for each in anna.get("/api/documents").json()] == [document.id]
    assert bench.turn_rows.list(other, 10) == []


def ids_of(rows: dict[str, Any]) -> list[str]:
    names = ("id", "turn_id", "conversation_id", "document_id")
    return sorted(
        {
            str(row._mapping[name])
            for found in rows.values()
            for row in found
            for name in names
            if row._mapping.get(name)
        }
    )


def asked(bench: Any, every: list[str]) -> Iterator[tuple[str, str, str]]:
    """Every route with every id, but those that strangers ask, and those that sign somebody out."""
    for path, methods in create_api(lambda: bench).openapi()["paths"].items():
        if path.startswith(("/demo", "/sign-", "/openai")):
            continue
        for method in methods:
            for value in every if "{" in path else [""]:
                parts = [value if part.startswith("{") else part for part in path.split("/")]
                yield method, "/api" + "/".join(parts), value


def test_a_person_has_a_cap_of_his_own_that_the_owner_alone_sets(
    browser: Browser, openid: OpenIdServer, bench: Any
) -> None:
    client, boss = browser(), browser()
    user = sign_in(client, openid, "spender@example.org")
    sign_in(boss, openid, BOSS)
    told = {each["user_id"]: each for each in boss.get("/api/people").json()}
    assert told[user]["cap"] == "5" and told["local"]["cap"] is None
    boss.put(f"/api/people/{user}/cap", json={"cap": "0.25"})
    assert bench.caps.state(user, "month").limit == Decimal("0.25")
    for method, path, body in (
        ("get", "/api/people", None),
        ("put", f"/api/people/{user}/cap", {"cap": None}),
        ("put", f"/api/people/{user}/removed", {"removed": False}),
        ("post", "/api/sign-in/rotate", None),
    ):
        answer = client.request(method, path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_yours")
    assert bench.caps.state(user, "month").limit == Decimal("0.25")
    sign_in(client, openid, "spender@example.org")  # coming again does not renew what was set
    assert bench.caps.state(user, "month").limit == Decimal("0.25")
    assert boss.put("/api/people/nobody/cap", json={"cap": "1"}).status_code == 404
