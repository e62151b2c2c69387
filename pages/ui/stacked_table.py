"""A small table that is read and not worked with: on a phone each row is a card, so nothing is beside the screen."""

from collections.abc import Sequence
from html import escape

import streamlit as st

_STYLE = """<style>
table.fl-stacked { width: 100%; border-collapse: collapse; font-size: .92rem; }
table.fl-stacked th { font-weight: 450; font-size: .82rem; opacity: .74; text-align: left; }
table.fl-stacked :is(th, td) { padding: .4rem 1rem .4rem 0; border: 0; vertical-align: top; }
table.fl-stacked tbody tr { border-top: 1px solid color-mix(in srgb, currentColor 10%, transparent); }
@media (max-width: 640px) {
  table.fl-stacked :is(tbody, tr, td) { display: block; }
  table.fl-stacked thead { display: none; }
  table.fl-stacked tr { padding: .5rem 0; }
  table.fl-stacked td { display: flex; justify-content: space-between; gap: 1rem; padding: .1rem 0; text-align: right; }
  table.fl-stacked td::before { content: attr(data-head); opacity: .74; text-align: left; }
  table.fl-stacked td:first-child { font-weight: 600; text-align: left; }
  table.fl-stacked td:first-child::before { content: none; }
}
</style>"""


def draw(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Draw the rows below these heads; the first column names its row."""
    top = "".join(f"<th>{escape(head)}</th>" for head in heads)
    body = "".join(f"<tr>{_cells(heads, row)}</tr>" for row in rows)
    st.html(
        f'{_STYLE}<table class="fl-stacked"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'
    )


def _cells(heads: Sequence[str], row: Sequence[str]) -> str:
    return "".join(
        f'<td data-head="{escape(head)}">{escape(text)}</td>'
        for head, text in zip(heads, row, strict=True)
    )
