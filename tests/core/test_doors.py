"""Who is let in: this machine under its own name, its owner from elsewhere, a visitor to his link."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from core.api import create_api
from core.caller import caller
from core.doors import Doors, is_loopback, paths
from core.doors.sockets import Neighbours
from core.doors.who import found
from core.errors import NotOpen
from core.processes import offspring
from core.sharing.wishes import Wish
from tests.conftest import served

Ask = Callable[..., Any]
FAR = {"address": "192.168.1.5", "host": "demo.example"}


async def page(request: Request) -> PlainTextResponse:
    who = caller(request.scope)
    told = request.headers.get("x-footlights-door")
    return PlainTextResponse(f"the page for {told} at {who.address}")


@pytest.fixture
def client(bench: Any) -> Callable[..., TestClient]:
    """`client(address=, host=)` asks from there."""
    app = Starlette(
        routes=[Mount("/api", app=create_api(lambda: bench)), Route("/{path:path}", page)],
        middleware=[Middleware(Doors, bench=lambda: bench, per_minute=80)],
    )

    def made(address: str = "127.0.0.1", host: str = "localhost") -> TestClient:
        return TestClient(
            app,
            base_url=f"http://{host}:8501",
            client=(address, 5000),
            follow_redirects=False,
            headers={"accept": "text/html"},
        )

    return made


def test_this_machine_is_let_in_with_headers_that_keep_the_page_to_itself(client: Ask) -> None:
    answer = client().get("/")
    assert answer.text == "the page for machine at 127.0.0.1"
    policy = answer.headers["content-security-policy"]
    assert "img-src 'self' data: blob:" in policy and "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in answer.headers["x-robots-tag"]
    assert client().get("/api/health").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("asked", "headers"),
    [
        ({"address": "192.168.1.5"}, {}),
        ({"host": "evil.example"}, {}),
        ({}, {"Host": "evil.example@127.0.0.1"}),
        ({}, {"Host": "["}),
        ({}, {"Host": "[x]"}),
        ({}, {"X-Forwarded-For": "127.0.0.1"}),
        ({}, {"Forwarded": "for=127.0.0.1"}),
        ({}, {"Via": "1.1 nginx"}),
        ({}, {"X-Real-IP": "127.0.0.1"}),
        ({}, {"X-Forwarded-Server": "demo"}),
        ({}, {"CF-Ray": "8f3"}),
        ({}, {"CF-Connecting-IP": "127.0.0.1"}),
        ({}, {"True-Client-IP": "127.0.0.1"}),
        ({}, {"Tailscale-User-Login": "anna"}),
        ({"host": "localhost.evil.example"}, {}),
        ({"address": "192.168.1.5"}, {"X-Footlights-Door": "machine"}),
        ({"address": "192.168.1.5"}, {"X-Forwarded-For": "127.0.0.1", "Host": "localhost"}),
    ],
)
def test_everyone_else_signs_in_first(
    client: Ask, asked: dict[str, str], headers: dict[str, str]
) -> None:
    stranger = client(**asked)
    for path in ("/", "/documents", "/media/x", "/_stcore/upload_file/a/b", "/demo/x"):
        answer = stranger.get(path, headers=headers)
        assert (answer.status_code, answer.headers["location"][:8]) == (303, "/sign-in")
    for path in ("/api/turns", "/api/docs", "/api/openapi.json", "/api/shares", "/api/demoX"):
        answer = stranger.get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "sign_in")
    assert stranger.post("/api/turns", json={"prompt": "x"}, headers=headers).status_code == 401


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://[", "http://a]b"])
def test_no_other_web_page_asks_in_somebody_s_name(client: Ask, origin: str) -> None:
    for path in ("/", "/api/turns", "/api/demo", "/demo", "/sign-in"):
        answer = client().get(path, headers={"Origin": origin})
        assert answer.status_code == 403
        assert "another web page" in answer.json()["detail"]
    assert client().get("/", headers={"Origin": "http://localhost:8501"}).status_code == 200


def test_the_owner_signs_in_from_elsewhere_until_the_token_is_rotated(
    client: Ask, bench: Any
) -> None:
    token, far = bench.sign_ins.token("local"), client(**FAR)
    assert "Sign in" in far.get("/sign-in").text
    answer = far.post("/api/sign-in", json={"token": token})
    assert answer.status_code == 204
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and token not in cookie
    assert far.get("/documents").text == "the page for browser at 192.168.1.5"
    assert far.get("/api/turns").status_code == 200
    with bench.engine.connect() as connection:
        kept = str(connection.exec_driver_sql("SELECT * FROM sign_ins").all())
    assert token not in kept and cookie.split("=")[1].split(";")[0] not in kept
    fresh = client().post("/api/sign-in/rotate").json()["token"]
    assert far.get("/api/turns").status_code == 401
    assert far.post("/api/sign-in", json={"token": token}).status_code == 401
    assert far.post("/api/sign-in", json={"token": fresh}).status_code == 204


def test_guessing_the_token_is_slowed_and_the_right_one_opens_all_the_same(
    client: Ask, bench: Any
) -> None:
    far = client(address="192.168.7.7", host="demo.example")
    told = [far.post("/api/sign-in", json={"token": "x" * 43}) for _ in range(12)]
    assert [answer.status_code for answer in told] == [401] * 10 + [429] * 2
    assert int(told[-1].headers["retry-after"]) >= 1
    right = {"token": bench.sign_ins.token("local")}
    assert far.post("/api/sign-in", json=right).status_code == 204


def test_forwarded_addresses_are_believed_of_trusted_proxies_alone(client: Ask, bench: Any) -> None:
    token = bench.sign_ins.token("local")
    far = client(address="10.0.0.2", host="demo.example")
    far.post("/api/sign-in", json={"token": token})
    forged = {"X-Forwarded-For": "6.6.6.6, 10.0.0.9, 10.0.0.2", "X-Forwarded-Proto": "https"}
    assert far.get("/", headers=forged).text.endswith("at 10.0.0.2")
    object.__setattr__(bench.settings, "trusted_proxies", ("10.0.0.2/32",))
    assert far.get("/", headers=forged).text.endswith("at 10.0.0.9")
    assert far.get("/", headers={"X-Forwarded-For": "6.6.6.6, nonsense"}).text.endswith("10.0.0.2")
    with_ports = {"X-Forwarded-For": "6.6.6.6:80, 10.0.0.9:51234, 10.0.0.2:443"}
    assert far.get("/", headers=with_ports).text.endswith("at 10.0.0.9")
    with_port = {"X-Forwarded-For": "[2001:db8::7]:51234"}
    assert far.get("/", headers=with_port).text.endswith("at 2001:db8::7")
    secure = far.post("/api/sign-in", json={"token": token}, headers=forged)
    assert "Secure" in secure.headers["set-cookie"]


def test_where_a_trusted_proxy_stands_nobody_is_the_owner_without_a_word(
    client: Ask, bench: Any
) -> None:
    assert client().get("/").status_code == 200
    object.__setattr__(bench.settings, "trusted_proxies", ("127.0.0.1/32",))
    assert client().get("/").status_code == 303


@pytest.mark.parametrize(
    ("name", "value", "signs_in"),
    [
        ("public_url", "https://demo.example.org", True),
        ("public_url", "http://localhost:8501", False),
        ("public_url", "http://localhost.evil.example", True),
        ("sign_in", "always", True),
        ("oidc_issuer", "https://login.example.org", True),
    ],
)
def test_where_the_app_is_shown_to_others_one_signs_in_on_this_machine_too(
    client: Ask, bench: Any, name: str, value: str, signs_in: bool
) -> None:
    object.__setattr__(bench.settings, name, value)
    assert client().get("/").status_code == (303 if signs_in else 200)
    assert client().get("/api/turns").status_code == (401 if signs_in else 200)


TABLE = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:2135 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
   1: 0100007F:1F40 0100007F:2135 01 00000000:00000000 00:00000000 00000000  {ours}        0 2
   2: 0100007F:1F41 0100007F:2135 01 00000000:00000000 00:00000000 00000000  {other}        0 3
   3: 0100007F:1F40 0100007F:2135 06 00000000:00000000 00:00000000 00000000  {other}        0 0
   4: 0100007F:1F41 0100007F:1111 01 00000000:00000000 00:00000000 00000000  {ours}        0 4
"""


