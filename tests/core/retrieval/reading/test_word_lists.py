"""What Word writes by itself or by a style is read: numbers of lists and clauses, headings, formulas, boxes."""

from pathlib import Path
from typing import Any

from core.retrieval.reading.extract import extract
from core.types import Extracted
from tests.core.retrieval.reading import files

SPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)
CLAUSES = (
    ("decimal", "%1."), ("decimal", "%1.%2"), ("lowerLetter", "(%3)"), ("upperRoman", "%4)"),
)  # fmt: skip


def parsed(xml: str) -> Any:
    from docx.oxml import parse_xml

    return parse_xml(xml.replace(" ", f" {SPACES} ", 1))


def put(document: Any, inner: str) -> None:
    """A paragraph of this XML at the end of the document."""
    body = document.element.body
    body.insert(len(body) - 1, parsed(f"<w:p >{inner}</w:p>"))


def item(document: Any, text: str, level: int, number: int = 90) -> None:
    place = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'
    put(document, f"<w:pPr>{place}</w:pPr><w:r><w:t>{text}</w:t></w:r>")


def numbered(document: Any) -> None:
    """List 90 counts clauses; list 91 is the same one told to begin again at 5."""
    levels = "".join(
        f'<w:lvl w:ilvl="{n}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/></w:lvl>'
        for n, (form, text) in enumerate(CLAUSES)
    )
    root = document.part.numbering_part.element
    root.insert(0, parsed(f'<w:abstractNum w:abstractNumId="900">{levels}</w:abstractNum>'))
    again = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'
    for number, more in ((90, ""), (91, again)):
        root.append(
            parsed(f'<w:num w:numId="{number}"><w:abstractNumId w:val="900"/>{more}</w:num>')
        )


def read(folder: Path, build: Any) -> Extracted:
    return extract(files.write(folder, "b10b", files.docx(build)), "docx")


def test_clauses_have_the_numbers_that_word_writes_in_front_of_them(tmp_path: Path) -> None:
    def build(document: Any) -> None:
        numbered(document)
        for text, level in [("Term", 0), ("One year.", 1), ("Notice.", 1), ("in writing", 2)]:
            item(document, text, level)
        document.add_paragraph("between")
        for text, level in [("by post", 2), ("registered", 3), ("Rent", 0), ("Due.", 1)]:
            item(document, text, level)
        item(document, "Deposit", 0, 91)
        item(document, "Keys", 0, 91)

    assert read(tmp_path, build).text == (
        "1. Term\n\n  1.1 One year.\n\n  1.2 Notice.\n\n    (a) in writing\n\nbetween\n\n    (b) by post\n\n"
        "      I) registered\n\n2. Rent\n\n  2.1 Due.\n\n5. Deposit\n6. Keys"
    )


def test_items_of_usual_lists_stand_one_below_the_other(tmp_path: Path) -> None:
    def build(document: Any) -> None:
        for text in ("mix", "bake"):
            document.add_paragraph(text, style="List Number")
        document.add_paragraph("eat", style="List Bullet")

    assert read(tmp_path, build).text == "1. mix\n2. bake\n- eat"


def test_a_style_that_is_based_on_a_heading_is_one_and_so_is_an_outlined_paragraph(
    tmp_path: Path,
) -> None:
    def build(document: Any) -> None:
        from docx.enum.style import WD_STYLE_TYPE

        clause = document.styles.add_style("Clause", WD_STYLE_TYPE.PARAGRAPH)
        clause.base_style = document.styles["Heading 2"]
        document.add_paragraph("Liability", style="Clause")
        put(document, '<w:pPr><w:outlineLvl w:val="2"/></w:pPr><w:r><w:t>Cap</w:t></w:r>')
        put(
            document,
            '<w:pPr><w:pStyle w:val="Clause"/><w:outlineLvl w:val="9"/></w:pPr><w:r><w:t>x</w:t></w:r>',
        )
        ghost = document.styles.add_style("Ghost", WD_STYLE_TYPE.CHARACTER)
        ghost.font.hidden = True
        document.add_paragraph("seen").add_run(" ghostly", style="Ghost")

    extracted = read(tmp_path, build)
    assert extracted.text == "## Liability\n\n### Cap\n\nx\n\nseen"
    assert extracted.hidden_characters == 8


