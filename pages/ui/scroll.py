"""Whoever asks is taken to the end of the conversation, and stays there until they scroll themselves."""

import json

import streamlit as st

# Streamlit follows what is written at the end while it thinks that its reader is there. It takes no notice of a
# scroll that comes together with new text, so one is not enough: each of these is by a point other than the last.
# With a place to write in at the bottom, its main part has another name than without one. The browser itself knows
# for which turn it began: of two scripts that follow each other fast, it may be shown the second alone.
_DOWN = """const main = document.querySelector('[data-testid="stAppScrollToBottomContainer"], [data-testid="stMain"]');
if (window.footlightsTurn !== turn) {
  window.footlightsTurn = turn;
  window.footlightsReads = false;
  const reads = () => { window.footlightsReads = true; };
  for (const each of ['wheel', 'touchmove', 'pointerdown']) main?.addEventListener(each, reads, {once: true});
}
let tries = 0;
const down = setInterval(() => {
  if (!main || window.footlightsReads || ++tries > 7) return clearInterval(down);
  main.scrollTo({top: main.scrollHeight - (tries + 1) % 2, behavior: 'instant'});
}, 80);"""


def sent(turn: str) -> None:
    """The turn was asked here: it comes into sight as soon as it is drawn, answered by then or not."""
    st.session_state["scroll_to"] = turn


def asked(turn: str) -> None:
    """The turn begins to be answered: go to its question, wherever its asker has read."""
    if st.session_state.get("scrolled_for") != turn:
        st.session_state.update(scrolled_for=turn, scroll_to=turn)
        _run(turn, "asked")


def answered(turn: str) -> None:
    """The turn has been answered: its end is in sight of who asked here, unless they have begun to read."""
    if st.session_state.get("scroll_to") == turn:
        st.session_state["scroll_to"] = ""
        _run(turn, "answered")


def _run(turn: str, state: str) -> None:
    # What differs from the last script is run; no text of anybody is in it.
    script = f"/* {state} */ (() => {{ const turn = {json.dumps(turn)}; {_DOWN} }})();"
    st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)
