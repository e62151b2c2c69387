"""What a keystroke in the prompt editor costs in core: read, check, render, count; and the sandbox alone."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

from jinja2 import Environment

from core.prompts.library import PromptLibrary
from core.prompts.sandbox import Sandbox
from core.settings import ROOT
from core.tokens.counter import Counter

TIMES = 300
PASSAGES = [
    {
        "number": number,
        "name": "handbook.pdf",
        "unit": "page",
        "page": number,
        "heading": "Leave",
        "text": "Staff have thirty days of leave a year, and more after ten years of service. "
        * 12,
    }
    for number in range(1, 9)
]


def main() -> None:
    """Renderings a second, and the 95th percentile of a whole preview with eight passages."""
    asyncio.run(_measure())


async def _measure() -> None:
    sandbox = Sandbox()
    library = PromptLibrary(ROOT / "prompts", sandbox)
    counter = Counter(ROOT / "data" / "models" / "vocabularies")
    template = library.get("answer")
    values = {"question": "How many days of leave?", "passages": PASSAGES}

    async def render() -> None:
        await sandbox.render(template, values)

    async def preview(number: int = 0) -> None:
        draft = library.draft("answer", f"{template.raw}{{# {number} #}}\n")
        await sandbox.check(draft)
        rendered = await sandbox.render(draft, values)
        for message in rendered.messages:
            counter.count_message(message)

    plain = Environment(trim_blocks=True).from_string(
        "{% for p in passages %}{{ p.text }}{% endfor %}"
    )
    start = time.perf_counter()
    for _ in range(TIMES):
        plain.render(passages=PASSAGES)
    stock = (time.perf_counter() - start) / TIMES
    await render()
    each = await _times(lambda _: render())
    whole = await _times(preview)
    print(
        f"renderings in the sandbox     {1 / statistics.mean(each):,.0f} a second, one after another"
    )
    print(
        f"one of them                   {statistics.median(each) * 1000:.1f} ms, p95 {_p95(each):.1f} ms"
    )
    print(f"stock Jinja2 in this process  {stock * 1000:.2f} ms: without limits, fences or origins")
    print(
        f"a preview while typing        {statistics.median(whole) * 1000:.1f} ms, p95 {_p95(whole):.1f} ms"
    )
    print("                              (front matter, check, compiled anew, 8 passages, tokens)")
    sandbox.close()


async def _times(work: Callable[[int], Awaitable[None]]) -> list[float]:
    found = []
    for number in range(TIMES):
        start = time.perf_counter()
        await work(number)
        found.append(time.perf_counter() - start)
    return found


def _p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)] * 1000


if __name__ == "__main__":
    main()
