"""What pages draw themselves: colours that can be read, text that stays text."""

import hashlib
import re
import tomllib
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit import file_util

from core.types import Budget, Item, Slice
from pages.ui import entry, palette, say
from pages.ui.packed import Packed
from pages.ui.passage import passage
from pages.ui.window_bar import bar

ROOT = Path(__file__).resolve().parents[2]
THEMES = ("light", "dark")


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_the_palette_has_the_colours_of_the_theme(theme: str) -> None:
    config = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())["theme"][theme]
    colours = palette.of(theme)
    assert config["backgroundColor"] == colours.background
    assert config["secondaryBackgroundColor"] == colours.surface
    assert config["textColor"] == colours.text
    assert config["primaryColor"] == colours.accent
    assert config["borderColor"] == colours.border
    assert tuple(config["chartCategoricalColors"]) == colours.chart


@pytest.mark.parametrize("theme", THEMES)
def test_every_colour_that_says_something_can_be_read(theme: str) -> None:
    colours = palette.of(theme)
    for colour in (*colours.chart, colours.muted, colours.accent, colours.good, colours.bad):
        assert contrast(colour, colours.background) >= 4.5, colour
    assert contrast(colours.text, colours.surface) >= 7
    assert contrast(colours.on_accent, colours.accent) >= 4.5


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (0, "0.00%"),
        (0.00009, "under 0.01%"),
        (0.0123, "1.23%"),
        (0.5, "50%"),
        (0.996, "over 99%"),
        (1, "100%"),
    ],
)
def test_a_share_is_nothing_or_all_only_when_it_is(part: float, said: str) -> None:
    assert say.share(part) == said


@pytest.mark.parametrize("theme", THEMES)
def test_code_can_be_read_on_its_ground(theme: str) -> None:
    ground = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())["theme"][theme]
    colours = palette.of(theme)
    of_code = (colours.text, colours.muted, colours.accent)
    for colour in (*of_code, *(colours.chart[at] for at, _ in palette.CODE)):
        assert contrast(colour, ground["codeBackgroundColor"]) >= 4.5, colour


def test_the_fonts_of_the_theme_are_where_streamlit_serves_them_from() -> None:
    faces = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())["theme"]["fontFaces"]
    for face in faces:
        assert (ROOT / "pages" / face["url"].removeprefix("app/")).is_file()


def test_the_editor_that_is_served_is_the_one_that_its_sources_make() -> None:
    head = (ROOT / "pages/static/code_editor.js").read_text().split("\n", 1)[0]
    made = re.fullmatch(
        r"/\* npm run build, of (?P<names>[\w. -]+): (?P<sha256>[0-9a-f]{64}) \*/", head
    )
    assert made, "built without a stamp: see pages/editor/build.js"
    names = made["names"].split()
    assert {"editor.js", "package-lock.json"} <= set(names)
    sources = b"".join((ROOT / "pages/editor" / name).read_bytes() for name in names)
    assert hashlib.sha256(sources).hexdigest() == made["sha256"], "run npm ci && npm run build"


def test_a_run_of_a_page_looks_neither_at_files_nor_through_all_memory() -> None:
    config = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())
    assert config["server"]["fileWatcherType"] == "none"
    assert config["runner"]["postScriptGC"] is False


def test_a_passage_marks_exactly_the_cited_words_and_escapes_the_rest() -> None:
    html = passage("a <b> & c\nd", 2, 7)
    assert "a <mark>&lt;b&gt; &amp;</mark> c\nd" in html


def test_a_passage_without_cited_words_marks_nothing() -> None:
    assert "<mark>" not in passage("words", 3, 3)
    assert "<mark>" not in passage("words", 90, 99)


def test_a_passage_keeps_its_lines_but_for_those_that_only_a_full_page_broke() -> None:
    long = "x" * 70
    assert f"{long} and on\nshort\n| row" in passage(f"{long}\nand on\nshort\n| row")


@pytest.mark.parametrize("theme", THEMES)
def test_the_window_bar_tells_every_region_in_words_and_escapes_what_it_is_given(
    theme: str,
) -> None:
    passages = (Item("p", "t", 600), Item("q", "t", 90, kept=False, reason="lowest rank"))
    parts = (Slice("system", (), 100), Slice("sources", passages, 600), Slice("reserve", (), 300))
    html = bar(Budget(2000, parts, counter="<script>"), theme)
    assert "Window of 2,000 tokens: Instructions 100, Passages 600" in html
    assert "1 left out" in html
    assert "free 1,000" in html
    assert "<script>" not in html
    assert sum(float(w) for w in re.findall(r"width:([\d.]+)%", html)) == pytest.approx(50)


def test_a_window_that_is_too_full_says_by_how_much() -> None:
    html = bar(Budget(100, (Slice("prompt", (), 130),)), "light")
    assert "30 too many" in html
    assert "width:100.000%" in html


def test_every_page_begins_with_the_place_of_its_server() -> None:
    """Streamlit's frontend would ask below the page's own address first, and log two errors."""
    client = TestClient(Starlette(routes=list(entry.routes())))
    for path in ("/", "/prompts", "/tokens", "/people", "/demo"):
        page = client.get(path)
        assert '<head><script>window.__streamlit = {BACKEND_BASE_URL: new URL(".",' in page.text
        # On a slow line nothing else is seen for a while: Streamlit begins with an empty page of its own name.
        assert "<title>Footlights</title>" in page.text and "Streamlit</title>" not in page.text
        inside = page.text.partition('<div id="root">')[2].partition("</div>")[0]
        assert "Footlights is opening" in inside and 'role="status"' in inside
        assert 'rel="preload"' not in page.text  # of a font that no page begins with
        assert page.headers["cache-control"] == "no-cache"
    assert client.get("/frame").status_code == client.get("/ui").status_code == 404


def test_scripts_and_styles_come_compressed_to_whoever_takes_that() -> None:
    def plain(request: Request) -> Response:
        return PlainTextResponse("as it was")

    client = TestClient(Packed(Starlette(routes=[Route("/{path:path}", plain)])))
    folder = Path(file_util.get_static_dir()) / "static"
    script = max((folder / "js").glob("*.js"), key=lambda each: each.stat().st_size)
    style = next((folder / "css").glob("*.css"))
    for file, kind in ((script, "text/javascript"), (style, "text/css")):
        path = f"/static/{file.parent.name}/{file.name}"
        for _ in range(2):
            got = client.get(path, headers={"accept-encoding": "br, gzip"})
            assert got.content == file.read_bytes()
            assert got.headers["content-encoding"] == "gzip" and "immutable" in str(got.headers)
            assert got.headers["content-type"].startswith(kind)
            assert int(got.headers["content-length"]) < file.stat().st_size / 2
        for headers in ({"accept-encoding": "identity"}, {"range": "bytes=0-9"}):
            assert client.get(path, headers=headers).text == "as it was"
    for path in ("/static/js/gone.js", "/static/media/a.woff2", "/static/js/%2e%2e/index.html"):
        assert client.get(path).text == "as it was"
