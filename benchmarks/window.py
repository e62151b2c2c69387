"""What it costs to fill the window anew at every turn of a long conversation, against counting each message
once and against counting all of it every time; how soon the lab is drawn again; and how far each counter is
off what vendors reported."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from core.settings import ROOT
from core.tokens.budget import fit
from core.tokens.calibration import learn
from core.tokens.counter import REPLY_OVERHEAD, Counter
from core.tokens.strategies import STRATEGIES
from core.types import Item, Message, ModelInfo, WindowPlan, message
from core.windows.exchanges import Exchange
from core.windows.lab import Lab, Said
from core.windows.measure import Measure

T = TypeVar("T")
TURNS, WORDS = 200, 130
_MODEL = "openai:gpt-4o"
_CLAUDE = "anthropic:claude-haiku-5-5"
_INFO = ModelInfo(_MODEL, "openai", "gpt-4o", "GPT-4o", 1_000_000, 4_096, None)
_BAR_RATIO, _BAR_LAB = 1.1, 0.3
_WEATHER = (
    'get_weather: Get the current weather in a given location\n{"type": "object", "properties": {"location": '
    '{"type": "string", "description": "The city and state, e.g. San Francisco, CA"}}, "required": ["location"]}'
)
# What vendors say in their own references of requests that are printed there: model, texts of the messages,
# tools, tokens of the input.
_PUBLISHED = (
    (_MODEL, ("You are a helpful assistant.", "Hello!"), (), 19),
    (_CLAUDE, ("You are a scientist", "Hello, Claude"), (), 14),
    (_CLAUDE, ("What's the weather like in San Francisco?",), (_WEATHER,), 403),
)
# Vendors whose overheads are made, so that what is learned can be told from what is so.
_MADE = {"counts 22 % more": (1.22, 6, 35), "adds much for each tool": (1.05, 4, 340)}


def main() -> None:
    """Seconds of processor time for a long conversation, the least of some; milliseconds for the lab."""
    said = [[message("user", _text(n)), message("assistant", _text(-n))] for n in range(TURNS)]
    exchanges, once = _exchanges(said), _counter()
    # In turns, so that what else runs here weighs on both alike.
    rounds = [
        (
            _timed(partial(_count_once, _counter(), said)),
            _timed(partial(_count_each_turn, _measure(), exchanges)),
        )
        for _ in range(7)
    ]
    least, counted = (min(each) for each in zip(*rounds, strict=True))
    tokens = sum(once.count_message(each, _MODEL) for turn in said for each in turn)
    whole = _least(_measure, lambda measure: _fit_each_turn(measure, exchanges))
    everything = least * (TURNS + 1) / 2  # the first turn is counted 200 times, the last one once
    print(f"{TURNS} turns, {tokens:,} tokens; processor time throughout")
    print(f"counting  {tokens / least:,.0f} tokens/s")
    print(
        f"each message once {least:.3f} s   counted at every turn {counted:.3f} s   the window filled at every "
        f"turn {whole:.3f} s   all of it counted every time {everything:.2f} s"
    )
    print(
        f"incremental: counted at every turn / each message once {counted / least:.2f} (bar {_BAR_RATIO})   "
        f"the window at every turn / counting all of it {whole / everything:.3f}"
    )
    lab = _lab(500)
    redrawn = _timed(lambda: [lab.outcome(WindowPlan(name), 499, 300) for name in STRATEGIES])
    print(
        f"the lab with 500 turns and {len(STRATEGIES)} strategies: {redrawn * 1000:.0f} ms, "
        f"{redrawn / _BAR_LAB:.2f} of its bar"
    )
    _errors(once)


def _errors(counter: Counter) -> None:
    """How far counts are off: of requests that vendors print with their usage, and of made vendors before and
    after their answers have taught us."""
    for model, texts, tools, reported in _PUBLISHED:
        counted = REPLY_OVERHEAD + sum(counter.count_tool(tool, model) for tool in tools)
        counted += sum(counter.count_message(message("user", text), model) for text in texts)
        with_tools = " with a tool" if tools else ""
        print(
            f"{model}{with_tools}: counted {counted}, the vendor {reported}: {counted / reported:.2f} of it "
            f"({counter.basis(model)})"
        )
    for name, (ratio, each, tool) in _MADE.items():
        asked = [(100 + 37 * n, 2 + n % 9, n % 4) for n in range(30)]
        found = learn([(t, m, k, round(t * ratio + m * each + k * tool)) for t, m, k in asked])
        assert found is not None
        print(
            f"a vendor that {name}: off by {found.plain:.1%} before, by {found.error:.2%} after 30 answers"
        )


def _counter() -> Counter:
    counter = Counter(ROOT / "data" / "models" / "vocabularies")
    counter.warm()
    return counter


def _measure() -> Measure:
    return Measure(_counter())


def _least(fresh: Callable[[], T], work: Callable[[T], object]) -> float:
    """Of five times, each with a counter that has seen nothing: what else runs here only adds."""
    return min(_timed(partial(work, fresh())) for _ in range(5))


def _count_once(counter: Counter, said: Sequence[Sequence[Message]]) -> None:
    for turn in said:
        for each in turn:
            counter.count_message(each, _MODEL)


def _text(number: int) -> str:
    return " ".join(f"The desk says cue {number * 7 + n}." for n in range(WORDS))


def _timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _exchanges(said: Sequence[Sequence[Message]]) -> list[Exchange]:
    return [
        Exchange(f"t{n}", tuple(turn), sum(len(each.text) for each in turn))
        for n, turn in enumerate(said)
    ]


def _count_each_turn(measure: Measure, exchanges: Sequence[Exchange]) -> None:
    for upto in range(1, TURNS + 1):
        measure.items(exchanges[:upto], _INFO)


def _fit_each_turn(measure: Measure, exchanges: Sequence[Exchange]) -> None:
    for upto in range(1, TURNS + 1):
        history = measure.items(exchanges[:upto], _INFO)
        asked = Item("", "", 9)
        fit(window=1_000_000, reserve=1_000, system=[], sources=[], history=history, prompt=asked)


def _lab(count: int) -> Lab:
    turns = [
        Said(f"t{n}", f"question {n} about lamp {n % 9}", 20, 100, (), 50) for n in range(count)
    ]
    model = ModelInfo("m:1", "m", "1", "M", 20_000, 400, None)
    return Lab(turns, [f"{turn.question} and its answer" for turn in turns], 77, model)
