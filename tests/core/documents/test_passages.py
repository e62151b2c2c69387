"""What is found for a question, by meaning and by words, while documents come and go."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import running, settings_for
from tests.core.retrieval.test_rerank import made

USER = "local"
SHOP = b"""# Fees

The cancellation fee is five percent of the price.

# Codes

Error QX-7741 means that the dimmer is too hot.
"""


def indexed(bench: Any, name: str, text: bytes, user: str = USER) -> str:
    document, _ = bench.documents.add(user, name, text)
    for _ in bench.bridge.iterate(bench.documents.settled(user), 30):
        pass
    assert bench.documents.get(user, document.id).status == "indexed"
    return str(document.id)


def test_a_code_that_no_embedding_knows_is_found_by_its_letters(bench: Any) -> None:
    for number in range(7738, 7744):
        indexed(bench, f"{number}.txt", f"Error QX-{number} is described in chapter X.".encode())
    hits = bench.passages.find(USER, "QX-7741", 1).hits
    assert "QX-7741" in hits[0].chunk.text


def test_a_hit_has_its_cosine_and_its_candidate_has_both_ranks(bench: Any) -> None:
    indexed(bench, "shop.md", SHOP)
    indexed(bench, "other.md", b"The stage is dark.")
    query = "What does it cost to cancel?"
    hits = bench.passages.find(USER, query, 9).hits
    found = bench.passages.find(USER, query, 9).candidates
    assert [hit.chunk_id for hit in hits] == [each.chunk_id for each in found]
    assert [hit.score for hit in hits] == [each.dense_score for each in found]
    assert "five percent" in hits[0].chunk.text
    assert (found[0].dense_rank, found[0].duplicate_of) == (1, None)
    asked = bench.passages.embedder.embed_query(query)
    vectors = bench.passages._index.vectors(USER, [hits[0].chunk_id])
    assert abs(float(vectors[hits[0].chunk_id] @ asked) - hits[0].score) < 1e-6


def test_words_follow_documents_that_come_and_go(bench: Any) -> None:
    indexed(bench, "a.txt", b"The lamp hangs high.")
    assert bench.passages.find(USER, "zebra", 3).candidates[0].word_rank is None
    zebra = indexed(bench, "z.txt", b"The zebra is striped.")
    assert bench.passages.find(USER, "zebra", 1).hits[0].document_id == zebra
    assert bench.passages.find(USER, "zebra", 3).candidates[0].word_rank == 1
    bench.documents.delete(USER, zebra)
    found = bench.passages.find(USER, "zebra", 3).candidates
    assert [each.word_rank for each in found] == [None]


def test_a_passage_that_stands_in_two_files_is_found_once_when_asked_for_distinct_ones(
    bench: Any,
) -> None:
    first = indexed(bench, "a.txt", b"The notice period is sixty days.")
    indexed(bench, "b.txt", b"The notice period is sixty days.\n\n")
    query = "How long is the notice period?"
    assert len(bench.passages.find(USER, query, 5).hits) == 2
    hits = bench.passages.find(USER, query, 5, distinct=True).hits
    found = bench.passages.find(USER, query, 5).candidates
    assert len(hits) == 1
    assert [each.duplicate_of for each in found] == [None, hits[0].chunk_id]
    assert {hits[0].document_id} <= {first, *(d.id for d in bench.documents.list(USER))}


def test_a_search_in_one_document_stays_there_and_other_users_have_nothing(bench: Any) -> None:
    indexed(bench, "a.txt", b"The lamp is on bar one.")
    second = indexed(bench, "b.txt", b"The lamp is on bar two.")
    only = frozenset({second})
    assert {h.document_id for h in bench.passages.find(USER, "lamp", 9, only).hits} == {second}
    assert len(bench.passages.find(USER, "lamp", 9, only).candidates) == 1
    assert bench.passages.find("bob", "lamp", 9).candidates == ()
    assert bench.passages.find(USER, "lamp", 0).candidates == ()


def test_the_name_of_a_file_helps_to_find_what_is_in_it(bench: Any) -> None:
    for year in (2021, 2022, 2023):
        indexed(bench, f"report-{year}.txt", f"We sold {year % 7} lamps and no gel.".encode())
    assert (
        bench.passages.find(USER, "lamps in the report of 2022", 1).hits[0].name
        == "report-2022.txt"
    )


def ranked(bench: Any, query: str) -> list[tuple[int, int | None]]:
    return [
        (each.chunk_id, each.word_rank) for each in bench.passages.find(USER, query, 9).candidates
    ]


def test_the_next_start_has_its_words_without_reading_a_text(tmp_path: Path) -> None:
    with running(settings_for(tmp_path)) as bench:
        for number in range(3):
            indexed(
                bench, f"{number}.txt", f"Lamp {number} hangs high, as zebra {number}.".encode()
            )
        before = ranked(bench, "zebra 2")
    with sqlite3.connect(tmp_path / "footlights.db") as rows:
        # Whoever reads the texts again finds no zebra.
        rows.execute("UPDATE chunks SET text = replace(text, 'zebra', 'horse')")
    rows.close()
    with running(settings_for(tmp_path)) as bench:
        assert ranked(bench, "zebra 2") == before
        third = indexed(bench, "3.txt", b"A zebra of tomorrow.")
        assert bench.passages.find(USER, "zebra tomorrow", 1).hits[0].document_id == third


@pytest.mark.parametrize("lost", ["index", "words"])
def test_an_index_whose_files_are_damaged_follows_the_rows_again(tmp_path: Path, lost: str) -> None:
    with running(settings_for(tmp_path)) as bench:
        indexed(bench, "a.txt", b"The lamp hangs high.")
        zebra = indexed(bench, "z.txt", b"The zebra is striped.")
        before = ranked(bench, "zebra")
    for path in (tmp_path / lost).iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    with running(settings_for(tmp_path)) as bench:
        assert ranked(bench, "zebra") == before
        bench.documents.delete(USER, zebra)
        assert [rank for _, rank in ranked(bench, "zebra")] == [None]
    with running(settings_for(tmp_path)) as bench:
        assert [rank for _, rank in ranked(bench, "zebra")] == [None]


def test_the_cross_encoder_of_the_settings_orders_what_a_question_finds(tmp_path: Path) -> None:
    reader = made(tmp_path / "reader")
    settings = settings_for(tmp_path / "data").model_copy(update={"reranker": f"st:{reader}"})
    with running(settings) as bench:
        for number in range(6):
            indexed(bench, f"{number}.txt", f"Lamp {number} hangs over row {number + 7}.".encode())
        found = bench.passages.find(USER, "Which lamp hangs high?", 4)
        read = [each.read for each in found.candidates]
        assert None not in read
        assert read == sorted(read, reverse=True)
        assert [hit.chunk_id for hit in found.hits] == [
            each.chunk_id for each in found.candidates[:4]
        ]
        assert bench.atlas.passport(USER).reranker.startswith("reader@")
