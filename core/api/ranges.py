"""The injection range: priced first, started, read, stopped, compared."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from core.api.bench import Bench, User
from core.attacks import RangeRun, tally
from core.bootstrap import ARMS, RangePlan, Workbench
from core.export import plain
from core.injection.arms import FIRST
from core.injection.cases import cases
from core.injection.comparing import compared

router = APIRouter(tags=["injection range"])


class RangeIn(BaseModel):
    """A run: `template` is a prompt (`answer`, `answer@2`), `layers` the sets of layers to run it with,
    `size` how many of the cases, all without it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"template": "answer", "layers": list(FIRST), "size": 24}]},
    )

    template: str = "answer"
    model: str | None = None
    layers: list[str] = Field(default_factory=lambda: list(FIRST))
    size: int | None = Field(None, ge=2)


@router.get("/range/layers")
def layers(bench: Bench) -> dict[str, str]:
    """The sets of layers that a run may have, by name, each in words."""
    return {name: arm.label for name, arm in ARMS.items()}


@router.post("/range/price")
async def price(bench: Bench, user: User, body: RangeIn) -> dict[str, Any]:
    """What the run would send and cost, before it is made; nothing is asked."""
    plan = await _plan(bench, user, body)
    told: dict[str, Any] = plain(plan.estimate)
    return {**told, "model": plan.model.ref, "cases": len(plan.cases), "layers": list(plan.arms)}


@router.post("/range", status_code=201)
async def start(bench: Bench, user: User, body: RangeIn) -> dict[str, str]:
    """Begin a run; one of a prompt goes on at a time. It is read at /range/{run_id}."""
    plan = await _plan(bench, user, body)
    return {"run_id": await bench.bridge.await_(bench.range.start(user, plan))}


@router.get("/range")
def runs(bench: Bench, user: User, template: str = "answer") -> list[dict[str, Any]]:
    """The runs of a prompt that are kept, newest first, each with its figures and without its cases."""
    return [_told(run, whole=False) for run in bench.range.kept(user, template)]


@router.get("/range/{run_id}")
def run(bench: Bench, user: User, run_id: str) -> dict[str, Any]:
    """One run as far as it has come, with every case: what was sent, what was answered."""
    return _told(bench.range.get(user, run_id), whole=True)


@router.post("/range/{run_id}/stop", status_code=202)
async def stop(bench: Bench, user: User, run_id: str) -> dict[str, str]:
    """Stop the run and keep what it has; one that is over stays as it is."""
    await bench.bridge.await_(bench.range.stop_run(user, run_id))
    return {"run_id": run_id}


@router.get("/range/{run_id}/comparison")
def comparison(bench: Bench, user: User, run_id: str, earlier: str) -> dict[str, Any]:
    """The run beside an earlier one: the rates of both, and each case that went better or worse."""
    now, then = (bench.range.get(user, each) for each in (run_id, earlier))
    told: dict[str, Any] = plain(compared(then, now, _attacks()))
    return told


async def _plan(bench: Workbench, user: str, body: RangeIn) -> RangePlan:
    template = bench.prompts.resolve(body.template)
    model = body.model or bench.models.resolve(None).ref
    planned = bench.range.plan(user, template, model, body.layers, body.size)
    return await bench.bridge.await_(planned)


def _attacks() -> frozenset[str]:
    return frozenset(case.id for case in cases() if case.is_attack)


def _told(run: RangeRun, *, whole: bool) -> dict[str, Any]:
    told: dict[str, Any] = plain(run)
    shots: Sequence[Any] = told.pop("shots")
    told |= {"layers": told.pop("arms"), "done": len(shots), "total": run.total}
    told["cost"] = None if run.cost is None else str(run.cost)
    told["figures"] = [plain(tally(arm, run.shots, _attacks())) for arm in run.arms]
    return {**told, "shots": shots} if whole else told
