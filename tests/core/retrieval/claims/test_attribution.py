"""An answer that names no passage is cited for what its passages bear out, and for nothing else."""

from hypothesis import given, settings
from hypothesis import strategies as st

from core.retrieval.claims.attribution import cited
from core.retrieval.claims.citations import check
from core.retrieval.claims.verdicts import judged
from tests.core.retrieval.claims.test_verdicts import source

LAMP = "The ghost light is a single lamp on a stand. It burns at the centre of the empty stage."
DESK = "Only the person who opens the house in the morning may switch off the ghost light."
SOURCES = [source(1, DESK), source(2, LAMP)]


def test_each_sentence_is_cited_for_the_passage_that_bears_it_out() -> None:
    answer = (
        "The ghost light is a single lamp on a stand. Only the person who opens the house may switch "
        "it off. It was bought in 1934 for ninety pounds."
    )
    found = cited(answer, SOURCES)
    assert [citation.number for citation in found] == [2, 1]
    assert all(citation.start == citation.end for citation in found)
    assert answer[found[0].claim_start : found[0].claim_end].startswith("The ghost light is")
    quoted = LAMP[found[0].quote_start : found[0].quote_end]
    assert "single lamp on a stand" in quoted


def test_an_answer_that_cites_is_left_as_it_is() -> None:
    answer = "The ghost light is a single lamp on a stand [2]. Somebody switches it off."
    assert cited(answer, SOURCES) == judged(answer, check(answer, SOURCES), SOURCES)
    assert [citation.number for citation in cited(answer, SOURCES)] == [2]


def test_what_is_invented_or_denied_is_cited_for_nothing() -> None:
    assert cited("The ghost light is not a lamp. It has 40 watts.", SOURCES) == ()
    assert cited("", SOURCES) == ()
    assert cited("The ghost light is a single lamp.", []) == ()


@given(st.text(max_size=300))
@settings(deadline=None, max_examples=60)
def test_any_text_is_survived_and_places_lie_in_it(text: str) -> None:
    for citation in cited(text, SOURCES):
        assert 0 <= citation.claim_start <= citation.claim_end <= len(text)
        assert 0 <= citation.start <= citation.end <= len(text)
