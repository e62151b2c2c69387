"""Whoever asks is taken to the end of the conversation, and stays there until they scroll themselves; they hear
when the answer is there, and can type on without a way back to the field."""

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
# The field takes nothing while an answer comes, and so loses the focus. On a phone it would open the keyboard.
_HEARD = """let heard = document.getElementById('footlights-heard');
if (!heard) {
  heard = document.createElement('div');
  heard.id = 'footlights-heard';
  heard.setAttribute('role', 'status');
  heard.style.cssText = 'position: fixed; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%)';
  document.body.append(heard);
}
setTimeout(() => { heard.textContent = words; }, 100);
let looks = 0;
const field = setInterval(() => {
  const free = document.querySelector('[data-testid="stChatInputTextArea"]:enabled');
  const lost = document.activeElement === document.body && matchMedia('(hover: hover)').matches;
  if (!done || !lost || ++looks > 20) return clearInterval(field);
  free?.focus({preventScroll: true});
}, 80);"""


def sent(turn: str) -> None:
    """The turn was asked here: it comes into sight as soon as it is drawn, answered by then or not."""
    st.session_state["scroll_to"] = turn


def asked(turn: str) -> None:
    """The turn begins to be answered: go to its question, wherever its asker has read."""
    if st.session_state.get("scrolled_for") != turn:
        st.session_state.update(scrolled_for=turn, scroll_to=turn)
        _run(turn, "asked", "The answer is coming.")


def answered(turn: str) -> None:
    """The turn has been answered: its end is in sight of who asked here, unless they have begun to read."""
    if st.session_state.get("scroll_to") == turn:
        st.session_state["scroll_to"] = ""
        _run(turn, "answered", "The answer is there.")


def _run(turn: str, state: str, words: str) -> None:
    # What differs from the last script is run; no text of anybody is in it.
    given = f"const turn = {json.dumps(turn)}, words = {json.dumps(words)}, done = {json.dumps(state == 'answered')};"
    script = f"/* {state} */ (() => {{ {given} {_DOWN} {_HEARD} }})();"
    st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)
