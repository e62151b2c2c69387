"""How a model is counted, held against what its vendor reports, and where little room is left against its own count."""

from collections.abc import Awaitable, Callable

from core.admission import Asked
from core.agent.runs import Runs
from core.store.turn_counts import TurnCounts, parts
from core.tokens.calibration import learn, told
from core.tokens.counter import Counter
from core.trace import OpenSpan
from core.types import ModelRequest
from core.windows.context import Context
from core.windows.vendor_counts import VendorCounts

_TIGHT = 0.05
"""A window of which less than this share is free is held against the vendor's own count."""
May = Callable[[str, int, int], Awaitable[bool]]
"""Whether the caps allow a call now: the model, what it is sent and the most that it answers, in tokens."""


class VendorCalibration:
    """Teaches the counter what vendors make of the same messages."""

    def __init__(
        self, turn_counts: TurnCounts, counter: Counter, counts: VendorCounts, runs: Runs
    ) -> None:
        self._turn_counts = turn_counts
        self._counter = counter
        self._counts = counts
        self._runs = runs

    def load(self, user: str, ref: str) -> None:
        """Count the model from now on as its vendor's reports to this user have taught."""
        if ref.partition(":")[0] not in ("openai", "anthropic", "compatible"):
            return
        learned = learn(self._turn_counts.counted(user, ref))
        if learned or self._counter.basis(ref) != "counted":
            self._counter.calibrate(ref, learned)

    async def corrects(self, asked: Asked, context: Context, span: OpenSpan, may: May) -> bool:
        """Whether the vendor's own count of this window changed how its model is counted. It is asked for
        until its reports have taught us, and then only where little of the window is free."""
        ref, budget = asked.model.ref, context.budget
        basis = self._counter.basis(ref)
        learned = basis == "calibrated"
        if basis == "exact" or (learned and budget.free >= budget.window * _TIGHT):
            return False
        # A spent budget sends nothing, not even to be counted for nothing.
        if not self._counts.asks(ref) or not await may(
            ref, budget.input_tokens, context.max_tokens
        ):
            return False
        tools = self._runs.specs(asked)
        request = ModelRequest(asked.model.id, context.messages, context.max_tokens, tools=tools)
        said = await self._counts.of(ref, request)
        if said is None:
            return False
        span.set(counted_by_vendor=said)
        if learned and said + context.max_tokens <= budget.window:
            return False
        text, messages, tools_sent = parts(budget)
        # What begins the answer is added to every window, and never multiplied.
        begun = self._counter.reply_overhead
        found = told((text - begun / budget.ratio, messages, tools_sent, said - begun))
        if found:
            self._counter.calibrate(ref, found)
        return found is not None
