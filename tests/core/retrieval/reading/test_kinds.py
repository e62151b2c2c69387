"""What a file is, by its content and its name."""

import pytest

from core.errors import Refused
from core.retrieval.reading.extract import SUPPORTED, sniff

ZIP = b"PK\x03\x04rest"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest"


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("a.pdf", b"%PDF-1.7", "pdf"),
        ("A.PDF", b"\n\njunk before %PDF-1.4", "pdf"),
        ("a.docx", ZIP, "docx"),
        ("a.pptx", ZIP, "pptx"),
        ("a.xlsx", ZIP, "xlsx"),
        ("a.csv", b"a,b", "csv"),
        ("a.tsv", b"a\tb", "csv"),
        ("a.htm", b"<p>x", "html"),
        ("a.markdown", b"# x", "md"),
        ("notes", b"plain words", "txt"),
        ("scan", b"%PDF-1.7", "pdf"),
        ("a.txt", b"text on %PDF-1.7 files", "txt"),
        ("a.txt", "tokyo 東京".encode()[:-1], "txt"),
        ("a.txt", "wide".encode("utf-16"), "txt"),
        ("a.txt", "wide without a mark".encode("utf-16-le"), "txt"),
        ("../../etc/passwd.txt", b"x", "txt"),
        ("subtitles.srt", b"1\n00:00:01", "txt"),
        ("refs.bib", b"@book{", "code"),
        ("a.HS", b"main = pure ()", "code"),
        ("sales.xlsm", ZIP, "xlsx"),
        ("c:\\files\\a.md", b"x", "md"),
    ],
)
def test_a_file_is_what_its_name_and_its_content_agree_on(
    name: str, head: bytes, kind: str
) -> None:
    assert sniff(name, head) == kind
    assert kind in SUPPORTED


@pytest.mark.parametrize(
    ("name", "head", "reason"),
    [
        ("a.pdf", b"", "empty"),
        ("a.pdf", b"hello", "not a PDF although its name says so"),
        ("a.pdf", ZIP, "not a PDF although its name says so: it is a zip archive"),
        ("a.docx", b"%PDF-1.7", "not a Word document although its name says so: it is a PDF"),
        ("a.docx", OLE, "encrypted"),
        ("a.txt", b"%PDF-1.7", "not text although its name says so: it is a PDF"),
        ("a.txt", bytes(range(256)) * 8, "not text although its name says so"),
        ("a.csv", b"\x89PNG\r\n\x1a\n", "it is a PNG image"),
        ("a.txt", b"\x00" * 100, "not text"),
        ("a.doc", OLE, "format from before 2007"),
        ("a.exe", b"MZ", "not a kind of file that is read: .exe"),
        ("archive", ZIP, "it is a zip archive"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_refused_with_the_reason(
    name: str, head: bytes, reason: str
) -> None:
    with pytest.raises(Refused, match=reason) as refused:
        sniff(name, head)
    assert refused.value.hint.endswith(".")


@pytest.mark.parametrize(
    ("name", "better"),
    [("a.odt", "docx"), ("a.ods", "xlsx"), ("a.pages", "docx"), ("a.msg", "eml")],
)
def test_a_format_of_another_program_is_told_as_which_to_save_it(name: str, better: str) -> None:
    with pytest.raises(Refused, match="not a kind of file that is read") as refused:
        sniff(name, ZIP)
    assert refused.value.hint == f"Open it in its program and save it as .{better}."


def test_an_old_word_file_is_told_how_to_be_saved() -> None:
    with pytest.raises(Refused) as refused:
        sniff("letter.doc", OLE)
    assert "save it as .docx" in refused.value.hint
