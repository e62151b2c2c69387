"""A strategy is a function in a file of one's own; what is wrong with it is said, and nothing else suffers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import Misuse
from core.tokens.own_strategies import load
from core.tokens.strategies import STRATEGIES, Asked
from core.types import WindowPlan
from tests.conftest import running, settings_for

HEAD = "from core.tokens.strategies import Ranking, strategy\n\n"
EVERY_OTHER = f"""{HEAD}
@strategy("Every other", "Every second turn, the latest first.")
def every_other(count, asked):
    return Ranking(tuple(reversed(range(count - 1, -1, -2))), "every second turn")
"""


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = dict(STRATEGIES)
    yield
    STRATEGIES.clear()
    STRATEGIES.update(before)


def made(folder: Path, **files: str) -> tuple[str, ...]:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return load(folder)


def test_a_function_in_a_file_is_a_strategy_like_ours(tmp_path: Path) -> None:
    assert made(tmp_path, mine=EVERY_OTHER) == ()
    found = STRATEGIES["every_other"]
    assert (found.label, found.words) == ("Every other", "Every second turn, the latest first.")
    assert found.rank(5, Asked()).order == (0, 2, 4)
    assert load(tmp_path / "nowhere") == ()


def test_a_file_that_is_wrong_is_told_at_its_line_and_the_others_are_there(tmp_path: Path) -> None:
    problems = made(
        tmp_path,
        a=f"{HEAD}1 / 0\n",
        b="def broken(:\n",
        c=EVERY_OTHER,
        d=f'{HEAD}@strategy("Mine", "x")\ndef oldest_first(count, asked):\n    return None\n',
    )
    assert problems == (
        "a.py, line 3: ZeroDivisionError: division by zero",
        "b.py, line 1: SyntaxError: invalid syntax (b.py, line 1)",
        "d.py: there is a strategy named oldest_first already",
    )
    assert "every_other" in STRATEGIES
    assert STRATEGIES["oldest_first"].label == "Oldest first"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("    return [0]", "gave no Ranking"),
        ("    return Ranking([0], 'x')", "gave no Ranking of places"),
        ("    return Ranking((0, 0), 'x')", r"ranked \(0, 0\) of 3 turns"),
        ("    return Ranking((7,), 'x')", r"ranked \(7,\) of 3 turns"),
        ("    raise KeyError('lamp')", "failed: KeyError: 'lamp'"),
    ],
)
def test_what_it_ranks_wrongly_is_refused_by_its_name(tmp_path: Path, body: str, why: str) -> None:
    made(tmp_path, wrong=f'{HEAD}@strategy("Wrong", "x")\ndef wrong(count, asked):\n{body}\n')
    with pytest.raises(Misuse, match=f"the strategy wrong of wrong.py {why}"):
        STRATEGIES["wrong"].rank(3, Asked())


def test_a_conversation_is_sent_by_the_strategy_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "strategies").mkdir()
    nothing = f'{HEAD}@strategy("Nothing", "x")\ndef nothing(count, asked):\n    return Ranking((), "x")\n'
    (tmp_path / "strategies" / "nothing.py").write_text(nothing)
    (tmp_path / "strategies" / "torn.py").write_text("(")
    with running(settings_for(tmp_path)) as bench:
        assert [each[:16] for each in bench.strategy_problems] == ["torn.py, line 1:"]
        first = ask(bench, "/words 3")
        bench.conversations.set_plan("local", first.conversation_id, WindowPlan(strategy="nothing"))
        second = ask(bench, "/words 4", first.conversation_id)
        history = next(
            part
            for part in bench.turn_rows.budget("local", second.id).slices
            if part.region == "history"
        )
        assert history.items
        assert not any(item.kept for item in history.items)


def ask(bench: Any, prompt: str, conversation: str | None = None) -> Any:
    from core.types import TurnRequest

    started = bench.turns.start(
        "local", TurnRequest(prompt, use_documents=False), conversation_id=conversation
    )
    for _ in bench.bridge.iterate(bench.turns.follow("local", started.turn_id), 30):
        pass
    return bench.turn_rows.get("local", started.turn_id)
