"""The documents page: take files in, see how each is, open one, try a question, delete."""

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.types import Document
from pages.documents.matches import content_words, marked
from pages.ui import health

Open = Callable[..., AppTest]
RIDER = (
    b"# Notice\n\nThe notice period is sixty days.\n\n# Fees\n\nThe fee is paid in euros & cents."
)


def texts(test: AppTest) -> str:
    kinds = (test.markdown, test.caption, test.title, test.info, test.warning, test.error)
    return "\n".join(element.value for kind in kinds for element in kind)


def html(test: AppTest) -> str:
    return "\n".join(element.proto.body for element in test.get("html"))


def links(test: AppTest) -> list[str]:
    return [element.proto.label for element in test.get("page_link")]


@pytest.fixture
def indexed(bench: Any) -> Callable[[str, bytes], Document]:
    """`indexed("rider.md", b"...")` takes a file in and waits until it has been read."""

    def add(name: str, data: bytes) -> Document:
        document, _ = bench.documents.add("local", name, data)
        for _ in bench.bridge.iterate(bench.documents.settled("local", [document.id]), 60):
            pass
        found: Document = bench.documents.get("local", document.id)
        return found

    return add


def test_without_documents_the_page_says_what_to_do(app: Open) -> None:
    test = app("documents")
    assert "No documents yet" in texts(test)
    assert len(test.file_uploader) == 1


def test_dropped_files_are_taken_in_once_and_the_zone_is_empty_again(app: Open, bench: Any) -> None:
    test = app("documents")
    dropped = [("rider.md", RIDER, "text/markdown"), ("fees.txt", b"The fee is low.", "text/plain")]
    test.file_uploader[0].set_value(dropped).run()
    assert {each.name for each in bench.documents.list("local")} == {"rider.md", "fees.txt"}
    assert not test.toast
    test.run()
    assert len(bench.documents.list("local")) == 2
    assert not test.file_uploader[0].value


def test_the_same_file_again_is_said_to_be_here_by_its_name(
    app: Open, indexed: Callable[[str, bytes], Document]
) -> None:
    indexed("rider.md", RIDER)
    test = app("documents")
    test.file_uploader[0].set_value([("copy.md", RIDER, "text/markdown")]).run()
    assert test.toast[0].value == "copy.md is already here: it is rider.md."


def test_a_refused_file_says_why_until_it_is_dismissed(app: Open, bench: Any) -> None:
    test = app("documents")
    test.file_uploader[0].set_value([("fake.pdf", b"PK\x03\x04", "application/pdf")]).run()
    assert "not a PDF although its name says so" in texts(test)
    test.run()
    assert "not a PDF although its name says so" in texts(test)
    next(button for button in test.button if button.label == "Dismiss").click().run()
    assert bench.documents.list("local") == []
    assert "fake.pdf" not in texts(test)


def test_an_indexed_document_has_a_line_of_health(
    app: Open, indexed: Callable[[str, bytes], Document]
) -> None:
    document = indexed("rider.md", RIDER)
    test = app("documents")
    assert "**rider.md**" in links(test)
    assert f"{document.passages} passage" in texts(test)
    assert f"{document.tokens} tokens" in texts(test)
    assert "embedded in" in texts(test)


def test_many_documents_can_be_searched_by_name(app: Open, bench: Any) -> None:
    for number in range(9):
        bench.documents.add("local", f"note-{number}.txt", f"note {number}".encode())
    for _ in bench.bridge.iterate(bench.documents.settled("local"), 60):
        pass
    test = app("documents")
    test.text_input(key="documents_search").set_value("NOTE-7").run()
    assert [each for each in links(test) if each.startswith("**note")] == ["**note-7.txt**"]
    test.text_input(key="documents_search").set_value("*none*").run()
    assert "No document has" in texts(test)


def test_an_opened_document_shows_its_passages_in_order(
    app: Open, bench: Any, indexed: Callable[[str, bytes], Document]
) -> None:
    document = indexed("rider.md", RIDER)
    test = app("documents", d=document.id)
    chunks = bench.documents.passages("local", document.id, 0, 100)
    shown = html(test)
    places = [shown.index(chunk.text.split("\n")[-1].split("&")[0]) for chunk in chunks]
    assert places == sorted(places)
    assert "&amp; cents" in shown
    assert [metric.value for metric in test.metric][1] == str(document.passages)


def test_a_link_to_a_passage_shows_it_first(
    app: Open, indexed: Callable[[str, bytes], Document]
) -> None:
    long = "\n\n".join(f"# Part {n}\n\n" + f"Rule {n} says so. " * 40 for n in range(30))
    document = indexed("long.md", long.encode())
    assert document.passages > 25
    test = app("documents", d=document.id, passage="24")
    assert "the passage you came for" in texts(test)
    assert f"Passages 21 to {min(40, document.passages)} of {document.passages}" in texts(test)


