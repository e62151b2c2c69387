"""Replays: the same run byte for byte, one thing changed, nothing done twice, and the price said first."""

import json
import threading
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.agent.reel import UNKNOWN
from core.errors import Misuse, NotFound, Refused
from core.events import ApprovalAsked, Diverged, RunBegan, TurnDone
from core.replays import Changes
from core.tape import events_of
from core.types import message
from tests.conftest import running, settings_for
from tests.core.agent.test_agent import MAIL, Stage, staged
from tests.core.turns.test_crash import killed
from tests.core.vendor_server import Says

NOTHING = Changes()
EFFECT = """
import os, sys, threading
from pathlib import Path
from tests.conftest import settings_for
from core.bootstrap import build
from core.types import TurnRequest
folder = Path(sys.argv[1])
bench = build(settings_for(folder, FOOTLIGHTS_TOOLS=folder / "tools"))
bench.start()
request = TurnRequest('/call mail {"to": "ann"}', tools=("mail",), use_documents=False)
turn = bench.turns.start("local", request).turn_id
print(turn, flush=True)
for batch in bench.bridge.iterate(bench.turns.follow("local", turn), 60):
    for record in batch or ():
        if record.event.type == "approval_asked":
            bench.approvals.decide("local", turn, record.event.call.id, "once")
    if (folder / "tools" / "sent.txt").exists():
        os.kill(os.getpid(), 9)
"""
LONG = '''
def fall(how: str) -> str:
    """Fall.

    Effects: somebody falls.
    """
    raise ValueError(how)

def recite(lines: int) -> str:
    """Recite."""
    return "\\n".join(f"line {n} of a long play" for n in range(lines))
'''


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One vendor and one workbench for the module."""
    with staged(tmp_path_factory.mktemp("replays"), "openai") as made:
        (made.folder / "mail.py").write_text(MAIL)
        (made.folder / "long.py").write_text(LONG)
        yield made


@pytest.fixture
def stage(theatre: Stage) -> Stage:
    """The stage with nothing to say and nothing sent."""
    theatre.vendor.script.clear()
    theatre.vendor.bodies.clear()
    theatre.vendor.always = Says("done")
    (theatre.folder / "sent.txt").unlink(missing_ok=True)
    return theatre


def replayed(stage: Stage, turn: Any, changes: Changes = NOTHING) -> tuple[Any, list[Any]]:
    started = stage.bench.replays.start("local", turn.id, changes)
    events = stage.follow(started.turn_id)
    return stage.bench.turn_rows.get("local", started.turn_id), events


def began(stage: Stage, turn: Any) -> RunBegan:
    [(_, event)] = events_of(stage.bench.turn_rows.tape("local", turn.id), "begin")
    assert isinstance(event, RunBegan)
    return event


def tape(stage: Stage, turn: Any) -> bytes:
    return json.dumps(stage.bench.turn_rows.tape("local", turn.id)).encode()


def calls(*given: tuple[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (f"c{n}", name, value if isinstance(value, str) else json.dumps(value))
        for n, (name, value) in enumerate(given)
    ]


def sent(stage: Stage) -> list[str]:
    path = stage.folder / "sent.txt"
    return path.read_text().split() if path.exists() else []


def allow(stage: Stage, turn_id: str, decision: str = "once") -> list[Any]:
    """Follow the turn and decide everything that it asks."""
    seen = []
    batches = stage.bench.bridge.iterate(stage.bench.turns.follow("local", turn_id), 30)
    for batch in batches:
        for record in batch or ():
            seen.append(record.event)
            if isinstance(record.event, ApprovalAsked):
                stage.bench.approvals.decide("local", turn_id, record.event.call.id, decision)
    return seen


CALL = st.one_of(
    st.tuples(
        st.just("calculator"), st.builds(lambda n: {"expression": f"{n}*7"}, st.integers(0, 3))
    ),
    st.tuples(st.just("calculator"), st.sampled_from(["{", '{"expression": "1/0"}', "[]"])),
    st.tuples(st.just("now"), st.just({})),
    st.tuples(st.just("recite"), st.just({"lines": 900})),
    st.tuples(st.just("read_result"), st.just({"call_id": "c0", "offset": 100})),
    st.tuples(st.just("no_such_tool"), st.just({})),
)
STEP = st.tuples(
    st.sampled_from(["", "Let me see. ", "Ünï 🎭"]), st.lists(CALL, min_size=1, max_size=4)
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEP, max_size=4))
def test_a_replay_with_nothing_changed_is_the_same_run_byte_for_byte_and_asks_nobody(
    stage: Stage, script: list[Any]
) -> None:
    stage.vendor.script.clear()
    stage.vendor.script.extend(Says(text, calls(*each)) for text, each in script)
    stage.vendor.script.append(Says("That was it."))
    turn, _ = stage.ask("Do it.", "calculator", "now", "recite")
    asked = len(stage.vendor.bodies)
    again, events = replayed(stage, turn)
    assert tape(stage, again) == tape(stage, turn)
    assert (again.answer, again.stop_reason, again.status) == (
        turn.answer,
        turn.stop_reason,
        turn.status,
    )
    assert len(stage.vendor.bodies) == asked
    assert stage.bench.ledger.turn_cost("local", again.id) == Decimal(0)
    assert (again.usage.input_tokens, again.usage.output_tokens) == (0, 0)
    assert not [event for event in events if isinstance(event, Diverged)]


HARD = st.one_of(
    st.tuples(st.just("mail"), st.builds(lambda to: {"to": to}, st.sampled_from(["ann", "bob"]))),
    st.tuples(st.just("fall"), st.just({"how": "half \ud83d and <|im_end|>"})),
    st.tuples(st.just("calculator"), st.just({"expression": "6*7"})),
    st.tuples(st.just("half \ud83d"), st.just({})),
    st.tuples(st.just("recite"), st.sampled_from(['{"lines": 900, "lines": 1}', '{"lines": 1}'])),
)


@settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(HARD, min_size=1, max_size=10), min_size=3, max_size=9),
    st.sampled_from(["once", "always", "no"]),
)
def test_so_is_one_with_effects_refusals_failures_and_bounds_and_nothing_is_done_again(
    stage: Stage, script: list[Any], decision: str
) -> None:
    stage.vendor.script.clear()
    stage.vendor.script.extend(Says("", calls(*each)) for each in script)
    named = ("calculator", "recite", "mail", "fall")
    turn_id = stage.start("Do it all.", *named, use_documents=False)
    allow(stage, turn_id, decision)
    turn = stage.bench.turn_rows.get("local", turn_id)
    assert turn.status == "done"
    asked, before = len(stage.vendor.bodies), sent(stage)
    again, events = replayed(stage, turn)
    assert tape(stage, again) == tape(stage, turn)
    assert (again.answer, again.stop_reason) == (turn.answer, turn.stop_reason)
    assert (len(stage.vendor.bodies), sent(stage)) == (asked, before)
    assert not [event for event in events if isinstance(event, ApprovalAsked | Diverged)]


def test_a_changed_result_is_read_by_the_model_and_what_came_before_is_not_asked_again(
    stage: Stage,
) -> None:
    first = Says("", calls(("calculator", {"expression": "6*7"})))
    stage.vendor.script.extend([first, Says("", calls(("now", {}))), Says("It is 42.")])
    turn, _ = stage.ask("What is it?", "calculator", "now")
    assert len(stage.vendor.bodies) == 3
    stage.vendor.script.extend([Says("It is 43, you say.")])
    told = stage.bench.replays.price("local", turn.id, Changes(results={"c0": "6*7 = 43"}))
    assert (told.taped, told.live_from, told.calls) == (1, 2, 7)
    assert told.first and 0 < told.first < told.limit
    long = stage.bench.replays.price("local", turn.id, Changes(results={"c0": "so " * 9_000}))
    asked = stage.bench.replays.price("local", turn.id, Changes(question="so " * 9_000))
    assert min(long.first, asked.first) > told.first  # at most, with what is read then
    again, events = replayed(stage, turn, Changes(results={"c0": "6*7 = 43"}))
    assert again.answer == "It is 43, you say."
    assert stage.results() == ["6*7 = 43"]
    assert len(stage.vendor.bodies) == 4
    [diverged] = [event for event in events if isinstance(event, Diverged)]
    assert (diverged.step, diverged.why) == (2, "a result that was changed is read here")
    assert (again.usage.input_tokens, turn.usage.input_tokens) == (100, 300)
    one = stage.bench.ledger.turn_cost("local", turn.id)
    assert 0 < stage.bench.ledger.turn_cost("local", again.id) < one  # one call of three
    found = stage.bench.replays.compare("local", again.id)
    assert [(pair.number, pair.same, pair.live) for pair in found.pairs] == [
        (1, False, False),
        (2, False, True),
        (3, False, True),
    ]
    assert (found.before.id, found.diverged, found.pairs[2].after) == (turn.id, 2, None)


def test_a_step_that_was_asked_anew_and_said_the_same_is_the_same(stage: Stage) -> None:
    first = Says("", calls(("calculator", {"expression": "6*7"})))
    stage.vendor.script.extend([first, Says("Enough.")])
    turn, _ = stage.ask("What is it?", "calculator")
    stage.vendor.script.append(Says("Enough."))
    again, _ = replayed(stage, turn, Changes(results={"c0": "6*7 = 43"}))
    found = stage.bench.replays.compare("local", again.id)
    assert [(pair.same, pair.live) for pair in found.pairs] == [(False, False), (True, True)]


def test_another_model_and_another_question_are_asked_from_the_step_that_was_chosen(
    stage: Stage,
) -> None:
    stage.vendor.script.extend(
        [Says("", calls(("calculator", {"expression": "6*7"}))), Says("It is 42.")]
    )
    turn, _ = stage.ask("What is 6 times 7?", "calculator")
    other = "openai:gpt-6-sol"
    stage.vendor.script.append(Says("Forty-two."))
    again, _ = replayed(stage, turn, Changes(step=2, model=other))
    assert (again.answer, len(stage.vendor.bodies)) == ("Forty-two.", 3)
    assert stage.vendor.bodies[-1]["model"] == "gpt-6-sol"
    stage.vendor.script.append(Says("Eight."))
    asked, _ = replayed(stage, turn, Changes(question="What is 6 plus 2?"))
    assert (asked.answer, asked.request.prompt) == ("Eight.", "What is 6 plus 2?")
    assert "6 plus 2" in json.dumps(stage.vendor.bodies[-1]["messages"])
    told = stage.bench.replays.price("local", turn.id, Changes())
    assert (told.live_from, told.calls, told.first) == (None, 0, Decimal(0))


def test_what_changes_something_is_never_done_again_and_a_new_one_asks_whatever_was_allowed(
    stage: Stage,
) -> None:
    stage.vendor.script.extend(
        [
            Says("", calls(("calculator", {"expression": "1+1"}))),
            Says("", calls(("mail", {"to": "ann"}))),
            Says("Sent."),
        ]
    )
    turn_id = stage.start("Write to Ann.", "mail", "calculator", use_documents=False)
    allow(stage, turn_id, "always")
    turn = stage.bench.turn_rows.get("local", turn_id)
    assert sent(stage) == ["ann"]
    replayed(stage, turn)
    assert sent(stage) == ["ann"]
    same = Says("", [("x9", "mail", '{ "to":"ann" }')])
    new = Says("", [("x10", "mail", '{"to": "bob"}')])
    stage.vendor.script.extend([same, new, Says("Well.")])
    started = stage.bench.replays.start("local", turn_id, Changes(results={"c0": "3"}))
    events = allow(stage, started.turn_id, "no")
    asked = [event.call.id for event in events if isinstance(event, ApprovalAsked)]
    assert asked == ["x10"]  # the same letter comes from the tape, the other one asks
    assert sent(stage) == ["ann"]
    assert stage.results()[1] == "sent to ann"


def test_passages_that_a_tool_found_are_cited_again_from_the_tape_and_a_cut_result_is_read_on(
    stage: Stage,
) -> None:
    document, _ = stage.bench.documents.add(
        "local", "rider.txt", b"The notice period is sixty days."
    )
    search = Says("", calls(("search_documents", {"query": "notice period"})))
    long = Says("", [("l1", "recite", '{"lines": 900}')])
    more = Says("", [("l2", "read_result", '{"call_id": "l1", "offset": 9000}')])
    stage.vendor.script.extend([search, long, more, Says("It is sixty days [1].")])
    turn, _ = stage.ask("How long is the notice?", "search_documents", "recite")
    assert [citation.number for citation in turn.citations] == [1]
    asked = len(stage.vendor.bodies)
    stage.bench.documents.delete("local", document.id)
    again, _ = replayed(stage, turn)
    assert tape(stage, again) == tape(stage, turn)
    assert (again.sources, again.citations) == (turn.sources, turn.citations)
    assert len(stage.vendor.bodies) == asked
    whole = [kind for _, kind, _ in stage.bench.turn_rows.tape("local", turn.id)]
    assert {"passages", "whole"} <= set(whole)


def test_another_version_of_the_prompt_is_sent_with_the_same_steps_before_it(stage: Stage) -> None:
    stage.vendor.script.extend(
        [Says("", calls(("calculator", {"expression": "6*7"}))), Says("It is 42.")]
    )
    turn, _ = stage.ask("What is 6 times 7?", "calculator")
    stage.vendor.script.append(Says("Forty-two, in other words."))
    again, events = replayed(stage, turn, Changes(step=2, template="answer@1"))
    assert (again.prompt_version, again.answer) == ("answer@1", "Forty-two, in other words.")
    before, after = (stage.vendor.bodies[at]["messages"] for at in (-2, -1))
    assert before[0] != after[0]
    assert stage.results() == ["6*7 = 42"]
    assert [event.step for event in events if isinstance(event, Diverged)] == [2]


def test_a_run_that_was_stopped_goes_on_where_its_tape_ends(stage: Stage) -> None:
    stage.vendor.script.extend(
        [
            Says("", calls(("calculator", {"expression": "6*7"}))),
            Says("", calls(("sleep", {"seconds": 30}))),
        ]
    )
    (stage.folder / "began.txt").unlink(missing_ok=True)
    turn_id = stage.start("Go.", "calculator", "sleep")
    for batch in stage.bench.bridge.iterate(stage.bench.turns.follow("local", turn_id), 30):
        names = [r.event.call.name for r in batch or () if r.event.type == "tool_called"]
        if "sleep" in names:
            stage.bench.bridge.run(stage.bench.turns.stop("local", turn_id))
    turn = stage.bench.turn_rows.get("local", turn_id)
    assert turn.status == "stopped"
    asked = len(stage.vendor.bodies)
    path = stage.folder / "mail.py"
    path.write_text(MAIL.replace("time.sleep(seconds)", "pass"))
    stage.vendor.script.append(Says("Rested."))
    again, events = replayed(stage, turn)
    path.write_text(MAIL)
    assert (again.answer, again.conversation_id) == ("Rested.", turn.conversation_id)
    assert len(stage.vendor.bodies) == asked + 1
    [diverged] = [event for event in events if isinstance(event, Diverged)]
    assert (diverged.step, diverged.why) == (3, "the tape ends here")
    assert isinstance(events[-1], TurnDone)


def test_a_message_of_the_window_is_sent_as_it_was_changed_from_the_step_that_was_chosen(
    stage: Stage,
) -> None:
    stage.vendor.script.extend(
        [Says("", calls(("calculator", {"expression": "6*7"}))), Says("It is 42.")]
    )
    turn, _ = stage.ask("What is 6 times 7?", "calculator", use_documents=False)
    window = began(stage, turn).messages
    system = "Answer in one word. " * 40
    stage.vendor.script.append(Says("Forty-two."))
    again, events = replayed(stage, turn, Changes(step=2, messages={0: system}))
    assert (again.answer, stage.results()) == ("Forty-two.", ["6*7 = 42"])
    assert stage.vendor.bodies[-1]["messages"][0]["content"] == system
    assert began(stage, again).messages == (message("system", system), *window[1:])
    [diverged] = [event for event in events if isinstance(event, Diverged)]
    assert (diverged.step, diverged.why) == (2, "a message that was changed is read here")
    # The window is drawn as it was sent: the system prompt has what the new text takes, and nothing else.
    before, after = (stage.bench.turn_rows.budget("local", each.id) for each in (turn, again))
    count = partial(stage.bench.counter.count, model=turn.model)
    more = count(system) - count(window[0].text)
    assert after.tokens("system") - before.tokens("system") == more
    assert after.input_tokens - before.input_tokens == more
    assert [item.text for item in after.items("system")] == [system]
    # Replayed with nothing changed, the changed run is the same again, and nobody is asked.
    same, events = replayed(stage, again)
    rows = [stage.bench.turn_rows.tape("local", each.id) for each in (same, again)]
    assert rows[0] == [row for row in rows[1] if row[1] != "live"]
    assert (same.answer, len(stage.vendor.bodies)) == ("Forty-two.", 3)
    assert not [event for event in events if isinstance(event, Diverged)]


def test_what_the_model_said_before_its_calls_is_changed_and_the_calls_stay(stage: Stage) -> None:
    stage.vendor.script.extend(
        [Says("I guess 41.", calls(("calculator", {"expression": "6*7"}))), Says("It is 42.")]
    )
    turn, _ = stage.ask("What is 6 times 7?", "calculator", use_documents=False)
    stage.vendor.script.append(Says("As I said, 42."))
    told = stage.bench.replays.price("local", turn.id, Changes(said={1: "I guess 42."}))
    assert (told.taped, told.live_from) == (1, 2)
    again, events = replayed(stage, turn, Changes(said={1: "I guess 42."}))
    assert again.answer == "As I said, 42."
    assert (stage.results(), len(stage.vendor.bodies)) == (["6*7 = 42"], 3)
    [said] = [each for each in stage.vendor.bodies[-1]["messages"] if each["role"] == "assistant"]
    assert (said["content"], len(said["tool_calls"])) == ("I guess 42.", 1)
    [diverged] = [event for event in events if isinstance(event, Diverged)]
    assert (diverged.step, diverged.why) == (2, "a message that was changed is read here")
    found = stage.bench.replays.compare("local", again.id)
    assert [(pair.same, pair.live) for pair in found.pairs] == [(False, False), (False, True)]


def test_a_message_that_does_not_fit_is_refused_before_anything_begins(stage: Stage) -> None:
    stage.vendor.script.extend([Says("", calls(("now", {}))), Says("Noon.")])
    turn, _ = stage.ask("When?", "now", use_documents=False)
    start = stage.bench.replays.start
    with pytest.raises(Misuse, match="no text at place 7") as wrong:
        start("local", turn.id, Changes(messages={7: "x"}))
    assert wrong.value.hint == "Its messages are numbered from 0 to 1."
    with pytest.raises(Misuse, match="no text at place -1"):
        start("local", turn.id, Changes(messages={-1: "x"}))
    with pytest.raises(Misuse, match="nothing follows what the model said at step 2") as wrong:
        start("local", turn.id, Changes(said={2: "x"}))
    assert wrong.value.hint == "Tools were called at: 1."
    with pytest.raises(Misuse, match="make another window"):
        start("local", turn.id, Changes(question="And now?", messages={0: "x"}))
    with pytest.raises(Refused, match="window"):
        start("local", turn.id, Changes(messages={1: "word " * 2_000_000}))
    assert len(stage.vendor.bodies) == 2


def test_what_cannot_be_replayed_is_refused_in_words(stage: Stage) -> None:
    stage.vendor.script.extend([Says("", calls(("calculator", {"expression": "6*7"}))), Says("42")])
    turn, _ = stage.ask("What is it?", "calculator")
    start = stage.bench.replays.start
    with pytest.raises(Misuse, match="no result of a call 'zz'") as wrong:
        start("local", turn.id, Changes(results={"zz": "x"}))
    assert wrong.value.hint == "It has: c0."
    with pytest.raises(Misuse, match="has 2 steps"):
        start("local", turn.id, Changes(step=9))
    with pytest.raises(NotFound):
        start("a second user", turn.id, Changes())
    with pytest.raises(NotFound):
        stage.bench.replays.compare("local", turn.id)
    plain, _ = stage.ask("Hello.")
    with pytest.raises(Misuse, match="without tools"):
        start("local", plain.id, Changes())


def test_killed_in_the_middle_of_an_effect_it_goes_on_and_does_not_do_it_twice(
    tmp_path: Path,
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "mail.py").write_text(MAIL.replace('return f"sent', 'time.sleep(5); return f"sent'))
    turn_id = killed(EFFECT, str(tmp_path))
    assert (tools / "sent.txt").read_text() == "ann\n"
    with running(settings_for(tmp_path, FOOTLIGHTS_TOOLS=tools)) as bench:
        for _ in bench.bridge.iterate(bench.turns.follow("local", turn_id), 30):
            pass  # until it is found and ended
        turn = bench.turn_rows.get("local", turn_id)
        assert turn.status == "interrupted"
        kinds = [kind for _, kind, _ in bench.turn_rows.tape("local", turn_id)]
        assert kinds == ["begin", "model", "effect"]
        started = bench.replays.start("local", turn_id, Changes())
        events = [
            record.event
            for batch in bench.bridge.iterate(bench.turns.follow("local", started.turn_id), 30)
            for record in batch or ()
        ]
        [told] = [event for event in events if event.type == "tool_returned"]
        assert (told.code, told.text) == ("unknown", UNKNOWN)
        assert not [event for event in events if isinstance(event, ApprovalAsked)]
        assert isinstance(events[-1], TurnDone)
        again = bench.turn_rows.get("local", started.turn_id)
        assert (again.conversation_id, again.status) == (turn.conversation_id, "done")
    assert (tools / "sent.txt").read_text() == "ann\n"


def stopped_in_a_tool(stage: Stage, turn_id: str) -> Any:
    """Allow what it asks, and stop it when its tool has begun."""
    began, ticking = stage.folder / "began.txt", threading.Event()
    for batch in stage.bench.bridge.iterate(stage.bench.turns.follow("local", turn_id), 30):
        for event in (record.event for record in batch or ()):
            if isinstance(event, ApprovalAsked):
                stage.bench.approvals.decide("local", turn_id, event.call.id, "once")
            elif event.type == "approval_given" or (
                event.type == "tool_called" and event.call.name == "rest"
            ):
                while not began.exists():
                    ticking.wait(0.02)
                stage.bench.bridge.run(stage.bench.turns.stop("local", turn_id))
    turn = stage.bench.turn_rows.get("local", turn_id)
    assert turn.status == "stopped"
    return turn


POST = '''
import pathlib, time
HERE = pathlib.Path(__file__).parent

def post(to: str) -> str:
    """Post a letter.

    Effects: a letter is posted.
    """
    with (HERE / "sent.txt").open("a") as file:
        file.write(to + "\\n")
    _wait("post")
    return f"posted to {to}"

def rest() -> str:
    """Rest."""
    _wait("rest")
    return "rested"

def _wait(name):
    (HERE / "began.txt").write_text(name)
    while not (HERE / "go.txt").exists():
        time.sleep(0.02)
'''


@pytest.mark.parametrize("had_ended", [False, True])
def test_what_was_begun_is_not_done_twice_by_the_replay_of_a_replay_that_was_cut_off_too(
    stage: Stage, had_ended: bool
) -> None:
    (stage.folder / "post.py").write_text(POST)
    go, began = stage.folder / "go.txt", stage.folder / "began.txt"
    for path in (go, began):
        path.unlink(missing_ok=True)
    letter = Says("", [("p1", "post", '{"to": "ann"}')])
    stage.vendor.script.extend([letter, Says("Posted.")])
    turn_id = stage.start("Write to Ann.", "post", "rest", use_documents=False)
    if had_ended:
        go.touch()
        allow(stage, turn_id)
        go.unlink()
    else:
        stopped_in_a_tool(stage, turn_id)
    # It is gone through again with another question, and cut off before the letter comes up.
    stage.vendor.script.clear()
    stage.vendor.script.append(Says("", [("r1", "rest", "{}")]))
    began.unlink()
    other = stage.bench.replays.start("local", turn_id, Changes(question="Rest, and write to Ann."))
    second = stopped_in_a_tool(stage, other.turn_id)
    go.touch()
    # Then that one goes on, and now the same letter comes up, under another id.
    again = Says("", [("p9", "post", '{ "to":"ann" }')])
    stage.vendor.script.extend([again, Says("It is posted.")])
    started = stage.bench.replays.start("local", second.id, NOTHING)
    events = allow(stage, started.turn_id)
    third = stage.bench.turn_rows.get("local", started.turn_id)
    assert (third.status, third.answer) == ("done", "It is posted.")
    assert sent(stage) == ["ann"]
    assert not [event for event in events if isinstance(event, ApprovalAsked)]
    told = [event for event in events if event.type == "tool_returned"]
    want = "posted to ann" if had_ended else UNKNOWN
    assert [event.text for event in told] == ["rested", want]
