"""A small table without anything beside the screen: on a phone each of its rows is a card.

One is read (`draw`), of the other a row is picked (`pick`). What is in it is text, never markup.
"""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import streamlit as st

_CSS = """
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
"""
_PICKED = """
.rows { max-height: 22rem; overflow: hidden auto; color: var(--st-text-color); font: 400 1rem/1.5 var(--st-font);
  border: 1px solid var(--st-border-color); border-radius: .6rem; }
table.fl-stacked :is(th, td) { padding-left: .8rem; padding-right: .4rem; overflow-wrap: anywhere; }
table.fl-stacked tbody tr { cursor: pointer; }
table.fl-stacked tbody tr:is(:hover, .picked) { background: var(--st-secondary-background-color); }
table.fl-stacked tr.picked { box-shadow: inset 3px 0 var(--st-primary-color); }
thead th { position: sticky; top: 0; background: var(--st-background-color); }
button { all: unset; cursor: pointer; }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
@media (max-width: 640px) {
  .rows { max-height: 60vh; }
  table.fl-stacked tr { padding: .5rem 0; }
  table.fl-stacked td { padding: .1rem .8rem; }
}
"""
_JS = """
const shown = new WeakMap()
const made = (tag, textContent) => Object.assign(document.createElement(tag), { textContent })

function row([id, name, ...rest], heads, pick) {
  const line = document.createElement("tr"), first = document.createElement("td")
  line.dataset.id = id
  line.onclick = () => pick(id)
  first.append(Object.assign(made("button", name), { type: "button" }))
  const cells = rest.map((text, n) => {
    const cell = made("td", text)
    cell.dataset.head = heads[n + 1]
    return cell
  })
  line.append(first, ...cells)
  return line
}

export default function ({ data, parentElement, setTriggerValue }) {
  const table = parentElement.querySelector("table"), { heads, rows, chosen } = data
  const written = JSON.stringify([heads, rows])
  if (shown.get(table) !== written) {  // else a press of a key would lose its place
    const pick = (id) => setTriggerValue("picked", id)
    table.tHead.rows[0].replaceChildren(...heads.map((head) => made("th", head)))
    table.tBodies[0].replaceChildren(...rows.map((each) => row(each, heads, pick)))
    shown.set(table, written)
  }
  for (const line of table.tBodies[0].rows) {
    const picked = line.dataset.id === chosen
    line.classList.toggle("picked", picked)
    line.querySelector("button").setAttribute("aria-pressed", picked)
  }
}
"""
_picked = st.components.v2.component(
    "footlights_rows",
    html='<div class="rows"><table class="fl-stacked"><thead><tr></tr></thead><tbody></tbody></table></div>',
    css=_CSS + _PICKED,
    js=_JS,
)


def draw(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Draw the rows below these heads; the first column names its row."""
    top = "".join(f"<th>{escape(head)}</th>" for head in heads)
    body = "".join(f"<tr>{_cells(heads, row)}</tr>" for row in rows)
    st.html(
        f'<style>{_CSS}</style><table class="fl-stacked"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'
    )


def pick(
    heads: Sequence[str],
    rows: Mapping[str, Sequence[str]],
    *,
    key: str,
    chosen: str,
    on_pick: Callable[[str], None],
) -> None:
    """Draw the rows, each under the id by which `on_pick` is told that it was clicked; `chosen` is marked."""

    def told() -> None:
        state: Any = st.session_state[key]
        if (picked := state.get("picked")) in rows:
            on_pick(picked)

    _picked(
        key=key,
        data={
            "heads": list(heads),
            "rows": [[each, *cells] for each, cells in rows.items()],
            "chosen": chosen,
        },
        on_picked_change=told,
    )


def _cells(heads: Sequence[str], row: Sequence[str]) -> str:
    return "".join(
        f'<td data-head="{escape(head)}">{escape(text)}</td>'
        for head, text in zip(heads, row, strict=True)
    )