def test_a_question_finds_ranked_passages_with_their_scores_and_words(
    app: Open, indexed: Callable[[str, bytes], Document]
) -> None:
    document = indexed("rider.md", RIDER)
    test = app("documents")
    test.text_input(key="trial_question_").set_value("How long is the notice period?").run()
    assert "best first" in texts(test)
    assert "**1** · rider.md" in texts(test)
    assert "<mark>notice</mark> <mark>period</mark>" in html(test)
    test.slider(key="trial_count_").set_value(1).run()
    assert "**1 passage**" in texts(test)
    inside = app("documents", d=document.id)
    inside.text_input(key=f"trial_question_{document.id}").set_value("fees").run()
    assert "best first" in texts(inside)


def test_deleting_a_document_leads_back_to_the_list(
    app: Open, bench: Any, indexed: Callable[[str, bytes], Document]
) -> None:
    document = indexed("rider.md", RIDER)
    test = app("documents", d=document.id)
    test.button(key="delete_document").click().run()
    assert not test.exception
    assert bench.documents.list("local") == []


def test_a_document_that_is_not_there_says_so_and_leads_back(app: Open) -> None:
    test = app("documents", d="no-such-document")
    assert "no document" in test.error[0].value
    assert "All documents" in links(test)


def test_the_bar_says_the_stage_with_its_counts(
    indexed: Callable[[str, bytes], Document],
) -> None:
    from dataclasses import replace

    document = replace(indexed("a.pdf.txt", b"words"), name="a.pdf", kind="pdf", unit="page")
    reading = replace(document, status="reading", done=3, total=9)
    assert health.progress(reading) == (3 / 9, "**a.pdf** · reading 3 of 9 pages")
    embedding = replace(document, status="embedding", done=120, total=300)
    assert health.progress(embedding)[1] == "**a.pdf** · embedding 120 of 300 passages"
    assert health.progress(replace(document, status="queued"))[1].endswith("waits for its turn")
    assert health.empty(replace(document, empty_pages=(7, 9))) == "pages 7 and 9 without text"
    many = replace(document, empty_pages=tuple(range(1, 11)))
    assert health.empty(many) == "pages 1, 2, 3, 4, 5, 6 and 4 more without text"


def test_words_are_marked_and_nothing_of_the_text_becomes_markup() -> None:
    words = content_words("Which lamps & amps?")
    assert words == {"lamp", "amp"}
    shown = marked("<b>Lamps</b> & amp;", words)
    assert "&lt;b&gt;<mark>Lamps</mark>&lt;/b&gt; &amp; <mark>amp</mark>;" in shown


def test_a_text_is_pasted_and_becomes_a_document(app: Open, bench: Any) -> None:
    test = app("documents")
    test.text_area(key="text_body_0").set_value("# Rider\n\nThe notice period is sixty days.")
    next(each for each in test.button if each.label == "Keep it").click().run()
    [document] = bench.documents.list("local")
    assert document.name == "Rider The notice period is sixty days.md"
    assert document.kind == "md"
    assert test.text_area(key="text_body_1").value == ""
    # Another id is another element for the browser, which is closed as all begin: nothing hides the new file.
    [form] = [each for each in test.get("popover") if each.proto.popover.label == "Paste a text"]
    assert form.proto.id.endswith("text_open_1")
    assert not form.proto.popover.open


def test_a_page_of_this_machine_is_refused_with_the_reason(app: Open, bench: Any) -> None:
    test = app("documents")
    test.text_input(key="page_url_0").set_value("http://169.254.169.254/latest/meta-data/")
    next(each for each in test.button if each.label == "Fetch it").click().run()
    assert "not on the open internet" in test.error[0].value
    assert bench.documents.list("local") == []


def test_of_many_files_that_were_not_taken_a_few_stand_above_and_all_are_dismissed_at_once(
    app: Open, bench: Any
) -> None:
    for number in range(30):
        bench.documents.add("local", f"broken-{number}.pdf", b"%PDF-1.4 nothing" + bytes([number]))
    for _ in bench.bridge.iterate(bench.documents.settled("local"), 60):
        pass
    test = app("documents")
    assert len([each for each in test.button if each.label == "Dismiss"]) == 5
    assert [each.label for each in test.expander][:1] == ["25 more were not taken"]
    assert all(f"broken-{number}.pdf" in texts(test) for number in range(30))
    test.button(key="dismiss_all").click().run()
    assert "was not taken" not in texts(test) and bench.documents.list("local") == []
