"""Builds the sample PDF and DOCX from `source/`, byte for byte the same each time.

pip install reportlab python-docx
python data/samples/build.py
"""

import zipfile
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from reportlab.lib.colors import HexColor, white
from reportlab.lib.enums import TA_LEFT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Frame,
    NextPageTemplate,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

HERE = Path(__file__).parent
INK, SOFT, LINE, COPPER, STAGE = (
    HexColor(c) for c in ("#26211c", "#6f665c", "#d9d1c6", "#a24d0c", "#1b1714")
)


@dataclass(frozen=True)
class Block:
    """One block of a source file: h1, h2, text, rule (numbered), note, or table."""

    kind: str
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


def read(name: str) -> list[Block]:
    """The blocks of a source file; blank lines part them."""
    parts = (HERE / "source" / name).read_text(encoding="utf-8").strip().split("\n\n")
    return [block for part in parts for block in _blocks(part)]


def _blocks(part: str) -> list[Block]:
    if part.startswith("|"):
        rows = (line.strip("| ").split("|") for line in part.splitlines())
        return [Block("table", rows=tuple(tuple(cell.strip() for cell in row) for row in rows))]
    if part[0].isdigit():
        return [Block("rule", line) for line in part.splitlines()]
    for mark, kind in (("## ", "h2"), ("# ", "h1"), ("!!! ", "note")):
        if part.startswith(mark):
            return [Block(kind, part.removeprefix(mark))]
    return [Block("text", part)]


# --- the handbook: PDF -----------------------------------------------------------------------


def _style(name: str, font: str, size: float, lead: float, **more: object) -> ParagraphStyle:
    return ParagraphStyle(
        name, fontName=font, fontSize=size, leading=lead, textColor=more.pop("color", INK), **more
    )


STYLES = {
    "h1": _style("h1", "Helvetica-Bold", 15, 19, spaceBefore=15, spaceAfter=6, keepWithNext=1),
    "h2": _style(
        "h2", "Helvetica-Bold", 10.5, 14, spaceBefore=7, spaceAfter=3, keepWithNext=1, color=COPPER
    ),
    "text": _style("text", "Times-Roman", 11, 15, spaceAfter=7),
    "rule": _style(
        "rule", "Times-Roman", 11, 14.4, spaceAfter=3, leftIndent=20, bulletIndent=0
    ),
    "note": _style(
        "note", "Times-Italic", 11.5, 15.5, spaceBefore=4, spaceAfter=10, leftIndent=11, rightIndent=10,
        borderColor=COPPER, borderPadding=(0, 0, 0, 0),
    ),
    "cell": _style("cell", "Helvetica", 9, 11.5, alignment=TA_LEFT),
    "head": _style("head", "Helvetica-Bold", 8.5, 11, color=SOFT),
}  # fmt: skip
WIDTHS = {
    6: (40, 17, 18, 41, 20, 22),
    2: (62, 98),
}
DAY, FAULTS = (36, 92, 32), (50, 50, 60)


def _pdf_table(block: Block) -> Table:
    head, *rows = block.rows
    cells = [[Paragraph(cell, STYLES["head"]) for cell in head]]
    cells += [[Paragraph(cell, STYLES["cell"]) for cell in row] for row in rows]
    widths = WIDTHS.get(len(head)) or (DAY if head[0] == "When" else FAULTS)
    table = Table(
        cells, [w * mm for w in widths], hAlign="LEFT", splitByRow=0, spaceBefore=2, spaceAfter=9
    )
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, INK),
                ("LINEBELOW", (0, 1), (-1, -1), 0.4, LINE),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 3),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3.4),
            ]
        )
    )
    return table


def _pdf_flow(block: Block) -> list[object]:
    match block.kind:
        case "table":
            return [_pdf_table(block)]
        case "rule":
            number, text = block.text.split(" ", 1)
            return [Paragraph(text, STYLES["rule"], bulletText=number)]
        case "h1":
            return [CondPageBreak(42 * mm), Paragraph(block.text, STYLES["h1"])]
        case "note":
            bar = Table([["", Paragraph(block.text, STYLES["note"])]], colWidths=[2, 158 * mm])
            bar.setStyle(TableStyle([("BACKGROUND", (0, 0), (0, 0), COPPER)]))
            return [Spacer(1, 2), bar, Spacer(1, 8)]
        case _:
            return [Paragraph(block.text, STYLES[block.kind])]


def _cover(canvas, _doc) -> None:
    """The stage at the head of the first page: nine lights at its edge, shining up."""
    width, height = A4
    floor = height - 66 * mm
    canvas.setFillColor(STAGE)
    canvas.rect(0, floor, width, 66 * mm, stroke=0, fill=1)
    canvas.saveState()
    clip = canvas.beginPath()
    clip.rect(0, floor, width, 66 * mm)
    canvas.clipPath(clip, stroke=0)
    for i in range(9):
        x = width / 2 + (i - 4) * 22 * mm
        for step in range(22, 0, -1):
            canvas.setFillColor(HexColor("#ffb454"), alpha=0.014)
            canvas.ellipse(x - step * 1.5 * mm, floor - step * 1.4 * mm,
                           x + step * 1.5 * mm, floor + step * 1.9 * mm, stroke=0, fill=1)  # fmt: skip
        canvas.setFillColor(HexColor("#ffd9a0"), alpha=1)
        canvas.circle(x, floor, 2.2 * mm, stroke=0, fill=1)
    canvas.restoreState()
    canvas.setFillColor(white)
    canvas.setFont("Helvetica-Bold", 25)
    canvas.drawString(25 * mm, height - 31 * mm, "The Lighting Handbook")
    canvas.setFont("Times-Italic", 13)
    canvas.setFillColor(HexColor("#f0dcc2"))
    canvas.drawString(
        25 * mm, height - 40 * mm, "Northlight Theatre, North Quay. Sixth edition, 1 September 2025"
    )


