"""What the question that is being written will send and cost, said while it is written."""

import streamlit as st

from core.types import Conversation

_CSS = """
.estimate {
  font: 400 .8rem/1.4 Inter, sans-serif; color: var(--st-text-color); min-height: 1.15rem;
  display: flex; align-items: center; gap: .6rem; padding-inline: .3rem;
}
.estimate span { opacity: .78; }
.estimate.over span { color: light-dark(#B3261E, #F28B82); opacity: 1; }
.estimate i {
  flex: 0 0 5rem; height: 4px; border-radius: 2px; overflow: hidden; visibility: hidden;
  background: color-mix(in srgb, var(--st-text-color) 15%, transparent);
}
.estimate i b { display: block; height: 100%; background: var(--st-primary-color); }
"""
_JS = """
const FIELD = '[data-testid="stChatInputTextArea"]'
const many = (n) => n.toLocaleString("en-US")
const money = (cost) => {
  if (cost === null) return "price unknown"
  const dollars = Number(cost)
  return dollars === 0 ? "$0 to send" : `$${dollars.toPrecision(2)} to send`
}

function words(found) {
  if (found.over > 0) {
    return `This does not fit, by ${many(found.over)} tokens: shorten it or choose a larger window.`
  }
  const same = found.same ? `; ${many(found.same)} of them as for the question before` : ""
  return `About ${many(found.sent)} tokens, ${money(found.cost)}${same}`
}

export default function ({ data, parentElement }) {
  const box = parentElement.querySelector(".estimate")
  const address = new URL("api/estimate", document.baseURI)
  let timer, asked = 0

  const show = (found) => {
    box.classList.toggle("over", Boolean(found && found.over > 0))
    box.querySelector("span").textContent = found ? words(found) : ""
    box.querySelector("i").style.visibility = found ? "visible" : "hidden"
    const share = found ? (100 * (found.window - Math.max(found.free, 0))) / found.window : 0
    box.querySelector("b").style.width = `${Math.min(100, share)}%`
  }
  const ask = async (prompt) => {
    const mine = ++asked
    if (!prompt.trim()) return show(null)
    const answer = await fetch(address, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...data, prompt }),
    })
    // Another key was pressed since, or the server refused what cannot be counted: nothing is said.
    if (mine === asked) show(answer.ok ? await answer.json() : null)
  }
  const typed = (event) => {
    if (!event.target.matches?.(FIELD)) return
    clearTimeout(timer)
    timer = setTimeout(ask, 150, event.target.value)
  }
  document.addEventListener("input", typed)
  const field = document.querySelector(FIELD)
  if (field?.value) ask(field.value)
  return () => {
    clearTimeout(timer)
    asked++
    document.removeEventListener("input", typed)
  }
}
"""
_draw = st.components.v2.component(
    "footlights_estimate",
    html='<div class="estimate" role="status"><i><b></b></i><span></span></div>',
    css=_CSS,
    js=_JS,
)


def draw(conversation: Conversation | None, model: str | None, use_documents: bool) -> None:
    """The line above the input; it is empty until something is typed."""
    _draw(
        key="estimate",
        data={
            "conversation_id": conversation.id if conversation else None,
            "model": model,
            "use_documents": use_documents,
        },
    )
