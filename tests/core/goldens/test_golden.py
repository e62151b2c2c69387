"""Golden questions: measured, found again however their file is cut, compared with the run before."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from core.assets import MINILM, Assets
from core.documents.ingest import Ingest
from core.errors import NotFound, Refused
from core.goldens import questions as golden_module
from core.goldens.questions import GoldenBench
from core.goldens.report import DEPTH, Result, recall
from core.retrieval.chunk import Chunker
from core.store.documents import Documents
from core.store.engine import writing
from core.store.golden import GoldenRows
from core.store.tables import documents
from core.types import Golden, Hit
from tests.core.documents.test_passages import USER, indexed

QUESTION = "How long is the notice period?"
RIDER = "\n\n".join(
    [
        "# Notice",
        "The notice period is sixty days, counted from the day on which the letter arrives.",
        "# Fees",
        *(f"The fee for show {n} is paid in euros on the morning after it." for n in range(60)),
    ]
).encode()


def right(bench: Any, question: str = QUESTION, words: str = "sixty days") -> list[Hit]:
    hits = bench.passages.find(USER, question, DEPTH).hits
    return [hit for hit in hits if words in hit.chunk.text]


def kept(bench: Any) -> Golden:
    found: Golden = bench.golden.save(USER, QUESTION, right(bench)[:1])
    return found


def crowd(bench: Any, first: int, count: int) -> None:
    """Documents that come nearer to the question than the right one."""
    for n in range(first, first + count):
        indexed(bench, f"n{n}.txt", f"{QUESTION} The notice period {n}: how long is it?".encode())


def on_its_way(bench: Any, is_it: bool) -> None:
    """A document without a job, so that nobody reads it while we look."""
    status = "queued" if is_it else "refused"
    if is_it:
        Documents(bench.engine).add_refused(USER, "slow", "slow.txt", "f" * 64, 1, "not yet")
    with writing(bench.engine) as connection:
        mine = update(documents).where(documents.c.user_id == USER, documents.c.id == "slow")
        connection.execute(mine.values(status=status))


def cut_anew(bench: Any, limit: int) -> None:
    """Every document again, by a chunker of another limit."""
    old: Ingest = bench.documents._ingest
    folder = Assets(Path(__file__).parents[3] / "data" / "models").find(MINILM)
    assert folder is not None
    old._chunker = partial(Chunker, folder / "tokenizer.json", limit)
    for document in bench.documents.list(USER):
        old.run(USER, document)


def test_without_questions_there_is_nothing_to_say_and_nothing_runs(bench: Any) -> None:
    indexed(bench, "rider.md", RIDER)
    assert bench.golden.refresh(USER).results == ()
    assert bench.golden.runs(USER) == []


def test_a_kept_question_is_measured_at_once_and_then_only_after_a_change(bench: Any) -> None:
    indexed(bench, "rider.md", RIDER)
    kept(bench)
    report = bench.golden.refresh(USER)
    assert [(each.rank, each.change) for each in report.results] == [(1, "new")]
    assert (bench.golden.refresh(USER), len(bench.golden.runs(USER))) == (report, 1)
    indexed(bench, "other.txt", b"The stage is dark.")
    again = bench.golden.refresh(USER)
    assert [(each.rank, each.change) for each in again.results] == [(1, "same")]
    assert (again.since, len(bench.golden.runs(USER))) == (report.at, 2)


def test_what_documents_do_to_it_is_history(bench: Any) -> None:
    indexed(bench, "rider.md", RIDER)
    kept(bench)
    bench.golden.refresh(USER)
    crowd(bench, 0, 3)
    [worse] = bench.golden.refresh(USER).results
    assert worse.change == "worse"
    assert worse.before == (1,)
    assert 1 < worse.rank <= 4
    for document in bench.documents.list(USER):
        if document.name.startswith("n"):
            bench.documents.delete(USER, document.id)
    [better] = bench.golden.refresh(USER).results
    assert (better.before, better.ranks, better.change) == (worse.ranks, (1,), "better")
    assert [run.ranks for run in bench.golden.runs(USER)] == [
        {each.golden.id: each.ranks} for each in (better, worse)
    ] + [{worse.golden.id: (1,)}]


def test_a_second_question_joins_the_run_and_disturbs_no_comparison(bench: Any) -> None:
    indexed(bench, "rider.md", RIDER)
    kept(bench)
    bench.golden.refresh(USER)
    crowd(bench, 0, 2)
    first = bench.golden.refresh(USER)
    bench.golden.save(USER, "When is the fee paid?", right(bench, "fee", "euros")[:1])
    both = bench.golden.refresh(USER)
    assert len(bench.golden.runs(USER)) == 2
    assert [each.change for each in both.results] == [first.results[0].change, "new"]
    assert (both.at, both.since) == (first.at, first.since)


@pytest.mark.parametrize("limit", [40, 60, 200])
def test_it_is_found_again_when_the_file_is_cut_in_another_way(bench: Any, limit: int) -> None:
    document = indexed(bench, "rider.md", RIDER)
    before = [each.text for each in bench.documents.passages(USER, document, 0, 100)]
    golden = kept(bench)
    bench.golden.refresh(USER)
    cut_anew(bench, limit)
    after = [each.text for each in bench.documents.passages(USER, document, 0, 100)]
    assert after != before or limit == 200
    assert golden.right[0].text in before
    [result] = bench.golden.refresh(USER).results
    assert result.ranks == (1,)
    assert len(bench.golden.runs(USER)) == 2


def test_it_outlives_its_document_and_knows_it_again_by_its_bytes(bench: Any) -> None:
    document = indexed(bench, "rider.md", RIDER)
    kept(bench)
    bench.golden.refresh(USER)
    bench.documents.delete(USER, document)
    indexed(bench, "copy.txt", RIDER + b"\n\nanother file with the same words")
    [gone] = bench.golden.refresh(USER).results
    assert (gone.ranks, gone.change) == ((0,), "worse")
    assert indexed(bench, "renamed.md", RIDER) != document
    [back] = bench.golden.refresh(USER).results
    assert (back.rank > 0, back.change) == (True, "better")


def test_another_right_passage_for_the_same_question_takes_the_place_of_the_first(
    bench: Any,
) -> None:
    indexed(bench, "rider.md", RIDER)
    kept(bench)
    fees = right(bench, QUESTION, "The fee for show")[:1]
    bench.golden.save(USER, QUESTION, fees)
    assert [each.right[0].text for each in bench.golden.list(USER)] == [fees[0].chunk.text]
    bench.golden.save(USER, QUESTION, fees)
    assert len(bench.golden.list(USER)) == 1


def test_it_waits_while_documents_are_on_their_way(bench: Any) -> None:
    indexed(bench, "rider.md", RIDER)
    kept(bench)
    told = bench.golden.refresh(USER)
    on_its_way(bench, True)
    waiting = bench.golden.refresh(USER)
    assert (waiting.waiting, waiting.results) == (1, told.results)
    assert len(bench.golden.runs(USER)) == 1
    on_its_way(bench, False)
    assert bench.golden.refresh(USER).waiting == 0


def test_a_question_of_a_collection_looks_there_alone_and_follows_what_it_holds(
    bench: Any,
) -> None:
    rider = indexed(bench, "rider.md", RIDER)
    collection = bench.collections.make(USER, "Contracts")
    bench.collections.put(USER, collection.id, [rider])
    crowd(bench, 0, 4)
    bench.golden.save(USER, QUESTION, right(bench)[:1], collection.id)
    [inside] = bench.golden.refresh(USER).results
    assert inside.rank == 1
    bench.collections.take_out(USER, collection.id, [rider])
    [outside] = bench.golden.refresh(USER).results
    assert (outside.ranks, outside.change) == ((0,), "worse")


def test_another_embedding_space_is_a_change(bench: Any) -> None:
    indexed(bench, "rider.md", RIDER)
    kept(bench)
    bench.golden.refresh(USER)
    other = GoldenBench(
        GoldenRows(bench.engine), Documents(bench.engine), bench.collections, bench.passages, "x/8"
    )
    assert len(other.refresh(USER).results) == 1
    assert bench.golden.runs(USER)[0].space == "x/8"


def test_better_and_worse_are_the_first_rank_and_then_how_many_are_found() -> None:
    golden = Golden("g", "?", (), None)  # type: ignore[arg-type]
    of = {
        ((1, 0), (4, 0)): "better",
        ((4, 2), (1, 0)): "worse",
        ((0,), (3,)): "worse",
        ((3,), (0,)): "better",
        ((1, 7), (1, 0)): "better",
        ((1, 7), (1, 9)): "same",
        ((0,), (0,)): "same",
        ((2,), None): "new",
    }
    for (is_now, was), change in of.items():
        assert Result(golden, is_now, was).change == change
    assert (recall((1, 7, 0), 5), recall((), 5)) == (1 / 3, 0.0)


def test_they_travel_as_lines_and_are_taken_in_once(bench: Any) -> None:
    rider = indexed(bench, "rider.md", RIDER)
    collection = bench.collections.make(USER, "Contracts")
    bench.collections.put(USER, collection.id, [rider])
    bench.golden.save(USER, QUESTION, right(bench)[:1], collection.id)
    text = bench.golden.export(USER)
    [line] = [json.loads(each) for each in text.splitlines()]
    assert (line["question"], line["collection"]) == (QUESTION, "Contracts")
    assert "sixty days" in line["right"][0]["text"]
    assert bench.golden.load(USER, text) == 0
    with pytest.raises(NotFound, match="Contracts"):
        bench.golden.load("bob", text)
    bench.collections.make("bob", "contracts")
    assert bench.golden.load("bob", "\ufeff" + text + "\n\n") == 1
    assert bench.golden.export("bob") == text.replace("Contracts", "contracts")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("nonsense", "line 2 is no golden question"),
        ('{"question": 7, "right": []}', "line 2 is no golden question: question"),
        ('{"question": "?", "right": []}', "1 to 20 right passages"),
        ('{"question": " ", "right": [{"sha256": "a", "text": "b"}]}', "1 to 2,000 characters"),
    ],
)
def test_a_file_with_one_wrong_line_is_refused_whole(bench: Any, line: str, why: str) -> None:
    good = '{"question": "Fine?", "right": [{"sha256": "a", "text": "b"}]}'
    with pytest.raises(Refused, match=why):
        bench.golden.load(USER, f"{good}\n{line}")
    assert bench.golden.list(USER) == []


def test_there_is_an_end_to_how_many_are_kept(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golden_module, "MOST", 1)
    line = '{"question": "%s?", "right": [{"sha256": "a", "text": "b"}]}'
    bench.golden.load(USER, line % "One")
    with pytest.raises(Refused, match="at most 1 golden questions"):
        bench.golden.load(USER, line % "Two")
