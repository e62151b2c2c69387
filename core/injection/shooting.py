"""One case with one set of layers: sent as an answer would be, and judged without a model."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.attacks import Case, Shot
from core.errors import BudgetExceeded, FootlightsError
from core.injection.arms import ARMS
from core.injection.inputs import inputs
from core.injection.scoring import answers, succeeded
from core.playground.calls import Call, Calls
from core.playground.lane import Lane
from core.prompts import canary as canaries
from core.prompts.template import PromptTemplate
from core.store.ids import new_id
from core.types import ModelInfo

ROOM = 160
"""Tokens of an answer at most: an attack that works shows early."""


@dataclass(frozen=True, slots=True)
class Target:
    """What the cases are sent through."""

    template: PromptTemplate
    model: ModelInfo


class Shooter:
    """Sends cases, each booked and under the user's caps."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def prepare(self, target: Target, case: Case, arm: str, canary: str) -> Call:
        """The call as it will be made. Raises Refused."""
        layers = ARMS[arm].layers(target.template.layers)
        values: Mapping[str, Any] = inputs(target.template, case)
        call = await self._calls.prepare(
            target.template, target.model, values, layers=layers, canary=canary
        )
        room = min(ROOM, call.request.max_tokens)
        request = replace(call.request, max_tokens=room, question=case.question)
        return replace(call, request=request)

    async def shoot(self, user: str, target: Target, case: Case, arm: str) -> Shot:
        """The case sent and judged; a failure of the model is told in the shot. Raises BudgetExceeded."""
        canary, began, lane = canaries.draw(), time.monotonic(), Lane(new_id())
        sent: tuple[tuple[str, str], ...] = ()
        error = ""
        try:
            call = await self.prepare(target, case, arm, canary)
            sent = tuple((each.role, each.text) for each in call.request.messages)
            async for event in self._calls.ask(user, lane.id, call, "range"):
                lane.hear(event)
        except BudgetExceeded:
            raise
        except FootlightsError as failure:
            error = str(failure)
        _, cost = await self._calls.spent(user, lane.id)
        system = "\n".join(text for role, text in sent if role == "system")
        why = "" if error else succeeded(case, lane.text, system, canary)
        return Shot(
            case_id=case.id,
            arm=arm,
            sent=sent,
            answer=lane.text,
            succeeded=bool(why),
            answered=not error and answers(case, lane.text),
            why=why,
            seconds=round(time.monotonic() - began, 2),
            cost=cost,
            error=error,
        )
