"""Office files that their libraries refuse and Office opens are read."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.retrieval.reading.extract import extract, sniff
from tests.core.retrieval.reading import files

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATION = f'<Relationship Id="r99" Type="{OFFICE}/{{}}" Target="{{}}"/></Relationships>'
HEADER = (
    b'<w:hdr xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:p><w:r><w:t>Confidential'
    b"</w:t></w:r></w:p></w:hdr>"
)
Change = Callable[[bytes], bytes]


def read(folder: Path, name: str, content: bytes) -> str:
    path = files.write(folder, "b10b", content)
    return extract(path, sniff(name, content[:4096])).text


def related(kind: str, target: str) -> Change:
    return lambda xml: xml.replace(b"</Relationships>", RELATION.format(kind, target).encode())


def told(old: str, new: str) -> Change:
    return lambda xml: xml.replace(old.encode(), new.encode())


def renamed(original: bytes, old: str, new: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(original)) as archive, zipfile.ZipFile(out, "w") as made:
        for name in archive.namelist():
            made.writestr(
                name.replace(old, new), archive.read(name).replace(old.encode(), new.encode())
            )
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "part", "change"),
    [
        ("a.docx", "word/_rels/document.xml.rels", related("image", "NULL")),
        ("a.docx", "word/media/odd.xyz", lambda _: b"?"),
        ("a.docm", "[Content_Types].xml", told("vnd.openxmlformats-officedocument.wordprocessingml.document.main", "vnd.ms-word.document.macroEnabled.main")),
        ("a.dotx", "[Content_Types].xml", told("wordprocessingml.document.main", "wordprocessingml.template.main")),
    ],
)  # fmt: skip
def test_a_word_file_that_word_opens_is_read(
    tmp_path: Path, name: str, part: str, change: Change
) -> None:
    plain = files.docx(lambda document: document.add_paragraph("Sixty days."))
    assert read(tmp_path, name, files.repacked(plain, {part: change})) == "Sixty days."


def test_a_part_is_found_whatever_case_its_name_is_written_in(tmp_path: Path) -> None:
    plain = files.docx(lambda document: document.add_paragraph("Sixty days."))
    header = {
        "word/header9.xml": lambda _: HEADER,
        "word/_rels/document.xml.rels": related("header", "Header9.XML"),
    }
    text = read(tmp_path, "a.docx", files.repacked(plain, header))
    assert text == "Header: Confidential\n\nSixty days."


def test_what_word_in_a_browser_writes_is_read(tmp_path: Path) -> None:
    plain = files.docx(lambda document: document.add_paragraph("Sixty days."))
    changed = renamed(plain, "word/document.xml", "word/document2.xml")
    changed = renamed(changed, "word/_rels/document.xml.rels", "word/_rels/document2.xml.rels")
    assert read(tmp_path, "a.docx", changed) == "Sixty days."


def test_a_show_of_powerpoint_is_read(tmp_path: Path) -> None:
    def build(deck: object) -> None:
        slide = deck.slides.add_slide(deck.slide_layouts[5])  # type: ignore[attr-defined]
        slide.shapes.title.text = "Lamps"

    change = told("presentationml.presentation.main", "presentationml.slideshow.main")
    changed = files.repacked(files.pptx(build), {"[Content_Types].xml": change})
    assert read(tmp_path, "a.ppsx", changed) == "# Lamps"
