"""Headers, footers, notes and comments of a Word document are read where they belong."""

from pathlib import Path
from typing import Any

import pytest

from core.errors import Refused
from core.retrieval.chunk import Chunker
from core.retrieval.reading.draft import ReadLimits
from core.retrieval.reading.extract import extract
from core.types import Extracted
from tests.core.retrieval.reading import files
from tests.core.retrieval.reading.test_hostile_files import BILLION_LAUGHS

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
NOTES = (
    f'<?xml version="1.0"?><w:footnotes {W}>'
    '<w:footnote w:type="separator" w:id="-1"><w:p><w:r><w:t>----</w:t></w:r></w:p></w:footnote>'
    '<w:footnote w:id="1"><w:p><w:r><w:t>Counted from the first show.</w:t></w:r></w:p></w:footnote>'
    '<w:footnote w:id="2"><w:p><w:r><w:t>Referred to by nothing.</w:t></w:r></w:p></w:footnote>'
    "</w:footnotes>"
).encode()


def build(document: Any) -> None:
    section = document.sections[0]
    section.header.paragraphs[0].text = "Rider of the Northlight Theatre"
    section.footer.paragraphs[0].text = "Page 3 of 9"
    document.add_section().footer.is_linked_to_previous = False
    document.sections[1].footer.paragraphs[0].text = "Confidential"
    paragraph = document.add_paragraph("The notice period is sixty days.")
    document.add_comment(paragraph.runs, text="Check with the lawyer.", author="Ada", initials="A")
    table = document.add_table(rows=2, cols=2)
    for place, text in enumerate(["Part", "Price", "Bolt", "0.20"]):
        table.cell(place // 2, place % 2).text = text
    document.add_paragraph("After the table.")


def with_footnotes(original: bytes, notes: bytes = NOTES) -> bytes:
    relation = f'<Relationship Id="rIdN" Type="{TYPES}/footnotes" Target="footnotes.xml"/>'.encode()
    reference = b'<w:r><w:footnoteReference w:id="1"/></w:r>'
    kind = b'<Override PartName="/word/footnotes.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"/>'
    return files.repacked(
        original,
        {
            "word/footnotes.xml": lambda _: notes,
            "word/_rels/document.xml.rels": lambda xml: xml.replace(b"</Relationships>", relation + b"</Relationships>"),
            "[Content_Types].xml": lambda xml: xml.replace(b"</Types>", kind + b"</Types>"),
            "word/document.xml": lambda xml: xml.replace(b"0.20</w:t></w:r>", b"0.20</w:t></w:r>" + reference),
        },
    )  # fmt: skip


def read(folder: Path, content: bytes) -> Extracted:
    return extract(files.write(folder, "a.docx", content), "docx", ReadLimits(seconds=20))


def test_what_stands_beside_the_body_is_read_where_it_belongs(
    tmp_path: Path, chunker: Chunker
) -> None:
    extracted = read(tmp_path, with_footnotes(files.docx(build)))
    assert extracted.text == (
        "Header: Rider of the Northlight Theatre\n\n"
        "The notice period is sixty days.\n\nComment by Ada: Check with the lawyer.\n\n"
        "| Part | Price |\n| --- | --- |\n| Bolt | 0.20 |\n\nFootnote: Counted from the first show.\n\n"
        "After the table.\n\nFootnote: Referred to by nothing.\n\nFooter: Confidential"
    )
    for chunk in chunker.chunks(extracted):
        assert chunk.text == extracted.text[chunk.start : chunk.end]


def test_a_header_that_every_section_repeats_is_read_once(tmp_path: Path) -> None:
    def sections(document: Any) -> None:
        for number in range(5):
            section = document.sections[0] if not number else document.add_section()
            section.header.is_linked_to_previous = False
            section.header.paragraphs[0].text = "The same"
        document.add_paragraph("body")

    assert read(tmp_path, files.docx(sections)).text == "Header: The same\n\nbody"


def test_hidden_words_of_a_note_are_left_out_and_counted(tmp_path: Path) -> None:
    hidden = NOTES.replace(
        b"<w:r><w:t>Counted", b"<w:r><w:rPr><w:vanish/></w:rPr><w:t>secret</w:t></w:r><w:r><w:t>Counted"
    )  # fmt: skip
    extracted = read(tmp_path, with_footnotes(files.docx(build), hidden))
    assert "secret" not in extracted.text
    assert extracted.hidden_characters == len("secret")


@pytest.mark.parametrize("notes", [BILLION_LAUGHS, b"<w:footnotes", b""])
def test_hostile_or_damaged_notes_are_refused_with_a_reason(tmp_path: Path, notes: bytes) -> None:
    with pytest.raises(Refused, match=r"damaged|entities") as refused:
        read(tmp_path, with_footnotes(files.docx(build), notes))
    assert refused.value.hint
