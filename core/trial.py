"""One small real call of a model, to see whether it answers; booked like any other."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from core.events import TextDelta
from core.llm.client import LLMClient
from core.llm.meter import Meter
from core.models import Models
from core.store.ids import new_id
from core.store.ledger import Ledger
from core.trace import Trace
from core.types import LedgerRow, ModelRequest, message

_QUESTION = "Answer with the one word: ready"
_MAX_TOKENS = 16


@dataclass(frozen=True, slots=True)
class Trial:
    """What the model said, how long it took (seconds), and the rows that the ledger has of it."""

    text: str
    seconds: float
    rows: tuple[LedgerRow, ...]


class Trials:
    """Tries models on behalf of a user."""

    def __init__(
        self,
        client: LLMClient,
        models: Models,
        ledger: Ledger,
        meter: Callable[..., Meter],
        count: Callable[[str], int],
    ) -> None:
        self._meter = meter
        self._client = client
        self._models = models
        self._ledger = ledger
        self._count = count

    async def run(self, user: str, ref: str) -> Trial:
        """Ask `provider:id` for one word. Raises what the call raises; its attempts are booked."""
        model = self._models.resolve(ref)
        trial = new_id()
        request = ModelRequest(model.id, (message("user", _QUESTION),), _MAX_TOKENS)
        meter = self._meter(user, trial, "", purpose="test")
        began, said = time.monotonic(), []
        async for event in self._client.stream(
            model.ref,
            request,
            meter=meter,
            trace=Trace(trial),
            input_tokens=self._count(_QUESTION) + 8,
        ):
            if isinstance(event, TextDelta):
                said.append(event.text)
        rows = tuple(self._ledger.rows(user, turn_id=trial))
        return Trial("".join(said).strip(), time.monotonic() - began, rows)
