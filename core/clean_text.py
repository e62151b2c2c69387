"""Text that every database and every reader of JSON can hold."""

import re
from typing import Any

# A model may say half of a surrogate pair; JSON and the database cannot hold it.
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def whole(text: str) -> str:
    """The text with U+FFFD for each half of a character (a lone surrogate), as long as before."""
    return _LONE_SURROGATE.sub("\ufffd", text)


def clean(text: str) -> str:
    """The text without what no database or JSON reader can hold: lone surrogates become U+FFFD, NUL goes."""
    return whole(text).replace("\x00", "")


def cleaned(value: Any) -> Any:
    """Plain data with every text in it clean."""
    match value:
        case str():
            return clean(value)
        case dict():
            return {cleaned(key): cleaned(item) for key, item in value.items()}
        case list() | tuple():
            return type(value)(cleaned(item) for item in value)
        case _:
            return value
