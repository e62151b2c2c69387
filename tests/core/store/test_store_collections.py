"""Collections: their names, what is in them, and what they resolve to; golden questions beside them."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from core.errors import Conflict, NotFound, Refused
from core.store.collections import Collections
from core.store.columns import now
from core.store.documents import Documents
from core.store.golden import KEPT_RUNS, GoldenRows
from core.types import Golden, Right, Run
from tests.core.store.stories import ME, YOU, index, upload


@pytest.fixture
def collections(engine: Engine) -> Collections:
    return Collections(engine)


def golden(number: int = 1, collection: str = "") -> Golden:
    return Golden(f"g{number}", f"Question {number}?", (Right("a" * 64, "one"),), now(), collection)


def test_a_name_is_taken_in_whatever_letters_and_by_its_owner_alone(
    collections: Collections,
) -> None:
    made = collections.make(ME, "  Straße   contracts ")
    assert made.name == "Straße contracts"
    with pytest.raises(Conflict, match="there is a collection named 'STRASSE CONTRACTS' already"):
        collections.make(ME, "STRASSE CONTRACTS")
    other = collections.make(ME, "Riders")
    with pytest.raises(Conflict):
        collections.rename(ME, other.id, "strasse CONTRACTS")
    collections.rename(ME, made.id, "STRASSE contracts")  # its own name is not taken
    assert collections.make(YOU, "Straße contracts").name == "Straße contracts"
    assert [each.name for each in collections.list(ME)] == ["Riders", "STRASSE contracts"]


def test_of_many_who_take_one_name_at_once_one_has_it_and_each_other_is_told(
    collections: Collections,
) -> None:
    ids = [collections.make(ME, f"Draft {number}").id for number in range(8)]
    together = Barrier(len(ids))

    def rename(each: str) -> str:
        together.wait()
        try:
            collections.rename(ME, each, "Contracts")
        except Conflict as error:
            return str(error)
        return "renamed"

    with ThreadPoolExecutor(len(ids)) as pool:
        told = list(pool.map(rename, ids))
    assert told.count("renamed") == 1
    assert told.count("there is a collection named 'Contracts' already") == 7


@pytest.mark.parametrize("name", ["", "  ", "\n\u200b" * 0 + "\t", "x" * 61])
def test_no_name_or_a_long_one_is_refused(collections: Collections, name: str) -> None:
    with pytest.raises(Refused, match="1 to 60 characters"):
        collections.make(ME, name)


def test_of_eight_who_make_the_same_collection_at_once_one_does(collections: Collections) -> None:
    def make(_: int) -> bool:
        try:
            collections.make(ME, "Contracts")
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(make, range(8))) == 1


def test_a_document_may_be_in_several_and_outlives_them(
    collections: Collections, engine: Engine
) -> None:
    for n in range(3):
        upload(engine, f"d{n}", data=f"{n}")
    one, two = collections.make(ME, "One"), collections.make(ME, "Two")
    collections.put(ME, one.id, ["d0", "d1", "d1", "gone"])
    collections.put(ME, one.id, ["d1"])
    collections.put(ME, two.id, ["d1", "d2"])
    assert [each.documents for each in collections.list(ME)] == [2, 2]
    assert collections.members(ME) == {one.id: {"d0", "d1"}, two.id: {"d1", "d2"}}
    collections.take_out(ME, one.id, ["d0", "never there"])
    collections.delete(ME, two.id)
    assert collections.members(ME) == {one.id: {"d1"}}
    assert len(Documents(engine).list(ME)) == 3
    Documents(engine).delete(ME, "d1")
    assert collections.get(ME, "oNE").documents == 0


def test_ids_resolve_to_what_is_inside_at_that_moment(
    collections: Collections, engine: Engine
) -> None:
    for n in range(3):
        upload(engine, f"d{n}", data=f"{n}")
    one = collections.make(ME, "One")
    assert collections.resolve(ME, [one.id]) == ()
    collections.put(ME, one.id, ["d0", "d1"])
    assert collections.resolve(ME, [one.id, "d1", "d2"]) == ("d1", "d2", "d0")
    assert collections.resolve(YOU, [one.id]) == (one.id,)  # a stranger's id says nothing
    assert collections.resolve(ME, []) == ()


def test_another_users_collection_is_not_there(collections: Collections, engine: Engine) -> None:
    upload(engine)
    mine = collections.make(ME, "Mine")
    collections.put(ME, mine.id, ["d1"])
    for act in (
        lambda: collections.get(YOU, mine.id),
        lambda: collections.get(YOU, "Mine"),
        lambda: collections.rename(YOU, mine.id, "Yours"),
        lambda: collections.delete(YOU, mine.id),
        lambda: collections.put(YOU, mine.id, ["d1"]),
    ):
        with pytest.raises(NotFound):
            act()
    collections.take_out(YOU, mine.id, ["d1"])
    own = collections.make(YOU, "Own")
    collections.put(YOU, own.id, ["d1"])  # not one of theirs
    assert collections.members(YOU) == {}
    assert collections.members(ME) == {mine.id: {"d1"}}


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 2), st.sets(st.integers(0, 3), max_size=4)),
        max_size=12,
    )
)
def test_putting_in_and_taking_out_is_what_sets_do(
    engine: Engine, steps: list[tuple[bool, int, set[int]]]
) -> None:
    collections = Collections(engine)
    for each in collections.list(ME):
        collections.delete(ME, each.id)
    for n in range(4):
        upload(engine, f"d{n}", data=f"{n}")
    made = [collections.make(ME, f"c{n}").id for n in range(3)]
    model: dict[str, set[str]] = {each: set() for each in made}
    for puts, which, numbers in steps:
        ids = {f"d{n}" for n in numbers}
        if puts:
            collections.put(ME, made[which], ids)
            model[made[which]] |= ids
        else:
            collections.take_out(ME, made[which], ids)
            model[made[which]] -= ids
    assert collections.members(ME) == {each: ids for each, ids in model.items() if ids}
    assert set(collections.resolve(ME, made)) == set().union(*model.values())


def test_golden_questions_and_their_runs_are_kept_and_stay_private(engine: Engine) -> None:
    rows = GoldenRows(engine)
    rows.add(ME, [golden(1), golden(2)])
    run = Run("r1", now(), 7, "test/4", "")
    rows.note(ME, run, {"g1": (1, 0), "gone": (1,)})
    rows.note(ME, run, {"g1": (9,), "g2": (3,)})  # what is known stays, what is new is added
    assert [each.ranks for each in rows.runs(ME)] == [{"g1": (1, 0), "g2": (3,)}]
    assert (rows.runs(YOU), rows.list(YOU)) == ([], [])
    with pytest.raises(NotFound):
        rows.delete(YOU, "g1")
    rows.delete(ME, "g1")
    assert [each.id for each in rows.list(ME)] == ["g2"]
    assert rows.runs(ME)[0].ranks == {"g2": (3,)}


def test_only_the_newest_runs_are_kept(engine: Engine) -> None:
    rows = GoldenRows(engine)
    rows.add(ME, [golden(1)])
    for number in range(KEPT_RUNS + 3):
        rows.note(ME, Run(f"r{number}", now(), number, "s", ""), {"g1": (1,)})
    kept = rows.runs(ME)
    assert len(kept) == KEPT_RUNS
    assert (kept[0].seq, kept[-1].seq) == (KEPT_RUNS + 2, 3)


def test_a_golden_question_of_a_deleted_collection_is_asked_of_all(
    engine: Engine, collections: Collections
) -> None:
    rows, made = GoldenRows(engine), collections.make(ME, "Contracts")
    rows.add(ME, [golden(1, made.id)])
    collections.delete(ME, made.id)
    assert [each.collection_id for each in rows.list(ME)] == [""]


def test_the_last_change_is_that_of_the_user(engine: Engine) -> None:
    rows = GoldenRows(engine)
    assert rows.last_change(ME) == 0
    upload(engine)
    index(engine)
    upload(engine, "y1", user=YOU)
    index(engine, "y1", user=YOU)
    assert (rows.last_change(ME), rows.last_change(YOU)) == (1, 2)
