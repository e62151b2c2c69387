"""Charts of slides and documents, as the tables that they draw."""

from collections.abc import Iterator
from typing import Any

from core.retrieval.reading.formats import pipes


def of_part(blob: bytes) -> Iterator[str]:
    """The chart that a part of an Office file holds; of the newer kinds (a funnel, a tree map) nothing."""
    from pptx.chart.chart import Chart
    from pptx.oxml import parse_xml

    root = parse_xml(blob)
    if root.tag.endswith("}chartSpace"):
        yield from drawn(Chart(root, None))


def drawn(chart: Any) -> Iterator[str]:
    """Its title, and what it draws as a table: a row for each category, a column for each series."""
    if chart.has_title and chart.chart_title.has_text_frame:
        yield chart.chart_title.text_frame.text
    try:
        plots = list(chart.plots)
    except ValueError:  # a kind of chart that the library does not know: a surface, a stock
        return
    for plot in plots:
        labels = [str(category) for category in plot.categories]
        series = [(each.name or "", list(each.values)) for each in plot.series]
        rows = max([len(labels), *(len(values) for _, values in series)], default=0)
        labels += [""] * (rows - len(labels))  # points of a scatter have no names
        drawn = [
            [label, *(_number(values[n]) if n < len(values) else "" for _, values in series)]
            for n, label in enumerate(labels)
        ]
        yield pipes.table([["", *(name for name, _ in series)], *drawn])


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.15g}"
