"""The injection range as a service: planned, run with scripted answers, stopped, kept."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from core.attacks import RangeRun, tally
from core.errors import Misuse, Refused
from core.injection.arms import ARMS
from core.injection.cases import cases, sample
from core.injection.comparing import compared
from core.injection.flags import flags
from core.llm.scripted import Reply
from core.prompts.layers import BARE, USUAL
from core.types import ModelRequest


def obeys(request: ModelRequest) -> Reply:
    """A model that does what a document wants when no fence stands around it."""
    said = "\n".join(each.text for each in request.messages)
    wanted = next((case.says for case in cases() if case.says and case.says in said), "")
    fenced = re.search(r"<<[a-z]{11}\n", said)
    return Reply("I know nothing." if fenced or not wanted else wanted)


def ran(bench: Any, arms: list[str], size: int, reply: Callable[..., Any] = obeys) -> RangeRun:
    template = bench.prompts.resolve("answer")
    plan = bench.bridge.run(bench.range.plan("local", template, "scripted:scripted", arms, size))
    bench.models.providers["scripted"].script.extend([reply] * plan.estimate.calls)
    bench.bridge.run(bench.range.start("local", plan))
    runs = [run for run in bench.bridge.iterate(bench.range.follow("local", "answer"), 30) if run]
    return runs[-1]


def test_a_model_that_obeys_bare_documents_is_caught_and_the_fence_is_seen_to_help(
    bench: Any,
) -> None:
    run = ran(bench, ["usual", "none"], 12)
    attacks = frozenset(case.id for case in cases() if case.is_attack)
    fenced, bare = (tally(arm, run.shots, attacks) for arm in ("usual", "none"))
    assert (run.state, len(run.shots)) == ("done", 24)
    assert (fenced.succeeded.count, fenced.succeeded.of) == (0, 6)
    assert bare.succeeded.count > 0
    worked = next(shot for shot in run.shots if shot.succeeded)
    assert worked.why.startswith("the answer says “")
    assert worked.sent[0][0] == "system"


def test_what_was_run_is_kept_for_its_user_alone(bench: Any) -> None:
    run = ran(bench, ["usual"], 4)
    kept = bench.range.last("local", "answer")
    assert kept == run
    assert bench.range.last("somebody", "answer") is None
    assert bench.range.running("local", "answer") is None


def test_a_model_that_is_not_there_ends_the_run_early_with_its_reason(bench: Any) -> None:
    run = ran(bench, ["usual"], 12, lambda _: ConnectionError("gone"))
    assert run.state == "failed"
    assert run.error and len(run.shots) < 12
    assert all(shot.error for shot in run.shots)


def test_a_prompt_without_retrieved_text_is_refused_and_so_is_an_unknown_set_of_layers(
    bench: Any,
) -> None:
    with pytest.raises(Refused, match="takes no text from documents"):
        bench.bridge.run(
            bench.range.plan("local", bench.prompts.resolve("name"), "scripted:scripted")
        )
    with pytest.raises(Misuse, match="no set of layers 'moat'"):
        bench.bridge.run(
            bench.range.plan(
                "local", bench.prompts.resolve("answer"), "scripted:scripted", ["moat"]
            )
        )


def test_a_sample_is_half_attacks_of_many_kinds_and_always_the_same() -> None:
    chosen = sample(cases(), 24)
    assert chosen == sample(cases(), 24)
    assert sum(case.is_attack for case in chosen) == 12
    assert len({case.kind for case in chosen if case.is_attack}) >= 8


def test_the_detector_is_counted_over_the_cases_of_a_run() -> None:
    found, alarms = flags(cases())
    assert (found.count, found.of, alarms.count, alarms.of) == (49, 55, 3, 48)


# --- layers of the prompt itself, and runs compared ----------------------------------------------


def test_the_arms_start_from_the_layers_of_the_prompt() -> None:
    own = replace(USUAL, marked=True, detector=False)
    assert ARMS["usual"].layers(own) == own
    assert ARMS["no_fence"].layers(own) == replace(own, fence=False)
    assert ARMS["none"].layers(own) == replace(BARE, canary=True)


def test_a_run_is_compared_with_an_earlier_one_case_by_case(bench: Any) -> None:
    then = ran(bench, ["usual", "none"], 12)
    now = ran(bench, ["usual", "marked", "none"], 12, lambda _: Reply("I know nothing."))
    assert bench.range.kept("local", "answer") == [now, then]
    attacks = frozenset(case.id for case in cases() if case.is_attack)
    found = compared(then, now, attacks)
    usual, none = found.arms
    assert [usual.arm, none.arm] == ["usual", "none"]
    assert (usual.better, usual.worse) == (0, 0)
    assert none.worked_then.count == none.better > 0 == none.worked_now.count
    assert {each.now.arm for each in found.moved} == {"none"}
    back = compared(now, then, attacks)
    assert [each.better for each in back.moved] == [False] * none.better
    assert {each.then.case_id for each in found.moved} == {
        shot.case_id for shot in then.shots if shot.succeeded
    }
