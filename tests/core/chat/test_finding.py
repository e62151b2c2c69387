"""What is found for a question is told in the trace; what is not in the documents is not guessed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.chat.finding import nearness
from core.events import ContextReady, NothingFound, TurnDone
from core.retrieval.nearness import NEAR
from core.turns.endings import NOT_FOUND
from core.types import Chunk, Found, Hit
from tests.conftest import running, settings_for
from tests.core.turns.test_turns import ask, followed

RIDER = b"""# Rider

## Notice

The notice period is sixty days, and it begins with the first of a month.

## Lamps

The Fresnel draws 1200 watts; the desk draws 300 watts.
"""
SMOLL = "local:smollm2-135m"


def rider(bench: Any) -> str:
    document, _ = bench.documents.add("local", "rider.md", RIDER)
    return str(document.id)


def retrieval(bench: Any, turn_id: str) -> dict[str, Any]:
    spans = bench.traces.read("local", turn_id)
    return next(dict(span.attributes) for span in spans if span.kind == "retrieval")


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Any]:
    """A bench whose default model is one, so that there is somebody to ask or not to ask."""
    with running(settings_for(tmp_path, FOOTLIGHTS_MODEL=SMOLL)) as made:
        yield made


def test_everything_that_was_considered_is_in_the_trace(bench: Any) -> None:
    document_id = rider(bench)
    started = ask(bench, "How long is the notice period?")
    followed(bench, started.turn_id)
    told = retrieval(bench, started.turn_id)
    assert told["nearness"] > 0.9
    assert told["considered"] == len(told["candidates"]) > 0
    best = told["candidates"][0]
    assert "sixty days" in best["text"]
    assert (best["document_id"], best["dense_rank"], best["word_rank"]) == (document_id, 1, 1)
    assert best["chunk_id"] == told["hits"][0]["chunk_id"]
    turn = bench.turn_rows.get("local", started.turn_id)
    assert str(turn.sources[0].hit.chunk_id) == best["chunk_id"]
    assert json.dumps(told)


def test_what_is_not_in_the_documents_is_said_and_no_model_is_asked(real: Any) -> None:
    rider(real)
    started = ask(real, "Who won the football world cup in Mexico?", guess=False, max_tokens=8)
    events = followed(real, started.turn_id)
    [nothing] = [event for event in events if isinstance(event, NothingFound)]
    assert nothing.nearness < NEAR
    ending = events[-1]
    assert isinstance(ending, TurnDone)
    assert (ending.stop_reason, ending.words, ending.cost) == ("not_found", NOT_FOUND, "0")
    turn = real.turn_rows.get("local", started.turn_id)
    assert "do not seem to say anything" in turn.answer
    assert turn.sources  # the nearest passages, to look at
    assert real.ledger.rows("local", turn_id=turn.id) == []


@pytest.mark.parametrize(
    "given",
    [{"guess": True}, {"guess": False, "use_documents": False}],
    ids=["allowed", "no documents"],
)
def test_a_guess_that_is_allowed_is_made(real: Any, given: dict[str, Any]) -> None:
    rider(real)
    started = ask(real, "Who won the football world cup in Mexico?", max_tokens=8, **given)
    events = followed(real, started.turn_id)
    assert not any(isinstance(event, NothingFound) for event in events)
    assert len(real.ledger.rows("local", turn_id=started.turn_id)) == 1


def test_what_is_in_the_documents_is_answered(real: Any) -> None:
    rider(real)
    started = ask(real, "How long is the notice period?", guess=False, max_tokens=8)
    events = followed(real, started.turn_id)
    assert not any(isinstance(event, NothingFound) for event in events)


def test_a_question_that_says_little_alone_is_looked_for_with_the_one_before(bench: Any) -> None:
    rider(bench)
    first = ask(bench, "How long is the notice period?")
    followed(bench, first.turn_id)
    started = bench.turns.start(
        "local",
        bench.turn_rows.get("local", first.turn_id).request.__class__("and from when on?"),
        conversation_id=first.conversation_id,
    )
    events = followed(bench, started.turn_id)
    [ready] = [event for event in events if isinstance(event, ContextReady)]
    assert "notice period" in ready.sources[0].hit.chunk.text
    assert retrieval(bench, started.turn_id)["query"].startswith("How long is the notice period?\n")


def test_nothing_found_is_near_to_nothing() -> None:
    assert nearness(Found()) == 0
    hit = Hit(1, "d", "n", Chunk(0, "t", 0, 1, 1), 0.9)
    assert nearness(Found((hit,), (), 1.0, 1.0)) > 0.99
    assert nearness(Found((hit,), (), 0.0, 0.0)) < 0.01


@pytest.mark.parametrize(
    "question",
    [
        "What is this document about?",
        "Summarise the uploaded files, please.",
        "hello",
        "Worum geht es in dem Dokument?",
    ],
)
def test_who_asks_about_the_documents_themselves_is_answered(bench: Any, question: str) -> None:
    rider(bench)
    started = ask(bench, question)
    followed(bench, started.turn_id)
    assert retrieval(bench, started.turn_id)["nearness"] >= NEAR
