"""Another embedder: nothing is silently lost, nothing runs unasked, nothing is embedded twice."""

import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.errors import AssetUnavailable, Conflict, DiskFull, Misuse, NeedsEmbedding
from core.events import TurnFailed
from core.store.reembeddings import Reembeddings
from tests.conftest import running, settings_for
from tests.core.embedding.embedders import WIDTH, tiny
from tests.core.turns.test_crash import killed, waited_for
from tests.core.turns.test_turns import ask, followed

LAMPS = "\n\n".join(f"# Part {n}\n\n" + f"Lamp {n} hangs on bar {n % 7}. " * 20 for n in range(30))

CHANGE = """
import os, sys
from pathlib import Path
from tests.conftest import settings_for
from core.bootstrap import build
bench = build(settings_for(Path(sys.argv[1]), FOOTLIGHTS_EMBEDDER="st:" + sys.argv[2]))
keep, kept = bench.reembedder._kept.keep, []
def counted(user, space, vectors):
    keep(user, space, vectors)
    kept.extend(vectors)
    print(len(kept), flush=True)
    os.kill(os.getpid(), 9)
bench.reembedder._embedding._kept.keep = counted
bench.reembedder._embedder.batch = 8
bench.start()
bench.reembedder.start("local")
import threading
threading.Event().wait(60)
"""


def embedded_by(bench: Any) -> list[str]:
    """The texts that the embedder is given from now on, as they come."""
    seen: list[str] = []
    embedder, embed = bench.reembedder._embedder, bench.reembedder._embedder.embed

    def noting(texts: Any, *given: Any, **named: Any) -> Any:
        seen.extend(texts)
        return embed(texts, *given, **named)

    embedder.embed = noting
    return seen


def added(bench: Any, name: str = "lamps.md", text: str = LAMPS) -> Any:
    document, _ = bench.documents.add("local", name, text.encode())
    return waited_for(bench, document.id)


def search(bench: Any, question: str = "Where does lamp 4 hang?", **where: Any) -> Any:
    return bench.bridge.run(bench.documents.search("local", question, 3, **where))


def through(bench: Any) -> None:
    """Wait until nothing is due or the work has failed."""
    moment = threading.Event()
    for _ in range(600):
        due = bench.reembedder.due("local")
        if due is None or (due.job and due.job.failure):
            return
        moment.wait(0.05)
    raise AssertionError("it does not end")


Settings = Callable[[str], Any]


@pytest.fixture
def by(tmp_path: Path) -> Settings:
    """`by("tiny")` are the settings of one data folder with this embedder."""
    folder = tiny(tmp_path)

    def settings(name: str) -> Any:
        embedder = f"st:{folder}" if name == "tiny" else name
        return settings_for(tmp_path / "data", FOOTLIGHTS_EMBEDDER=embedder)

    return settings


def test_after_a_change_of_embedder_a_search_is_refused_until_the_passages_are_embedded_again(
    by: Settings,
) -> None:
    with running(by("minilm")) as bench:
        document = added(bench)
        assert bench.reembedder.due("local") is None
    with running(by("tiny")) as bench:
        seen = embedded_by(bench)
        due = bench.reembedder.due("local")
        assert (due.passages, due.before, due.now, due.job) == (
            document.passages,
            ("all-MiniLM-L6-v2",),
            "tiny",
            None,
        )
        with pytest.raises(NeedsEmbedding, match="would miss them") as refused:
            search(bench)
        assert refused.value.passages == document.passages
        assert "old vectors are kept" in refused.value.hint
        assert seen == []  # nothing runs before somebody says so

        bench.reembedder.start("local")
        through(bench)

        assert sorted(seen) == sorted(set(seen)) and len(seen) == document.passages
        assert len(search(bench)) == 3
        passport = bench.atlas.passport("local")
        assert (passport.model, passport.dimension, passport.elsewhere) == ("tiny", WIDTH, 0)


def test_going_back_costs_nothing_because_the_old_vectors_are_kept(by: Settings) -> None:
    with running(by("minilm")) as bench:
        added(bench)
        before = [(hit.chunk_id, round(hit.score, 5)) for hit in search(bench)]
    with running(by("tiny")) as bench:
        bench.reembedder.start("local")
        through(bench)
    with running(by("minilm")) as bench:
        seen = embedded_by(bench)
        assert bench.reembedder.due("local") is None
        assert [(hit.chunk_id, round(hit.score, 5)) for hit in search(bench)] == before
        assert seen == []


def test_a_document_of_the_new_embedder_can_be_asked_alone_while_the_others_wait(
    by: Settings,
) -> None:
    with running(by("minilm")) as bench:
        added(bench)
    with running(by("tiny")) as bench:
        soup = added(bench, "soup.md", "# Soup\n\nBoil the soup for ten minutes.")
        assert [hit.document_id for hit in search(bench, documents=[soup.id])] == [soup.id]
        with pytest.raises(NeedsEmbedding):
            search(bench)


def test_a_question_says_why_it_is_not_answered_and_what_to_do(by: Settings) -> None:
    with running(by("minilm")) as bench:
        added(bench)
    with running(by("tiny")) as bench:
        last = followed(bench, ask(bench, "Where does lamp 4 hang?").turn_id)[-1]
        assert isinstance(last, TurnFailed)
        assert (last.code, "Re-embed them" in last.hint) == ("needs_embedding", True)
        said = followed(bench, ask(bench, "/words 3", use_documents=False).turn_id)[-1]
        assert said.type == "turn_done"


