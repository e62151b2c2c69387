"""The colours of what we draw ourselves, in both themes; those of `.streamlit/config.toml` and no others.

Every colour of a region, a span or a chart stands out from its background by at least 4.5 : 1.
"""

from dataclasses import dataclass

from core.types import Region, SpanKind

LIGHT_CHART = (
    "#B4560F", "#2E74A8", "#147D6F", "#6C58C4", "#B03A66", "#7A7168", "#8A6A00", "#4D7C33",
)  # fmt: skip
DARK_CHART = (
    "#F0A24A", "#6CB2E4", "#4FC0AE", "#A597F2", "#EB84A8", "#A1978B", "#D9BC4C", "#93C26F",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one theme: surfaces, text, states, and the order in which a chart takes its own."""

    background: str
    surface: str
    border: str
    text: str
    muted: str
    accent: str
    on_accent: str
    good: str
    bad: str
    free: str
    chart: tuple[str, ...]


LIGHT = Palette(
    background="#FDFCFA",
    surface="#F4F0EA",
    border="#E4DDD3",
    text="#241F1A",
    muted="#6B6259",
    accent="#A84B0A",
    on_accent="#FFFFFF",
    good="#147D6F",
    bad="#B3261E",
    free="#EAE4DB",
    chart=LIGHT_CHART,
)
DARK = Palette(
    background="#151311",
    surface="#211E1A",
    border="#37312A",
    text="#F1ECE5",
    muted="#A89E92",
    accent="#F0A24A",
    on_accent="#151311",
    good="#4FC0AE",
    bad="#F28B82",
    free="#2C2722",
    chart=DARK_CHART,
)

# What stands in code, by the names of its tokens, and which of the chart colours it has. What is not
# named has the colour of the text; Streamlit's own are made for white and for black, not for our paper.
CODE: tuple[tuple[int, tuple[str, ...]], ...] = (
    (3, ("keyword", "atrule", "selector", "tag", "doctype")),
    (6, ("string", "char", "attr-value", "regex", "url")),
    (4, ("number", "boolean", "constant", "symbol", "deleted", "important")),
)
CODE_ACCENT = (
    "function", "class-name", "builtin", "decorator", "annotation", "property", "key", "attr-name",
    "variable",
)  # fmt: skip
CODE_MUTED = ("comment", "prolog", "cdata", "punctuation", "operator")

# Which of the chart colours; the passages have the accent, since they are what the app is about.
_REGIONS: dict[Region, int] = {
    "system": 3,
    "tools": 6,
    "sources": 0,
    "summary": 4,
    "history": 1,
    "prompt": 2,
    "reserve": 5,
}
_SPANS: dict[SpanKind, int] = {
    "turn": 5,
    "call": 5,
    "wait": 5,
    "prompt": 2,
    "retrieval": 0,
    "window": 1,
    "model": 3,
    "tool": 6,
    "citations": 4,
}


def of(theme: str) -> Palette:
    """The colours of `dark`, else those of `light`."""
    return DARK if theme == "dark" else LIGHT


def region(name: Region, theme: str) -> str:
    """The colour of a region of the window."""
    return of(theme).chart[_REGIONS[name]]


def span(kind: SpanKind, theme: str) -> str:
    """The colour of a kind of span."""
    return of(theme).chart[_SPANS[kind]]
