"""Each [n] of an answer is led back to the words that it rests on."""

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.retrieval.claims.citations import check
from core.retrieval.claims.verdicts import judged
from core.retrieval.words import sentences, stem
from core.types import Chunk, Hit, Source

NOTICE = (
    "The notice period is three months in winter. For permanent\nemployees, the notice period is 30 days. "
    "Ms Smith signed it in 2,019.\n- laptops are insured\n- phones are not\n\n| Plan | Price |\n| Gold | 45.50 |"
)
TOKYO = "東京は日本の首都です。人口は1,400万人です。大阪は西にあります。"
GREEK = "Η Αθήνα είναι η πρωτεύουσα της Ελλάδας. Ο Όλυμπος είναι βουνό."
TEXTS = {1: NOTICE, 2: TOKYO, 3: "Zebras are striped.", 4: GREEK}


def source(number: int, text: str) -> Source:
    return Source(number, Hit(number, "d", "n", Chunk(0, text, 0, len(text), 1), 0.5))


SOURCES = [source(number, text) for number, text in TEXTS.items()]


def quoted(answer: str) -> list[tuple[str, str]]:
    """Each mark with the words that it was led back to."""
    return [
        (answer[c.start : c.end], TEXTS[c.number][c.quote_start : c.quote_end])
        for c in check(answer, SOURCES)
    ]


@pytest.mark.parametrize(
    ("answer", "quote"),
    [
        ("For permanent employees, the notice period is 30 days [1].", "For permanent\nemployees, the notice period is 30 days"),
        ("For permanent staff notice is 30 days. [1]", "For permanent\nemployees, the notice period is 30 days."),
        ("It is “THREE MONTHS in winter” and otherwise quite a different number of them [1].", "three months in winter"),
        ("It was signed by Smith in 2019[1]", "Ms Smith signed it in 2,019."),
        ("- Insurance covers the laptop [1]\n- something else", "- laptops are insured"),
        ("The Gold plan costs 45.50 [1].", "| Gold | 45.50 |"),
        ("[3] says that zebras are striped.", "Zebras are striped."),
        ("Zebras are striped.\n[3]", "Zebras are striped."),
        ("日本の首都は東京です [2]。", "東京は日本の首都です。"),
        ("人口は1400万人です[2]", "人口は1,400万人です"),
        ("Πρωτεύουσα της Ελλάδας είναι η Αθήνα [4].", "Η Αθήνα είναι η πρωτεύουσα της Ελλάδας."),
        ("Quantum chromodynamics explains confinement [3].", ""),
        ("[1]", ""),
    ],
)  # fmt: skip
def test_a_claim_is_led_back_to_the_words_it_rests_on(answer: str, quote: str) -> None:
    [(_, words)] = quoted(answer)
    assert words.casefold() == quote.casefold()


def test_a_number_decides_between_sentences_that_are_alike() -> None:
    text = "Model A weighs 12 kg and is blue. Model A weighs 15 kg and is blue."
    [citation] = check("The blue Model A has a weight of 15 kilograms [1].", [source(1, text)])
    assert text[citation.quote_start : citation.quote_end].startswith("Model A weighs 15")


def test_every_number_of_a_mark_has_its_own_part_of_it() -> None:
    answer = "Laptops are insured and zebras are striped [1, 3][2]. And [1;2]."
    assert [mark for mark, _ in quoted(answer)] == ["[1,", " 3]", "[2]", "[1;", "2]"]
    assert [words for _, words in quoted(answer)][:2] == [
        "- laptops are insured",
        "Zebras are striped.",
    ]


def test_two_clauses_of_a_sentence_rest_each_on_their_own() -> None:
    answer = "All laptops are insured [1], while every zebra is striped [3]."
    assert [words for _, words in quoted(answer)] == [
        "- laptops are insured",
        "Zebras are striped.",
    ]


