"""A document that is deleted on its way: nothing of it is left, nobody else loses anything."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from core.errors import NotFound
from core.store.engine import reading
from core.store.tables import chunks, documents, jobs
from core.types import DocumentStatus
from tests.conftest import running, settings_for
from tests.core.documents.test_passages import USER, indexed

TEXT = "\n\n".join(
    f"# Part {n}\n\nThe lantern of part {n} hangs at the quay." * 3 for n in range(90)
)


def settle(bench: Any) -> None:
    for _ in bench.bridge.iterate(bench.documents.settled(USER), 60):
        pass


def counts(bench: Any, document_id: str) -> list[int]:
    """How many rows speak of the document: its own, its passages, its jobs."""
    columns = (documents.c.id, chunks.c.document_id, jobs.c.document_id)
    with reading(bench.engine) as connection:
        return [
            int(connection.scalar(select(func.count()).where(each == document_id)) or 0)
            for each in columns
        ]


def found(bench: Any, question: str) -> set[str]:
    hits = bench.bridge.run(bench.documents.search(USER, question, 20))
    return {hit.document_id for hit in hits}


@pytest.mark.parametrize("moment", ["reading", "chunking", "embedding"])
def test_a_document_that_is_deleted_on_its_way_leaves_nothing_and_is_not_read_on(
    bench: Any, monkeypatch: pytest.MonkeyPatch, moment: DocumentStatus
) -> None:
    other = indexed(bench, "other.md", b"# Rope\n\nThe rope of the curtain is new.")
    store, embedder, texts = bench.documents._documents, bench.passages.embedder, []
    embed, progress = embedder.embed, store.progress

    def deleting(user: str, document_id: str, status: DocumentStatus, done: int, of: int) -> bool:
        if status == moment and (moment != "embedding" or done):
            bench.documents.delete(user, document_id)
        return bool(progress(user, document_id, status, done, of))

    monkeypatch.setattr("core.documents.ingest._REPORT_SECONDS", 0)
    monkeypatch.setattr(store, "progress", deleting)
    monkeypatch.setattr(embedder, "embed", lambda t, **more: texts.extend(t) or embed(t, **more))
    document, _ = bench.documents.add(USER, "gone.md", TEXT.encode())
    settle(bench)
    assert counts(bench, document.id) == [0, 0, 0]
    assert not bench.documents._blobs.path(document.sha256).exists()
    assert found(bench, "Where does the lantern hang?") == {other}
    assert len(texts) <= (embedder.batch if moment == "embedding" else 0)
    [left] = bench.documents.list(USER)
    assert (left.id, left.status) == (other, "indexed")


def test_a_document_is_deleted_while_it_waits_and_after_it_has_arrived(
    bench: Any, tmp_path: Path
) -> None:
    first, _ = bench.documents.add(USER, "first.md", TEXT.encode())
    waiting, _ = bench.documents.add(USER, "waiting.md", b"The rope waits.")
    bench.documents.delete(USER, waiting.id)
    settle(bench)
    assert counts(bench, waiting.id) == [0, 0, 0]
    assert found(bench, "rope") == {first.id}
    bench.documents.delete(USER, first.id)
    assert counts(bench, first.id) == [0, 0, 0]
    assert found(bench, "lantern") == set()
    assert [path.name for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == [".lock"]
    with pytest.raises(NotFound):
        bench.documents.delete(USER, first.id)


def test_two_apps_on_one_folder_take_in_delete_and_search_beside_each_other(tmp_path: Path) -> None:
    with running(settings_for(tmp_path)) as one, running(settings_for(tmp_path)) as other:
        apps, kept, gone = (one, other), {}, []
        for n in range(12):
            app = apps[n % 2]
            word = f"zeppelin{n}"
            document, _ = app.documents.add(USER, f"{n}.md", f"The {word} lands.".encode())
            if n % 3 == 2:
                apps[1 - n % 2].documents.delete(USER, document.id)
                gone.append(document.id)
            else:
                kept[document.id] = word
            app.bridge.run(app.documents.search(USER, word, 3))
        for app in apps:
            settle(app)
        for app in apps:
            there = app.documents.list(USER)
            assert {each.id: each.status for each in there} == dict.fromkeys(kept, "indexed")
            assert found(app, "What lands?") == set(kept)
            assert [counts(app, each) for each in gone] == [[0, 0, 0]] * len(gone)
