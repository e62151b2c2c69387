"""A text that was embedded once is not embedded again, whichever way it comes back."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.embedding.kept import Embedding
from core.retrieval.embed import EmbeddingSpace
from core.store.embeddings import Embeddings
from tests.core.documents.test_reembedding import LAMPS, added, embedded_by, search
from tests.core.turns.test_crash import waited_for
from tests.kept import database

SOUP = "# Soup\n\nBoil the soup for ten minutes, and salt it."


class Counting:
    """An embedder of two dimensions that remembers what it was given."""

    space = EmbeddingSpace("counting", 2)
    batch = 4
    billed = None

    def __init__(self) -> None:
        self.seen: list[str] = []

    def embed(self, texts: Sequence[str], on_progress: Any = None, *, payer: Any = None) -> Any:
        self.seen += texts
        return np.array([[len(text), hash(text) % 97] for text in texts], np.float32)

    def embed_query(self, text: str, *, payer: Any = None) -> Any:
        return self.embed([text])[0]

    def warm(self) -> None:
        """Nothing to load."""


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Embeddings]:
    engine = database(tmp_path / "x.db")
    yield Embeddings(engine)
    engine.dispose()


_texts = st.lists(st.sampled_from(["a", "b", "\ud800", "", "lamp\x00", "Lamp", "ß" * 40]))


def test_each_text_is_embedded_once_for_each_user_and_every_vector_is_in_its_place(
    kept: Embeddings,
) -> None:
    counting, users = Counting(), iter(range(10_000))

    @settings(max_examples=40, deadline=None)
    @given(first=_texts, second=_texts)
    def holds(first: list[str], second: list[str]) -> None:
        user, counting.seen = f"user {next(users)}", []
        embedding = Embedding(counting, kept)
        for texts in (first, second, first):
            made = embedding.embed(user, texts)
            assert made.shape == (len(texts), 2)
            assert [tuple(row) for row in made.tolist()] == [
                (float(len(text)), float(hash(text) % 97)) for text in texts
            ]
        assert sorted(counting.seen) == sorted({*first, *second})

    holds()


def test_what_was_embedded_before_an_error_is_kept(kept: Embeddings) -> None:
    counting = Counting()
    embedding = Embedding(counting, kept)
    texts = [f"text {n}" for n in range(10)]

    def ends(done: int, total: int) -> None:
        assert total == 10
        if done == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embedding.embed("ann", texts, ends)
    assert len(counting.seen) == 8
    embedding.embed("ann", texts)
    assert sorted(counting.seen) == sorted(texts)
    embedding.embed("bob", texts[:1])  # another user's are not there
    assert counting.seen.count("text 0") == 2


def test_a_document_that_was_deleted_and_comes_back_is_not_embedded_again(bench: Any) -> None:
    first = added(bench)
    bench.documents.delete("local", first.id)
    assert [(each.model, each.vectors) for each in bench.reembedder.left("local")] == [
        ("", first.passages)
    ]
    seen = embedded_by(bench)
    again = added(bench)
    assert (again.status, again.passages, seen) == ("indexed", first.passages, [])
    assert bench.reembedder.left("local") == []
    assert [hit.document_id for hit in search(bench)] == [again.id] * 3


def test_of_an_edited_document_only_what_is_new_is_embedded(bench: Any) -> None:
    added(bench)
    seen = embedded_by(bench)
    added(bench, "lamps-2.md", f"{LAMPS}\n\n{SOUP}")
    [new] = seen
    assert "salt it" in new


def test_the_vectors_of_deleted_passages_can_be_thrown_away(bench: Any) -> None:
    added(bench, "soup.md", SOUP)
    bench.documents.delete("local", added(bench).id)
    [left] = bench.reembedder.left("local")
    bench.reembedder.throw_away("local", left)
    assert bench.reembedder.left("local") == []
    assert len(search(bench, "soup")) == 1


def test_a_file_whose_ingest_was_cut_short_goes_on_where_it_was(bench: Any) -> None:
    seen = embedded_by(bench)
    keep = bench.reembedder._kept.keep
    bench.reembedder._embedder.batch = 8

    def full(*given: Any) -> None:
        keep(*given)
        raise OSError("the disk is full")

    bench.reembedder._embedding._kept.keep = full
    assert "failed inside the app (OSError)" in added(bench).reason
    bench.reembedder._embedding._kept.keep = keep
    document, is_new = bench.documents.add("local", "lamps.md", LAMPS.encode())
    assert is_new
    assert waited_for(bench, document.id).status == "indexed"
    assert len(seen) == len(set(seen)) == bench.documents.get("local", document.id).passages
