"""What was acknowledged survives; whatever the order of things, a turn ends once."""

import subprocess
import sys
from itertools import count
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from core.events import TextDelta, TurnDone, TurnFailed, dump, load
from core.store.engine import make_engine
from core.store.turns import Turns
from tests.core.store.stories import DONE, ME, ask, end

WRITER = """
import sys
from core.events import TextDelta, dump
from core.store.engine import make_engine
from core.store.ids import new_id
from core.store.turns import Turns
from core.types import TurnRequest
turns = Turns(make_engine(sys.argv[1]))
turns.start("me", "t1", "c1", TurnRequest("Why?"), "Why?", "p1")
for seq in range(1, 100_000, 10):
    turns.append([("me", "t1", n, dump(TextDelta(f"{n} "))) for n in range(seq, seq + 10)])
    print(seq + 9, flush=True)
"""


def test_after_kill_9_in_mid_batch_every_acknowledged_event_is_there(
    sqlite: Path, tmp_path: Path
) -> None:
    path = tmp_path / "killed.db"
    path.write_bytes(sqlite.read_bytes())
    url = f"sqlite:///{path}"
    acknowledged = 0
    for batches in (1, 5, 23):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout
        seen = [int(writer.stdout.readline()) for _ in range(batches)]
        writer.kill()
        rest, _ = writer.communicate()
        seen += [int(line) for line in rest.splitlines(keepends=True) if line.endswith("\n")]
        acknowledged = max(acknowledged, *seen)

        engine = make_engine(url)
        found = [seq for seq, _ in Turns(engine).events(ME, "t1")]
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        engine.dispose()

        assert found[:acknowledged] == list(range(1, acknowledged + 1))
        assert len(found) % 10 == 0  # a batch is there whole or not at all


_numbers = count()
_steps = st.lists(
    st.tuples(
        st.sampled_from(["start", "append", "adopt", "finish", "stop"]),
        st.sampled_from(["p1", "p2", "p3"]),
        st.integers(1, 6),
    ),
    max_size=25,
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=_steps)
def test_whatever_the_order_a_turn_has_one_ending_and_it_is_the_last_event(
    engine: Engine, steps: list[tuple[str, str, int]]
) -> None:
    turns, turn = Turns(engine), f"t{next(_numbers)}"
    ask(turns, turn)
    endings = 0
    for action, owner, seq in steps:
        match action:
            case "start":
                assert not ask(turns, turn, owner=owner)
            case "append":
                turns.append([(ME, turn, seq, dump(TextDelta(owner)))], owner=owner)
            case "adopt":
                turns.adopt(ME, turn, owner)
            case "finish":
                endings += end(turns, turn, owner=owner, seq=seq)
            case _:
                turns.request_stop(ME, turn)

    events = [load(data) for _, data in turns.events(ME, turn)]
    ended = [event for event in events if isinstance(event, TurnDone | TurnFailed)]
    assert len(ended) == endings <= 1
    assert (turns.get(ME, turn).status == "done") == bool(endings)
    assert not endings or events[-1] == DONE
