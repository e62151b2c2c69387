"""MCP servers over the API: what there is, one more by its address, and what its owner does with it.

A command is entered on the Tools page alone: who holds nothing but a way to the API runs no program.
"""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from core.api.bench import Bench, Owner
from core.bootstrap import McpOffer, McpServer, McpWish, mcp_called, mcp_pin
from core.errors import Refused

router = APIRouter(tags=["tools"], prefix="/mcp-servers")


class McpIn(BaseModel):
    """A server at an address; `pin` is what the test of it has told, and needed to add it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "notes",
                    "url": "https://example.org/mcp",
                    "headers": {"Authorization": "Bearer …"},
                }
            ]
        },
    )

    name: str
    url: str
    headers: dict[str, str] = Field(default_factory=dict)
    loopback: bool = False
    pin: str = ""

    def wish(self) -> McpWish:
        """The same, as core takes it."""
        return McpWish(self.name, url=self.url, secrets=self.headers, loopback=self.loopback)


class McpToolOut(BaseModel):
    """A tool of a server: `name` is what a model calls it by, `problem` why it cannot be called."""

    name: str
    description: str
    parameters: dict[str, Any]
    problem: str


class McpOffersOut(BaseModel):
    """What a server offers; `pin` names exactly this."""

    pin: str
    tools: list[McpToolOut]


class McpOut(BaseModel):
    """A server: what it offers now, which of it can be called, and what is not as it was accepted. Of its
    secrets the names are told."""

    id: str
    name: str
    kind: str
    command: list[str]
    url: str
    secret_names: list[str]
    on: bool
    error: str
    callable: list[str]
    harmless: list[str]
    changes: dict[str, str]
    offers: McpOffersOut


class McpChangeIn(BaseModel):
    """Switch a server, mark its tools that change nothing, or accept what it offers now by its pin."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"on": False}]})

    on: bool | None = None
    harmless: dict[str, bool] = Field(default_factory=dict)
    accept: str = ""


@router.get("")
def servers(bench: Bench, owner: Owner) -> list[McpOut]:
    """Every server, by name."""
    return [_out(each) for each in bench.mcp.list(owner)]


@router.post("/test")
async def test(bench: Bench, owner: Owner, body: McpIn) -> McpOffersOut:
    """Ask a server for its tools; nothing is kept."""
    wish = body.wish()
    return _offers(wish.name, await bench.bridge.await_(bench.mcp.test(wish)))


@router.post("", status_code=201)
async def add(bench: Bench, owner: Owner, body: McpIn) -> McpOut:
    """Add a server whose tools were looked at."""
    if not body.pin:
        raise Refused("the pin is missing", hint="Test the server first, and send the pin it gave.")
    return _out(await bench.bridge.await_(bench.mcp.add(owner, body.wish(), body.pin)))


@router.post("/{server_id}/look")
async def look(bench: Bench, owner: Owner, server_id: str) -> McpOut:
    """Ask the server for its tools now."""
    return _out(await bench.bridge.await_(bench.mcp.look(owner, server_id)))


@router.patch("/{server_id}")
def change(bench: Bench, owner: Owner, server_id: str, body: McpChangeIn) -> McpOut:
    """Change what its owner decides."""
    mcp = bench.mcp
    for name, harmless in body.harmless.items():
        mcp.mark(owner, server_id, name, harmless)
    if body.accept:
        mcp.accept(owner, server_id, body.accept)
    if body.on is not None:
        bench.bridge.run(mcp.switch(owner, server_id, body.on))
    return _out(mcp.get(owner, server_id))


@router.delete("/{server_id}", status_code=204)
async def remove(bench: Bench, owner: Owner, server_id: str) -> None:
    """Forget a server, with its secrets."""
    await bench.bridge.await_(bench.mcp.remove(owner, server_id))


def _offers(server: str, found: tuple[McpOffer, ...]) -> McpOffersOut:
    tools = [
        McpToolOut(
            name=mcp_called(server, each.name),
            description=each.description,
            parameters=each.parameters,
            problem=each.problem,
        )
        for each in found
    ]
    return McpOffersOut(pin=mcp_pin(found), tools=tools)


def _out(server: McpServer) -> McpOut:
    return McpOut(
        id=server.id,
        name=server.name,
        kind=server.kind,
        command=list(server.command),
        url=server.url,
        secret_names=list(server.secret_names),
        on=server.is_on,
        error=server.error,
        callable=[mcp_called(server.name, each.name) for each in server.callable()],
        harmless=list(server.harmless),
        changes={each.name: each.kind for each in server.changes()},
        offers=_offers(server.name, server.seen),
    )
