"""A page of a PDF becomes a picture with the boxes of its words, or is refused within the limits."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Refused
from core.processes import child
from core.retrieval.reading.extract import extract
from core.retrieval.reading.letters import letters, nearest
from core.retrieval.reading.painter import paint
from core.retrieval.reading.picture import Sought, picture
from core.types import Box
from tests.core.retrieval.reading import files
from tests.core.retrieval.reading.test_hostile_files import flate
from tests.felt import Felt

LINES = ["The notice period is sixty days in an exam-", "ple. The notice period is sixty days."]


def canvas(draw: Callable[[Any], None], **given_: Any) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    sheet = Canvas(out, invariant=1, **given_)
    draw(sheet)
    sheet.showPage()
    sheet.save()
    return out.getvalue()


def pixels(png: bytes) -> tuple[int, int, bytes]:
    """Width, height and the bytes of a PNG, by its own parts."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    place, data = 33, b""
    while png[place + 4 : place + 8] == b"IDAT":
        size = struct.unpack(">I", png[place : place + 4])[0]
        data += png[place + 8 : place + 8 + size]
        place += size + 12
    return width, height, zlib.decompress(data)


def dark_in(png: bytes, box: Box) -> int:
    """How many pixels of the box are darker than half."""
    width, height, data = pixels(png)
    row = 3 * width + 1
    across = range(int(box.left * width), int((box.left + box.width) * width) + 1)
    down = range(int(box.top * height), int((box.top + box.height) * height) + 1)
    return sum(data[y * row + 1 + 3 * x] < 128 for y in down for x in across)


def sought(before: str, words: str) -> Sought:
    return Sought(letters(words), len(letters(before)))


def test_a_page_is_drawn_as_wide_as_asked(tmp_path: Path) -> None:
    drawn = picture(files.write(tmp_path, "a.pdf", files.pdf(LINES, ["two"])), 1, 600)
    assert (drawn.width, drawn.height) == pixels(drawn.png)[:2] == (600, 849)
    assert dark_in(drawn.png, Box(0, 0, 0.99, 0.99)) > 500


def test_the_boxes_of_words_lie_on_their_letters_line_by_line(tmp_path: Path) -> None:
    path = files.write(tmp_path, "a.pdf", files.pdf(LINES))
    text = extract(path, "pdf").text
    start = text.index("example. The")
    drawn = picture(path, 1, 800, sought(text[:start], "example. The notice"))
    assert len(drawn.boxes) == 2
    first, second = drawn.boxes
    assert first.top < second.top and second.left < first.left
    for box in drawn.boxes:
        assert dark_in(drawn.png, box) > 20


def test_of_words_that_stand_there_twice_the_right_ones_are_found(tmp_path: Path) -> None:
    path = files.write(tmp_path, "a.pdf", files.pdf(LINES))
    text, words = extract(path, "pdf").text, "The notice period is sixty days"
    tops = [
        picture(path, 1, 0, sought(text[:at], words)).boxes[0].top for at in (0, text.rindex(words))
    ]
    assert tops[0] < tops[1]


def test_a_turned_and_cut_page_has_its_boxes_where_it_is_seen(tmp_path: Path) -> None:
    def draw(sheet: Any) -> None:
        sheet.setPageRotation(90)
        sheet.setCropBox((50, 100, 550, 800))
        sheet.drawString(200, 500, "turned words")

    drawn = picture(files.write(tmp_path, "a.pdf", canvas(draw)), 1, 700, Sought("turnedwords", 0))
    [box] = drawn.boxes
    assert box.height > box.width
    everything = dark_in(drawn.png, Box(0, 0, 0.999, 0.999))
    assert 0.9 * everything <= dark_in(drawn.png, box) <= everything


def test_words_that_are_not_on_the_page_have_no_boxes(tmp_path: Path) -> None:
    path = files.write(tmp_path, "a.pdf", files.pdf(LINES))
    assert picture(path, 1, 0, sought("", "ninety weeks of notice")).boxes == ()


def test_a_filled_form_is_drawn_with_its_values(tmp_path: Path) -> None:
    def form(value: str) -> bytes:
        return canvas(
            lambda sheet: sheet.acroForm.textfield(name="city", value=value, x=72, y=600, width=300)
        )

    empty, filled = (
        picture(files.write(tmp_path, "a.pdf", form(value)), 1, 600).png for value in ("", "Bonn")
    )
    everywhere = Box(0, 0, 0.99, 0.99)
    assert dark_in(filled, everywhere) > dark_in(empty, everywhere) + 30


PIECES = st.lists(st.sampled_from(["ex-", "-", "ample ", "ﬁnd ", "é", "e\u0301", "ß", " ", "\n", "Ⅳ", "\u00ad", "\ufffe", "\x02", "東京 ", "n-1 "]), max_size=40).map("".join)  # fmt: skip


