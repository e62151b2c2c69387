"""A double click is one press: what stands where the button stood is not pressed by its second half."""

import streamlit as st

_JS = """
const BUTTON = '[data-testid="stButton"], [data-testid="stFormSubmitButton"]'
const SOON = 400, NEAR = 8 // milliseconds, pixels: some phones do not count the taps of a double one

export default function () {
  let pressed = null
  const once = (event) => {
    const again = pressed && Math.hypot(event.clientX - pressed.clientX, event.clientY - pressed.clientY) < NEAR &&
      (event.detail > 1 || event.timeStamp - pressed.timeStamp < SOON)
    pressed = again || event.target.closest?.(BUTTON) ? event : null
    if (!again) return
    event.preventDefault()
    event.stopPropagation()
  }
  document.addEventListener("click", once, true)
  return () => document.removeEventListener("click", once, true)
}
"""
_draw = st.components.v2.component("footlights_once", html="<i></i>", js=_JS)


def press() -> None:
    """Have each button of the page take a double click as one: the list below a deleted row has moved up,
    and what is paid for would be paid for twice."""
    with st.container(key="once"):
        _draw(key="once_press")
