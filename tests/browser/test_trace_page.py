"""The page of a trace, opened from the disk in a real Chromium: it plays, and asks for nothing."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from core.traces.export import as_html, as_json
from core.types import Span, SpanEvent, Turn, TurnRequest
from pages.ui.say import seconds

HOSTILE = (
    "</script><script>window.hit=1</script><img src=http://evil.test/x onerror=window.hit=1>",
    "<!--<script>",
    "${hash} $data ]]> \u2028 \x00 &lt;b&gt;",
    "<svg onload=window.hit=1><style>@import 'http://evil.test/y'</style>",
)
TURN = Turn(
    "t1", "c1", "done", TurnRequest(HOSTILE[0]), datetime(2026, 1, 1, tzinfo=UTC), cost=Decimal(0)
)


def spans() -> list[Span]:
    top = Span("t", "s0", None, HOSTILE[1], "turn", 0, 4 * 10**9)
    return [top] + [
        Span(
            "t", f"s{n}", "s0", f"{n} {text}", "tool", (n - 1) * 10**9, n * 10**9, "error",
            {text: text, "deep": [{text: [text]}]}, (SpanEvent(text, n * 10**9, {text: text}),),
        )
        for n, text in enumerate(HOSTILE, 1)
    ]  # fmt: skip


def test_a_page_of_hostile_texts_runs_none_of_them_asks_for_nothing_and_plays(
    chromium: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "trace.html"
    path.write_text(as_html(TURN, spans(), ()), encoding="utf-8")
    page = chromium.new_page(viewport={"width": 390, "height": 800})
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(path.as_uri())

    expect(page.locator("h1")).to_have_text(HOSTILE[0])
    assert page.locator("#steps li").count() == 5
    for number in range(5):
        page.locator("#steps button").nth(number).click()
    assert page.locator("img, svg, body script:not([id])").count() == 1  # the script of ours
    assert page.evaluate("window.hit") is None
    page.locator("#at").fill("500")
    assert page.locator("li.later").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("#at").fill("990")
    page.locator("#play").click()
    expect(page.locator("#play")).to_have_text("Play")
    assert asked == [path.as_uri()]
    assert said == []
    if folder := os.environ.get("SCREENSHOTS"):
        page.set_viewport_size({"width": 1200, "height": 700})
        page.screenshot(path=f"{folder}/trace.png")
    page.close()


def test_the_page_says_how_long_a_step_took_as_the_app_does(
    chromium: Browser, tmp_path: Path
) -> None:
    took = [0, 0.0004, 0.012, 3.26, 61.5]
    made = [Span("t", f"s{n}", None, "step", "tool", 0, int(t * 1e9)) for n, t in enumerate(took)]
    path = tmp_path / "trace.html"
    path.write_text(as_html(TURN, made, ()), encoding="utf-8")
    page = chromium.new_page()
    page.goto(path.as_uri())
    said = [each.partition(" · ")[0] for each in page.locator("#steps small").all_inner_texts()]
    assert said == [seconds(each) for each in took]
    page.close()


@pytest.mark.parametrize("make", [as_html, as_json])
def test_a_trace_of_ten_thousand_spans_can_be_taken_away(make: object) -> None:
    many = [replace(spans()[1], span_id=f"x{n}", parent_id="s0") for n in range(10_000)]
    assert len(make(TURN, [spans()[0], *many], ())) > 1_000_000  # type: ignore[operator]
