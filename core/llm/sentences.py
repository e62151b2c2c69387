"""Takes a passage apart into whole sentences, rows and list items, as they stand in the document."""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

_ABBREVIATIONS_TEXT = """
e.g i.e etc dr mr mrs ms prof st vs fig figs no nos vol pp ed eds approx inc ltd co corp jr sr
dept est min max ca cf al art sec ch z.b d.h u.a bzw usw nr abs
"""
_ABBREVIATIONS = frozenset(_ABBREVIATIONS_TEXT.split())
_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？]+[」』]?")
_ITEM = re.compile(r"^\s*(?:[-*•‣–]|\d{1,3}[.)]|[a-z][.)])\s+")
_HEADING = re.compile(r"^\s*#{1,6}\s")
_RULE = re.compile(r"^[\s|:=+\-–—_*]+$")
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_CLOSED = re.compile(r"[.!?…。！？:;][\"'”’»)\]」』]*$")
_HYPHEN = re.compile(r"(\w)-\n(?=[a-zäöüß])")
_TITLE_LENGTH = 60


def sentences(text: str) -> list[str]:
    """The sentences in their order, on one line each; headings, rules and code are left out."""
    return [sentence for block in _blocks(text) for sentence in _split(block) if sentence]


def is_whole(sentence: str) -> bool:
    """Whether it begins and ends as a sentence does, and was not cut by the edge of its passage."""
    begins = sentence.lstrip("\"'“‘«([")[:1]
    return bool(_CLOSED.search(sentence)) and not begins.islower()


def is_row(sentence: str) -> bool:
    """Whether it is a row of a table."""
    return " | " in sentence or sentence.lstrip().startswith("|") or "\t" in sentence.strip()


def column_names(text: str) -> str:
    """The head rows of the tables in a passage: what its other rows are about."""
    lines = text.splitlines()
    return " ".join(line for line, below in pairwise([*lines, ""]) if _is_head(line, below))


def _blocks(text: str) -> Iterator[str]:
    """Paragraphs, list items and rows; a line of its own that is a title is no block."""
    block: list[str] = []
    for line, following in pairwise([*_prose(text), ""]):
        alone = is_row(line)
        if block and (alone or not line.strip() or _ITEM.match(line)):
            yield "\n".join(block)
            block = []
        if alone:
            yield _ITEM.sub("", line)
        elif line.strip() and not (not block and _is_title(line, following)):
            block.append(_ITEM.sub("", line))
    if block:
        yield "\n".join(block)


def _prose(text: str) -> Iterator[str]:
    fenced = False
    for line, below in pairwise([*text.splitlines(), ""]):
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            rule = line.strip() and _RULE.match(line)
            yield "" if rule or _HEADING.match(line) or _is_head(line, below) else line


def _is_head(line: str, below: str) -> bool:
    return is_row(line) and "-" in below and bool(_RULE.match(below)) and not _RULE.match(line)


def _is_title(line: str, following: str) -> bool:
    line, following = line.strip(), following.strip()
    if len(line) > _TITLE_LENGTH or _CLOSED.search(line) or _ITEM.match(line):
        return False
    # Followed by text that begins anew; a wrapped sentence would go on in lower case.
    return len(line.split()) <= 8 and (not following or not following[0].islower())


def _split(block: str) -> Iterator[str]:
    if is_row(block):
        yield " ".join(block.split()).strip("| ")
        return
    block = " ".join(_HYPHEN.sub(r"\1", block).split())
    start = 0
    for end in _END.finditer(block):
        if not _goes_on(block, end.start(), end.end()):
            yield block[start : end.end()].strip()
            start = end.end()
    yield block[start:].strip()


def _goes_on(block: str, dot: int, end: int) -> bool:
    following = block[end:].lstrip().lstrip("\"'“‘«([")[:1]
    if following.islower():
        return True
    if block[dot] != ".":
        return False
    word = block[:dot].rsplit(None, 1)[-1].lstrip("(\"'“‘").lower() if block[:dot].strip() else ""
    initial = len(word) == 1 and word.isalpha()
    return initial or word in _ABBREVIATIONS


def until(text: str, stops: Iterable[str]) -> str:
    """The text up to the first of the stop sequences."""
    for stop in stops:
        text = text.partition(stop)[0]
    return text
