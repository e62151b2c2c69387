from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sqlalchemy import Engine

from core.errors import NotFound
from core.store.documents import Documents
from core.store.jobs import Jobs
from tests.core.store.stories import ME, YOU, index, upload


@pytest.fixture
def documents(engine: Engine) -> Documents:
    return Documents(engine)


def test_an_upload_is_queued_with_its_job(documents: Documents, engine: Engine) -> None:
    document, is_new = upload(engine)

    assert (is_new, document.status, document.name) == (True, "queued", "d1.pdf")
    assert documents.list(ME) == [document] == [documents.get(ME, "d1")]
    assert Jobs(engine).pending(ME) == 1


def test_the_same_bytes_are_recognised(documents: Documents, engine: Engine) -> None:
    upload(engine, "d1")
    document, is_new = upload(engine, "d2")

    assert (document.id, is_new) == ("d1", False)
    assert Jobs(engine).pending(ME) == 1
    assert upload(engine, "d3", user=YOU)[1]


def test_the_same_bytes_uploaded_eight_times_at_once_are_one_document(
    documents: Documents, engine: Engine
) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: upload(engine, f"d{n}"), range(8)))

    assert len({document.id for document, _ in found}) == 1
    assert sum(is_new for _, is_new in found) == 1


def test_a_refused_file_is_tried_again(documents: Documents, engine: Engine) -> None:
    upload(engine)
    assert documents.refuse(ME, "d1", "encrypted")
    assert documents.get(ME, "d1").reason == "encrypted"
    Jobs(engine).done(ME, "j-d1")

    document, is_new = upload(engine, "d2")

    assert (document.id, is_new, document.status, document.reason) == ("d1", True, "queued", "")
    assert Jobs(engine).pending(ME) == 1


def test_a_file_refused_at_the_door_is_noted_with_the_reason(documents: Documents) -> None:
    first = documents.add_refused(ME, "d1", "a.pdf", "f" * 64, 5, "not a PDF")
    again = documents.add_refused(ME, "d2", "b.pdf", "f" * 64, 5, "still not")

    assert (first.status, first.reason) == ("refused", "not a PDF")
    assert (again.id, again.reason) == ("d1", "still not")


def test_progress_and_passages_come_back(documents: Documents, engine: Engine) -> None:
    upload(engine)
    documents.progress(ME, "d1", "embedding", 3, 9)
    assert (documents.get(ME, "d1").status, documents.get(ME, "d1").done) == ("embedding", 3)

    assert index(engine, texts=("one", "two\x00", "three"))

    document = documents.get(ME, "d1")
    assert (document.status, document.passages, document.tokens) == ("indexed", 3, 9)
    assert document.seconds == {"reading": 0.5}
    assert [c.text for c in documents.passages(ME, "d1", 1, 1)] == ["two"]
    ids, vectors = documents.embeddings(ME, "d1", "test/4")
    assert vectors.shape == (3, 4) and vectors.dtype == np.float32 and ids.dtype == np.int64
    found = documents.chunks(ME, [int(n) for n in ids])
    assert (found[int(ids[0])].name, found[int(ids[0])].chunk.heading) == ("d1.pdf", "Head")
    assert documents.embeddings(ME, "d1", "other")[0].size == 0
    assert documents.totals(ME).passages == 3


def test_a_late_progress_or_refusal_does_not_undo_the_end(
    documents: Documents, engine: Engine
) -> None:
    upload(engine)
    index(engine)

    documents.progress(ME, "d1", "embedding", 0, 1)
    assert not documents.refuse(ME, "d1", "late")

    assert documents.get(ME, "d1").status == "indexed"


def test_indexing_twice_gives_the_same_rows(documents: Documents, engine: Engine) -> None:
    upload(engine)
    index(engine, texts=("one", "two"))
    before = documents.embeddings(ME, "d1", "test/4")[0]

    assert index(engine, texts=("one", "two"))

    assert (documents.embeddings(ME, "d1", "test/4")[0] == before).all()
    assert [c.op for c in documents.changes(0)] == ["add"]


def test_a_document_deleted_while_it_was_read_stays_deleted(
    documents: Documents, engine: Engine
) -> None:
    upload(engine)
    assert documents.delete(ME, "d1") == "a" * 64

    documents.progress(ME, "d1", "embedding", 1, 1)
    assert not index(engine)

    assert documents.list(ME) == []
    assert Jobs(engine).pending(ME) == 0
    with pytest.raises(NotFound):
        documents.get(ME, "d1")
    with pytest.raises(NotFound):
        documents.delete(ME, "d1")


def test_the_file_is_orphaned_only_when_nobody_has_the_same(
    documents: Documents, engine: Engine
) -> None:
    upload(engine, "d1")
    upload(engine, "d1", user=YOU)

    assert documents.delete(ME, "d1") == ""
    assert documents.delete(YOU, "d1") == "a" * 64


def test_an_index_can_follow_the_changes(documents: Documents, engine: Engine) -> None:
    assert (documents.last_seq(), documents.changes(0)) == (0, [])
    upload(engine, "d1")
    upload(engine, "d2", data="b", user=YOU)
    index(engine, "d1")
    index(engine, "d2", user=YOU)
    seen = documents.changes(0)
    documents.delete(ME, "d1")

    later = documents.changes(seen[-1].seq)

    assert [(c.user_id, c.document_id, c.op) for c in seen] == [
        (ME, "d1", "add"),
        (YOU, "d2", "add"),
    ]
    assert [(c.seq, c.document_id, c.op) for c in later] == [(3, "d1", "remove")]
    assert documents.last_seq() == 3
    # Whoever starts from nothing sees only the last word on each.
    assert documents.changes(0) == [seen[1], *later]
    assert documents.chunks(ME, list(documents.chunks(YOU, [0]))) == {}


def test_changes_of_many_writers_are_numbered_without_gaps(
    documents: Documents, engine: Engine
) -> None:
    for n in range(8):
        upload(engine, f"d{n}", data=f"{n}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: index(engine, f"d{n}", texts=(f"t{n}",)), range(8)))

    assert [c.seq for c in documents.changes(0)] == list(range(1, 9))


def test_the_newest_document_comes_first(documents: Documents, engine: Engine) -> None:
    for n in range(3):
        upload(engine, f"d{n}", data=f"{n}")

    assert [d.id for d in documents.list(ME)] == ["d2", "d1", "d0"]
