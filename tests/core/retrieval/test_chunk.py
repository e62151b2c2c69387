"""Passages point at their own text, and the embedder reads all of each."""

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.retrieval.chunk import LIMIT, Chunker
from core.retrieval.headings import Outline, headings
from core.types import Chunk, Extracted, Page

PIECES = st.sampled_from(
    ["# Head\n", "## Sub\n", "\n\n", "\n", " ", "word ", "Sentence one. ", "| a | b |\n", "| --- | --- |\n", "```\n", "- item\n",
     "東京都", "ひらがな", "x" * 150, "🙂", "e\u0301", "https://a.b/c?d=e&f=g ", "ภาษา", ">" * 9, "    code\n", "12,345.6 "]
)  # fmt: skip


def whole(text: str, unit: Any = "section") -> Extracted:
    return Extracted(text, (Page(1, 0, len(text)),), unit)


@pytest.fixture(scope="module")
def tokenizer(minilm: Path) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(minilm / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def assert_sound(extracted: Extracted, chunks: list[Chunk], tokenizer: Any) -> None:
    covered = 0
    for number, chunk in enumerate(chunks):
        assert chunk.seq == number
        assert chunk.text == extracted.text[chunk.start : chunk.end]
        assert chunk.text.strip()
        assert not extracted.text[covered : chunk.start].strip()
        assert chunk.tokens == len(tokenizer.encode(chunk.text, add_special_tokens=False))
        assert chunk.tokens <= LIMIT
        under_heading = tokenizer.encode(f"{chunk.heading}\n{chunk.text}")
        assert len(under_heading) <= LIMIT + 2 <= 256
        covered = chunk.end
    assert not extracted.text[covered:].strip()


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(PIECES, max_size=300).map("".join), st.sampled_from(["section", "page"]))
def test_any_text_is_covered_by_passages_that_point_at_their_own_text(
    chunker: Chunker, tokenizer: Any, text: str, unit: str
) -> None:
    extracted = whole(text, unit)
    assert_sound(extracted, chunker.chunks(extracted), tokenizer)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(max_size=3000))
def test_so_is_any_text_at_all(chunker: Chunker, tokenizer: Any, text: str) -> None:
    extracted = whole(text.encode("utf-8", "replace").decode())
    assert_sound(extracted, chunker.chunks(extracted), tokenizer)


def test_a_passage_knows_its_headings(chunker: Chunker) -> None:
    long = "Some words about it. " * 60
    text = f"# Guide\n\n{long}\n\n## Install\n\n{long}\n\n```\n# not a heading\n```\n\n# Other\n\n{long}"
    found = chunker.chunks(whole(text))
    headings = list(dict.fromkeys(chunk.heading for chunk in found))
    assert headings == ["Guide", "Guide > Install", "Other"]


def test_sections_of_latex_are_headings() -> None:
    text = (
        "\\documentclass{book}\n\\chapter*{Lamps}\n\\section[S]{Of {old} glass}\\label{s}\ntext\n"
        "  \\subsection{Tungsten} % so\nmore\n\\sectionmark{no}\n"
    )
    outline = Outline(headings(text))
    found = [(text[h.start :].partition("\n")[0], outline.path(h.start)) for h in headings(text)]
    assert found == [
        ("\\chapter*{Lamps}", "Lamps"),
        ("\\section[S]{Of {old} glass}\\label{s}", "Lamps > Of {old} glass"),
        ("  \\subsection{Tungsten} % so", "Lamps > Of {old} glass > Tungsten"),
    ]


def test_a_heading_that_is_too_long_to_be_embedded_loses_its_outer_part(chunker: Chunker) -> None:
    text = f"# {'Outer chapter ' * 8}\n\n## {'Middle part ' * 8}\n\n### Inner\n\ntext"
    assert (
        chunker.chunks(whole(text + " again" * 400))[-1].heading
        == f"{('Middle part ' * 8).strip()} > Inner"
    )


