import pytest
from sqlalchemy import Engine, select, text

from core.errors import Conflict, NotFound
from core.events import ReasoningDelta, TextDelta, dump, load
from core.store.conversations import Conversations
from core.store.engine import reading
from core.store.tables import tape, turn_events
from core.store.traces import Traces
from core.store.turns import Turns
from core.types import (
    Budget,
    Chunk,
    Citation,
    Hit,
    Item,
    Slice,
    Source,
    TurnRequest,
    Usage,
)
from tests.core.store.stories import DONE, ME, YOU, ask, end, say, span

SOURCE = Source(1, Hit(7, "d1", "a.pdf", Chunk(0, "text", 0, 4, 1), 0.5))


@pytest.fixture
def turns(engine: Engine) -> Turns:
    return Turns(engine)


def test_a_turn_comes_back_as_it_was_asked(turns: Turns) -> None:
    request = TurnRequest("Why?", "openai:x", ("d1", "d2"), "answer@2", {"tone": ["dry"]}, 50)

    assert turns.start(ME, "t1", "c1", request, "Why?", "p1")

    turn = turns.get(ME, "t1")
    assert (turn.request, turn.status, turn.conversation_id) == (request, "running", "c1")
    assert turn.created_at.tzinfo is not None


def test_starting_the_same_turn_again_starts_nothing(turns: Turns) -> None:
    assert ask(turns)
    assert not ask(turns)
    assert len(turns.list(ME)) == 1


def test_the_id_of_another_request_is_a_conflict_and_leaves_no_conversation(
    turns: Turns, engine: Engine
) -> None:
    ask(turns)

    with pytest.raises(Conflict):
        ask(turns, prompt="Something else?")
    with pytest.raises(Conflict):
        ask(turns, conversation="c2")

    assert [c.id for c in Conversations(engine).list(ME)] == ["c1"]


def test_two_users_may_use_the_same_ids(turns: Turns) -> None:
    ask(turns, prompt="Mine?")
    ask(turns, prompt="Yours?", user=YOU)

    assert turns.get(ME, "t1").request.prompt == "Mine?"
    assert turns.get(YOU, "t1").request.prompt == "Yours?"


def test_events_of_many_turns_are_appended_at_once_and_read_from_any_point(turns: Turns) -> None:
    ask(turns, "t1")
    ask(turns, "t2")
    rows = [(ME, t, seq, dump(TextDelta(f"{t}{seq}"))) for t in ("t1", "t2") for seq in (1, 2, 3)]

    assert turns.append(rows) == frozenset()
    assert turns.append(rows) == frozenset()  # a repetition does no harm

    assert [seq for seq, _ in turns.events(ME, "t1")] == [1, 2, 3]
    assert [load(data) for _, data in turns.events(ME, "t2", after=1, limit=1)] == [
        TextDelta("t22")
    ]


def test_events_of_a_deleted_or_ended_turn_are_named_and_the_others_written(
    turns: Turns, engine: Engine
) -> None:
    ask(turns, "t1", conversation="c1")
    ask(turns, "t2", conversation="c2")
    ask(turns, "t3", conversation="c3")
    Conversations(engine).delete(ME, "c1")
    end(turns, "t2", seq=1)

    lost = turns.append([(ME, t, 2, dump(TextDelta("x"))) for t in ("t1", "t2", "t3", "t4")])

    assert lost == {(ME, "t1"), (ME, "t2"), (ME, "t4")}
    assert len(turns.events(ME, "t3")) == 1
    assert len(turns.events(ME, "t2")) == 1


def test_events_of_an_owner_who_lost_the_turn_are_not_taken(turns: Turns) -> None:
    ask(turns)
    turns.adopt(ME, "t1", "p2")

    assert turns.append([(ME, "t1", 1, dump(TextDelta("late")))], owner="p1") == {(ME, "t1")}
    assert turns.append([(ME, "t1", 1, dump(TextDelta("mine")))], owner="p2") == frozenset()


def test_a_running_turn_shows_what_it_has_said_so_far(turns: Turns) -> None:
    ask(turns)
    say(turns, "t1", "Hello", " ", "you")
    turns.append([(ME, "t1", 4, dump(ReasoningDelta("hm")))])

    turn = turns.get(ME, "t1")

    assert (turn.answer, turn.reasoning) == ("Hello you", "hm")
    assert turns.list(ME)[0].answer == "Hello you"


def test_an_interrupted_turn_keeps_what_it_had_said(turns: Turns) -> None:
    ask(turns)
    say(turns, "t1", "Half an ans")

    end(turns, status="interrupted", answer="")

    assert turns.get(ME, "t1").answer == "Half an ans"


def test_the_context_is_kept_whole(turns: Turns) -> None:
    ask(turns)
    assert turns.budget(ME, "t1") is None
    item = Item("question", "Why?", 3, role="user", ref="t1")
    budget = Budget(4096, (Slice("prompt", (item,), 7), Slice("reserve", (), 100)))

    turns.context(
        ME, "t1", budget=budget, sources=(SOURCE,), model="quotes:quotes", prompt_version="answer@1"
    )

    turn = turns.get(ME, "t1")
    assert turns.budget(ME, "t1") == budget
    assert (turn.sources, turn.model, turn.prompt_version) == (
        (SOURCE,),
        "quotes:quotes",
        "answer@1",
    )


