"""The FAISS index keeps the promises of every engine, and its snapshot survives anything."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.retrieval import snapshot
from core.retrieval.embed import EmbeddingSpace
from core.retrieval.index import FaissIndex, VectorIndex
from tests.core.retrieval.index_contract import DIMENSION, IndexContract, found, ids, unit

SPACE = EmbeddingSpace("test", DIMENSION)


@pytest.fixture
def index(tmp_path: Path) -> VectorIndex:
    return FaissIndex(tmp_path / "index", SPACE)


class TestFaiss(IndexContract):
    """Runs the contract against FaissIndex."""


def filled(folder: Path, users: int = 2) -> FaissIndex:
    made = FaissIndex(folder, SPACE)
    for number in range(users):
        made.add(f"../user {number} ü", np.arange(10) + 10 * number, unit(10, number), "doc")
        made.add(f"../user {number} ü", ids(1000 + number), unit(1, 50 + number), "other")
    return made


def test_a_snapshot_brings_back_what_was_there(tmp_path: Path) -> None:
    before = filled(tmp_path)
    before.snapshot(41)
    before.add("later", ids(7), unit(1), "doc")
    after = FaissIndex(tmp_path, SPACE)
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
    assert (len(before), len(after), len(before & after)) == (2, 2, 1)
    assert FaissIndex(tmp_path, SPACE).load() == 2


def test_there_is_nothing_to_load_in_an_empty_folder(tmp_path: Path) -> None:
    assert FaissIndex(tmp_path / "never made", SPACE).load() == 0


@pytest.mark.parametrize("space", [EmbeddingSpace("other", DIMENSION), EmbeddingSpace("test", 9)])
def test_a_snapshot_of_another_space_is_not_trusted(tmp_path: Path, space: EmbeddingSpace) -> None:
    filled(tmp_path).snapshot(5)
    assert FaissIndex(tmp_path, space).load() == 0


def test_a_snapshot_with_any_byte_changed_or_cut_is_not_trusted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    filled(tmp_path, 1).snapshot(5)
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


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_a_crash_while_writing_leaves_the_former_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    index = filled(tmp_path)
    index.snapshot(1)
    for number in range(2):
        index.add(f"../user {number} ü", ids(500 + number), unit(1, 9), "late")
    replace, left = snapshot.os.replace, [writes]

    def dying(source: Path, target: Path) -> None:
        if not left[0]:
            raise Crash
        left[0] -= 1
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(snapshot.os, "replace", dying)
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
@given(st.lists(STEP, max_size=25), st.integers(1, 12), st.sets(st.integers(0, 4)))
def test_it_finds_what_an_exact_search_over_the_rows_finds(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[str, int, list[int]]],
    k: int,
    chosen: set[int],
) -> None:
    index = FaissIndex(tmp_path_factory.mktemp("index"), SPACE)
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
    again = FaissIndex(index._folder, SPACE)
    again.load()
    query = unit(1, 777)[0]
    for documents in (None, frozenset(f"d{n}" for n in chosen)):
        scores = {n: float(v @ query) for n, (d, v) in rows.items() if documents is None or d in documents}  # fmt: skip
        exact = sorted(scores, key=lambda n: (-scores[n], n))[:k]
        for engine in (index, again):
            hits = engine.search("ann", query, k, documents)
            assert found(hits) == exact
            np.testing.assert_allclose([s for _, s in hits], [scores[n] for n in exact], atol=1e-5)
