"""Server-sent events from bytes, cut anywhere."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.llm.wire import MOST_BYTES, EventSplitter, EventTooLong, decoded


def split(pieces: list[bytes]) -> list[bytes]:
    splitter = EventSplitter()
    found = [data for piece in pieces for data in splitter.feed(piece)]
    return found + splitter.end()


STREAM = (
    b": a comment\r\n\r\n"
    b'event: one\ndata: {"a": 1}\n\n'
    b'data:{"b": 2}\r\n\r\n'
    b"id: 7\rdata: first\rdata: second\r\r"
    b"retry: 5\n\n\n\n"
    b"data:  two blanks\n\n"
    b"data\n\n"
    b"data: \xc3\xa9\n\n"
    b"data: [DONE]\n"
)
EVENTS = [
    b'{"a": 1}',
    b'{"b": 2}',
    b"first\nsecond",
    b" two blanks",
    "é".encode(),
    b"[DONE]",
]


def test_every_way_to_write_an_event_is_read() -> None:
    assert split([STREAM]) == EVENTS


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=40))
def test_any_split_of_the_bytes_gives_the_same_events(cuts: list[int]) -> None:
    edges = sorted({0, len(STREAM), *cuts})
    pieces = [STREAM[start:end] for start, end in pairwise(edges)]
    assert split([b"", *pieces]) == EVENTS


@given(
    texts=st.lists(st.text(max_size=20), max_size=8),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    size=st.integers(1, 9),
)
def test_what_was_written_is_what_is_read(texts: list[str], ending: str, size: int) -> None:
    data = [json.dumps(text) for text in texts]
    body = "".join(f"data: {each}{ending}{ending}" for each in data).encode()
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    assert [decoded(each) for each in split(pieces)] == texts


@pytest.mark.parametrize("piece", [b"x" * 2**20, b"data: " + b"x" * 2**20 + b"\n"])
def test_an_event_without_an_end_is_refused_before_it_fills_the_memory(piece: bytes) -> None:
    splitter = EventSplitter()
    with pytest.raises(EventTooLong, match="8 MB"):
        for _ in range(MOST_BYTES // 2**20 + 1):
            assert splitter.feed(piece) == []


def test_half_of_a_surrogate_pair_and_a_number_without_bounds_are_read() -> None:
    assert decoded(b'{"text": "\\ud83d"}') == {"text": "\ud83d"}
    assert decoded(b'{"tokens": 1' + b"0" * 30 + b"}") == {"tokens": pytest.approx(1e30)}
    with pytest.raises(ValueError, match="Expecting"):
        decoded(b'{"text": ')
