"""The finished demo of a first start, also when that is cut off."""

from pathlib import Path

from core.types import TurnRequest
from tests.conftest import running, settings_for
from tests.core.test_turns import followed


def test_a_demo_that_the_end_of_the_app_cut_off_is_asked_anew_and_then_left_alone(
    tmp_path: Path,
) -> None:
    settings = settings_for(tmp_path, FOOTLIGHTS_SAMPLES=True)
    with running(settings) as bench:
        [asked] = bench.turn_rows.list("local", 5)
    with running(settings) as bench:
        [again] = bench.turn_rows.list("local", 5)
        assert again.id != asked.id and again.request.prompt == asked.request.prompt
        followed(bench, again.id)
        assert len(bench.conversations.list("local")) == 1
        assert bench.turn_rows.get("local", again.id).answer
    with running(settings) as bench:
        assert [turn.id for turn in bench.turn_rows.list("local", 5)] == [again.id]


def test_a_demo_that_was_cut_off_is_left_alone_once_something_else_was_asked(
    tmp_path: Path,
) -> None:
    with running(settings_for(tmp_path, FOOTLIGHTS_SAMPLES=True)) as bench:
        [demo] = bench.turn_rows.list("local", 5)
    with running(settings_for(tmp_path)) as bench:
        own = bench.turns.start("local", TurnRequest("Hello", use_documents=False))
        followed(bench, own.turn_id)
    with running(settings_for(tmp_path, FOOTLIGHTS_SAMPLES=True)) as bench:
        assert {turn.id for turn in bench.turn_rows.list("local", 5)} == {demo.id, own.turn_id}
