"""PowerPoint: each slide with its title, texts, tables and notes."""

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


def _paragraph(paragraph: Any) -> str:
    text: str = paragraph.text.replace("\v", "\n").strip()
    indent = "  " * (paragraph.level - 1)
    return f"{indent}- {text}" if text and paragraph.level else text
