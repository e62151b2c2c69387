"""Search by words: exact BM25 over what is there at the moment, whatever was there before."""

import math
import threading
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.retrieval.indexes import arrays, lexical
from core.retrieval.indexes.lexical import PAIR, LexicalIndex, Listed
from core.retrieval.indexes.wordshard import K1, B

WORDS = ["lamp", "bar", "gel", "cue", "fade"]


def index_of(**documents: list[str]) -> LexicalIndex:
    """Passage n of the document d1 has the id 1n."""
    index = LexicalIndex()
    index.add("ann", [listed(name, texts) for name, texts in documents.items()])
    return index


def listed(name: str, texts: list[str]) -> Listed:
    return Listed(name, [int(name[1:]) * 10 + place for place in range(len(texts))], texts)


def test_the_passage_that_says_it_most_comes_first() -> None:
    index = index_of(d1=["A lamp and a gel.", "The lamp of all lamps."], d2=["A bar.", "lamp"])
    matches = index.search("ann", "Which lamps?", 9)
    assert matches.best == (11, 20 + 1, 10)
    assert matches.scores[20] == 0.0, "the passage beside a found one has its score too"
    assert matches.around[21] == (20,)
    assert matches.documents == {11: "d1", 21: "d2", 10: "d1"}
    assert max(matches.scores.values()) < matches.most


def test_nothing_is_found_without_a_shared_word_or_passages() -> None:
    assert index_of(d1=["A lamp."]).search("ann", "gel", 9).best == ()
    assert index_of(d1=["A lamp."]).search("bob", "lamp", 9).best == ()
    assert index_of(d1=["", "  "]).search("ann", "lamp", 9).best == ()
    assert LexicalIndex().search("ann", "", 9).best == ()


def test_passages_of_other_users_do_not_enter_a_score() -> None:
    index = index_of(d1=["lamp bar", "gel"])
    alone = index.search("ann", "lamp", 9)
    index.add("bob", [listed("d1", ["lamp"] * 50)])
    assert index.search("ann", "lamp", 9) == alone
    index.remove("bob", "d1")
    assert index.search("ann", "lamp", 9) == alone


def test_the_documents_are_chosen_inside_of_the_search() -> None:
    index = index_of(**{f"d{n}": ["lamp lamp lamp"] * 5 for n in range(1, 9)}, d9=["a lamp"] * 5)
    found = index.search("ann", "lamp", 5, frozenset({"d9", "gone"})).best
    assert sorted(found) == [90, 91, 92, 93, 94]
    assert index.search("ann", "lamp", 5, frozenset()).best == ()


def test_scores_can_be_asked_for_passages_that_are_not_among_the_best() -> None:
    index = index_of(d1=["lamp lamp", "lamp", "gel"])
    matches = index.search("ann", "lamp", 1, also=[12, 999])
    assert matches.best == (10,)
    assert matches.scores[12] == 0.0
    assert matches.around == {10: (11,), 12: (11,)}


def test_a_document_that_is_added_again_replaces_itself() -> None:
    index = index_of(d1=["lamp", "lamp"])
    index.add("ann", [listed("d1", ["gel"])])
    assert index.search("ann", "lamp gel", 9).best == (10,)
    for _ in range(2):
        index.remove("ann", "d1")
    index.remove("nobody", "d1")
    assert index.search("ann", "lamp gel", 9).best == ()


STEP = st.tuples(
    st.integers(1, 6),
    st.one_of(st.none(), st.lists(st.lists(st.sampled_from(WORDS), max_size=6), max_size=4)),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(STEP, max_size=25), st.lists(st.sampled_from(WORDS), max_size=4), st.integers(1, 9))