def test_a_program_of_another_user_of_this_machine_is_not_its_owner(tmp_path: Path) -> None:
    table = tmp_path / "tcp"
    table.write_text(TABLE.format(ours=os.getuid(), other=os.getuid() + 33))
    told = Neighbours((table, tmp_path / "there-is-none"), clock=iter(range(0, 99, 9)).__next__)
    assert not told.is_other(8000, 8501)  # ours; what is over is nobody's
    assert told.is_other(8001, 8501)  # a web server that passes requests on, say
    assert not told.is_other(8002, 8501)  # nothing is known
    table.write_text("")
    assert not told.is_other(8001, 8501)  # a port is asked for anew


def test_a_real_connection_of_one_s_own_program_is_its_owner_s(bench: Any) -> None:
    async def page(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse(scope["footlights.caller"].door)(scope, receive, send)

    with served(Doors(page, lambda: bench)) as address:
        assert httpx2.get(address).text == "machine"


@pytest.mark.parametrize("through", [(), ("env", "-i")])
def test_a_tool_that_asks_the_app_back_is_not_its_owner(
    bench: Any, through: tuple[str, ...]
) -> None:
    async def page(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse(scope["footlights.caller"].door)(scope, receive, send)

    ask = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())"
    with served(Doors(page, lambda: bench)) as address:
        asking = [sys.executable, "-c", ask, address]
        mark = offspring.marked()
        # What it starts with an environment of its own is of it too.
        start = "import subprocess, sys; subprocess.run(sys.argv[1:])"
        tool = subprocess.Popen(
            [sys.executable, "-c", start, *through, *asking],
            env={**os.environ, **mark},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        said, _ = tool.communicate()
        assert b"machine" not in said
        offspring.end(tool.pid, mark)
        mine = subprocess.run(asking, capture_output=True, text=True)
        assert mine.stdout.strip() == "machine"


def test_where_the_app_lies_is_told_to_its_owner_s_pages_alone(bench: Any) -> None:
    told = b"\x22\x13/srv/app/frame.py\x12\x04demo"

    async def stream(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "bytes": told})

    def heard(address: str, host: str, cookies: dict[str, str]) -> bytes:
        doors = Doors(stream, lambda: bench, hidden="/srv/app/frame.py")
        asked = TestClient(doors, client=(address, 5000), cookies=cookies)
        with asked.websocket_connect(f"ws://{host}/_stcore/stream") as socket:
            return socket.receive_bytes()

    _, token = bench.shares.make("local", Wish(kind="live", title="Demo"))
    visit = bench.visits.enter(token, "", "192.168.1.5")
    unseen = heard("192.168.1.5", "demo.example", {"footlights_visit": visit})
    assert unseen == told.replace(b"/srv/app/frame.py", b"/" * 17)
    assert heard("127.0.0.1", "localhost", {}) == told


@pytest.mark.parametrize(
    ("sent", "many"), [(b"x", 200), (b"x" * 70_000, 1)], ids=["too many", "too long"]
)
def test_a_visitor_s_page_is_closed_when_it_says_more_than_a_person_does(
    bench: Any, sent: bytes, many: int
) -> None:
    heard: list[Any] = []

    async def stream(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] != "websocket.disconnect":
            heard.append(message)
        await send({"type": "websocket.close", "code": message["code"]})

    _, token = bench.shares.make("local", Wish(kind="live", title="Demo"))
    visit = bench.visits.enter(token, "", "192.168.1.5")
    doors = Doors(stream, lambda: bench)
    asked = TestClient(doors, client=("192.168.1.5", 5000), cookies={"footlights_visit": visit})
    with asked.websocket_connect("ws://demo.example/_stcore/stream") as socket:
        for _ in range(many):
            socket.send_bytes(sent)
        assert socket.receive() == {"type": "websocket.close", "code": 4429}
    assert len(heard) == (120 if many > 1 else 0)


def test_an_address_that_asks_like_a_machine_is_slowed_before_any_work(client: Ask) -> None:
    far = client(address="10.9.9.9", host="demo.example")
    told = [far.get("/demo?t=x").status_code for _ in range(45)]
    assert told[:40] == [200] * 40 and told[-1] == 429
    assert far.get("/documents").status_code == 303
    assert client().get("/").status_code == 200


def test_a_link_is_one_page_for_every_token_and_costs_nothing_to_look_at(
    client: Ask, bench: Any
) -> None:
    link, token = bench.shares.make("local", Wish(kind="live", title="A secret title"))
    revoked, gone = bench.shares.make("local", Wish(kind="live"))
    bench.shares.links.revoke("local", revoked.id)
    far = client(**FAR)
    told = [far.get(f"/demo?t={each}") for each in (token, gone, "unknown", "")]
    assert len({(answer.status_code, answer.content) for answer in told}) == 1
    assert told[0].status_code == 200 and "secret title" not in told[0].text
    assert told[0].headers["cache-control"] == "no-store"
    assert told[0].headers["x-frame-options"] == "DENY"
    assert far.head(f"/demo?t={token}").content == b""
    assert far.get("/demo").status_code == 404
    for bad in (gone, "unknown"):
        answer = far.post("/api/demo/enter", json={"token": bad})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_open")
    assert bench.shares.get("local", link.id).visitors == 0
    assert bench.ledger.rows("local") == []


def test_who_names_two_hosts_is_not_the_owner() -> None:
    def door(*hosts: bytes) -> str:
        headers = [(b"host", host) for host in hosts]
        scope = {"type": "http", "headers": headers, "client": ("127.0.0.1", 5000)}
        return found(scope, ()).door

    assert door(b"127.0.0.1:8501") == "machine"
    assert door(b"127.0.0.1:8501", b"demo.example") == "none"
    assert door(b"demo.example", b"127.0.0.1:8501") == "none"
    for path in (
        b"localhost/demo.example",
        b"localhost#demo.example",
        b"localhost?x",
        b"a@localhost",
    ):
        assert door(path) == "none"
    assert door(b"[::1]:8501") == door(b"LOCALHOST") == "machine"


def test_an_address_is_the_same_one_where_a_socket_listens_for_both_kinds() -> None:
    """As under `streamlit run app.py`, which listens at `::`."""

    def asks(peer: str, trusted: tuple[str, ...] = (), **headers: str) -> tuple[str, str]:
        named = {"host": "localhost:8501", **{k.replace("_", "-"): v for k, v in headers.items()}}
        raw = [(name.encode(), value.encode()) for name, value in named.items()]
        who = found({"type": "http", "headers": raw, "client": (peer, 5000)}, trusted)
        return who.door, who.address

    assert asks("::ffff:127.0.0.1")[0] == "machine"
    assert asks("::ffff:192.168.1.5")[0] == "none"
    chain = {"x_forwarded_for": "203.0.113.9"}
    assert asks("::ffff:10.0.0.2", ("10.0.0.2/32",), **chain) == ("none", "203.0.113.9")
    assert asks("::ffff:10.0.0.3", ("10.0.0.2/32",), **chain) == ("none", "::ffff:10.0.0.3")


@pytest.mark.parametrize("path", ["/demo", "/demo/x", "//demo", "/Demo", "/", "/api/demo"])
def test_the_token_is_off_the_address_before_anything_else_has_seen_it(
    bench: Any, path: str
) -> None:
    seen: list[bytes] = []

    async def log(scope: Any, receive: Any, send: Any) -> None:
        """What uvicorn's access log does: it reads the scope when the answer begins."""

        async def noted(message: Any) -> None:
            seen.append(scope["query_string"])
            await send(message)

        await Doors(PlainTextResponse("behind"), bench=lambda: bench)(scope, receive, noted)

    TestClient(log).get(f"http://demo.example{path}?p=1&t=a-token")
    assert seen and set(seen) == {b""}


def test_a_visitor_reaches_his_link_s_page_and_nothing_else(client: Ask, bench: Any) -> None:
    link, token = bench.shares.make("local", Wish(kind="live", title="Demo"))
    far = client(**FAR)
    cookie = far.post("/api/demo/enter", json={"token": token}).headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and token not in cookie
    assert far.get("/demo").text == "the page for none at 192.168.1.5"
    assert far.get("/api/demo").json()["title"] == "Demo"
    assert far.get("/documents").status_code == 303
    assert far.get("/api/documents").status_code == 401
    assert far.post("/api/demo/ask", content=b"x" * 70_000).status_code >= 400
    bench.shares.links.revoke("local", link.id)
    ended = far.get("/demo")
    assert ended.status_code == 404 and "This demo has ended" in ended.text
    other = client(**FAR)
    other.cookies.set("footlights_visit", "never-was-one")
    unknown = other.get("/demo")
    assert unknown.content == ended.content  # so that nobody learns which cookies there were
    assert far.get("/api/demo").json()["code"] == "not_open"
    with pytest.raises(NotOpen):
        bench.visits.scope("")


@pytest.mark.parametrize(
    ("path", "open_to_all"),
    [
        ("/api/demo", True),
        ("/api/demo/ask", True),
        ("/api/demos", False),
        ("/static/../api/turns", False),
        ("//api/demo", False),
        ("/api/sign-in/rotate", False),
        ("/_stcore/stream", False),
        ("/component/x", False),
    ],
)
def test_few_paths_stand_before_the_door(path: str, open_to_all: bool) -> None:
    assert paths.is_open(path) is open_to_all


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("10.0.0.1", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_what_counts_as_this_machine(host: str, own: bool) -> None:
    assert is_loopback(host) is own
