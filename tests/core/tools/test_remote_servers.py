"""MCP servers as they are connected to: real ones over both transports, and those that misbehave."""

import asyncio
import json
import resource
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from core.errors import ToolServerFailed
from core.parts.answering import _harmless
from core.settings import ROOT
from core.tools.remote import answer
from core.tools.remote.link import Link
from core.tools.remote.pipe import Way
from core.tools.user import Raised
from tests.conftest import served
from tests.core.mcp.mcp_stories import PROPS, command
from tests.felt import Felt


@asynccontextmanager
async def linked(way: Way) -> AsyncIterator[Link]:
    link = Link(way, _harmless, lambda: None)
    try:
        yield link
    finally:
        await link.close()


def rogue(folder: Path, **secrets: str) -> Way:
    return Way("rogue", command(folder), secrets=secrets)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def gone(*pids: int) -> bool:
    for _ in range(5_000):
        if not any(map(is_alive, pids)):
            return True
        await asyncio.sleep(0.02)
    return False


def written(pids: Path) -> list[int]:
    return list(map(int, pids.read_text().split())) if pids.exists() else []


async def begun(pids: Path) -> list[int]:
    """The processes of a server that hangs, once they are there."""
    for _ in range(10_000):
        if len(found := written(pids)) == 2:
            return found
        await asyncio.sleep(0.01)
    raise AssertionError("the server never began")


@pytest.fixture(params=["stdio", "http"])
def real(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Way]:
    if request.param == "stdio":
        yield Way("props", command(tmp_path, PROPS))
        return
    space: dict[str, object] = {"__name__": "props"}
    exec(PROPS, space)
    with served(space["app"].streamable_http_app()) as address:  # type: ignore[attr-defined]
        yield Way("props", url=f"{address}/mcp", loopback=True)


async def test_the_tools_of_a_real_server_are_listed_called_and_heard_of_when_they_change(
    real: Way,
) -> None:
    changed = asyncio.Event()
    link = Link(real, _harmless, changed.set)
    try:
        offers = {each.name: each for each in await link.offers()}
        assert list(offers) == ["weigh", "shelf", "drop", "restock"]
        assert offers["weigh"].parameters["properties"] == {"prop": {"type": "string"}}
        told = answer.read(real, await link.call("weigh", {"prop": "skull"}))
        assert told.text == "skull: 3 kg"
        table = answer.read(real, await link.call("shelf", {})).shown
        assert table and table["rows"] == [["skull", 1], ["sword", 2]]
        with pytest.raises(Raised, match="Error executing tool drop"):
            answer.read(real, await link.call("drop", {"prop": "skull"}))
        await link.call("restock", {})
        await asyncio.wait_for(changed.wait(), 60)
        assert "lift" in {each.name for each in await link.offers(age=60)}
    finally:
        await link.close()


async def test_one_that_dies_in_a_call_is_told_and_started_anew_at_the_next(tmp_path: Path) -> None:
    async with linked(rogue(tmp_path)) as link:
        with pytest.raises(ToolServerFailed, match="its process ended with code 3") as told:
            await link.call("die", {})
        assert "Tools page" in told.value.hint
        assert answer.read(link.way, await link.call("say", {"words": "again"})).text == "again"


@pytest.mark.parametrize(
    ("tool", "why"), [("flood", "a message of more than 4 MB"), ("chatter", "more than 32 MB")]
)
async def test_one_that_sends_without_end_is_ended_before_it_fills_the_memory(
    tmp_path: Path, tool: str, why: str
) -> None:
    async with linked(rogue(tmp_path)) as link:
        await link.offers()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(ToolServerFailed, match=why):
            await asyncio.wait_for(link.call(tool, {}), 60)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB


async def test_what_a_server_asks_of_us_is_refused_and_the_call_goes_on(tmp_path: Path) -> None:
    async with linked(rogue(tmp_path)) as link:
        told = answer.read(link.way, await asyncio.wait_for(link.call("sample", {}), 60))
        assert "not supported" in told.text.lower()


async def test_stop_ends_the_server_and_what_it_started_within_a_second(tmp_path: Path) -> None:
    async with linked(rogue(tmp_path)) as link:
        call = asyncio.create_task(link.call("hang", {}))
        pids = tmp_path / "pids.txt"
        server, child = await begun(pids)
        felt = Felt()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await gone(server, child)
        assert felt.seconds < 1
        assert answer.read(link.way, await link.call("say", {})).text == "done"


