"""Counts are tiktoken's own where it knows the model, and on the safe side where nobody does."""

import threading
import time
from pathlib import Path

import pytest
import regex
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import AssetUnavailable
from core.processes.child import ROOT
from core.tokens.counter import MESSAGE_OVERHEAD, Counter
from core.tokens.cutting import Keep
from core.types import message

FOLDER = ROOT / "data" / "models" / "vocabularies"


@pytest.fixture(scope="module")
def counter() -> Counter:
    return Counter(FOLDER)


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tiktoken.Encoding]:
    # tiktoken deletes a vocabulary that it does not like: it is given copies.
    cache = tmp_path_factory.mktemp("vocabularies")
    for path in FOLDER.iterdir():
        if not path.name.startswith("."):
            (cache / path.name).write_bytes(path.read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", str(cache))
        return {name: tiktoken.get_encoding(name) for name in ("o200k_base", "cl100k_base")}


MODELS = {"o200k_base": "openai:gpt-4o", "cl100k_base": "openai:gpt-4"}


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=300))
def test_the_count_is_that_of_tiktoken(
    counter: Counter, stock: dict[str, tiktoken.Encoding], name: str, text: str
) -> None:
    expected = len(stock[name].encode(text, disallowed_special=()))
    assert counter.count(text, MODELS[name]) == expected


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("Hello, wörld! 東京 tokens 🙂", 9),
        ("<|endoftext|>", 7),
        ("a\ud800b", 3),
    ],
)
def test_special_tokens_and_lone_surrogates_are_text_like_any_other(
    counter: Counter, text: str, tokens: int
) -> None:
    assert counter.count(text) == tokens


@pytest.mark.parametrize(
    "character", ["a", " ", "\t", "\n", "\u00a0", "-", "0", "東", "🙂", "\ud800"]
)
def test_a_megabyte_of_one_character_is_counted_quickly(counter: Counter, character: str) -> None:
    start = time.thread_time()
    assert counter.count(character * 1_000_000) > 0
    assert time.thread_time() - start < 5


@pytest.mark.parametrize("character", ["a", " ", "-", "東", "ab ", "word"])
def test_cutting_a_long_run_changes_the_count_by_a_token_or_two_for_each_cut(
    counter: Counter, stock: dict[str, tiktoken.Encoding], character: str
) -> None:
    text = (character * 20_000)[:20_000]
    exact = len(stock["o200k_base"].encode_ordinary(text))
    assert abs(counter.count(text) - exact) <= 2 * (len(text) // 4_000 + 1)


@pytest.mark.parametrize(
    ("model", "name", "exact"),
    [
        ("openai:gpt-4o-mini", "o200k_base", True),
        ("openai:gpt-5.6", "o200k_base", True),
        ("openai:gpt-4", "cl100k_base", True),
        ("gpt-4o", "o200k_base", True),
        ("openai:gpt-6-luna", "o200k_base", False),
        ("anthropic:claude-haiku-5-5", "o200k_base", False),
        ("local:qwen2.5-coder-1.5b-instruct", "o200k_base", False),
        ("compatible:gpt-4", "o200k_base", False),
        ("quotes", "o200k_base", False),
        ("scripted", "o200k_base", False),
        ("openai:davinci", "o200k_base", False),
        ("", "o200k_base", False),
    ],
)
def test_every_count_says_what_it_is(counter: Counter, model: str, name: str, exact: bool) -> None:
    assert counter.encoding_name(model) == (name, exact)


@pytest.mark.parametrize(
    ("text", "at_least"),
    [
        # What SmolLM2's own tokenizer said of the first two, cl100k_base of the others.
        (",".join(str(n * 7919) for n in range(50)), 305),
        ("for name in names:\n    print(name.upper())\n" * 10, 110),
        ("Сегодня хорошая погода, и мы пошли гулять в парк.", 26),
        ("कर्मचारियों को साल में तीस दिन की छुट्टी का अधिकार है।", 53),
        ("今日は天気がいいので散歩に行きました。", 19),
        ("Überstunden werden vergütet, sofern sie angeordnet wurden.", 15),
    ],
)
def test_the_estimate_for_a_local_model_is_on_the_safe_side(
    counter: Counter, text: str, at_least: int
) -> None:
    assert at_least <= counter.count(text, "local:qwen") <= 3 * at_least
    assert counter.count(text, "local:qwen") >= counter.count(text)


def test_a_message_costs_its_text_and_what_is_around_it(counter: Counter) -> None:
    said = message("user", "How many days?")
    assert counter.count_message(said) == counter.count("How many days?") + MESSAGE_OVERHEAD
    assert counter.count_message(said, "local:qwen") > counter.count_message(said)
    assert counter.reply_overhead == 3


@settings(max_examples=80, deadline=None)
@given(
    text=st.text(max_size=200),
    limit=st.integers(-1, 60),
    model=st.sampled_from(["openai:gpt-4o", "openai:gpt-4", "local:qwen"]),
)
def test_truncating_keeps_a_beginning_that_fits_and_no_half_character(
    counter: Counter, text: str, limit: int, model: str
) -> None:
    kept = counter.truncate(text, limit, model)
    assert text.startswith(kept)
    assert counter.count(kept, model) <= max(0, limit)
    if counter.count(text, model) <= limit:
        assert kept == text


def test_truncating_keeps_nearly_as_much_as_is_allowed(counter: Counter) -> None:
    text = "The quick brown fox jumps over the lazy dog. 🙂東京 " * 500
    for model in ("openai:gpt-4o", "local:qwen"):
        assert counter.count(counter.truncate(text, 1000, model), model) >= 950


def test_a_second_count_of_the_same_text_is_remembered_within_bounds(counter: Counter) -> None:
    text = "some words " * 50_000
    start = time.thread_time()
    first = counter.count(text)
    middle = time.thread_time()
    assert counter.count(text) == first
    assert time.thread_time() - middle < (middle - start) / 2
    for number in range(5_000):
        counter.count(str(number))
    assert len(counter._counted) <= 4_096


def test_many_threads_count_the_same(counter: Counter) -> None:
    fresh = Counter(FOLDER)
    texts = [f"text number {n} with words" for n in range(50)]
    expected = [counter.count(text) for text in texts]
    found: list[list[int]] = []
    threads = [
        threading.Thread(target=lambda: found.append([fresh.count(text) for text in texts]))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 8


def test_a_missing_or_damaged_vocabulary_is_told_and_never_deleted(tmp_path: Path) -> None:
    with pytest.raises(AssetUnavailable, match="not there"):
        Counter(tmp_path).count("x")
    damaged = tmp_path / "fb374d419588a4632f3f557e76b4b70aebbca790"
    damaged.write_bytes(b"IQ== 0\n")
    with pytest.raises(AssetUnavailable, match="damaged"):
        Counter(tmp_path).count("x")
    assert damaged.read_bytes() == b"IQ== 0\n"


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300), st.integers(0, 60))
def test_truncating_keeps_the_end_or_both_ends(counter: Counter, text: str, limit: int) -> None:
    tail = counter.truncate(text, limit, keep="tail")
    both = counter.truncate(text, limit, keep="both")
    assert text.endswith(tail)
    assert max(counter.count(tail), counter.count(both)) <= limit
    head, gap, end = both.partition(" … ")
    assert both == text or not gap or (text.startswith(head) and text.endswith(end))


