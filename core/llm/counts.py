"""A vendor's token counts, believed only as far as they can be true."""

import math
import re
from collections.abc import Mapping
from dataclasses import replace

from core.types import Usage

# No window of any vendor comes near; a count beyond it is an error of the wire, and booking it
# would spend somebody's month.
_ABSURD = 50_000_000
_DIGITS = re.compile("[0-9]{1,18}")


def number(body: object, *path: str) -> int | None:
    """The whole number at the path of a JSON body, also one written as a text, None when there is none: 0
    is a number."""
    for key in path:
        if not isinstance(body, Mapping):
            return None
        body = body.get(key)
    if isinstance(body, str) and _DIGITS.fullmatch(body):
        body = int(body)
    if isinstance(body, bool) or not isinstance(body, int | float) or body != body:
        return None
    return math.ceil(max(-1, min(body, 10**15)))


def reported(
    input_tokens: int | None,
    output_tokens: int | None,
    *,
    cached: int | None = None,
    cache_write: int | None = None,
    reasoning: int | None = None,
) -> Usage | None:
    """The usage as reported, its parts never more than their whole; None when a total is missing,
    negative or absurd, so that the caller books an estimate and marks it as one."""
    if input_tokens is None or output_tokens is None:
        return None
    if not (0 <= input_tokens <= _ABSURD and 0 <= output_tokens <= _ABSURD):
        return None
    read = _within(cached, input_tokens)
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_tokens=read,
        cache_write_tokens=_within(cache_write, input_tokens - read),
        reasoning_tokens=_within(reasoning, output_tokens),
    )


def so_far(
    input_tokens: int | None, output_tokens: int | None, *, cache_write: int | None = None
) -> Usage:
    """What a vendor has told before its last word: it bills at least so much. What it does not tell,
    or what cannot be true, is 0."""
    read, written = (
        count if count is not None and 0 <= count <= _ABSURD else 0
        for count in (input_tokens, output_tokens)
    )
    stored = _within(cache_write, read)
    return Usage(read, written, cache_write_tokens=stored, source="estimated")


def largest(before: Usage, after: Usage) -> Usage:
    """Of two reports of one answer the larger of each total, with the parts of the report that it is of
    (the later one of equals): a vendor bills no less than it has told, whatever it tells last."""
    read = after if after.input_tokens >= before.input_tokens else before
    written = after if after.output_tokens >= before.output_tokens else before
    return replace(
        read, output_tokens=written.output_tokens, reasoning_tokens=written.reasoning_tokens
    )


def _within(part: int | None, whole: int) -> int:
    return min(max(part or 0, 0), whole)
