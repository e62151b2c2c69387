"""Files that mean harm are read or refused within their limits, with a reason."""

import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Refused
from core.retrieval.reading.draft import Draft, ReadLimits
from core.retrieval.reading.extract import extract
from core.retrieval.reading.formats import pdf, web
from core.retrieval.reading.reader import assemble
from core.types import Extracted
from tests.core.retrieval.reading import files

LIMITS = ReadLimits(seconds=20, memory_mb=700, characters=2_000_000, unpacked_mb=50)

BILLION_LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (c + 1, (b"&%c;" % c) * 10) for c in range(97, 106))
    + b'<!ENTITY x SYSTEM "file:///etc/passwd">]><w:document '
    b'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    b"<w:body><w:p><w:r><w:t>&j;&x;</w:t></w:r></w:p></w:body></w:document>"
)


def read(folder: Path, kind: str, content: bytes | str) -> Extracted:
    return extract(files.write(folder, "b10b", content), kind, LIMITS)


def word() -> bytes:
    return files.docx(files.filled)


def test_a_zip_bomb_is_refused_before_it_goes_off(tmp_path: Path) -> None:
    bomb = files.repacked(word(), {"word/media/big.bin": lambda _: b"\0" * (60 * 1024 * 1024)})
    assert len(bomb) < 200_000
    with pytest.raises(Refused, match="too large when unpacked: 61 MB"):
        read(tmp_path, "docx", bomb)


def test_a_zip_that_lies_about_its_size_does_not_unpack_to_more(tmp_path: Path) -> None:
    name = b"word/document.xml"
    bomb = bytearray(files.repacked(word(), {name.decode(): lambda _: b" " * (60 << 20)}))
    for signature, offset, length in ((b"PK\x03\x04", 22, 30), (b"PK\x01\x02", 24, 46)):
        place = bomb.find(signature)
        while bomb[place + length : place + length + len(name)] != name:
            place = bomb.index(signature, place + 1)
        struct.pack_into("<I", bomb, place + offset, 1000)
    with pytest.raises(Refused, match="damaged"):
        read(tmp_path, "docx", bytes(bomb))


@pytest.mark.parametrize("part", ["word/document.xml", "word/styles.xml"])
def test_a_billion_laughs_are_refused(tmp_path: Path, part: str) -> None:
    with pytest.raises(Refused, match="defines XML entities"):
        read(tmp_path, "docx", files.repacked(word(), {part: lambda _: BILLION_LAUGHS}))


def test_entities_behind_a_long_comment_expand_to_nothing(tmp_path: Path) -> None:
    late = BILLION_LAUGHS.replace(b"<!DOCTYPE", b"<!--" + b" " * 10_000 + b"--><!DOCTYPE", 1)
    with pytest.raises(Refused):
        read(tmp_path, "docx", files.repacked(word(), {"word/document.xml": lambda _: late}))


def test_a_document_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    def nest(xml: bytes) -> bytes:
        return xml.replace(b"<w:body>", b"<w:body>" + b"<w:sdt><w:sdtContent>" * 50_000)

    with pytest.raises(Refused, match="damaged"):
        read(tmp_path, "docx", files.repacked(word(), {"word/document.xml": nest}))


def test_a_sheet_that_claims_to_be_huge_is_read_as_small_as_it_is(tmp_path: Path) -> None:
    def claim(xml: bytes) -> bytes:
        return xml.replace(b'<dimension ref="A1:A1"', b'<dimension ref="A1:XFD1048576"')

    book = files.repacked(files.xlsx({"S": [["one"]]}), {"xl/worksheets/sheet1.xml": claim})
    assert "one" in read(tmp_path, "xlsx", book).text


def test_a_row_number_beyond_all_rows_is_refused(tmp_path: Path) -> None:
    def far(xml: bytes) -> bytes:
        return xml.replace(b'<row r="1"', b'<row r="99999999999"').replace(b'r="A1"', b"")

    book = files.repacked(files.xlsx({"S": [["one"]]}), {"xl/worksheets/sheet1.xml": far})
    with pytest.raises(Refused, match=r"more than 1,048,576 rows|damaged"):
        read(tmp_path, "xlsx", book)


def test_a_row_of_a_million_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="too wide: a row has 1,000,001 columns"):
        read(tmp_path, "csv", "," * 1_000_000 + "\n")


def test_a_quote_that_never_closes_is_read(tmp_path: Path) -> None:
    assert "never" in read(tmp_path, "csv", 'a,"never\n' + "b,c\n" * 100_000).text


