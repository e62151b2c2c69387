"""How much each turn of a conversation has to do with a question."""

from hypothesis import given, settings
from hypothesis import strategies as st

from core.retrieval.relevance import relevance

TURNS = [
    "How long is the notice period? The notice period is sixty days.",
    "Which lamps are in the rig? Twelve Fresnels and four profiles.",
    "What does the venue charge? The venue charges 900 pounds a day.",
]


def test_the_turn_that_shares_the_rare_words_comes_first() -> None:
    scores = relevance("How many watts do the Fresnel lamps draw?", TURNS)
    assert scores.index(max(scores)) == 1
    assert scores[0] == scores[2] == 0


def test_words_that_every_turn_has_tell_nothing_apart() -> None:
    common = [f"The stage of {name}." for name in ("Anna", "Ben", "Clara")]
    scores = relevance("What about the stage of Clara?", common)
    assert scores[2] > scores[0] == scores[1]


def test_an_empty_question_or_conversation_is_near_to_nothing() -> None:
    assert relevance("", TURNS) == (0, 0, 0)
    assert relevance("lamps", []) == ()
    assert relevance("lamps", ["", "  "]) == (0, 0)


@settings(deadline=None)
@given(st.text(max_size=100), st.lists(st.text(max_size=100), max_size=5))
def test_any_text_is_survived(question: str, texts: list[str]) -> None:
    scores = relevance(question, texts)
    assert len(scores) == len(texts)
    assert all(score >= 0 for score in scores)
