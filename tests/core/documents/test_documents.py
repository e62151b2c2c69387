"""Names for show, and what waits for whom."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from core.documents.service import shown_name
from core.errors import DiskFull, Misuse
from core.types import TurnRequest
from tests.conftest import running, settings_for
from tests.core.turns.test_turns import followed


@pytest.mark.parametrize(
    ("given_", "shown"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\a b.docx", "a b.docx"),
        ("", "unnamed"),
        ("..", "unnamed"),
        ("a\x00b\u202egpj.txt", "abgpj.txt"),
        ("Screenshot at 9.41\u202fAM.png", "Screenshot at 9.41 AM.png"),
        ("می\u200cخواهم 👩\u200d💻.txt", "می\u200cخواهم 👩\u200d💻.txt"),
        ("a\ufe01b\u3164c\u200dd.txt", "abcd.txt"),
        ("x" * 300 + ".pdf", "x" * 195 + "….pdf"),
    ],
)
def test_a_file_keeps_its_name_only_for_show(given_: str, shown: str) -> None:
    assert shown_name(given_) == shown


@given(st.text())
def test_no_name_leads_anywhere(name: str) -> None:
    shown = shown_name(name)
    assert shown
    assert len(shown) <= 200
    assert "/" not in shown and "\\" not in shown and shown not in (".", "..")


def test_a_question_waits_for_the_file_it_is_about_and_says_so(bench: Any) -> None:
    text = "\n\n".join(f"Lamp {n} hangs on bar {n}." * 30 for n in range(40)).encode()
    document, _ = bench.documents.add("local", "lamps.txt", text)
    started = bench.turns.start("local", TurnRequest("Where does lamp 17 hang?"))
    events = followed(bench, started.turn_id)
    waiting = [event for event in events if event.type == "progress" and event.stage == "indexing"]
    assert waiting
    assert "waiting for lamps.txt" in waiting[0].note
    ready = next(event for event in events if event.type == "context_ready")
    assert {source.hit.document_id for source in ready.sources} == {document.id}


@pytest.mark.parametrize("when", ["before it is read", "while it is read"])
def test_a_file_waits_for_room_on_a_full_disk_and_is_read_then(
    bench: Any, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    monkeypatch.setattr("core.documents.service._IDLE_SECONDS", 0.02)
    full, met = threading.Event(), threading.Event()
    said = "UPDATE jobs" if when == "before it is read" else "INSERT INTO chunks"

    @event.listens_for(bench.engine, "do_execute")
    def refuse(cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(said) and not met.is_set():
            full.set()
        if full.is_set() and statement.startswith(("INSERT", "UPDATE", "DELETE")):
            met.set()
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorname = "SQLITE_FULL"
            raise error

    document, _ = bench.documents.add("local", "lamps.txt", b"Lamp 4 hangs on bar 17.")
    assert met.wait(30)
    bench.bridge.run(asyncio.sleep(0.1))  # refused a few times more
    assert bench.documents.get("local", document.id).status != "refused"
    full.clear()
    for _ in bench.bridge.iterate(bench.documents.settled("local"), 30):
        pass
    assert bench.documents.get("local", document.id).status == "indexed"
    assert len(bench.bridge.run(bench.documents.search("local", "lamp 4", 5))) == 1


def test_a_file_that_finds_no_room_for_its_row_leaves_nothing_on_the_full_disk(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise DiskFull

    kept, _ = bench.documents.add("local", "kept.txt", b"This one was there before.")
    monkeypatch.setattr(bench.documents._documents, "add", full)
    for data in (b"This one is new.", b"This one was there before."):
        with pytest.raises(DiskFull):
            bench.documents.add("anna", "note.txt", data)
    blobs = bench.settings.data / "blobs"
    assert [path.name for path in blobs.glob("*/*")] == [kept.sha256]


def test_a_question_about_no_documents_waits_for_none(bench: Any) -> None:
    started = bench.turns.start("local", TurnRequest("/words 2", use_documents=False))
    assert all(event.type != "progress" for event in followed(bench, started.turn_id))


def test_a_question_can_be_asked_of_one_document(bench: Any) -> None:
    first, _ = bench.documents.add("local", "a.txt", b"The lamp is on bar one.")
    second, _ = bench.documents.add("local", "b.txt", b"The lamp is on bar two.")
    started = bench.turns.start("local", TurnRequest("Which bar?", use_documents=(second.id,)))
    ready = next(e for e in followed(bench, started.turn_id) if e.type == "context_ready")
    assert {source.hit.document_id for source in ready.sources} == {second.id} != {first.id}


def test_a_user_finds_nothing_of_another(bench: Any) -> None:
    bench.documents.add("ada", "a.txt", b"The lamp is on bar one.")
    for _ in bench.bridge.iterate(bench.documents.settled("ada"), 30):
        pass
    assert bench.bridge.run(bench.documents.search("ada", "lamp", 5))
    assert bench.bridge.run(bench.documents.search("bob", "lamp", 5)) == []
    assert bench.documents.list("bob") == []


def test_the_window_holds_the_very_text_that_was_sent(bench: Any) -> None:
    bench.documents.add("local", "a.txt", b"The lamp is on bar one.")
    started = bench.turns.start("local", TurnRequest("Which bar?"))
    followed(bench, started.turn_id)
    [request] = bench.models.providers["scripted"].requests
    budget = bench.turn_rows.budget("local", started.turn_id)
    system = next(part for part in budget.slices if part.region == "system")
    assert [item.text for item in system.items] == [
        each.text for each in request.messages if each.role == "system"
    ]
    sent = sum(bench.counter.count_message(each, "scripted") for each in request.messages)
    assert abs(budget.input_tokens - sent) <= 8


def test_a_very_long_question_is_searched_with_its_beginning(bench: Any) -> None:
    bench.documents.add("local", "a.txt", b"The lamp is on bar one.")
    started = bench.turns.start("local", TurnRequest("Which bar? " + "x " * 15_000))
    assert followed(bench, started.turn_id)[-1].type == "turn_done"


def test_a_question_of_a_collection_finds_what_is_in_it_when_it_is_asked(bench: Any) -> None:
    ids = [
        bench.documents.add("local", f"{n}.txt", f"The lamp {n} is on bar {n}.".encode())[0].id
        for n in range(3)
    ]
    collection = bench.collections.make("local", "Bars")
    with pytest.raises(Misuse, match="no document in what was chosen"):
        bench.turns.start("local", TurnRequest("Which bar?", use_documents=(collection.id,)))
    for inside in (ids[:1], ids[:2]):
        bench.collections.put("local", collection.id, inside)
        asked = TurnRequest("Which bar?", use_documents=(collection.id,))
        started = bench.turns.start("local", asked)
        ready = next(e for e in followed(bench, started.turn_id) if e.type == "context_ready")
        assert {source.hit.document_id for source in ready.sources} == set(inside)
        assert bench.turn_rows.get("local", started.turn_id).request == asked


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A bench with twelve documents of three passages."""
    with running(settings_for(tmp_path_factory.mktemp("library"))) as bench:
        for n in range(12):
            parts = [f"# Part {p}\n\n" + f"Lamp {n} hangs on bar {p}. " * 60 for p in range(2)]
            bench.documents.add("local", f"{n}.md", "\n\n".join(parts).encode())
        for _ in bench.bridge.iterate(bench.documents.settled("local"), 60):
            pass
        yield bench


@settings(max_examples=30, deadline=None)
@given(st.sets(st.integers(0, 11)), st.integers(1, 40), st.integers(0, 11))
def test_a_search_never_leaves_its_collection_and_is_never_short(
    library: Any, chosen: set[int], k: int, asked: int
) -> None:
    by_name = {int(d.name.removesuffix(".md")): d for d in library.documents.list("local")}
    for each in library.collections.list("local"):
        library.collections.delete("local", each.id)
    collection = library.collections.make("local", "Some")
    library.collections.put("local", collection.id, [by_name[n].id for n in chosen])
    inside = library.collections.resolve("local", [collection.id])
    hits = library.bridge.run(
        library.documents.search("local", f"Where does lamp {asked} hang?", k, inside)
    )
    assert {hit.document_id for hit in hits} <= {by_name[n].id for n in chosen}
    assert len(hits) == min(k, sum(by_name[n].passages for n in chosen))