@pytest.mark.parametrize(
    ("answer", "claim"),
    [
        ("All laptops are insured. Phones are not. This information is found in the passage [1].", "All laptops are insured. Phones are not."),
        ("All laptops are insured.\n\nSource: [1]", "All laptops are insured."),
        ("All laptops are insured. (See passage [1].)", "All laptops are insured."),
        ("Zebras are striped [3]. All laptops are insured. This is stated in document [1].", "All laptops are insured."),
        ("Alle Laptops sind versichert. Quelle: [1]", "Alle Laptops sind versichert."),
        ('All laptops are insured. This can be found in the "Prices" section of the hire-list.md file, which is cited in passage [1].', "All laptops are insured."),
        ('Zebras are striped. It is stated in the document that "phones are not" [1].', 'It is stated in the document that "phones are not"'),
        ("According to passage [1], laptops are insured.", "According to passage    , laptops are insured."),
        ("The source of the river is insured [1].", "The source of the river is insured"),
        ("Source: [1]", "Source:"),
    ],
)  # fmt: skip
def test_a_sentence_that_only_points_stands_for_what_was_said_before_it(
    answer: str, claim: str
) -> None:
    found = check(answer, SOURCES)[-1]
    assert found.number == 1
    plain = answer.replace("[1]", "   ")
    assert plain[found.claim_start : found.claim_end].strip() == claim


@pytest.mark.parametrize("answer", ["no marks", "[9] [0] [12]", "`a[1]`", "```\na[1]\n```", "[1](http://x)", "[a] [] [1", ""])  # fmt: skip
def test_what_is_no_citation_is_ignored(answer: str) -> None:
    assert check(answer, SOURCES) == ()


def test_without_sources_nothing_is_cited() -> None:
    assert check("It is so [1].", []) == ()


ANSWERS = st.lists(
    st.sampled_from(["[1]", "[2, 3]", "[4][9]", " ", ". ", "\n", "notice period ", "30 days", "東京", "`", "“", "”", "- ", "e\u0301", "\ud800", "🙂"]),
    max_size=40,
).map("".join)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(ANSWERS)
def test_places_always_lie_inside_and_marks_never_overlap(answer: str) -> None:
    found = check(answer, SOURCES)
    assert found == check(answer, SOURCES)
    reached = 0
    for citation in found:
        assert reached <= citation.start < citation.end <= len(answer)
        assert str(citation.number) in answer[citation.start : citation.end]
        assert 0 <= citation.quote_start <= citation.quote_end <= len(TEXTS[citation.number])
        reached = citation.end


def _prose(seed: int, sentences: int, length: int, mark: bool) -> str:
    dice = random.Random(seed)
    words = [f"{a}{b}{c}" for a in "bdfklmnprst" for b in "aeiou" for c in "lmnrst"] + [
        "the",
        "of",
    ] * 40
    parts = []
    for _ in range(sentences):
        end = f" [{dice.randint(1, 8)}]." if mark else "."
        parts.append(" ".join(dice.choices(words, k=length)).capitalize() + end)
    return " ".join(parts)


def test_forty_sentences_on_eight_passages_take_a_moment() -> None:
    passages = [source(number, _prose(number, 12, 15, False)) for number in range(1, 9)]
    answer = _prose(0, 40, 20, True)
    times = []
    for _ in range(5):
        started = time.thread_time()
        assert len(check(answer, passages)) == 40
        times.append(time.thread_time() - started)
    assert min(times) < 0.03


def test_the_verdicts_on_them_take_a_third_of_a_second() -> None:
    passages = [source(number, _prose(number, 12, 15, False)) for number in range(1, 9)]
    answer = _prose(0, 40, 20, True)
    citations = check(answer, passages)
    times = []
    for _ in range(3):
        started = time.thread_time()
        verdicts = [each.verdict for each in judged(answer, citations, passages)]
        times.append(time.thread_time() - started)
        assert verdicts.count("not_found") > 30  # so every passage had to be looked at
    assert min(times) < 0.3


@pytest.mark.parametrize(
    "answer",
    ["[1]" * 30_000, "x [1]\n" * 5_000, "." + " " * 100_000 + "a [1]", "`" * 50_000, "\"" * 50_000 + "[1]",
     "notice " * 50_000 + "[1]", "[" * 50_000, "[1" + ",1" * 20_000, "x. See [1]. " * 10_000, "\n \t" * 50_000 + "[1]"],
)  # fmt: skip
def test_a_hostile_answer_is_checked_in_bounded_time(answer: str) -> None:
    started = time.thread_time()
    check(answer, SOURCES)
    assert time.thread_time() - started < 3


def test_words_are_compared_by_their_stems() -> None:
    assert stem("installing") == stem("installed") == stem("installs") == stem("install")


def test_sentences_are_found_in_prose_lists_and_tables() -> None:
    assert [NOTICE[start:end] for start, end in sentences(NOTICE)][3:] == [
        "- laptops are insured", "- phones are not", "| Plan | Price |", "| Gold | 45.50 |",
    ]  # fmt: skip