def test_finish_writes_all_that_the_turn_left(turns: Turns, engine: Engine) -> None:
    ask(turns)
    say(turns, "t1", "The chief")
    usage, citations = Usage(10, 5, 2, 0, 1), (Citation(1, 0, 3, 0, 4),)

    assert end(
        turns,
        seq=2,
        usage=usage,
        citations=citations,
        error={"code": "x"},
        spans=(span("s2", 9), span("s1", 3)),
        tape=[(1, "model", {"text": "The chief"}), (1, "tool", [1, None])],
    )

    turn = turns.get(ME, "t1")
    assert (turn.status, turn.usage, turn.citations) == ("done", usage, citations)
    assert turn.ended_at is not None and turn.ended_at >= turn.created_at
    assert [load(data) for _, data in turns.events(ME, "t1")][-1] == DONE
    assert [s.span_id for s in Traces(engine).read(ME, "t1")] == ["s1", "s2"]
    assert Traces(engine).read(ME, "t1")[0] == span("s1", 3)
    assert turns.tape(ME, "t1")[1] == (1, "tool", [1, None])


def test_a_turn_ends_once(turns: Turns) -> None:
    ask(turns)

    assert end(turns, seq=1)
    assert not end(turns, status="failed", seq=2)

    assert turns.get(ME, "t1").status == "done"
    assert len(turns.events(ME, "t1")) == 1


def test_only_the_owner_with_the_fence_may_end_a_turn(turns: Turns) -> None:
    ask(turns)
    assert turns.adopt(ME, "t1", "p2") == 1
    assert turns.adopt(ME, "t1", "p1") == 2  # the first process took it back

    assert not end(turns, owner="p2")
    assert not end(turns, owner="p1", fence=0)  # its old task
    assert end(turns, owner="p1", fence=2)


def test_the_ending_is_the_last_event_whatever_number_it_asked_for(turns: Turns) -> None:
    ask(turns)
    say(turns, "t1", "a", "b", "c")

    end(turns, seq=2)

    seq, data = turns.events(ME, "t1")[-1]
    assert (seq, load(data)) == (4, DONE)


def test_a_turn_that_is_over_cannot_be_adopted_or_stopped(turns: Turns) -> None:
    ask(turns)
    end(turns)

    assert not turns.adopt(ME, "t1", "p2")
    turns.request_stop(ME, "t1")
    assert list(turns.stops("p1")) == []


def test_a_stop_reaches_the_process_that_runs_the_turn(turns: Turns) -> None:
    ask(turns)
    ask(turns, "t2", owner="p2")

    turns.request_stop(ME, "t1")

    assert list(turns.stops("p1")) == [(ME, "t1")]
    assert list(turns.stops("p2")) == []


def test_orphans_are_those_of_the_dead_and_of_the_unseen_whose_lease_ran_out(turns: Turns) -> None:
    ask(turns, "t1", owner="dead")
    ask(turns, "t2", owner="alive")
    ask(turns, "t3", owner="elsewhere")
    ask(turns, "t4", owner="elsewhere-gone")
    turns.renew("elsewhere-gone", -1)
    turns.renew("alive", -1)  # the clock jumped, but it can be seen to live
    end(turns, "t5")

    life = {"dead": False, "alive": True}
    assert sorted(turns.orphans(life.get)) == [(ME, "t1"), (ME, "t4")]


def test_turns_are_listed_newest_first_page_by_page(turns: Turns) -> None:
    for number in range(5):
        ask(turns, f"t{number}", conversation=f"c{number % 2}")

    first = turns.list(ME, 2)
    second = turns.list(ME, 2, first[-1].id)

    assert [t.id for t in (*first, *second)] == ["t4", "t3", "t2", "t1"]
    assert [t.id for t in turns.list(ME, conversation_id="c1")] == ["t3", "t1"]
    assert [t.id for t in turns.list(ME, status="done")] == []


def test_text_that_no_database_can_hold_is_cleaned_on_its_way_in(turns: Turns) -> None:
    bad = "a\x00b\ud800c"
    request = TurnRequest(bad, variables={"x": [bad], bad: (bad,)})

    assert turns.start(ME, "t1", "c1", request, bad, "p1")
    assert not turns.start(ME, "t1", "c1", request, bad, "p1")
    end(turns, answer=bad, error={"code": bad}, spans=(span(bad),), tape=[(0, bad, {bad: bad})])

    turn = turns.get(ME, "t1")
    assert turn.answer == turn.request.prompt == "ab\ufffdc"
    assert turn.request.variables["x"] == ["ab\ufffdc"]


def test_a_turn_that_is_not_there_is_not_found(turns: Turns) -> None:
    with pytest.raises(NotFound):
        turns.get(ME, "t1")
    with pytest.raises(NotFound):
        turns.budget(ME, "t1")


def test_spans_are_added_to_a_turn_that_is_there(turns: Turns, engine: Engine) -> None:
    traces = Traces(engine)
    with pytest.raises(NotFound):
        traces.write(ME, "t1", [span()])
    ask(turns)

    traces.write(ME, "t1", [span()])
    traces.write(ME, "t1", [span()])

    assert traces.read(ME, "t1") == [span()]


def test_a_failed_finish_leaves_the_turn_running(turns: Turns, engine: Engine) -> None:
    ask(turns)

    with pytest.raises(AttributeError):
        end(turns, spans=(span(), object()))

    assert turns.get(ME, "t1").status == "running"
    with reading(engine) as connection:
        assert connection.execute(select(turn_events)).all() == []
        assert connection.execute(select(tape)).all() == []


def test_looking_for_running_turns_uses_the_small_index(turns: Turns, engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        with reading(engine) as connection:
            plan = connection.execute(
                text("EXPLAIN QUERY PLAN SELECT user_id, id FROM turns WHERE status = 'running'")
            ).all()
        assert "ix_turns_running" in str(plan)
