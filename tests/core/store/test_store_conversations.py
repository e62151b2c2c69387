import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine, select, text

import core.store
from core.errors import NotFound, Refused
from core.store.conversations import MAX_PINS, Conversations
from core.store.engine import reading, writing
from core.store.ledger import Ledger
from core.store.tables import spans, tape, turn_events
from core.store.turns import Turns
from core.types import TurnRequest, WindowPlan
from tests.core.store.stories import ME, ask, end, say, span


@pytest.fixture
def conversations(engine: Engine) -> Conversations:
    return Conversations(engine)


@pytest.fixture
def turns(engine: Engine) -> Turns:
    return Turns(engine)


def test_the_latest_question_comes_first(conversations: Conversations, turns: Turns) -> None:
    for number, conversation in enumerate(("c1", "c2", "c1")):
        ask(turns, f"t{number}", conversation=conversation)

    found = conversations.list(ME)

    assert [(c.id, c.turns) for c in found] == [("c1", 2), ("c2", 1)]
    assert found[0].updated_at > found[0].created_at


def test_a_title_of_the_users_own_is_kept(conversations: Conversations, turns: Turns) -> None:
    conversations.create(ME, "c1", "")
    ask(turns, "t1", "First?")
    assert conversations.get(ME, "c1").title == "First?"
    conversations.rename(ME, "c1", "Mine")
    ask(turns, "t2", "Second?")
    conversations.create(ME, "c1", "Third")

    assert conversations.get(ME, "c1").title == "Mine"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("GAFFER", ["c1"]),
        ("electrician", ["c2", "c1"]),
        ("ÜBER", ["c2"]),
        ("100%", ["c2"]),
        ("_", []),
        ("%", ["c2"]),
        ("\\", []),
        ("", ["c2", "c1"]),
        ("renamed", ["c1"]),
        ("x\x00" * 5, []),
    ],
)
def test_search_looks_at_titles_questions_and_answers(
    conversations: Conversations, turns: Turns, query: str, found: list[str]
) -> None:
    ask(turns, "t1", "What is a gaffer?")
    ask(turns, "t2", "Über 100% light?", conversation="c2")
    for turn in ("t1", "t2"):
        end(turns, turn)
    conversations.rename(ME, "c1", "Renamed")

    assert [c.id for c in conversations.list(ME, query)] == found
    assert len(conversations.list(ME, query, limit=1)) == min(1, len(found))


def test_deleting_takes_everything_but_the_money(
    conversations: Conversations, turns: Turns, engine: Engine
) -> None:
    ask(turns)
    say(turns, "t1", "a")
    Ledger(engine).reserve(ME, "r1", "t1", "c1", "m", "answer", None)
    end(turns, spans=(span(),), tape=[(0, "model", 1)])

    conversations.delete(ME, "c1")

    with reading(engine) as connection:
        for table in (turn_events, spans, tape):
            assert connection.execute(select(table)).all() == []
    assert [row.id for row in Ledger(engine).rows(ME)] == ["r1"]
    with pytest.raises(NotFound):
        turns.get(ME, "t1")


def test_history_holds_what_was_said_oldest_first(
    conversations: Conversations, turns: Turns
) -> None:
    for number in range(4):
        ask(turns, f"t{number}")
    end(turns, "t0")
    end(turns, "t1", status="failed", answer="")
    end(turns, "t2", status="stopped", answer="Half")

    assert [t.id for t in conversations.history(ME, "c1")] == ["t0", "t2", "t3"]
    assert [t.id for t in conversations.history(ME, "c1", before_turn="t2")] == ["t0"]
    assert conversations.history(ME, "other") == []


def test_what_is_not_there_is_not_found(conversations: Conversations) -> None:
    for call in (conversations.get, conversations.delete):
        with pytest.raises(NotFound):
            call(ME, "c9")
    with pytest.raises(NotFound):
        conversations.rename(ME, "c9", "x")


def test_a_plan_is_kept_and_pins_come_and_go(conversations: Conversations, turns: Turns) -> None:
    ask(turns, "t1")
    assert conversations.plan(ME, "c1") is None
    conversations.set_plan(ME, "c1", WindowPlan("sliding_window", latest=3, limit=8_000))
    conversations.pin(ME, "c1", turn="t1")
    conversations.pin(ME, "c1", passage=7)
    conversations.pin(ME, "c1", passage=7)
    wanted = WindowPlan("sliding_window", latest=3, limit=8_000, turns=("t1",), passages=(7,))
    assert conversations.plan(ME, "c1") == wanted
    conversations.pin(ME, "c1", turn="t1", pinned=False)
    found = conversations.plan(ME, "c1")
    assert found and (found.turns, found.passages) == ((), (7,))


def test_pins_are_bounded_and_a_conversation_that_is_not_there_has_none(
    conversations: Conversations, turns: Turns
) -> None:
    ask(turns, "t1")
    for number in range(MAX_PINS):
        conversations.pin(ME, "c1", passage=number)
    with pytest.raises(Refused, match="50 turns and passages are pinned"):
        conversations.pin(ME, "c1", turn="t1")
    with pytest.raises(NotFound):
        conversations.pin(ME, "nowhere", turn="t1")
    with pytest.raises(NotFound):
        conversations.set_plan(ME, "nowhere", WindowPlan())


def test_conversations_from_before_are_given_the_key_that_began_them(engine: Engine) -> None:
    turns, path = Turns(engine), Path(core.store.__file__ or "").parent / "migrations/versions"
    for turn_id, where, key in (("t1", "c1", "k1"), ("t2", "c2", "")):
        asked = TurnRequest('Say "key_id": "k9".', key_id=key)
        turns.start(ME, turn_id, where, asked, "T", "owner")
    spec = importlib.util.spec_from_file_location("v0021", path / "v0021_conversation_keys.py")
    assert spec and spec.loader
    migration = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(migration)
    with writing(engine) as connection:
        connection.execute(text("UPDATE conversations SET key_id = ''"))
        migration.op = SimpleNamespace(add_column=lambda *_: None, get_bind=lambda: connection)
        migration.upgrade()
    kept = Conversations(engine)
    assert [each.id for each in kept.list(ME, key="k1")] == ["c1"]
    assert [each.id for each in kept.list(ME, key="")] == ["c2"]