def _foot(canvas, doc) -> None:
    canvas.setFont("Helvetica", 8.5)
    canvas.setFillColor(SOFT)
    canvas.drawString(25 * mm, 13 * mm, "Northlight Theatre")
    canvas.drawRightString(A4[0] - 25 * mm, 13 * mm, str(doc.page))


class Book(BaseDocTemplate):
    """A document whose headings are also its outline."""

    def afterFlowable(self, flowable) -> None:
        """Add a heading to the outline."""
        style = getattr(getattr(flowable, "style", None), "name", "")
        if style in ("h1", "h2"):
            text = flowable.getPlainText()
            self.canv.bookmarkPage(text)
            self.canv.addOutlineEntry(text, text, level=int(style[1]) - 1)


def build_handbook(path: Path) -> None:
    """Write the handbook as a PDF with a text layer, an an A4 book of a few pages."""
    doc = Book(
        str(path),
        pagesize=A4,
        title="The Lighting Handbook of the Northlight Theatre",
        author="The Footlights authors",
        subject="A sample document of Footlights",
        lang="en-GB",
        invariant=1,
    )
    wide = A4[0] - 50 * mm
    first = Frame(25 * mm, 21 * mm, wide, A4[1] - 21 * mm - 72 * mm, 0, 0, 0, 0)
    later = Frame(25 * mm, 21 * mm, wide, A4[1] - 21 * mm - 22 * mm, 0, 0, 0, 0)
    doc.addPageTemplates(
        [
            PageTemplate("first", [first], onPage=_cover, onPageEnd=_foot),
            PageTemplate("later", [later], onPageEnd=_foot),
        ]
    )
    flow = [NextPageTemplate("later")]
    for block in read("handbook.txt"):
        flow += _pdf_flow(block)
    doc.build(flow)


# --- the agreement: DOCX ---------------------------------------------------------------------


def _docx_styles(doc) -> None:
    for name, font, size, colour in (
        ("Normal", "Georgia", 10.5, "26211C"),
        ("Title", "Arial", 22, "26211C"),
        ("Heading 1", "Arial", 14, "26211C"),
        ("Heading 2", "Arial", 11, "A24D0C"),
    ):
        style = doc.styles[name]
        style.font.name, style.font.size = font, Pt(size)
        style.font.color.rgb = RGBColor.from_string(colour)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for slot in ("w:ascii", "w:hAnsi", "w:eastAsia", "w:cs"):
            fonts.set(qn(slot), font)
        for slot in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
            fonts.attrib.pop(qn(slot), None)
    normal = doc.styles["Normal"].paragraph_format
    normal.space_after, normal.line_spacing = Pt(8), 1.3


def _docx_table(doc, block: Block) -> None:
    head, *rows = block.rows
    table = doc.add_table(rows=0, cols=len(head), style="Light List")
    for at, row in enumerate((head, *rows)):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
            paragraph = cell.paragraphs[0]
            paragraph.paragraph_format.space_after = Pt(3)
            paragraph.paragraph_format.space_before = Pt(3)
            paragraph.paragraph_format.line_spacing = 1.0
            paragraph.runs[0].font.size = Pt(9.5)
            paragraph.runs[0].font.bold = at == 0
    mark = OxmlElement("w:tblHeader")
    table.rows[0]._tr.get_or_add_trPr().append(mark)
    doc.add_paragraph().paragraph_format.space_after = Pt(2)


def build_agreement(path: Path) -> None:
    """Write the agreement as a Word document with real headings and tables."""
    doc = Document()
    section = doc.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.7)
    section.top_margin = section.bottom_margin = Cm(2.4)
    _docx_styles(doc)
    doc.add_paragraph(
        "Agreement for a visiting company", style="Title"
    ).alignment = WD_ALIGN_PARAGRAPH.LEFT
    for block in read("agreement.txt"):
        match block.kind:
            case "h1":
                doc.add_heading(block.text, 1)
            case "h2":
                doc.add_heading(block.text, 2)
            case "table":
                _docx_table(doc, block)
            case _:
                doc.add_paragraph(block.text)
    core = doc.core_properties
    core.title = "Agreement for a visiting company"
    core.author = core.last_modified_by = "The Footlights authors"
    core.comments = "A sample document of Footlights"
    core.created = core.modified = datetime(2025, 6, 3, 12)
    raw = BytesIO()
    doc.save(raw)
    _rewrite(raw, path)


def _rewrite(raw: BytesIO, path: Path) -> None:
    """Copy a zip with one fixed time, since it would otherwise change with the clock."""
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            info = zipfile.ZipInfo(name, (2025, 6, 3, 12, 0, 0))
            info.compress_type, info.create_system = zipfile.ZIP_DEFLATED, 3
            new.writestr(info, old.read(name))


if __name__ == "__main__":
    build_handbook(HERE / "lighting-handbook.pdf")
    build_agreement(HERE / "touring-agreement.docx")
