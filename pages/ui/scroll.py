"""Whoever asks is taken to the end of the conversation, and stays there until they scroll themselves."""

import streamlit as st

# Streamlit follows what is written at the end while it thinks that its reader is there. It takes no notice of a
# scroll that comes together with new text, so one is not enough: each of these is by a point other than the last.
# With a place to write in at the bottom, its main part has another name than without one.
_DOWN = """const main = document.querySelector('[data-testid="stAppScrollToBottomContainer"], [data-testid="stMain"]');
if (asked) {
  window.footlightsReads = false;
  const reads = () => { window.footlightsReads = true; };
  for (const each of ['wheel', 'touchmove', 'pointerdown']) main?.addEventListener(each, reads, {once: true});
}
let tries = 0;
const down = setInterval(() => {
  if (!main || window.footlightsReads !== false || ++tries > 7) return clearInterval(down);
  main.scrollTo({top: main.scrollHeight - (tries + 1) % 2, behavior: 'instant'});
}, 80);"""


def asked(turn: str) -> None:
    """The turn begins to be answered: go to its question, wherever its asker has read."""
    if st.session_state.get("scrolled_for") != turn:
        st.session_state["scrolled_for"] = turn
        _run(turn, begins=True)


def answered(turn: str) -> None:
    """The turn has been answered here: its end is in sight, unless its asker has begun to read."""
    if st.session_state.get("scrolled_for") == turn:
        st.session_state["scrolled_for"] = ""
        _run(turn, begins=False)


def _run(turn: str, *, begins: bool) -> None:
    # The name of the turn makes it another script than the last one, so that it runs; no text of anybody is in it.
    script = f"/* {turn} */ (() => {{ const asked = {str(begins).lower()}; {_DOWN} }})();"
    st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)
