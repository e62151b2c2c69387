"""The real embedder: unit vectors, in order, shared by threads."""

import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from core.retrieval.embed import Embedder, EmbeddingSpace, Vectors
from core.retrieval.indexes.index import FaissIndex
from core.retrieval.minilm import arithmetic
from core.retrieval.minilm import minilm as load
from core.retrieval.sentence_embedder import SentenceEmbedder

TEXTS = [
    "A cat sat on the mat.",
    "Invoices are due in 30 days.",
    "x",
    "The kitten lay on the rug. " * 30,
]


@pytest.fixture(scope="module")
def plainly(minilm: Path) -> Vectors:
    """What sentence-transformers makes of the texts when it is called as anybody would."""
    from sentence_transformers import SentenceTransformer

    plain = SentenceTransformer(str(minilm), device="cpu", local_files_only=True)
    made: Vectors = plain.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    return made


def test_vectors_of_another_model_are_those_of_sentence_transformers_in_the_order_of_the_texts(
    minilm: Path, plainly: Vectors
) -> None:
    vectors = SentenceEmbedder(minilm).embed(TEXTS * 5)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, np.tile(plainly, (5, 1)), atol=1e-5)


def test_vectors_are_those_of_the_plain_model_in_the_order_of_the_texts(
    minilm: Path, plainly: Vectors
) -> None:
    vectors = SentenceEmbedder(minilm, load=partial(load, matrices="float32")).embed(TEXTS * 20)
    assert vectors.dtype == np.float32
    assert vectors.shape == (80, 384)
    np.testing.assert_allclose(vectors, np.tile(plainly, (20, 1)), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_in_bfloat16_they_may_stand_in_one_index_with_those_in_float32(
    minilm: Path, plainly: Vectors
) -> None:
    vectors = SentenceEmbedder(minilm, load=partial(load, matrices="bfloat16")).embed(TEXTS)
    assert (vectors * plainly).sum(axis=1).min() > 0.9999


@pytest.mark.parametrize("matrices", ["float32", "bfloat16"])
def test_a_text_has_its_vector_whatever_it_is_embedded_with(minilm: Path, matrices: str) -> None:
    texts = ["", "a", *("word " * count for count in (14, 15, 30, 100, 253, 254, 255, 900))]
    encode = load(minilm, matrices)
    alone = np.vstack([encode([text]) for text in texts])
    together = encode(texts * 2)
    assert (np.tile(alone, (2, 1)) * together).sum(axis=1).min() > 0.9999


@pytest.mark.parametrize(
    ("flags", "chosen"),
    [
        ("fpu avx512_bf16 amx_bf16 avx512_fp16 amx_tile amx_int8", "bfloat16"),
        ("fpu avx2 avx512_vnni", "float32"),
        ("fpu amx_tile amx_int8", "float32"),
    ],
)
def test_the_cpu_decides_what_matrices_are_multiplied_in(
    tmp_path: Path, flags: str, chosen: str
) -> None:
    told = tmp_path / "cpuinfo"
    told.write_text(f"processor\t: 0\nflags\t\t: {flags}\nbogomips\t: 5200.00\n")
    assert arithmetic(told) == chosen
    assert arithmetic(tmp_path / "not Linux") == "float32"


def test_what_is_meant_is_near(embedder: Embedder) -> None:
    scores = embedder.embed(TEXTS) @ embedder.embed_query("when must a bill be paid?")
    assert int(scores.argmax()) == 1


def test_no_texts_give_no_vectors(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, 384)


def test_progress_is_told_after_each_batch(embedder: Embedder) -> None:
    seen: list[tuple[int, int]] = []
    embedder.embed(["word"] * 70, lambda done, total: seen.append((done, total)))
    assert seen == [(16, 70), (32, 70), (48, 70), (64, 70), (70, 70)]


def test_progress_that_raises_ends_the_work(embedder: Embedder) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embedder.embed(["word"] * 70, stop)
    assert embedder.embed_query("still works").shape == (384,)


def test_half_a_character_in_a_question_does_no_harm(embedder: Embedder) -> None:
    assert np.isfinite(embedder.embed_query("what is \ud800 this\x00")).all()
    assert np.isfinite(embedder.embed_query("")).all()


def test_the_space_is_known_without_loading_the_model(minilm: Path) -> None:
    fresh = SentenceEmbedder(minilm)
    assert fresh.space == EmbeddingSpace("all-MiniLM-L6-v2", 384)
    assert fresh.space.name == "all-MiniLM-L6-v2/384/unit"


def test_a_question_does_not_wait_for_the_whole_ingest(embedder: Embedder) -> None:
    progress: list[int] = []
    asked = threading.Event()
    first = threading.Event()

    def report(done: int, total: int) -> None:
        progress.append(done)
        first.set()
        if done == total:
            assert asked.is_set()

    ingest = threading.Thread(target=embedder.embed, args=(["some words here"] * 32 * 40, report))
    ingest.start()
    first.wait()
    embedder.embed_query("quick")
    answered_at = progress[-1]
    asked.set()
    ingest.join()
    assert answered_at < 32 * 40


def test_a_search_leaves_the_threads_of_torch_alone(embedder: Embedder, tmp_path: Path) -> None:
    import torch

    before = torch.get_num_threads()
    index = FaissIndex(tmp_path, embedder.space)
    index.add("ann", np.arange(4), embedder.embed(TEXTS), "doc")
    assert index.search("ann", embedder.embed_query("bills"), 1, None)[0][0] == 1
    assert torch.get_num_threads() == before