@given(PIECES, PIECES)
def test_letters_add_up_so_that_a_count_is_a_place(first: str, second: str) -> None:
    assert letters(first + " " + second) == letters(first) + letters(second)


@given(PIECES, PIECES, PIECES)
def test_what_stands_in_a_text_is_found_at_its_place(before: str, words: str, after: str) -> None:
    page = letters(f"{before} {words} {after}")
    start, end = nearest(page, letters(words), len(letters(before)))
    assert page[start:end] == letters(words)
    assert start == (len(letters(before)) if letters(words) else 0)


def test_words_with_something_in_between_are_found_by_their_ends() -> None:
    words = letters("a sentence that goes on over the fold of the page and further on to its end")
    page = letters("before it. ") + words[:30] + "footer7" + words[30:] + letters(" and after")
    start, end = nearest(page, words, 8)
    assert page[start:end].startswith(words[:30]) and page[start:end].endswith(words[30:])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"%PDF-1.7 and nothing more", "damaged"),
        (files.pdf(["secret"], password="x"), "encrypted"),
        (flate(b"").replace(b"/MediaBox[0 0 600 800]", b"/MediaBox[0 0 0.1 0.01]"), "size"),
    ],
    ids=["damaged", "encrypted", "no size"],
)
def test_what_cannot_be_drawn_is_refused_with_the_reason(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    with pytest.raises(Refused, match=reason) as refused:
        picture(files.write(tmp_path, "a.pdf", content), 1, 800)
    assert refused.value.hint.endswith(".")


@pytest.mark.parametrize("size", ["14400 14400", "1 14400", "900000000 900000000", "3 99999999"])
def test_a_huge_or_narrow_page_is_drawn_small_or_refused(tmp_path: Path, size: str) -> None:
    content = flate(b"BT /F 12 Tf 5 7 Td (hello) Tj ET").replace(b"600 800", size.encode())
    try:
        drawn = picture(files.write(tmp_path, "a.pdf", content), 1, 2000)
    except Refused as refused:
        assert "size" in str(refused) or "draw" in str(refused)
    else:
        assert 1 <= drawn.width <= 2000 and 1 <= drawn.height <= 4000
        assert drawn.width * drawn.height <= 4_100_000


def test_a_page_whose_content_never_ends_is_refused_in_time(tmp_path: Path) -> None:
    endless = flate(b"0 0 600 800 re f 0 0 m 600 800 l S\n" * 3_000_000)
    assert len(endless) < 500_000
    limits = child.Limits(seconds=3, memory_mb=1024, output_mb=20)
    felt = Felt()
    with pytest.raises(Refused, match="page 1") as refused:
        picture(files.write(tmp_path, "a.pdf", endless), 1, 2000, limits=limits)
    assert refused.value.hint
    assert felt.seconds < 6


def test_a_picture_that_unpacks_to_gigabytes_does_not_take_them(tmp_path: Path) -> None:
    side = 60_000
    stream = zlib.compress(b"\0" * 50_000_000, 9)
    image = (
        b"/Resources<</XObject<</I 6 0 R>>>>>>\nendobj\n6 0 obj<</Type/XObject/Subtype/Image/Width %d/Height %d"
        b"/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/FlateDecode/Length %d>>stream\n%s\nendstream"
        % (side, side, len(stream), stream)
    )
    bomb = flate(b"q 600 0 0 800 0 0 cm /I Do Q").replace(
        b"/Resources<</Font<</F 5 0 R>>>>>>", image
    )
    limits = child.Limits(seconds=10, memory_mb=600, output_mb=20)
    try:
        drawn = picture(files.write(tmp_path, "a.pdf", bomb), 1, 800, limits=limits)
    except Refused as refused:
        assert "page 1" in str(refused) and refused.hint
    else:
        assert drawn.width == 800


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 1_000_000), st.binary(min_size=1, max_size=20))
def test_a_pdf_with_bytes_changed_anywhere_is_drawn_or_refused(place: int, change: bytes) -> None:
    """In this process, because a hundred children take a minute; a crash would end the test run."""
    import tempfile

    whole = bytearray(files.pdf(LINES))
    place %= len(whole)
    whole[place : place + len(change)] = change
    with tempfile.TemporaryDirectory() as folder:
        path = files.write(Path(folder), "cut.pdf", bytes(whole))
        try:
            said, png = paint(path, 1, 200, 0, "noticeperiod")
        except Refused as refused:
            assert refused.hint
        else:
            assert pixels(png)[0] == said["width"] <= 200
            assert all(0 <= side <= 1 for box in said["boxes"] for side in box)