def test_a_formula_says_what_stands_above_and_below(tmp_path: Path) -> None:
    def of(text: str) -> str:
        return f"<m:r><m:t>{text}</m:t></m:r>"

    half = f"<m:f><m:num>{of('1')}</m:num><m:den>{of('2')}</m:den></m:f>"
    mean = f"<m:f><m:num>{of('a+b')}</m:num><m:den>{of('n')}</m:den></m:f>"
    square = f"<m:sSup><m:e>{of('x')}</m:e><m:sup>{of('2')}</m:sup></m:sSup>"
    root = f"<m:rad><m:deg/><m:e>{of('9')}</m:e></m:rad>"
    total = (
        '<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr>'
        f"<m:sub>{of('i=1')}</m:sub><m:sup>{of('n')}</m:sup><m:e>{of('i')}</m:e></m:nary>"
    )
    bracket = f"<m:d><m:e>{of('y')}</m:e></m:d>"

    def build(document: Any) -> None:
        for formula in (half, mean, square, root, total, bracket):
            put(document, f"<w:r><w:t>v = </w:t></w:r><m:oMath>{formula}</m:oMath>")

    assert read(tmp_path, build).text.split("\n\n") == [
        "v = 1/2", "v = (a+b)/n", "v = x^2", "v = √9", "v = ∑_(i=1)^n i", "v = (y)",
    ]  # fmt: skip


def test_boxes_of_forms_and_ticks_of_wingdings_are_read(tmp_path: Path) -> None:
    def build(document: Any) -> None:
        box = '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:default w:val="{}"/></w:checkBox></w:ffData></w:fldChar></w:r>'
        put(document, box.format(1) + "<w:r><w:t>paid</w:t></w:r>")
        put(document, box.format(0) + "<w:r><w:t>owed</w:t></w:r>")
        put(document, '<w:r><w:sym w:font="Wingdings" w:char="F0FC"/><w:t>sent</w:t></w:r>')

    assert read(tmp_path, build).text == "☒ paid\n\n☐ owed\n\n✓sent"


def test_a_chart_and_a_diagram_are_the_table_and_the_list_that_they_draw(tmp_path: Path) -> None:
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE

    data = CategoryChartData()
    data.categories = ["2025", "2026"]
    data.add_series("Rent", (10, 12.5))
    chart = data.xml_bytes(XL_CHART_TYPE.COLUMN_CLUSTERED)
    diagram = (
        b'<d:dataModel xmlns:d="urn:d" xmlns:a="urn:a"><d:ptLst><d:pt modelId="1"><d:t><a:p><a:r><a:t>Collect</a:t>'
        b"</a:r></a:p></d:t></d:pt></d:ptLst></d:dataModel>"
    )

    def build(document: Any) -> None:
        for name, kind, blob, holder in (
            ("charts/c1", "chart", chart, '<c:chart xmlns:c="urn:c" r:id="{}"/>'),
            (
                "charts/c2",
                "chartEx",
                b'<cx:chartSpaces xmlns:cx="urn:cx"/>',
                '<c:chart xmlns:c="urn:c" r:id="{}"/>',
            ),
            ("diagrams/d1", "diagramData", diagram, '<d:relIds xmlns:d="urn:d" r:dm="{}"/>'),
        ):
            part = Part(
                PackURI(f"/word/{name}.xml"), "application/xml", blob, document.part.package
            )
            identity = document.part.relate_to(part, f"http://x/{kind}")
            drawn = holder.format(identity).replace(" ", ' xmlns:r="urn:r" ', 1)
            put(document, f"<w:r><w:t>See:</w:t></w:r><w:r><w:drawing>{drawn}</w:drawing></w:r>")

    assert read(tmp_path, build).text == (
        "See:\n|  | Rent |\n| --- | --- |\n| 2025 | 10 |\n| 2026 | 12.5 |\n\nSee:\n\nSee:\n- Collect"
    )


def test_text_boxes_readings_and_styles_that_only_word_knows_are_read(tmp_path: Path) -> None:
    def run(text: str) -> str:
        return f"<w:r><w:t>{text}</w:t></w:r>"

    box = f"<w:r><w:pict><w:txbxContent><w:p>{run('in')}</w:p><w:p>{run('a box')}</w:p></w:txbxContent></w:pict></w:r>"
    ruby = (
        f"<w:r><w:ruby><w:rt>{run('kan')}</w:rt><w:rubyBase>{run('漢')}</w:rubyBase></w:ruby></w:r>"
    )

    def build(document: Any) -> None:
        for style in list(document.styles.element):
            document.styles.element.remove(style)
        put(document, f'<w:pPr><w:pStyle w:val="Heading2"/></w:pPr>{run("Rules")}')
        put(document, f"{run('before')}{box}{run('after')}{ruby}")

    assert read(tmp_path, build).text == "## Rules\n\nbefore\nin\na box\nafter漢(kan)"
