"""A document opens at its pages: each beside its text, and a citation marked on both."""

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.types import Document
from tests.core.retrieval.reading import files
from tests.pages.test_documents_page import html, texts

Open = Callable[..., AppTest]
LINES = ["The notice period is sixty days.", "Fees are paid in euros."]


@pytest.fixture
def indexed(bench: Any) -> Callable[[str, bytes], Document]:
    def add(name: str, data: bytes) -> Document:
        document, _ = bench.documents.add("local", name, data)
        for _ in bench.bridge.iterate(bench.documents.settled("local", [document.id]), 60):
            pass
        found: Document = bench.documents.get("local", document.id)
        return found

    return add


def test_a_citation_opens_at_its_page_with_the_words_marked_on_both(
    app: Open, bench: Any, indexed: Callable[[str, bytes], Document]
) -> None:
    document = indexed("rider.pdf", files.pdf(["Cover"], LINES))
    passage = bench.documents.passages("local", document.id, 1, 1)[0]
    start = passage.text.index("sixty days")
    where = {"passage": "1", "from": str(start), "to": str(start + 10)}
    test = app("documents", d=document.id, **where)
    shown = html(test)
    assert 'alt="Page 2 of rider.pdf"' in shown
    assert shown.count('class="fl-box"') == 1
    assert "<mark>sixty days</mark>" in shown
    assert "are marked on the page and in its text" in texts(test)


def test_words_that_are_not_on_the_picture_are_said_to_be_and_marked_in_the_text(
    app: Open, indexed: Callable[[str, bytes], Document]
) -> None:
    from tests.core.retrieval.reading.test_pdf_forms import annotated

    note = b"<</Type/Annot/Subtype/Text/Rect[9 9 20 20]/Contents(call them first)>>"
    document = indexed("note.pdf", annotated(note))
    start = len("hello\n\nNote: ")
    test = app(
        "documents", d=document.id, passage="0", **{"from": str(start), "to": str(start + 4)}
    )
    assert "could not be found on the picture" in texts(test)
    assert 'class="fl-box"' not in html(test)
    assert "<mark>call</mark>" in html(test)


def test_short_sections_that_share_a_passage_stand_together_under_their_numbers(
    app: Open, indexed: Callable[[str, bytes], Document]
) -> None:
    long = " ".join(f"Lamp {n} hangs over the stage." for n in range(60))
    document = indexed("terms.md", f"# A\n\none\n\n## B\n\ntwo\n\n# C\n\n{long}".encode())
    assert document.pages == 3
    shown = texts(app("documents", d=document.id))
    assert "**§ 1 to 2**" in shown and "**§ 3**" in shown and "**§ 2**" not in shown


def test_an_empty_page_is_red_and_says_what_to_do(
    app: Open, indexed: Callable[[str, bytes], Document]
) -> None:
    document = indexed("a.pdf", files.pdf(LINES, [], ["Last."]))
    test = app("documents", d=document.id)
    strip = test.get("button_group")[0]
    assert [option.content for option in strip.proto.options] == ["1", ":red[**2**]", "3"]
    assert "No text was read" not in texts(test)
    next(b for b in test.button if b.label == "Next without text: 2").click().run()
    assert test.number_input[0].value == 2
    assert 'alt="Page 2 of a.pdf"' in html(test)
    assert "No text was read from this page" in texts(test)
    assert "(OCR)" in texts(test)


def test_nobody_is_told_to_run_a_sheet_through_text_recognition(
    app: Open, indexed: Callable[[str, bytes], Document]
) -> None:
    book = files.xlsx({"Costs": [["lamp", "40"], ["gel", "12"]], "Empty": []})
    document = indexed("costs.xlsx", book)
    assert document.empty_pages == (2,)
    test = app("documents", d=document.id)
    assert "Sheet 2 without text: nothing, or only pictures" in texts(test)
    assert "(OCR)" not in texts(test)


def test_of_many_pages_one_is_drawn_and_a_few_can_be_chosen(
    app: Open, indexed: Callable[[str, bytes], Document]
) -> None:
    document = indexed("long.pdf", files.pdf(*([f"Page number {n}"] for n in range(1, 46))))
    test = app("documents", d=document.id, at="42")
    assert html(test).count("<img") == 1
    assert 'alt="Page 42 of long.pdf"' in html(test)
    strip = test.get("button_group")[0]
    assert [option.content for option in strip.proto.options] == [str(n) for n in range(41, 46)]
    test.number_input[0].set_value(12).run()
    assert "Page number 12" in html(test)
    assert not test.exception


def test_a_page_that_cannot_be_drawn_says_why_and_keeps_its_text(
    app: Open, bench: Any, indexed: Callable[[str, bytes], Document]
) -> None:
    document = indexed("a.pdf", files.pdf(LINES))
    bench.viewer._blobs.path(document.sha256).write_bytes(b"%PDF-1.7 damaged since")
    test = app("documents", d=document.id)
    assert "damaged" in test.error[0].value
    assert "sixty days" in html(test)


def test_a_text_is_shown_as_it_was_read_with_its_cited_words(
    app: Open, indexed: Callable[[str, bytes], Document]
) -> None:
    document = indexed("rider.md", b"# Notice\n\nThe notice period is sixty days.\n")
    test = app("documents", d=document.id, passage="0", **{"from": "10", "to": "20"})
    assert html(test).count("<mark>The notice</mark>") >= 2
    assert "45 characters read" not in texts(test)
    assert "characters read" in texts(test)


@pytest.mark.parametrize("given", ["-1", "x", "99999", "٣", "9" * 40])
def test_an_address_that_leads_nowhere_shows_the_first_page(
    app: Open, indexed: Callable[[str, bytes], Document], given: str
) -> None:
    document = indexed("a.pdf", files.pdf(LINES))
    query = {"passage": given, "from": given, "to": given, "at": given}
    assert 'alt="Page 1 of a.pdf"' in html(app("documents", d=document.id, **query))
