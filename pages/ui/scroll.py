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


def asked(turn_id: str) -> None:
    """The turn begins to be answered: go to its question, wherever its asker has read."""
    if st.session_state.get("scrolled_for") != turn_id:
        st.session_state["scrolled_for"] = turn_id
        _run(turn_id, "true")


def answered(turn_id: str) -> None:
    """The turn has been answered here: its end is in sight, unless its asker has begun to read."""
    if st.session_state.get("scrolled_for") == turn_id:
        st.session_state["scrolled_for"] = ""
        _run(turn_id, "false")


def _run(turn_id: str, asked: str) -> None:
    # The id makes it another script than the last one, so that it runs; there is no text of anybody in it.
    script = f"/* {turn_id} */ (() => {{ const asked = {asked}; {_DOWN} }})();"
    st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)
