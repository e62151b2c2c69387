"""A process that calls against a cap: reserves, and settles, releases or abandons. Run by a test.

    python cap_caller.py <database> <calls> <seed> [<link>]

With a link it pays, and one visitor of it for each process.

Prints what was granted, in the order of the outcomes: settled dollars, abandoned dollars, refused calls.
"""

import random
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from core.errors import BudgetExceeded
from core.store.accounts import Payers
from core.store.engine import make_engine
from core.store.ids import new_id
from core.store.ledger import Ledger
from core.types import Usage

WORST = Decimal("0.05")


def main(url: str, calls: int, seed: int, link: str = "") -> None:
    engine = make_engine(url)
    ledger = Ledger(engine, "0000000000000000-0000000000000000")
    found: list[tuple[str, Decimal]] = []

    def call(number: int) -> None:
        chance, row = random.Random(seed * 1000 + number), new_id()
        try:
            payers = Payers("c1", link=link, visitor=link and f"v{seed}")
            ledger.reserve("me", row, "", "c1", "openai:m", "test", WORST, payers)
        except BudgetExceeded:
            found.append(("refused", Decimal(0)))
            return
        match chance.randrange(10):
            case 0:
                found.append(("abandoned", WORST))  # as if the process had died here
            case 1:
                ledger.release("me", row)
            case _:
                cost = WORST * chance.randrange(1, 101) / 100
                ledger.settle("me", row, Usage(1, 1), cost)
                found.append(("settled", cost))

    with ThreadPoolExecutor(calls) as threads:
        list(threads.map(call, range(calls)))  # raises what a call raised
    sums = {
        kind: sum((d for k, d in found if k == kind), Decimal(0))
        for kind in ("settled", "abandoned")
    }
    print(sums["settled"], sums["abandoned"], sum(kind == "refused" for kind, _ in found))
    engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