async def test_a_server_ends_with_the_app_even_when_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import asyncio, sys\n"
        "from core.tools.remote.link import Link\n"
        "from core.tools.remote.pipe import Way\n"
        "link = Link(Way('rogue', tuple(sys.argv[1:])), str, lambda: None)\n"
        "async def main():\n    await link.call('hang', {})\n"
        "asyncio.run(main())\n"
    )
    app = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", script), *command(tmp_path), cwd=ROOT
    )
    try:
        server, child = await begun(tmp_path / "pids.txt")
        assert is_alive(server) and is_alive(child)
    finally:
        app.send_signal(signal.SIGKILL)
        await app.wait()
    assert await gone(server, child)


async def test_it_knows_what_it_was_given_and_no_key_of_ours_and_cannot_tell_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-owner")
    async with linked(rogue(tmp_path, CUE_TOKEN="Bearer velvet-curtain-77")) as link:
        known = json.loads(answer.read(link.way, await link.call("env", {})).text)
        assert known["CUE_TOKEN"] == "[left out]"
        assert "velvet" not in repr(link.way)
        told = answer.read(link.way, await link.call("say", {"words": "it is velvet-curtain-77"}))
        assert told.text == "it is [left out]"
        assert not {name for name in known if name.startswith(("OPENAI", "FOOTLIGHTS", "PYTHON"))}


async def test_one_that_cannot_be_started_is_told_and_then_left_alone_for_a_while(
    tmp_path: Path,
) -> None:
    async with linked(Way("gone", ("no-such-program",))) as link:
        with pytest.raises(ToolServerFailed, match="no program 'no-such-program'") as told:
            await link.offers()
        assert "Install it" in told.value.hint
    broken = (sys.executable, "-I", "-S", "-c", "import sys; sys.exit('no licence in /etc/x/key')")
    async with linked(Way("broken", broken)) as link:
        for _ in range(2):
            with pytest.raises(ToolServerFailed, match="ended with code 1"):
                await link.offers()
        assert link.words == "no licence in key"
        with pytest.raises(ToolServerFailed, match="left alone for 2 s"):
            await link.offers()


# --- over HTTP --------------------------------------------------------------------------------


class Stage:
    """An address that answers as it is told to, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.answer: Response = Response()

    async def endpoint(self, request: Request) -> Response:
        self.asked.append(request)
        return self.answer


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def address(stage: Stage) -> Iterator[str]:
    route = Route("/mcp", stage.endpoint, methods=["GET", "POST", "DELETE"])
    with served(Starlette(routes=[route])) as found:
        yield f"{found}/mcp"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "[::1]", "169.254.169.254"])
async def test_an_address_of_this_machine_or_its_network_is_not_asked(host: str) -> None:
    async with linked(Way("near", url=f"http://{host}:80/mcp")) as link:
        with pytest.raises(ToolServerFailed, match="is not on the open internet"):
            await link.offers()


async def test_a_server_of_this_machine_is_nowhere_else() -> None:
    async with linked(Way("far", url="http://93.184.215.14/mcp", loopback=True)) as link:
        with pytest.raises(ToolServerFailed, match="is not on this machine"):
            await link.offers()


HUGE = JSONResponse({"jsonrpc": "2.0", "id": 1, "result": {"tools": "x" * (5 * 2**20)}})
BAD = {
    "packed": (Response(b"\x1f\x8b", headers={"content-encoding": "gzip"}), "packs its answers"),
    "huge": (HUGE, "more than 4 MB"),
    "a page": (Response("<html>", media_type="text/html"), "text/html"),
    "closed": (Response("no", 401), "status 401"),
    "elsewhere": (RedirectResponse("http://169.254.169.254/latest", 307), "not followed"),
}


@pytest.mark.parametrize("kind", BAD)
async def test_an_answer_that_is_none_is_told(
    address: str, stage: Stage, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "httpx2")
    stage.answer, why = BAD[kind]
    stage.answer.set_cookie("watched", "yes")
    given = {"X-Key": "velvet-curtain", "?": "key=velvet-glove"}
    way = Way("odd", url=address, secrets=given, loopback=True)
    async with linked(way) as link:
        with pytest.raises(ToolServerFailed, match=why) as told:
            await asyncio.wait_for(link.offers(), 60)
    assert "velvet" not in str(told.value)
    assert all(each.headers["x-key"] == "velvet-curtain" for each in stage.asked)
    assert all(each.url.query == "key=velvet-glove" for each in stage.asked)
    assert stage.asked and "velvet" not in caplog.text
    assert not any("cookie" in each.headers for each in stage.asked)