def test_both_ends_are_kept_with_a_sign_between_them(counter: Counter) -> None:
    text = " ".join(f"number {n}" for n in range(200))
    kept = counter.truncate(text, 20, keep="both")
    assert kept.startswith("number 0 number 1")
    assert kept.endswith("number 199")
    assert " … " in kept
    assert 15 <= counter.count(kept) <= 20


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_the_pieces_of_a_text_are_its_bytes_in_order(counter: Counter, text: str) -> None:
    pieces = counter.pieces(text)
    assert b"".join(piece.data for piece in pieces) == text.encode()
    assert len(pieces) == counter.count(text)
    assert counter.pieces(text, most=3) == pieces[:3]


def test_a_character_may_take_several_tokens(counter: Counter) -> None:
    pieces = counter.pieces("Hello, wörld! 東京 tokens 🙂")
    # Measured with tiktoken itself.
    assert [piece.id for piece in pieces] == [
        13225, 11, 286, 2877, 582, 0, 185244, 20290, 26192,
    ]  # fmt: skip


# What one sees as one character: with a colour, joined, a flag, with accents, a Hindi syllable, a line's end.
CLUSTERS = ["👩‍🎤", "🙌🏽", "🕯️", "🇺🇳", "e\u0301\u0323", "नि", "\r\n", "각", "a", "東", " "]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(CLUSTERS), min_size=1, max_size=40),
    st.integers(0, 60),
    st.sampled_from(["head", "tail", "both"]),
)
def test_no_cut_goes_through_what_one_sees_as_a_character(
    counter: Counter, written: list[str], limit: int, keep: Keep
) -> None:
    text = "".join(written)
    clusters = regex.findall(r"\X", text)
    kept = counter.truncate(text, limit, keep=keep)
    assert counter.count(kept) <= limit
    heads = {"".join(clusters[:n]) for n in range(len(clusters) + 1)}
    tails = {"".join(clusters[n:]) for n in range(len(clusters) + 1)}
    match keep:
        case "head":
            assert kept in heads
        case "tail":
            assert kept in tails
        case "both":
            head, gap, tail = kept.partition(" … ")
            assert kept in {text, ""} or (gap and head in heads and tail in tails)


def test_a_character_that_never_ends_is_cut_all_the_same(counter: Counter) -> None:
    kept = counter.truncate("e" + "\u0301" * 10_000, 50)
    assert kept.startswith("e\u0301")
    assert counter.count(kept) <= 50