@pytest.mark.parametrize("unit", ["section", "page"])
def test_a_passage_from_the_middle_of_a_table_knows_its_columns(
    chunker: Chunker, tokenizer: Any, unit: str
) -> None:
    rows = "".join(f"| lamp {n} | {n * 7} | {n * 3} kg |\n" for n in range(60))
    text = f"# Fees\n\n| Item | Euros a week | Weight |\n| --- | --- | --- |\n{rows}\nAll with tax."
    extracted = whole(text, unit)
    chunks = chunker.chunks(extracted)
    assert_sound(extracted, chunks, tokenizer)
    path = "Fees" if unit == "section" else ""
    columns = "Item | Euros a week | Weight"
    [first] = [each for each in chunks if columns in each.text]
    middle = [each for each in chunks if each.text.startswith("| lamp")]
    assert first.heading == path and len(middle) == 2
    assert {each.heading for each in middle} == {f"{path} > {columns}".removeprefix(" > ")}
    assert chunks[-1].text.endswith("All with tax.")


@pytest.mark.parametrize("unit", ["page", "slide", "sheet"])
def test_no_passage_crosses_a_page(chunker: Chunker, unit: Any) -> None:
    texts = ["short page", "", "another one. " * 100, "last"]
    pages, start = [], 0
    for number, text in enumerate(texts, 1):
        pages.append(Page(number, start, start + len(text)))
        start += len(text) + 2
    extracted = Extracted("\n\n".join(texts), tuple(pages), unit, (2,))
    for chunk in chunker.chunks(extracted):
        page = pages[chunk.page - 1]
        assert page.start <= chunk.start < chunk.end <= page.end
    assert {chunk.page for chunk in chunker.chunks(extracted)} == {1, 3, 4}


def test_a_section_is_found_by_where_a_passage_begins(chunker: Chunker) -> None:
    text = "# A\n" + "word " * 300 + "\n# B\n" + "word " * 300
    cut = text.index("# B")
    extracted = Extracted(text, (Page(1, 0, cut), Page(2, cut, len(text))), "section")
    assert all(chunk.page == (1 if chunk.start < cut else 2) for chunk in chunker.chunks(extracted))


@pytest.mark.parametrize(
    "text",
    ["a" * 1_000_000, "a" + " " * 1_000_000 + "b", ">" * 60_000, "[" * 60_000, "`" * 60_000,
     "| a | b |\n" * 20_000, "東京都" * 20_000, "🙂" * 60_000, "\n" * 1_000_000, "- " * 60_000, "a\n" * 100_000],
    ids=["letters", "spaces", "quotes", "brackets", "ticks", "table", "ideographs", "emoji", "lines", "list", "short"],
)  # fmt: skip
def test_hostile_text_is_cut_in_bounded_time(chunker: Chunker, tokenizer: Any, text: str) -> None:
    started = time.thread_time()
    chunks = chunker.chunks(whole(text))
    assert time.thread_time() - started < 8
    assert all(len(chunk.text) <= LIMIT * 10 for chunk in chunks)
    assert_sound(whole(text), chunks, tokenizer)


def test_nothing_gives_no_passages(chunker: Chunker) -> None:
    assert chunker.chunks(whole("")) == []
    assert chunker.chunks(whole(" \n\n ")) == []


@pytest.mark.parametrize("mark", ["#", "`", "字"])
def test_a_stretch_without_a_space_is_cut_in_one_pass_into_full_passages(
    chunker: Chunker, tokenizer: Any, mark: str
) -> None:
    chunks = chunker.chunks(whole(mark * 50_000))
    assert [chunk.tokens for chunk in chunks] == [LIMIT] * 198 + [104]
    assert_sound(whole(mark * 50_000), chunks, tokenizer)


def test_a_long_chinese_text_without_spaces_is_cut_where_its_sentences_end(
    chunker: Chunker,
) -> None:
    text = f"{'東京都は大きい' * 9}。" * 60
    chunks = chunker.chunks(whole(text))
    assert len(chunks) == 20
    assert all(chunk.text == f"{'東京都は大きい' * 9}。" * 3 for chunk in chunks)


@pytest.mark.parametrize("text", ["—" * 5_000, "a—" * 1_500, "……" * 900 + " 12", "𠀀" * 1_500])
def test_long_rows_of_dashes_dots_and_rare_ideographs_fit_what_the_embedder_reads(
    chunker: Chunker, tokenizer: Any, text: str
) -> None:
    assert_sound(whole(text), chunker.chunks(whole(text)), tokenizer)
