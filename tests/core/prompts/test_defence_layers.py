"""The layers of the defence, each for itself: invisible characters, neutralising, the canary, the detector."""

import base64
from pathlib import Path

import yaml
from hypothesis import given
from hypothesis import strategies as st

from core.injection.cases import cases
from core.prompts import canary
from core.prompts.canary import Canaries, leaked
from core.prompts.defence import strip_invisible
from core.prompts.detector import FLAG, suspicion
from core.prompts.neutral import neutralise

ROOT = Path(__file__).resolve().parents[3]


@given(st.text(max_size=200))
def test_neutralising_what_is_neutral_changes_nothing(text: str) -> None:
    once = neutralise(text)
    assert neutralise(once) == once


@given(st.text(max_size=200))
def test_removing_invisible_characters_twice_removes_none_the_second_time(text: str) -> None:
    seen, _ = strip_invisible(text)
    assert strip_invisible(seen) == (seen, 0)


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_canary_in_the_answer_is_found_whatever_stands_around_it(
    before: str, behind: str
) -> None:
    mark = canary.draw()
    assert leaked(f"{before}{mark}{behind}", mark) == "as it is"


@given(st.binary(max_size=12), st.binary(max_size=12))
def test_a_canary_is_found_in_base64_wherever_it_stands_in_what_was_encoded(
    before: bytes, behind: bytes
) -> None:
    mark = canary.draw()
    told = base64.b64encode(before + mark.encode() + behind).decode()
    assert leaked(f"Here: {told}", mark) == "in base64"


def test_a_canary_is_found_spelled_in_capitals_with_signs_backwards_and_in_hexadecimal() -> None:
    mark = "qwxzkvjbhpfd"
    assert leaked("It is Q-W-X-Z-K-V-J-B-H-P-F-D.", mark) == "as it is"
    assert leaked(f"Backwards: {mark[::-1]}", mark) == "backwards"
    assert leaked(mark.encode().hex(), mark) == "in hexadecimal"
    assert leaked("The notice period is sixty days.", mark) == ""
    assert leaked("anything", "") == ""


def test_a_conversation_keeps_its_canary_and_shares_it_with_none() -> None:
    drawn = Canaries()
    assert drawn.of("me", "c1") == drawn.of("me", "c1")
    assert len({drawn.of("me", "c1"), drawn.of("me", "c2"), drawn.of("you", "c1")}) == 3
    assert Canaries().of("me", "c1") != drawn.of("me", "c1")


def flagged(texts: list[str]) -> int:
    return sum(suspicion(text) >= FLAG for text in texts)


def test_the_detector_has_the_recall_and_the_false_alarms_that_the_docs_state() -> None:
    unseen = yaml.safe_load((ROOT / "data/range/held_out.yaml").read_text(encoding="utf-8"))
    attacks, harmless = unseen["attacks"], unseen["lookalikes"]
    assert (len(attacks), len(harmless)) == (30, 30)
    assert (flagged(attacks), flagged(harmless)) == (6, 1)
    of_the_range = [
        (case.is_attack, any(map(flagged, [[t] for t in case.passages]))) for case in cases()
    ]
    assert sum(attack and found for attack, found in of_the_range) == 51
    assert sum(found and not attack for attack, found in of_the_range) == 6


def test_the_range_has_forty_attacks_of_many_kinds_and_forty_harmless_look_alikes() -> None:
    attacks = [case for case in cases() if case.is_attack]
    harmless = [case for case in cases() if not case.is_attack]
    assert len(attacks) >= 40 and len(harmless) >= 40
    assert len({case.kind for case in attacks}) >= 8
    assert len({case.id for case in cases()}) == len(cases())


@given(st.text(max_size=3_000))
def test_a_score_is_between_nothing_and_one(text: str) -> None:
    assert 0 <= suspicion(text) <= 1
