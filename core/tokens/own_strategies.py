"""Strategies of one's own: Python files in a folder, each registering functions with `strategy`."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

from core.errors import Misuse
from core.tokens.strategies import STRATEGIES, Asked, Ranking, Strategy


def load(folder: Path) -> tuple[str, ...]:
    """Register what the files of the folder define; what is wrong with a file, in words with its line.

    A file is run in this process, as the app's own code is: it is the owner's.
    """
    problems = []
    for path in sorted(folder.glob("*.py")) if folder.is_dir() else ():
        before = dict(STRATEGIES)
        try:
            _run(path)
        except Exception as error:  # whatever a stranger's file may raise: it is told, not hidden
            STRATEGIES.clear()
            STRATEGIES.update(before)
            problems.append(f"{path.name}, line {_line(error, path)}: {_said(error)}")
            continue
        if taken := [name for name in before if STRATEGIES[name] is not before[name]]:
            STRATEGIES.update({name: before[name] for name in taken})
            problems.append(f"{path.name}: there is a strategy named {taken[0]} already")
        for name in STRATEGIES.keys() - before.keys():
            STRATEGIES[name] = guarded(STRATEGIES[name], path.name)
    return tuple(problems)


def guarded(made: Strategy, file: str) -> Strategy:
    """The same strategy; what it raises or ranks wrongly is a Misuse that names it."""

    def rank(count: int, asked: Asked) -> Ranking:
        try:
            ranking = made.rank(count, asked)
        except Exception as error:
            raise _wrong(made, file, f"failed: {_said(error)}") from error
        order = getattr(ranking, "order", None)
        fits = isinstance(order, tuple) and all(type(place) is int for place in order)
        if not isinstance(ranking, Ranking) or not fits:
            raise _wrong(made, file, "gave no Ranking of places")
        if len(set(ranking.order)) < len(ranking.order) or not set(ranking.order) <= set(
            range(count)
        ):
            raise _wrong(made, file, f"ranked {ranking.order} of {count} turns")
        return ranking

    return replace(made, rank=rank)


def _run(path: Path) -> None:
    name = f"footlights_strategies.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


def _wrong(made: Strategy, file: str, why: str) -> Misuse:
    return Misuse(
        f"the strategy {made.name} of {file} {why}",
        hint="Mend the file and start again, or choose another strategy on the Tokens page.",
    )


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]


def _line(error: Exception, path: Path) -> int:
    """The last line of the file that had a part in it."""
    found = error.lineno or 1 if isinstance(error, SyntaxError) else 1
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            found = trace.tb_lineno
        trace = trace.tb_next
    return found
