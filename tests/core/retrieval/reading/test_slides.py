"""What python-pptx does not know of a slide is read: diagrams, choices for newer programs, formulas, comments."""

from pathlib import Path
from typing import Any

from core.retrieval.reading.extract import extract
from tests.core.retrieval.reading import files

SPACES = (
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:a14="http://schemas.microsoft.com/office/drawing/2010/main" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram"'
)
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def read(folder: Path, build: Any) -> str:
    return extract(files.write(folder, "b10b", files.pptx(build)), "pptx").text


def slide_of(deck: Any) -> Any:
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Plan"
    return slide


def put(slide: Any, xml: str) -> None:
    from pptx.oxml import parse_xml

    slide.shapes._spTree.append(parse_xml(xml.replace(" ", f" {SPACES} ", 1)))


def related(slide: Any, name: str, kind: str, xml: str) -> str:
    from pptx.opc.package import Part
    from pptx.opc.packuri import PackURI

    blob = xml.replace(" ", f" {SPACES} ", 1).encode()
    part = Part(PackURI(f"/ppt/{name}.xml"), "application/xml", slide.part.package, blob)
    identity: str = slide.part.relate_to(part, f"{OFFICE}/{kind}")
    return identity


def box(inner: str) -> str:
    return (
        '<p:sp ><p:nvSpPr><p:cNvPr id="20" name="t"/><p:cNvSpPr txBox="1"/><p:nvPr/></p:nvSpPr>'
        f"<p:spPr/><p:txBody><a:bodyPr/><a:p>{inner}</a:p></p:txBody></p:sp>"
    )


def said(text: str) -> str:
    return f"<a:r><a:t>{text}</a:t></a:r>"


def test_a_text_box_with_a_formula_is_read_and_what_stands_in_for_it_is_not(tmp_path: Path) -> None:
    square = (
        "<m:sSup><m:e><m:r><m:t>c</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup>"
    )
    energy = f"{said('E is m')}<a14:m><m:oMath>{square}</m:oMath></a14:m>"

    def build(deck: Any) -> None:
        put(
            slide_of(deck),
            f'<mc:AlternateContent ><mc:Choice Requires="a14">{box(energy)}</mc:Choice>'
            f"<mc:Fallback>{box(said('old'))}</mc:Fallback></mc:AlternateContent>",
        )

    assert read(tmp_path, build) == "# Plan\n\nE is mc^2"


def test_where_the_new_form_is_unknown_the_old_one_is_read(tmp_path: Path) -> None:
    def build(deck: Any) -> None:
        put(
            slide_of(deck),
            f'<mc:AlternateContent ><mc:Choice Requires="p14"><p:contentPart/></mc:Choice>'
            f"<mc:Fallback>{box(said('drawn'))}</mc:Fallback></mc:AlternateContent>",
        )

    assert read(tmp_path, build) == "# Plan\n\ndrawn"


def test_a_diagram_is_the_list_that_it_draws(tmp_path: Path) -> None:
    def point(identity: int, text: str, kind: str = "node") -> str:
        return f'<dgm:pt modelId="{identity}" type="{kind}"><dgm:t><a:p>{said(text)}</a:p></dgm:t></dgm:pt>'

    points = "".join(
        [
            point(0, "", "doc"), point(3, "Train"), point(1, "Collect"), point(2, "by post"),
            point(4, "*", "sibTrans"), point(5, "left alone"),
        ]
    )  # fmt: skip
    links = "".join(
        f'<dgm:cxn srcId="{above}" destId="{below}" srcOrd="{order}"/>'
        for above, below, order in [(0, 3, 1), (0, 1, 0), (1, 2, 0), (2, 1, 0)]
    )

    def build(deck: Any) -> None:
        slide = slide_of(deck)
        data = f"<dgm:dataModel ><dgm:ptLst>{points}</dgm:ptLst><dgm:cxnLst>{links}</dgm:cxnLst></dgm:dataModel>"
        identity = related(slide, "diagrams/data1", "diagramData", data)
        put(
            slide,
            '<p:graphicFrame ><p:nvGraphicFramePr><p:cNvPr id="30" name="d"/><p:cNvGraphicFramePr/><p:nvPr/>'
            '</p:nvGraphicFramePr><p:xfrm><a:off x="0" y="0"/><a:ext cx="9" cy="9"/></p:xfrm><a:graphic>'
            '<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/diagram">'
            f'<dgm:relIds r:dm="{identity}"/></a:graphicData></a:graphic></p:graphicFrame>',
        )

    assert read(tmp_path, build) == "# Plan\n\n- Collect\n  - by post\n- Train\n- left alone"


def test_comments_of_a_slide_are_read_with_their_answers(tmp_path: Path) -> None:
    def build(deck: Any) -> None:
        slide = slide_of(deck)
        related(
            slide,
            "comments/c1",
            "comments",
            "<p:cmLst ><p:cm><p:text>Too long?</p:text></p:cm></p:cmLst>",
        )
        answer = f"<p:reply><p:txBody><a:p>{said('Yes.')}</a:p></p:txBody></p:reply>"
        new = f"<p:cmLst ><p:cm><p:replyLst>{answer}</p:replyLst><p:txBody><a:p>{said('Shorter?')}</a:p></p:txBody></p:cm></p:cmLst>"
        related(slide, "comments/c2", "comments", new)

    assert read(tmp_path, build) == (
        "# Plan\n\nComment: Too long?\n\nComment: Shorter?\n\nComment: Yes."
    )
