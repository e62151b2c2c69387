"""A link out of the app asks before it is followed: a model or a document may have written it."""

import streamlit as st

_HTML = """
<dialog aria-labelledby="leaving">
  <h2 id="leaving">This link leaves Footlights</h2>
  <p>It leads to <b></b>, which then reads the whole of this address:</p>
  <code></code>
  <form method="dialog"><button value="">Stay</button><button value="go">Open in a new tab</button></form>
</dialog>
"""
_CSS = """
dialog { color: var(--st-text-color); background: var(--st-background-color); font: inherit; font-size: .95rem;
  font-family: var(--st-font); border: 1px solid var(--st-border-color); border-radius: .9rem;
  padding: 1.3rem 1.4rem; width: min(32rem, calc(100vw - 2rem)); box-sizing: border-box; }
dialog::backdrop { background: rgb(0 0 0 / .45); }
h2 { font-size: 1.1rem; font-weight: 650; margin: 0 0 .5rem; padding: 0; }
p { margin: 0 0 .6rem; overflow-wrap: anywhere; }
code { display: block; max-height: 9rem; overflow: auto; overflow-wrap: anywhere; padding: .6rem .75rem;
  font: .82rem var(--st-code-font); background: var(--st-secondary-background-color); border-radius: .6rem; }
form { display: flex; flex-wrap: wrap; gap: .6rem; justify-content: flex-end; margin-top: 1.1rem; }
button { font: inherit; padding: .45rem .9rem; border-radius: .6rem; cursor: pointer; color: inherit;
  background: transparent; border: 1px solid var(--st-border-color); }
button:focus-visible { outline: 2px solid #C8742A; outline-offset: 2px; }
"""
_JS = """
const OUT = ["http:", "https:", "mailto:"], OURS = ["blob:"]

export default function ({ parentElement }) {
  const dialog = parentElement.querySelector("dialog")
  let to = null
  const ask = (event) => {
    const link = event.composedPath().find((each) => each instanceof HTMLAnchorElement && each.href)
    if (!link || link.origin === location.origin || OURS.includes(link.protocol)) return
    event.preventDefault()
    event.stopPropagation()
    if (!OUT.includes(link.protocol)) return // no browser opens these in a tab
    to = link.href
    dialog.querySelector("b").textContent = link.host || link.pathname
    dialog.querySelector("code").textContent = to
    dialog.returnValue = ""
    dialog.showModal()
  }
  const answered = () => {
    if (dialog.returnValue === "go") window.open(to, "_blank", "noopener,noreferrer")
  }
  document.addEventListener("click", ask, true)
  document.addEventListener("auxclick", ask, true)
  dialog.addEventListener("close", answered)
  return () => {
    document.removeEventListener("click", ask, true)
    document.removeEventListener("auxclick", ask, true)
    dialog.removeEventListener("close", answered)
  }
}
"""
_draw = st.components.v2.component("footlights_leaving", html=_HTML, css=_CSS, js=_JS)


def ask_first() -> None:
    """Have every link out of the page ask, those of answers, passages and names alike."""
    with st.container(key="leaving"):
        _draw(key="leaving_dialog")
