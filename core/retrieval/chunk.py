"""From a text to passages that the embedder really reads, each with its exact place."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from core.retrieval.columns import Columns
from core.retrieval.headings import Outline, headings
from core.retrieval.unbroken import WORDS, evenly, halved, stretches
from core.types import Chunk, Extracted, Heading

LIMIT = 252
"""Word pieces of a passage with its heading path. MiniLM reads 256, two of them its own marks."""

HEADING_LIMIT = 32
"""Word pieces of a heading path, and of the columns that a passage from the middle of a table stands in;
passages of a text that has headings or tables leave so much room."""

_CHARACTERS_PER_PIECE = 10
_BLOCK = 12_000
_CUTS = ("\n#", "\n\n", "\n", ". ", " ")
_SHORT = 40
# The tokenizer takes a word of over 100 letters, accents not counted, for one unknown piece.
_MOST_OF_A_WORD = 100
_LONG = 400
_REMEMBERED = 200_000


class _Pieces(dict[str, int]):
    """How many word pieces each word has; the splitter asks for the same words again and again."""

    def __init__(self, tokenizer: Any, limit: int) -> None:
        super().__init__()
        self._limit = limit
        self._tokenizer = tokenizer

    def __missing__(self, word: str) -> int:
        if len(word) > _LONG and word.isalpha():  # a dash or an ellipsis is a piece of its own
            return max(_MOST_OF_A_WORD, len(word) // _CHARACTERS_PER_PIECE)
        count = max(self.exact(word), len(word) // _CHARACTERS_PER_PIECE)
        if len(word) <= _SHORT and len(self) < _REMEMBERED:
            self[word] = count
        return count

    def exact(self, text: str) -> int:
        """What the tokenizer itself counts, without its marks."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def size(self, text: str) -> int:
        """The size that is held under the limit: word pieces, or a tenth of the characters."""
        by_length = -(-len(text) // _CHARACTERS_PER_PIECE)
        if by_length > self._limit:
            return by_length  # too long in any case, so nobody needs to count
        return max(sum(map(self.__getitem__, WORDS.findall(text))), by_length)


class Chunker:
    """Cuts texts into passages that are with their heading paths at most `limit` word pieces, at the
    best places there are."""

    def __init__(self, tokenizer_file: Path, limit: int = LIMIT) -> None:
        from semantic_text_splitter import MarkdownSplitter, TextSplitter
        from tokenizers import Tokenizer

        self.limit = limit
        tokenizer = Tokenizer.from_file(str(tokenizer_file))
        # The file asks for cutting and filling up to 128, with which nothing would ever be too long.
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._pieces = _Pieces(tokenizer, limit)
        self._splitters = {
            (unit, room): kind.from_callback(self._pieces.size, room)
            for unit, kind in (("page", TextSplitter), ("section", MarkdownSplitter))
            for room in (limit, limit - HEADING_LIMIT)
        }

    def chunks(self, extracted: Extracted) -> list[Chunk]:
        """The passages in order: `chunk.text == extracted.text[chunk.start:chunk.end]`, never
        blank, together all that is not space; none crosses a page, slide or sheet."""
        text = extracted.text
        outline = Outline(_named(extracted))
        columns = Columns(text)
        room = self.limit - HEADING_LIMIT if outline or columns else self.limit
        starts = [page.start for page in extracted.pages]
        found: list[Chunk] = []
        for start, end in self._spans(extracted, room):
            place = bisect_right(starts, start)
            found.append(
                Chunk(
                    seq=len(found),
                    text=text[start:end],
                    start=start,
                    end=end,
                    page=extracted.pages[place - 1].number if place else 1,
                    heading=self._heading(outline.path(start), columns.at(start)),
                    tokens=self._pieces.exact(text[start:end]),
                )
            )
        return found

    def _heading(self, *above: str) -> str:
        """The path cut from the outside until it can be embedded with its passage."""
        path = " > ".join(filter(None, above))
        while self._pieces.size(path) > HEADING_LIMIT:
            _, deeper, rest = path.partition(" > ")
            path = rest if deeper else path[: len(path) * 3 // 4]
        return path

    def _spans(self, extracted: Extracted, room: int) -> Iterator[tuple[int, int]]:
        text = extracted.text
        splitter = self._splitters["page" if extracted.unit == "page" else "section", room]
        longest = room * _CHARACTERS_PER_PIECE
        for field in _fields(extracted):
            for start, end, unbroken in stretches(text, *field, longest):
                if unbroken:
                    for span in evenly(text, (start, end), self._pieces, room, longest):
                        yield from halved(text, span, self._pieces.exact, room)
                else:
                    yield from _split(text, start, end, splitter)


def _named(extracted: Extracted) -> Sequence[Heading]:
    """The headings that the file names, else those that its text says; that of a page is no Markdown."""
    if extracted.headings is None and extracted.unit != "page":
        return headings(extracted.text)
    return extracted.headings or ()


def _fields(extracted: Extracted) -> list[tuple[int, int]]:
    """What no passage may cross: pages, slides and sheets; sections are no borders."""
    if extracted.unit == "section":
        return [(0, len(extracted.text))]
    return [(page.start, page.end) for page in extracted.pages]


def _split(text: str, start: int, end: int, splitter: Any) -> Iterator[tuple[int, int]]:
    for block_start, block_end in _blocks(text, start, end):
        for offset, piece in splitter.chunk_indices(text[block_start:block_end]):
            if piece.strip():
                yield block_start + offset, block_start + offset + len(piece)


def _blocks(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Stretches that the splitter is given at once: on hostile text its time grows with the
    square of the length, so the length is bounded."""
    while end - start > _BLOCK:
        cut = _cut(text, start, start + _BLOCK)
        yield start, cut
        start = cut
    yield start, end


def _cut(text: str, start: int, end: int) -> int:
    """The best border in the second half: a heading, a paragraph, a line, a sentence, a word."""
    middle = (start + end) // 2
    for mark in _CUTS:
        found = text.rfind(mark, middle, end)
        if found > 0:
            return found + (1 if mark == "\n#" else len(mark))
    return end
