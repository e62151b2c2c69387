"""PowerPoint: each slide with its title, texts, tables, charts and notes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.retrieval.reading.draft import Draft
from core.retrieval.reading.formats import charts, diagrams, formulas, pipes
from core.retrieval.reading.formats.elements import attribute, local
from core.retrieval.reading.formats.package import mended

_SHAPES = {"sp", "graphicFrame", "grpSp", "pic", "cxnSp"}


def read(path: Path, draft: Draft) -> None:
    """Each slide as Markdown; the notes of the speaker and comments stand last, marked."""
    import pptx

    deck = pptx.Presentation(mended(path, "pptx"))
    draft.expect("slide", len(deck.slides))
    for slide in deck.slides:
        draft.add("\n\n".join(text for text in _slide(slide, draft) if text.strip()))


def _slide(slide: Any, draft: Draft) -> Iterator[str]:
    _choose(slide.element)
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
    yield from _comments(slide)


def _comments(slide: Any) -> Iterator[str]:
    """What readers wrote at the slide, old form and new, answers included."""
    from pptx.oxml import parse_xml

    for relation in slide.part.rels.values():
        if relation.reltype.rpartition("/")[2] != "comments" or relation.is_external:
            continue
        for comment in parse_xml(relation.target_part.blob).iter("{*}cm", "{*}reply"):
            said = [each for each in comment if local(each) in ("text", "txBody")]
            texts = (text.text or "" for each in said for text in each.iter("{*}text", "{*}t"))
            if text := " ".join("".join(texts).split()):
                yield f"Comment: {text}"


def _choose(slide: Any) -> None:
    """Put what is there for the PowerPoint of today in the place of its choices: the library takes
    neither, and a text box with a formula in it is one."""
    for either in list(slide.iter("{*}AlternateContent")):
        options = [[child for child in option if local(child) in _SHAPES] for option in either]
        parent = either.getparent()
        if chosen := next(filter(None, options), []):
            place = parent.index(either)
            parent.remove(either)
            for number, shape in enumerate(chosen):
                parent.insert(place + number, shape)


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
        yield from charts.drawn(shape.chart)
    else:
        yield "\n".join(_diagram(shape))


def _diagram(shape: Any) -> Iterator[str]:
    from pptx.oxml import parse_xml

    for named in shape.element.iter("{*}relIds"):
        identity = attribute(named, "dm")
        if identity in shape.part.rels and not shape.part.rels[identity].is_external:
            yield from diagrams.items(parse_xml(shape.part.related_part(identity).blob))


def _runs(paragraph: Any) -> Iterator[str]:
    for part in paragraph._p:
        match local(part):
            case "r" | "fld":
                yield "".join(text.text or "" for text in part.iterchildren("{*}t"))
            case "br":
                yield "\n"
            case "m":
                yield from map(formulas.of_word, part)


def _paragraph(paragraph: Any) -> str:
    text = "".join(_runs(paragraph)).strip()
    indent = "  " * (paragraph.level - 1)
    return f"{indent}- {text}" if text and paragraph.level else text