def test_after_any_changes_it_scores_as_bm25_over_what_is_left(
    steps: list[tuple[int, list[list[str]] | None]], asked: list[str], k: int
) -> None:
    index, texts = LexicalIndex(), dict[int, list[str]]()
    for number, passages in steps:
        texts = {each: words for each, words in texts.items() if each // 10 != number}
        if passages is None:
            index.remove("ann", f"d{number}")
            continue
        index.add("ann", [listed(f"d{number}", [" ".join(words) for words in passages])])
        texts |= {number * 10 + place: words for place, words in enumerate(passages)}
    matches = index.search("ann", " ".join(asked), k, also=texts)
    expected = {number: bm25(words, asked, list(texts.values())) for number, words in texts.items()}
    assert matches.scores == pytest.approx(expected, rel=1e-4)
    scores = sorted((score for score in expected.values() if score > 0), reverse=True)[:k]
    assert [expected[number] for number in matches.best] == pytest.approx(scores, rel=1e-4)


def bm25(words: list[str], asked: list[str], texts: list[list[str]]) -> float:
    room = K1 * (1 - B + B * len(words) / (sum(map(len, texts)) / len(texts) or 1))
    found = of(words, asked, texts, room)
    return found + PAIR * of(pairs(words), pairs(asked), [pairs(text) for text in texts], room)


def of(words: list[str], asked: list[str], texts: list[list[str]], room: float) -> float:
    total = 0.0
    for term, times in Counter(asked).items():
        having, count = sum(term in text for text in texts), words.count(term)
        weight = times * math.log(1 + (len(texts) - having + 0.5) / (having + 0.5))
        total += weight * count / (count + room)
    return total


def pairs(words: list[str]) -> list[str]:
    return [f"{one} {two}" for one, two in pairwise(words)]


def test_it_may_be_shared_by_threads() -> None:
    index, wrong = LexicalIndex(), []

    def work(user: str) -> None:
        for number in range(1, 31):
            index.add(user, [listed(f"d{number}", [f"lamp {number}{user}X{n}" for n in range(5)])])
            if number % 3 == 0:
                index.remove(user, f"d{number}")
            if len(index.search(user, "lamp", 3).best) not in (0, 3):
                wrong.append(user)
        if len(index.search(user, "lamp", 1000).best) != 100:
            wrong.append(user)

    threads = [threading.Thread(target=work, args=(f"user{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def kept(folder: Path, **documents: list[str]) -> LexicalIndex:
    index = LexicalIndex(folder)
    index.add("ann", [listed(name, texts) for name, texts in documents.items()])
    return index


@settings(max_examples=40, deadline=None)
@given(st.lists(STEP, max_size=20), st.lists(st.sampled_from(WORDS), max_size=4))
def test_what_was_kept_finds_what_was_found_before(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[int, list[list[str]] | None]],
    asked: list[str],
) -> None:
    before = LexicalIndex(tmp_path_factory.mktemp("words"))
    for seq, (number, passages) in enumerate(steps):
        if passages is None:
            before.remove("ann", f"d{number}")
        else:
            before.add("ann", [listed(f"d{number}", [" ".join(words) for words in passages])])
        if seq % 3 == 0:
            before.snapshot(seq)
    before.snapshot(99)
    after = LexicalIndex(before._folder)
    assert after.load() == 99
    assert not after.unsaved()
    assert after.knows("ann") == before.knows("ann")
    query, every = " ".join(asked), [10 * d + n for d in range(1, 7) for n in range(4)]
    assert after.search("ann", query, 9, also=every) == before.search("ann", query, 9, also=every)
    for index in (before, after):
        index.remove("ann", "d2")
        index.add("ann", [listed("d3", ["lamp gel", "bar"])])
    assert after.search("ann", query, 9, also=every) == before.search("ann", query, 9, also=every)


def test_words_with_any_byte_changed_or_cut_are_not_trusted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept(tmp_path, d1=["A lamp and a gel."], d2=["A bar."]).snapshot(5)
    for path in sorted(tmp_path.iterdir()):
        whole = path.read_bytes()
        for place in range(0, len(whole), max(1, len(whole) // 25)):
            path.write_bytes(whole[:place])
            assert LexicalIndex(tmp_path).load() is None
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            assert LexicalIndex(tmp_path).load() is None
        path.unlink()
        assert LexicalIndex(tmp_path).load() is None
        path.write_bytes(whole)
    assert "read again from the database" in caplog.text
    after = LexicalIndex(tmp_path)
    assert after.load() == 5
    assert after.search("ann", "gel", 9).best == (10,)


def test_words_that_were_read_by_other_rules_are_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(tmp_path, d1=["A lamp."]).snapshot(5)
    monkeypatch.setattr(lexical, "rules", lambda: "the rules of tomorrow")
    assert LexicalIndex(tmp_path).load() is None
    assert not LexicalIndex(tmp_path).knows("ann")


@pytest.mark.parametrize("writes", range(3))
def test_a_crash_while_words_are_written_leaves_the_former_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    index = kept(tmp_path, d1=["A lamp."])
    index.snapshot(1)
    index.add("ann", [listed("d2", ["A gel."])])
    replace, left = arrays.os.replace, [writes]

    def dying(source: Path, target: Path) -> None:
        if not left[0]:
            raise InterruptedError
        left[0] -= 1
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(arrays.os, "replace", dying)
        with pytest.raises(InterruptedError):
            index.snapshot(2)
    after = LexicalIndex(tmp_path)
    assert after.load() == 1
    assert after.search("ann", "gel lamp", 9).best == (10,)
    index.snapshot(2)
    assert LexicalIndex(tmp_path).load() == 2
    assert not list(tmp_path.glob("*.new"))
