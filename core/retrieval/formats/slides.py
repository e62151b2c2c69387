"""PowerPoint: each slide with its title, texts, tables, charts and notes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.retrieval.draft import Draft
from core.retrieval.formats import pipes


def read(path: Path, draft: Draft) -> None:
    """Each slide as Markdown; the notes of the speaker stand last, marked."""
    import pptx

    deck = pptx.Presentation(str(path))
    draft.expect("slide", len(deck.slides))
    for slide in deck.slides:
        draft.add("\n\n".join(text for text in _slide(slide, draft) if text.strip()))


def _slide(slide: Any, draft: Draft) -> Iterator[str]:
    title = slide.shapes.title
    if title is not None and title.text_frame.text.strip():
        yield f"# {' '.join(title.text_frame.text.split())}"
    for shape in slide.shapes:
        if title is None or shape.shape_id != title.shape_id:
            yield from _shape(shape, draft)
    if slide.has_notes_slide:
        notes = slide.notes_slide.notes_text_frame
        if notes is not None and notes.text.strip():
            yield f"Notes: {notes.text.strip()}"


def _shape(shape: Any, draft: Draft) -> Iterator[str]:
    from pptx.shapes.group import GroupShape
    from pptx.shapes.picture import Picture

    draft.images = draft.images or isinstance(shape, Picture)
    if isinstance(shape, GroupShape):
        for inner in shape.shapes:
            yield from _shape(inner, draft)
    elif shape.has_text_frame:
        yield "\n".join(_paragraph(part) for part in shape.text_frame.paragraphs)
    elif getattr(shape, "has_table", False):
        yield pipes.table(
            ["" if cell.is_spanned else cell.text for cell in row.cells] for row in shape.table.rows
        )
    elif getattr(shape, "has_chart", False):
        yield from _chart(shape.chart)


def _chart(chart: Any) -> Iterator[str]:
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


def _paragraph(paragraph: Any) -> str:
    text: str = paragraph.text.replace("\v", "\n").strip()
    indent = "  " * (paragraph.level - 1)
    return f"{indent}- {text}" if text and paragraph.level else text
