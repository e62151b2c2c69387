"""The finished demo of a first start, also when that is cut off."""

from concurrent.futures import wait
from contextlib import closing
from pathlib import Path
from typing import Any

from core.types import Turn, TurnRequest
from tests.conftest import running, settings_for
from tests.core.turns.test_turns import followed


def turns(bench: Any) -> list[Turn]:
    """Every turn there is, once the start has looked after the demo."""
    wait(bench._running[:1], 30)
    return list(bench.turn_rows.list("local", 5))


def begun(bench: Any) -> Turn:
    """The one turn there is, once it waits for its documents."""
    [asked] = turns(bench)
    with closing(bench.bridge.iterate(bench.turns.follow("local", asked.id, 0), 30)) as batches:
        next(batch for batch in batches if batch)
    return bench.turn_rows.get("local", asked.id)


def test_a_demo_that_the_end_of_the_app_cut_off_is_asked_anew_and_then_left_alone(
    tmp_path: Path,
) -> None:
    settings = settings_for(tmp_path, FOOTLIGHTS_SAMPLES=True)
    with running(settings) as bench:
        asked = begun(bench)
    with running(settings) as bench:
        [again] = turns(bench)
        assert again.id != asked.id and again.request.prompt == asked.request.prompt
        followed(bench, again.id)
        assert len(bench.conversations.list("local")) == 1
        assert bench.turn_rows.get("local", again.id).answer
    with running(settings) as bench:
        assert [turn.id for turn in turns(bench)] == [again.id]


def test_a_demo_that_was_cut_off_is_left_alone_once_something_else_was_asked(
    tmp_path: Path,
) -> None:
    with running(settings_for(tmp_path, FOOTLIGHTS_SAMPLES=True)) as bench:
        demo = begun(bench)
    with running(settings_for(tmp_path)) as bench:
        own = bench.turns.start("local", TurnRequest("Hello", use_documents=False))
        followed(bench, own.turn_id)
    with running(settings_for(tmp_path, FOOTLIGHTS_SAMPLES=True)) as bench:
        assert {turn.id for turn in turns(bench)} == {demo.id, own.turn_id}
