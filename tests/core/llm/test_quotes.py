"""An answer without a model: whole sentences, word for word, in reading order, none twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import ModelDone, TextDelta
from core.llm.quotes import QuotesProvider
from core.llm.ranking import terms
from core.llm.sentences import sentences
from core.types import Chunk, Hit, ModelRequest, Source, Usage

RETURNS = (
    "## Returns\n\nYou may return any lantern within 30 days of delivery. Items must be unused and in "
    "their original box. Refunds are paid to the card that was used, usually within five working "
    "days.\n\nBroken lanterns are replaced free of charge, e.g. if the glass arrived cracked. Send a "
    "photo to Dr. Lamp first."
)
SHIPPING = (
    "tomorrow. Orders placed before noon leave our warehouse the same\nday; larger orders may take two. "
    "Express ship-\nping costs 12.50 EUR [2].\n\n| Zone | Price | Days |\n|---|---|---|\n"
    "| Europe | 6.00 | 3 |\n\n```\nship --zone europe\n```"
)


def _source(number: int, text: str, heading: str = "", score: float = 0.2) -> Source:
    return Source(number, Hit(number, "d", "a.md", Chunk(0, text, 0, len(text), 1, heading), score))


SOURCES = (_source(1, RETURNS, "Returns"), _source(2, SHIPPING, "Shipping"))


async def _answer(question: str, *sources: Source) -> str:
    request = ModelRequest("quotes", (), 500, sources, question)
    events = [event async for event in QuotesProvider().stream(request)]
    assert events[-1] == ModelDone("stop", Usage(0, 0), "quotes")
    assert all(len(event.text.split()) == 1 for event in events if isinstance(event, TextDelta))
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def test_a_passage_comes_apart_into_whole_sentences() -> None:
    assert sentences(RETURNS) == [
        "You may return any lantern within 30 days of delivery.",
        "Items must be unused and in their original box.",
        "Refunds are paid to the card that was used, usually within five working days.",
        "Broken lanterns are replaced free of charge, e.g. if the glass arrived cracked.",
        "Send a photo to Dr. Lamp first.",
    ]
    assert sentences(SHIPPING) == [
        "tomorrow.",
        "Orders placed before noon leave our warehouse the same day; larger orders may take two.",
        "Express shipping costs 12.50 EUR [2].",
        "Europe | 6.00 | 3",
    ]


def test_titles_lists_and_other_scripts_are_told_apart() -> None:
    assert sentences("Opening hours\nWe open at nine.\n\n- First point.\n- Second point") == [
        "We open at nine.",
        "First point.",
        "Second point",
    ]
    assert sentences("猫は寝る。犬は走る！") == ["猫は寝る。", "犬は走る！"]
    assert sentences("He said “Stop!” She went. J. R. Smith stayed.") == [
        "He said “Stop!”",
        "She went.",
        "J. R. Smith stayed.",
    ]


@given(st.text(max_size=400))
def test_any_text_comes_apart_into_its_own_words(text: str) -> None:
    squeezed = "".join(text.split()).replace("-", "")
    for sentence in sentences(text):
        assert "".join(sentence.split()).replace("-", "") in squeezed


async def test_the_best_sentence_is_quoted_word_for_word_and_cited() -> None:
    answer = await _answer("When are refunds paid?", *SOURCES)
    opening, *quotes = answer.split("\n\n")
    assert "no model was used" in opening
    assert quotes == [
        "“Refunds are paid to the card that was used, usually within five working days.” [1]"
    ]


async def test_a_row_of_a_table_can_answer_and_a_reference_is_no_citation_of_ours() -> None:
    answer = await _answer("What does express shipping to Europe cost?", *SOURCES)
    assert r"“Express shipping costs 12.50 EUR \[2\].” [2]" in answer
    assert "Europe | 6.00 | 3" in await _answer("What is the price for the zone Europe?", *SOURCES)


async def test_near_duplicates_of_overlapping_passages_are_shown_once() -> None:
    twin = _source(3, "You may return any lantern within 30 days of delivery. After that we")
    answer = await _answer("How long can I return a lantern?", *SOURCES, twin)
    assert answer.count("30 days") == 1


async def test_at_most_four_are_shown_and_in_reading_order() -> None:
    texts = [
        f"The lantern number {n} weighs {n} kilograms and is made of metal {n}." for n in range(9)
    ]
    sources = [_source(n, text + f" Colour{n} is a colour.") for n, text in enumerate(texts, 1)]
    answer = await _answer("What does the lantern weigh?", *sources)
    numbers = [int(line.rsplit("[", 1)[1][:-1]) for line in answer.split("\n\n")[1:]]
    assert len(numbers) <= 4
    assert numbers == sorted(numbers)


async def test_nothing_that_matches_is_said_plainly() -> None:
    answer = await _answer("Who won the chess championship?", *SOURCES)
    assert answer.startswith("Nothing in the documents matches")
    assert (await _answer("Anything?")).startswith("There is nothing to quote")


async def test_a_passage_close_in_meaning_is_shown_as_such() -> None:
    close = _source(1, "Refunds are paid within ten days. More follows.", score=0.6)
    answer = await _answer("How do I get my money back?", close)
    assert "closest in meaning" in answer
    assert answer.endswith("“Refunds are paid within ten days.” [1]")


async def test_a_question_about_the_whole_is_answered_with_how_it_begins() -> None:
    answer = await _answer("What is this document about?", *SOURCES)
    assert "begin as follows" in answer
    assert "[1]" in answer
    assert "[2]" in answer


@pytest.mark.parametrize(
    "words",
    ["expires expired expiring expire", "policy policies", "stop stopped stopping", "call called"],
)
def test_forms_of_a_word_meet_in_one_stem(words: str) -> None:
    assert len(terms(words)) == 1
