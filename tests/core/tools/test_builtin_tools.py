"""The tools that come with the app, over documents."""

import json
from typing import Any

import pytest


@pytest.fixture
def shop(workshop: Any) -> Any:
    workshop.shelf.texts = {
        "rider.pdf": ["The notice period is sixty days.", "Catering is vegan."],
        "rider old.pdf": ["The notice period is thirty days."],
    }
    return workshop


async def test_found_passages_have_numbers_to_cite(shop: Any) -> None:
    outcome = await shop.call("search_documents", '{"query": "notice"}')
    assert outcome.text == (
        "[1] rider.pdf, page 1\nThe notice period is sixty days.\n\n"
        "[2] rider old.pdf, page 1\nThe notice period is thirty days."
    )
    assert [hit.name for hit in outcome.hits] == ["rider.pdf", "rider old.pdf"]
    nothing = await shop.call("search_documents", '{"query": "dragons"}')
    assert (nothing.failed, nothing.text[:19]) == (False, "No passage was foun")


async def test_a_document_is_read_by_page(shop: Any) -> None:
    outcome = await shop.call("read_document", '{"document": "rider.pdf", "page": 2}')
    assert outcome.text == "rider.pdf, page 2 of 2\n\nCatering is vegan."


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"document": "rider.pdf", "page": 9}, "It has these: 1, 2."),
        ({"document": "rider"}, "2 documents are called 'rider'"),
        ({"document": "../../etc/passwd"}, "There are: rider.pdf, rider old.pdf."),
        ({"document": "rider.pdf", "page": 0}, "page"),
        ({"document": "rider.pdf", "page": "two"}, "page"),
        ({"document": ""}, "document"),
    ],
)
async def test_what_cannot_be_read_says_what_can(shop: Any, given: Any, words: str) -> None:
    outcome = await shop.call("read_document", json.dumps(given))
    assert outcome.failed
    assert words in outcome.text


async def test_the_time_is_told_in_the_zone_that_is_asked_for(workshop: Any) -> None:
    assert "+0000 (UTC)" in (await workshop.call("now")).text
    assert "+0900 (Asia/Tokyo)" in (await workshop.call("now", '{"timezone": "Asia/Tokyo"}')).text
    for zone in ("Mars/Olympus", "../../etc/passwd", "/etc/passwd", "a" * 61):
        assert (await workshop.call("now", json.dumps({"timezone": zone}))).failed


async def test_the_calculator_repeats_what_it_computed(workshop: Any) -> None:
    outcome = await workshop.call("calculator", '{"expression": " 2 + 3 "}')
    assert outcome.text == "2 + 3 = 5"
    assert "divides by zero" in (await workshop.call("calculator", '{"expression": "1/0"}')).text


async def test_a_page_that_is_not_public_is_refused_in_words(workshop: Any) -> None:
    outcome = await workshop.call("fetch_url", '{"url": "http://169.254.169.254/latest"}')
    assert (outcome.failed, outcome.code) == (True, "refused")
    assert "not on the open internet" in outcome.text