def test_a_web_page_nested_a_hundred_thousand_deep_is_read(tmp_path: Path) -> None:
    page = "<div>" * 100_000 + "down here" + "</div>" * 100_000 + "<p>and after"
    assert read(tmp_path, "html", page).text == "down here\n\nand after"


@pytest.mark.parametrize("tag", ["table><tr><td", "ul><li", "pre", "b", "select", "title"])
def test_tags_that_never_close_are_read(tmp_path: Path, tag: str) -> None:
    text = read(tmp_path, "html", "<p>before</p>" + f"<{tag}>" * 20_000 + "inside").text
    assert text.startswith("before")


def flate(content: bytes) -> bytes:
    """A PDF of one page whose content stream unpacks to this."""
    stream = zlib.compress(content, 9)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body = b"".join(b"%d 0 obj%s\nendobj\n" % (n, o) for n, o in enumerate(objects, 1))
    return b"%PDF-1.4\n" + body + b"trailer<</Root 1 0 R/Size 6>>\n%%EOF"


def test_a_pdf_of_our_own_making_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, "pdf", flate(b"BT /F 12 Tf 50 700 Td (hello) Tj ET")).text == "hello"


def test_a_pdf_bomb_ends_in_a_reason(tmp_path: Path) -> None:
    bomb = flate(
        b"BT /F 1 Tf " + b"(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa) Tj " * 1_000_000 + b"ET"
    )
    assert len(bomb) < 300_000
    with pytest.raises(Refused):
        read(tmp_path, "pdf", bomb)


def test_a_pdf_whose_pages_go_in_a_circle_ends_in_a_reason(tmp_path: Path) -> None:
    circle = flate(b"").replace(b"/Kids[3 0 R]/Count 1", b"/Kids[2 0 R 2 0 R]/Count 9")
    with pytest.raises(Refused):
        read(tmp_path, "pdf", circle)


def test_a_pdf_cut_anywhere_is_read_or_refused() -> None:
    whole = files.pdf(["some text on a page"], ["and on another"])
    lengths = [*range(0, len(whole), 37), *range(len(whole) - 12, len(whole) + 1)]
    ends = [harmless_pdf(whole[:length]) for length in lengths]
    assert set(ends) == {"damaged: the PDF cannot be opened", "read 2 pages"}
    assert ends[0].startswith("damaged") and ends[-1] == "read 2 pages"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 1_000_000), st.binary(min_size=1, max_size=20))
def test_a_pdf_with_bytes_changed_anywhere_is_read_or_refused(place: int, change: bytes) -> None:
    whole = bytearray(files.pdf(["some text on a page"], ["and on another"]))
    place %= len(whole)
    whole[place : place + len(change)] = change
    end = harmless_pdf(bytes(whole))
    assert end.startswith(("read ", "damaged: ", "encrypted: ", "too long: "))


def harmless_pdf(content: bytes) -> str:
    """How reading it ended: the reason, or how many pages were read. In this process, because a hundred children take a minute; a crash would end the test run."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        draft = Draft(LIMITS, lambda done, total: None)
        try:
            pdf.read(files.write(Path(folder), "cut.pdf", content), draft)
        except Refused as refused:
            assert refused.hint
            return str(refused)
        pages = assemble(draft).pages
        assert len(pages) == len(draft.pages) == draft.total
        return f"read {len(pages)} pages"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["<td>", "<tr>", "<table>", "</table>", "<li>", "<p>", "</p>", "<pre>", "</pre>", "<h1>", "</h1>", "<nav>", "</nav>", "<b hidden>", "</b>", "word ", "&amp;", "<!-- x", "-->", "<title>"]), max_size=60))  # fmt: skip
def test_any_soup_of_tags_is_taken(parts: list[str]) -> None:
    from lxml import etree

    page = web.Page()
    parser = etree.HTMLParser(target=page, huge_tree=True)
    parser.feed("<p>start</p>" + "".join(parts))
    parser.close()
    assert "start" in page.text()


def test_a_word_of_a_million_letters_is_read(tmp_path: Path) -> None:
    assert len(read(tmp_path, "txt", "a" * 1_000_000).text) == 1_000_000


def test_nuls_and_half_characters_do_not_reach_the_database(tmp_path: Path) -> None:
    text = read(
        tmp_path,
        "txt",
        b"A long and honest text that somehow has a\x00 nul and \xed\xa0\x80 half a pair in it.",
    ).text
    assert "\x00" not in text
    text.encode()
