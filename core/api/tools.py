"""Tools: what there is, what is wrong with files of one's own, and a try without a model."""

import json
from typing import Any

from fastapi import APIRouter

from core.api.bench import Bench, User
from core.api.shapes import ToolOut, TriedOut, TryIn
from core.export import plain
from core.tool_bench import Offered
from core.tools.tool import Problem

router = APIRouter(tags=["tools"])


@router.get("/tools")
def tools(bench: Bench, user: User) -> list[ToolOut]:
    """Every tool that a question may name, those that are switched off last."""
    return [_out(offered) for offered in bench.tools.list(user)]


@router.get("/tools/problems", response_model=list[Problem])
def problems(bench: Bench) -> Any:
    """What is wrong with the files of the tools folder, each at its line."""
    return plain(bench.tools.problems())


@router.post("/tools/{name}/try")
async def run(bench: Bench, user: User, name: str, body: TryIn) -> TriedOut:
    """Call one tool as a model would; a failure is part of the answer."""
    call = bench.tools.run(user, name, json.dumps(body.arguments))
    outcome = await bench.bridge.await_(call)
    return TriedOut(
        text=outcome.text,
        failed=outcome.failed,
        code=outcome.code,
        seconds=outcome.seconds,
        shown=outcome.shown,
    )


def _out(offered: Offered) -> ToolOut:
    tool, use = offered.tool, offered.use
    return ToolOut(
        name=tool.name,
        description=tool.description,
        signature=tool.signature,
        parameters=tool.parameters,
        touches=tool.access,
        effects=tool.effects,
        on=offered.on,
        file=tool.file.name if tool.file else "",
        server=tool.server,
        tokens=offered.tokens,
        calls=use.calls if use else 0,
        failures=use.failures if use else 0,
        p50_seconds=round(use.p50_seconds, 4) if use else None,
    )
