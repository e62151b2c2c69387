"""The FAISS index keeps the promises of every engine, and its snapshot survives anything."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.retrieval.embed import EmbeddingSpace
from core.retrieval.indexes import arrays
from core.retrieval.indexes.index import FaissIndex, VectorIndex
from core.retrieval.indexes.shard import Sizes
from core.retrieval.indexes.worker import Worker
from tests.core.retrieval.indexes.index_contract import DIMENSION, IndexContract, found, ids, unit

SPACE = EmbeddingSpace("test", DIMENSION)


USUAL = Sizes()
MANY = Sizes(exact=4, late=2, growth=3, probes=1, few=0)
FEW = Sizes(exact=4, late=2, growth=3, probes=1)


def at_once(work: Callable[[], None]) -> None:
    work()


@pytest.fixture
def index(tmp_path: Path) -> VectorIndex:
    return FaissIndex(tmp_path / "index", SPACE)


class TestExact(IndexContract):
    """Runs the contract against FaissIndex while it is small."""


class TestApproximate(IndexContract):
    """Runs the contract against FaissIndex when it is large, as if four rows were many."""

    @pytest.fixture
    def index(self, tmp_path: Path) -> VectorIndex:
        return FaissIndex(tmp_path / "index", SPACE, MANY, at_once)


def filled(folder: Path, users: int = 2, sizes: Sizes = USUAL) -> FaissIndex:
    made = FaissIndex(folder, SPACE, sizes, at_once)
    for number in range(users):
        made.add(f"../user {number} ü", np.arange(10) + 10 * number, unit(10, number), "doc")
        made.add(f"../user {number} ü", ids(1000 + number), unit(1, 50 + number), "other")
    return made


@pytest.mark.parametrize("sizes", [USUAL, MANY])
def test_a_snapshot_brings_back_what_was_there(tmp_path: Path, sizes: Sizes) -> None:
    before = filled(tmp_path, sizes=sizes)
    before.snapshot(41)
    before.add("later", ids(7), unit(1), "doc")
    after = FaissIndex(tmp_path, SPACE, sizes, at_once)
    assert after.load() == 41
    query = unit(1, 3)[0]
    for documents in (None, frozenset({"other"})):
        expected = before.search("../user 1 ü", query, 9, documents)
        assert after.search("../user 1 ü", query, 9, documents) == expected
    assert after.search("later", query, 9, None) == []


def test_only_users_that_changed_are_written_again(tmp_path: Path) -> None:
    index = filled(tmp_path)
    index.snapshot(1)
    before = {path.name for path in tmp_path.glob("*.vectors")}
    index.add("../user 0 ü", ids(99), unit(1, 9), "new")
    index.remove("../user 0 ü", "never there")
    index.snapshot(2)
    after = {path.name for path in tmp_path.glob("*.vectors")}
    assert (len(before), len(after), len(before & after)) == (6, 6, 4)
    assert FaissIndex(tmp_path, SPACE).load() == 2


def test_there_is_nothing_to_load_in_an_empty_folder(tmp_path: Path) -> None:
    assert FaissIndex(tmp_path / "never made", SPACE).load() == 0


@pytest.mark.parametrize("space", [EmbeddingSpace("other", DIMENSION), EmbeddingSpace("test", 9)])
def test_a_snapshot_of_another_space_is_not_trusted(tmp_path: Path, space: EmbeddingSpace) -> None:
    filled(tmp_path).snapshot(5)
    assert FaissIndex(tmp_path, space).load() == 0


@pytest.mark.parametrize("sizes", [USUAL, MANY])
def test_a_snapshot_with_any_byte_changed_or_cut_is_not_trusted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, sizes: Sizes
) -> None:
    filled(tmp_path, 1, sizes).snapshot(5)
    for path in sorted(tmp_path.iterdir()):
        whole = path.read_bytes()
        for place in range(0, len(whole), max(1, len(whole) // 25)):
            path.write_bytes(whole[:place])
            assert FaissIndex(tmp_path, SPACE).load() == 0
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            assert FaissIndex(tmp_path, SPACE).load() == 0
        path.unlink()
        assert FaissIndex(tmp_path, SPACE).load() == 0
        path.write_bytes(whole)
    assert "rebuilt from the database" in caplog.text
    assert FaissIndex(tmp_path, SPACE).load() == 5


def test_a_damaged_index_can_be_filled_and_kept_again(tmp_path: Path) -> None:
    filled(tmp_path).snapshot(5)
    (tmp_path / "manifest.json").write_bytes(b"{")
    again = FaissIndex(tmp_path, SPACE)
    assert again.load() == 0
    again.add("ann", ids(1), unit(1), "doc")
    again.snapshot(6)
    last = FaissIndex(tmp_path, SPACE)
    assert last.load() == 6
    assert found(last.search("ann", unit(1)[0], 9, None)) == [1]


class Crash(Exception):
    """The moment at which the process dies."""


@pytest.mark.parametrize("writes", range(5))
def test_a_crash_while_writing_leaves_the_former_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    index = filled(tmp_path)
    index.snapshot(1)
    for number in range(2):
        index.add(f"../user {number} ü", ids(500 + number), unit(1, 9), "late")
    replace, left = arrays.os.replace, [writes]

    def dying(source: Path, target: Path) -> None:
        if not left[0]:
            raise Crash
        left[0] -= 1
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(arrays.os, "replace", dying)
        with pytest.raises(Crash):
            index.snapshot(2)
    after = FaissIndex(tmp_path, SPACE)
    assert after.load() == 1
    assert len(after.search("../user 0 ü", unit(1)[0], 99, None)) == 11
    index.snapshot(2)
    assert FaissIndex(tmp_path, SPACE).load() == 2
    assert not list(tmp_path.glob("*.new"))


def test_forgetting_everything_forgets_it_on_the_disk_too(tmp_path: Path) -> None:
    index = filled(tmp_path)
    index.snapshot(3)
    index.clear()
    assert index.search("../user 0 ü", unit(1)[0], 9, None) == []
    assert list(tmp_path.glob("*.vectors")) == []
    assert FaissIndex(tmp_path, SPACE).load() == 0


def test_the_names_of_users_do_not_become_names_of_files(tmp_path: Path) -> None:
    filled(tmp_path / "index").snapshot(1)
    assert [path.name for path in tmp_path.iterdir()] == ["index"]
    manifest = (tmp_path / "index" / "manifest.json").read_text().partition("\n")[2]
    assert json.loads(manifest)["seq"] == 1


STEP = st.tuples(st.sampled_from(["add", "add", "remove"]), st.integers(0, 4), st.lists(st.integers(0, 30), max_size=8))  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([USUAL, FEW]),
    st.lists(STEP, max_size=25),
    st.integers(1, 12),
    st.sets(st.integers(0, 4)),
)
def test_it_finds_what_an_exact_search_over_the_rows_finds(
    tmp_path_factory: pytest.TempPathFactory,
    sizes: Sizes,
    steps: list[tuple[str, int, list[int]]],
    k: int,
    chosen: set[int],
) -> None:
    index = FaissIndex(tmp_path_factory.mktemp("index"), SPACE, sizes, at_once)
    rows: dict[int, tuple[str, np.ndarray]] = {}
    for seed, (verb, number, wanted) in enumerate(steps):
        document = f"d{number}"
        if verb == "remove":
            index.remove("ann", document)
            rows = {n: row for n, row in rows.items() if row[0] != document}
            continue
        vectors = unit(len(wanted), seed)
        index.add("ann", ids(*wanted), vectors, document)
        rows |= {n: (document, v) for n, v in zip(wanted, vectors, strict=True)}
    index.snapshot(1)
    again = FaissIndex(index._folder, SPACE, sizes, at_once)
    again.load()
    query = unit(1, 777)[0]
    for documents in (None, frozenset(f"d{n}" for n in chosen)):
        scores = {n: float(v @ query) for n, (d, v) in rows.items() if documents is None or d in documents}  # fmt: skip
        exact = sorted(scores, key=lambda n: (-scores[n], n))[:k]
        for engine in (index, again):
            hits = engine.search("ann", query, k, documents)
            assert found(hits) == exact
            np.testing.assert_allclose([s for _, s in hits], [scores[n] for n in exact], atol=1e-4)


def test_what_comes_and_goes_while_it_is_rebuilt_is_not_lost(tmp_path: Path) -> None:
    later: list[Callable[[], None]] = []
    index = FaissIndex(tmp_path, SPACE, FEW, later.append)
    vectors = unit(30)
    for number in range(10):
        index.add("ann", np.arange(3) + 3 * number, vectors[3 * number :][:3], f"d{number}")
        if number == 1:
            index.remove("ann", "d0")
            index.add("ann", ids(4), unit(1, 99), "moved")
    assert len(later) == 1, "one rebuilding at a time"
    before = index.search("ann", vectors[20], 99, None)
    index.snapshot(1)
    later.pop()()
    assert index.unsaved()
    after = index.search("ann", vectors[20], 99, None)
    assert found(after) == found(before)
    assert sorted(found(after)) == list(range(3, 30))
    assert found(index.search("ann", vectors[29], 9, frozenset({"moved"}))) == [4]
    while later:
        later.pop()()
    assert found(index.search("ann", vectors[20], 99, None)) == found(before)


def test_it_goes_on_exactly_when_the_app_ends_before_it_is_rebuilt(tmp_path: Path) -> None:
    later: list[Callable[[], None]] = []
    index = FaissIndex(tmp_path, SPACE, FEW, later.append)
    vectors = unit(30)
    index.add("ann", np.arange(30), vectors, "doc")
    before = index.search("ann", vectors[0], 99, None)
    index.close()
    later.pop()()
    assert index.search("ann", vectors[0], 99, None) == before
    index.snapshot(7)
    again = FaissIndex(tmp_path, SPACE, FEW, at_once)
    assert again.load() == 7
    assert found(again.search("ann", vectors[0], 99, None)) == found(before)


def test_a_rebuild_that_fails_is_tried_again_with_the_next_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[BaseException] = []

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        except MemoryError as error:
            failed.append(error)

    def no_memory(*_: object, **__: object) -> None:
        raise MemoryError("for the lists")

    index, vectors = FaissIndex(tmp_path, SPACE, FEW, run), unit(31)
    with monkeypatch.context() as full:
        full.setattr(faiss, "knn", no_memory)
        index.add("ann", np.arange(30), vectors[:30], "doc")
    assert len(failed) == 1
    assert not index.approximate("ann")
    assert found(index.search("ann", vectors[7], 1, None)) == [7], "searches go on"
    index.add("ann", np.array([30]), vectors[30:], "more")
    assert index.approximate("ann")
    assert sorted(found(index.search("ann", vectors[7], 99, None))) == list(range(31))


def test_what_waits_in_the_background_is_done_when_what_was_before_it_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[type[BaseException]] = []
    monkeypatch.setattr(threading, "excepthook", lambda raised: told.append(raised.exc_type))
    worker, done, began = Worker(), threading.Event(), threading.Event()

    def fail() -> None:
        began.wait(60)  # the other one waits behind this
        raise MemoryError

    worker.submit(fail)
    worker.submit(done.set)
    began.set()
    assert done.wait(60)
    worker.settle()
    assert told == [MemoryError]


def test_it_changes_over_by_itself_in_the_background(tmp_path: Path) -> None:
    index = FaissIndex(tmp_path, SPACE, Sizes(exact=400, late=50, growth=2, reach=0.4, few=10))
    vectors = unit(2_000)
    for start in range(0, 2_000, 100):
        index.add("ann", np.arange(start, start + 100), vectors[start : start + 100], f"d{start}")
        assert index.search("ann", vectors[start], 1, None)[0][0] == start
    index.settle()
    hits = [found(index.search("ann", vector, 10, None)) for vector in vectors[:200]]
    exact = np.argsort(-(vectors[:200] @ vectors.T), axis=1)[:, :10].tolist()
    shared = [len(set(one) & set(other)) for one, other in zip(hits, exact, strict=True)]
    assert sum(shared) / 2_000 > 0.9
    some = frozenset({"d300", "d1700"})
    here = [n for n in np.argsort(-(vectors @ vectors[5])).tolist() if n // 100 in (3, 17)]
    assert found(index.search("ann", vectors[5], 200, some)) == here, "never short"


def test_a_snapshot_writes_only_what_is_new(tmp_path: Path) -> None:
    index = FaissIndex(tmp_path, SPACE, Sizes(exact=100, late=50), at_once)
    index.add("ann", np.arange(200), unit(200), "large")
    index.snapshot(1)
    before = {path.name for path in tmp_path.glob("*.vectors")}
    index.add("ann", ids(999), unit(1), "small")
    index.remove("ann", "never there")
    index.snapshot(2)
    after = {path.name for path in tmp_path.glob("*.vectors")}
    assert len(before & after) == 2, "the regions and the lists"
    assert len(after) == 4, "the late part and what has changed"
