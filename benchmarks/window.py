"""What it costs to fill the window anew at every turn of a long conversation, against counting each message
once and against counting all of it every time; and how soon the lab is drawn again."""

import time
from collections.abc import Callable, Sequence

from core.settings import ROOT
from core.tokens.budget import fit
from core.tokens.counter import Counter
from core.tokens.strategies import STRATEGIES
from core.types import Item, Message, ModelInfo, WindowPlan, message
from core.whatif import Lab, Said

TURNS, WORDS = 200, 130
_MODEL = "openai:gpt-4o"


def main() -> None:
    """Seconds of processor time for a long conversation; milliseconds for the lab."""
    said = [[message("user", _text(n)), message("assistant", _text(-n))] for n in range(TURNS)]
    once, ours, again = (_counter() for _ in range(3))
    tokens = sum(once.count_message(each, _MODEL) for turn in said for each in turn)
    once = _counter()
    least = _timed(lambda: [once.count_message(each, _MODEL) for turn in said for each in turn])
    window = _timed(lambda: _window_each_turn(ours, said))
    everything = 10 * _timed(lambda: _all_each_time(again, said))
    print(
        f"{TURNS} turns, {tokens:,} tokens  each message once {least:.3f} s   the window at every turn "
        f"{window:.3f} s   all of it every time {everything:.2f} s   ours/once {window / least:.2f}   "
        f"ours/all {window / everything:.3f}"
    )
    lab = _lab(500)
    redrawn = _timed(lambda: [lab.outcome(WindowPlan(name), 499, 300) for name in STRATEGIES])
    print(f"the lab with 500 turns and {len(STRATEGIES)} strategies: {redrawn * 1000:.0f} ms")


def _counter() -> Counter:
    counter = Counter(ROOT / "data" / "models" / "vocabularies")
    counter.warm()
    return counter


def _text(number: int) -> str:
    return " ".join(f"The desk says cue {number * 7 + n}." for n in range(WORDS))


def _timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _window_each_turn(counter: Counter, said: Sequence[Sequence[Message]]) -> None:
    for upto in range(1, TURNS + 1):
        history = [
            [Item("", each.text, counter.count_message(each, _MODEL)) for each in turn]
            for turn in said[:upto]
        ]
        asked = Item("", "", 9)
        fit(window=1_000_000, reserve=1_000, system=[], sources=[], history=history, prompt=asked)


def _all_each_time(counter: Counter, said: Sequence[Sequence[Message]]) -> None:
    for upto in range(1, TURNS + 1, 10):  # a tenth of the turns
        for turn in said[:upto]:
            for each in turn:
                counter.pieces(each.text, _MODEL, 10**9)


def _lab(count: int) -> Lab:
    turns = [
        Said(f"t{n}", f"question {n} about lamp {n % 9}", 20, 100, (), 50) for n in range(count)
    ]
    model = ModelInfo("m:1", "m", "1", "M", 20_000, 400, None)
    return Lab(turns, [f"{turn.question} and its answer" for turn in turns], 77, model)
