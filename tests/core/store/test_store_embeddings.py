"""Vectors by the hash of their text, on both databases; what an older version wrote finds its vectors."""

from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from core.store import engine as engines
from core.store.documents import Documents
from core.store.embeddings import Embeddings, hash_of
from core.store.engine import make_engine, migrate, writing
from core.store.reembeddings import Reembeddings
from tests.core.store.stories import ME, YOU, index, upload


def test_what_is_missing_in_a_space_is_told_with_where_it_is_and_kept_once(engine: Engine) -> None:
    kept, documents = Embeddings(engine), Documents(engine)
    upload(engine)
    index(engine, texts=("one", "two", "two"))
    rest = kept.outstanding(ME, "new/2")
    assert (rest.passages, rest.tokens, rest.elsewhere) == (3, 9, ("test/4",))
    assert sorted(chain(*kept.missing(ME, "new/2"))) == ["Head\none", "Head\ntwo", "Head\ntwo"]
    assert kept.outstanding(YOU, "new/2").passages == 0

    kept.keep(ME, "new/2", {hash_of("Head\ntwo"): np.ones(2, np.float32).tobytes()})

    assert list(chain(*kept.missing(ME, "new/2"))) == ["Head\none"]
    ids, vectors, missing = documents.vectors(ME, "d1", "new/2")
    assert (len(ids), vectors.shape, missing) == (2, (2, 2), 1)
    assert [(each.space, each.vectors, each.idle) for each in kept.stocks(ME)] == [
        ("new/2", 1, 0),
        ("test/4", 2, 0),
    ]


def test_vectors_outlive_their_document_until_they_are_removed(engine: Engine) -> None:
    kept = Embeddings(engine)
    upload(engine)
    index(engine, texts=("one", "two"))
    Documents(engine).delete(ME, "d1")
    [stock] = kept.stocks(ME)
    assert (stock.idle, stock.idle_bytes) == (2, 32)
    kept.remove_idle(ME, "test/4")
    assert kept.stocks(ME) == []


def test_a_change_of_embedder_ends_only_when_every_passage_has_a_vector(engine: Engine) -> None:
    kept, jobs, documents = Embeddings(engine), Reembeddings(engine), Documents(engine)
    upload(engine)
    index(engine)
    seq = documents.last_seq()
    jobs.start(ME, "new/2", 1)
    assert jobs.claim("p1", "other") is None
    assert jobs.claim("p1", "new/2") == ME
    assert jobs.claim("p2", "new/2") is None
    assert not jobs.progress(ME, "new/2", "p2", 1, 1)
    assert not jobs.finish(ME, "new/2", "p1")
    jobs.requeue(lambda owner: False)
    assert jobs.claim("p2", "new/2") == ME
    kept.keep(ME, "new/2", {hash_of("Head\none"): b"\0" * 8})
    assert jobs.finish(ME, "new/2", "p2")
    assert jobs.get(ME, "new/2") is None
    assert [change.document_id for change in documents.changes(seq)] == ["d1"]


def test_a_job_that_failed_waits_for_somebody_to_ask_again(engine: Engine) -> None:
    jobs = Reembeddings(engine)
    jobs.start(ME, "new/2", 5)
    jobs.claim("p1", "new/2")
    jobs.fail(ME, "new/2", "p1", "the cap is reached", "raise it")
    assert jobs.claim("p1", "new/2") is None
    jobs.start(ME, "new/2", 3)
    job = jobs.get(ME, "new/2")
    assert job and (job.total, job.failure) == (3, "")
    assert jobs.claim("p1", "new/2") == ME


def test_vectors_of_an_older_version_are_found_by_the_hash_of_their_text(empty_url: str) -> None:
    before = sorted(Path(engines._MIGRATIONS, "versions").glob("v0005_*.py"))[0].name[:5]
    engine = make_engine(empty_url)
    config = Config()
    config.set_main_option("script_location", str(engines._MIGRATIONS))
    vector = np.arange(4, dtype=np.float32).tobytes()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, before)
        connection.execute(
            text(
                "INSERT INTO documents (user_id, id, name, sha256, bytes, kind, status, created_at, reason,"
                " done, total, unit, pages, empty_pages, passages, tokens, hidden_characters, seconds) VALUES"
                " ('me', 'd1', 'a', 'x', 1, 'pdf', 'indexed', 0, '', 1, 1, 'page', 1, '[]', 2, 6, 0, '{}')"
            )
        )
        for number, heading in ((7, "Head"), (8, "")):
            connection.execute(
                text(
                    'INSERT INTO chunks (user_id, id, document_id, seq, text, start, "end", page, heading,'
                    " tokens, space, embedding) VALUES ('me', :id, 'd1', :id, 'one', 0, 3, 1, :heading, 3,"
                    " 'test/4', :vector)"
                ),
                {"id": number, "heading": heading, "vector": vector},
            )
    migrate(engine)
    ids, vectors, missing = Documents(engine).vectors(ME, "d1", "test/4")
    known = Embeddings(engine).known(ME, "test/4", [hash_of("Head\none"), hash_of("one")])
    engine.dispose()
    assert (ids.tolist(), vectors.tolist(), missing) == ([7, 8], [[0.0, 1.0, 2.0, 3.0]] * 2, 0)
    assert len(known) == 2


@pytest.mark.parametrize("text_", ["", "\ud800", "x" * 100_000])
def test_any_text_has_a_hash(text_: str) -> None:
    assert len(hash_of(text_)) == 32
