"""Recovery: what the turns of dead processes had said is kept, and what they had reserved is settled."""

from core.errors import Interrupted
from core.events import dump
from core.store.leases import Process
from core.store.ledger import Ledger
from core.store.turn_ends import TurnEnd
from core.store.turns import Turns
from core.turns import endings

# A reader may have seen events that were lost with the process: the ending must come behind them.
_GAP = 1_000


class Recovery:
    """Looks after turns and reservations whose process has died; every process does."""

    def __init__(self, turns: Turns, ledger: Ledger, process: Process) -> None:
        self._turns = turns
        self._ledger = ledger
        self._process = process

    def run(self) -> None:
        """End the turns of dead processes: what was said is kept, what was reserved is settled."""
        self._ledger.recover(self._process.alive)
        for user, turn_id in self._turns.orphans(self._process.alive):
            self._adopt(user, turn_id)

    def _adopt(self, user: str, turn_id: str) -> None:
        fence = self._turns.adopt(user, turn_id, self._process.owner)
        if not fence:
            return  # another process was quicker
        self._ledger.settle_orphans(user, turn_id)
        said = self._turns.get(user, turn_id)
        ending = endings.failed(
            Interrupted("the app ended while it was answering; what was said is kept")
        )
        last = max((seq for seq, _ in self._turns.events(user, turn_id)), default=0)
        end = TurnEnd(
            "interrupted",
            (last + _GAP, dump(ending)),
            answer=said.answer,
            reasoning=said.reasoning,
            stop_reason=ending.code,
            error=endings.as_error(ending),
        )
        self._turns.finish(user, turn_id, self._process.owner, end, fence)
