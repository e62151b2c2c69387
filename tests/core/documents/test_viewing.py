"""The pages of a document, to look at: through the workbench and over the API."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from core.documents.viewing import Viewer
from core.errors import NotFound, Refused
from core.retrieval.reading import picture as drawing
from core.types import Document
from tests.core.retrieval.reading import files
from tests.core.retrieval.reading.test_hostile_files import flate

LINES = ["The notice period is sixty days.", "Fees are paid in euros."]
Indexed = Callable[[str, bytes], Document]


@pytest.fixture
def indexed(bench: Any) -> Indexed:
    def add(name: str, data: bytes) -> Document:
        document, _ = bench.documents.add("local", name, data)
        for _ in bench.bridge.iterate(bench.documents.settled("local", [document.id]), 60):
            pass
        found: Document = bench.documents.get("local", document.id)
        return found

    return add


@pytest.fixture
def client(api: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=api, timeout=100, trust_env=False) as made:
        yield made


def test_each_page_has_the_text_that_was_read_from_it_and_an_empty_one_has_none(
    bench: Any, indexed: Indexed
) -> None:
    document = indexed("a.pdf", files.pdf(LINES, [], ["Last page."]))
    read = bench.viewer.texts("local", document.id, 1, 99)
    assert [(page.number, page.text) for page in read] == [
        (1, "\n".join(LINES)),
        (2, ""),
        (3, "Last page."),
    ]
    assert [page.number for page in bench.viewer.texts("local", document.id, 2, 2)] == [2]


def test_the_words_of_a_passage_have_their_boxes_and_all_of_it_by_default(
    bench: Any, indexed: Indexed
) -> None:
    document = indexed("a.pdf", files.pdf(LINES))
    [passage] = bench.documents.passages("local", document.id, 0, 9)
    start = passage.text.index("euros")
    [word] = bench.viewer.boxes("local", document.id, 0, start, start + 5)
    whole = bench.viewer.boxes("local", document.id, 0)
    assert len(whole) == 2
    assert whole[1].left < word.left and word.width < whole[1].width / 3
    assert word.top == pytest.approx(whole[1].top, abs=0.01)


def test_a_page_is_drawn_once_and_what_could_not_be_drawn_is_not_tried_at_once_again(
    bench: Any, indexed: Indexed, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[str] = []
    run = drawing.child.run

    def counted(module: str, *given: Any, **more: Any) -> bytes:
        if module == "core.retrieval.reading.painter":
            runs.append(module)
        return run(module, *given, **more)

    monkeypatch.setattr(drawing.child, "run", counted)
    now = [0.0]
    viewer = Viewer(bench.viewer._documents, bench.viewer._blobs, clock=lambda: now[0])
    good = indexed("a.pdf", files.pdf(LINES))
    first = viewer.page("local", good.id, 1, 400)
    assert viewer.page("local", good.id, 1, 400) is first
    assert len(runs) == 1
    bench.viewer._blobs.path(good.sha256).write_bytes(b"%PDF-1.7 damaged since")
    for _ in range(3):
        with pytest.raises(Refused, match="damaged"):
            viewer.page("local", good.id, 1, 500)
    assert len(runs) == 2
    now[0] = 61.0
    with pytest.raises(Refused, match="damaged"):
        viewer.page("local", good.id, 1, 500)
    assert len(runs) == 3


def test_a_page_that_is_not_there_or_somebody_else_s_is_not_found(
    bench: Any, indexed: Indexed
) -> None:
    document = indexed("a.pdf", files.pdf(LINES))
    for user, number in (("local", 0), ("local", 2), ("ada", 1)):
        with pytest.raises(NotFound):
            bench.viewer.page(user, document.id, number, 400)
    with pytest.raises(NotFound):
        bench.viewer.boxes("local", document.id, 7)
    for ask in (bench.viewer.boxes, bench.viewer.file):
        with pytest.raises(NotFound):
            ask("ada", document.id, *([0] if ask == bench.viewer.boxes else []))


def test_only_a_pdf_has_pages_that_are_drawn(bench: Any, indexed: Indexed) -> None:
    document = indexed("a.md", b"# Notice\n\nSixty days.")
    with pytest.raises(Refused, match="only a PDF") as refused:
        bench.viewer.page("local", document.id, 1, 400)
    assert "download" in refused.value.hint


def test_a_file_is_given_back_as_it_was_to_be_saved(
    client: httpx2.Client, indexed: Indexed
) -> None:
    data = b"<h1>Rider</h1><script>alert(1)</script>"
    document = indexed('Räder "1".html', data)
    answer = client.get(f"/documents/{document.id}/file")
    assert answer.content == data
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-disposition"] == (
        "attachment; filename*=UTF-8''R%C3%A4der%20%221%22.html"
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


def test_a_file_that_was_refused_at_once_says_that_it_was_not_kept(
    client: httpx2.Client, indexed: Indexed
) -> None:
    document = indexed("fake.pdf", b"PK\x03\x04")
    answer = client.get(f"/documents/{document.id}/file")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "was not kept" in answer.json()["detail"]


def test_a_page_comes_as_a_picture_under_a_cap(client: httpx2.Client, indexed: Indexed) -> None:
    document = indexed("a.pdf", files.pdf(LINES))
    answer = client.get(f"/documents/{document.id}/pages/1.png", params={"width": 300})
    assert answer.headers["content-type"] == "image/png"
    assert int.from_bytes(answer.content[16:20]) == 300
    assert client.get(f"/documents/{document.id}/pages/9.png").status_code == 404
    for wrong in ({"width": 100_000}, {"width": 0}):
        asked = client.get(f"/documents/{document.id}/pages/1.png", params=wrong)
        assert asked.status_code == 422
    [box] = client.get(
        f"/documents/{document.id}/passages/0/boxes", params={"start": 0, "end": 10}
    ).json()
    assert box["left"] == pytest.approx(72 / 595, abs=0.01)
    assert client.get(f"/documents/{document.id}/passages/999/boxes").status_code == 404


def test_a_page_that_cannot_be_drawn_says_why(
    client: httpx2.Client, bench: Any, indexed: Indexed
) -> None:
    document = indexed("a.pdf", files.pdf(LINES))
    without_size = flate(b"").replace(b"[0 0 600 800]", b"[0 0 .5 .1]")
    bench.viewer._blobs.path(document.sha256).write_bytes(without_size)
    answer = client.get(f"/documents/{document.id}/pages/1.png")
    assert answer.status_code == 422
    assert "no size" in answer.json()["detail"]
    assert answer.json()["hint"]
