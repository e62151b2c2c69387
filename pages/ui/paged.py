"""A long list, page by page: which of it are shown, and below them where that is and how many there are."""

from collections.abc import Sequence
from typing import TypeVar

import streamlit as st

T = TypeVar("T")
_ON_A_PAGE = 20


def shown(items: Sequence[T], key: str) -> Sequence[T]:
    """Those of the page that is chosen, or of the last one when there are fewer by now."""
    first = _first(len(items), key)
    return items[first : first + _ON_A_PAGE]


def draw(count: int, noun: str, key: str) -> None:
    """What chooses the page, where there is more than one."""
    if count <= _ON_A_PAGE:
        return
    first = _first(count, key)
    last = min(first + _ON_A_PAGE, count)
    # As wide as the list: the control leaves out the numbers for which it sees no room.
    st.pagination(-(-count // _ON_A_PAGE), width="stretch", key=key)
    st.caption(f"{first + 1:,} to {last:,} of {count:,} {noun}")


def _first(count: int, key: str) -> int:
    last = max(0, count - 1) // _ON_A_PAGE
    return min(int(st.session_state.get(key, 1)) - 1, last) * _ON_A_PAGE