def test_the_estimate_is_measured_and_runs_nothing_for_keeps(by: Settings) -> None:
    with running(by("minilm")) as bench:
        added(bench)
    with running(by("tiny")) as bench:
        passages = bench.reembedder.due("local").passages
        takes = bench.reembedder.takes("local")
        assert (takes.cost, takes.measured) == (Decimal(0), True)
        assert 0 < takes.seconds < 600
        assert bench.reembedder.due("local").passages == passages


def test_killed_in_the_middle_it_goes_on_at_the_next_start_and_embeds_nothing_twice(
    by: Settings, tmp_path: Path
) -> None:
    with running(by("minilm")) as bench:
        passages = added(bench).passages
    counts = []
    for _ in range(2):
        counts.append(int(killed(CHANGE, str(tmp_path / "data"), str(tmp_path / "tiny"))))
    from core.bootstrap import build

    bench = build(by("tiny"))
    seen = embedded_by(bench)
    bench.start()
    try:
        through(bench)
        assert counts == [8, 8]
        assert len(seen) == passages - sum(counts)
        assert len(search(bench)) == 3
        assert bench.passages.unembedded("local") == 0
    finally:
        bench.close()


def test_it_goes_on_after_a_full_disk(by: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.documents.reembedding._IDLE_SECONDS", 0.02)
    with running(by("minilm")) as bench:
        added(bench)
    with running(by("tiny")) as bench:
        kept, claimed = bench.reembedder._kept, threading.Event()
        keep = kept.keep

        def full(*given: Any) -> None:
            if not claimed.is_set():
                claimed.set()
                monkeypatch.setattr(Reembeddings, "fail", no_room)
                raise DiskFull
            monkeypatch.undo()
            keep(*given)

        def no_room(*_: Any) -> None:
            raise DiskFull

        bench.reembedder._embedding._kept.keep = full
        bench.reembedder.start("local")
        through(bench)
        assert bench.reembedder.due("local") is None
        assert len(search(bench)) == 3


def test_cancelled_it_keeps_what_was_embedded_and_stays_refused(by: Settings) -> None:
    with running(by("minilm")) as bench:
        passages = added(bench).passages
    with running(by("tiny")) as bench:
        bench.reembedder._embedder.batch = 8
        embed = bench.reembedder._embedder.embed

        def cancelling(texts: Any, **named: Any) -> Any:
            bench.reembedder.cancel("local")
            return embed(texts, **named)

        bench.reembedder._embedder.embed = cancelling
        bench.reembedder.start("local")
        moment = threading.Event()
        while bench.reembedder.due("local").passages == passages:
            moment.wait(0.005)
        bench.reembedder._idle.wait(30)
        due = bench.reembedder.due("local")
        assert (due.passages, due.job) == (passages - 8, None)
        with pytest.raises(NeedsEmbedding):
            search(bench)


def test_old_vectors_are_thrown_away_only_when_nothing_needs_them(by: Settings) -> None:
    with running(by("minilm")) as bench:
        passages = added(bench).passages
    with running(by("tiny")) as bench:
        [old] = bench.reembedder.left("local")
        assert (old.model, old.vectors, old.bytes) == (
            "all-MiniLM-L6-v2",
            passages,
            passages * 384 * 4,
        )
        with pytest.raises(Conflict, match="the only ones"):
            bench.reembedder.throw_away("local", old)
        bench.reembedder.start("local")
        through(bench)
        bench.reembedder.throw_away("local", old)
        assert bench.reembedder.left("local") == []
        assert len(search(bench)) == 3


def test_the_same_folder_with_other_weights_is_another_space(by: Settings, tmp_path: Path) -> None:
    with running(by("tiny")) as bench:
        added(bench)
        first = bench.reembedder._space
    weights = next((tmp_path / "tiny").rglob("model.safetensors"))
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with running(by("tiny")) as bench:
        assert bench.reembedder._space != first
        assert bench.reembedder.due("local") is not None


def test_a_setting_that_names_no_embedder_says_what_may_be_written(tmp_path: Path) -> None:
    from core.bootstrap import build

    (tmp_path / "empty").mkdir()
    for setting, kind, words in (
        ("word2vec", Misuse, "names no embedder"),
        ("openai:some-new-model", Misuse, "dimensions"),
        (f"st:{tmp_path / 'empty'}", AssetUnavailable, "no sentence-transformers model"),
        (f"st:{tmp_path / 'nowhere'}", AssetUnavailable, "no sentence-transformers model"),
    ):
        with pytest.raises(kind, match=words) as refused:
            build(settings_for(tmp_path / "data", FOOTLIGHTS_EMBEDDER=setting))
        assert "FOOTLIGHTS_EMBEDDER" in refused.value.hint


def test_a_model_of_the_hub_is_found_where_the_hub_keeps_it(tmp_path: Path) -> None:
    home = tmp_path / "data" / "models" / "hub" / "models--acme--tiny"
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text("0" * 40)
    tiny(tmp_path).rename(home / "tiny")
    (home / "snapshots").mkdir()
    (home / "tiny").rename(home / "snapshots" / ("0" * 40))
    with running(settings_for(tmp_path / "data", FOOTLIGHTS_EMBEDDER="st:acme/tiny")) as bench:
        assert added(bench).status == "indexed"
        assert bench.atlas.passport("local").model == "tiny"
