"""What the question that is being written will send and cost, said while it is written."""

import streamlit as st

from core.types import Conversation
from pages.ui import palette, window_bar
from pages.ui.session import theme

_CSS = """
.estimate {
  font: 400 .8rem/1.4 Inter, sans-serif; color: var(--st-text-color); min-height: 1.15rem;
  padding-inline: .3rem;
}
.estimate > div {
  display: flex; gap: 2px; height: .3rem; border-radius: 999px; overflow: hidden; visibility: hidden;
}
.estimate > div i { display: block; min-width: 3px; height: 100%; }
.estimate > div i[data-region="reserve"] { background-image: repeating-linear-gradient(
  135deg, transparent 0 3px, rgb(255 255 255 / .28) 3px 5px); }
.estimate span { opacity: .78; }
.estimate.over span { color: light-dark(#B3261E, #F28B82); opacity: 1; }
"""
_JS = """
const FIELD = '[data-testid="stChatInputTextArea"]'
const many = (n) => n.toLocaleString("en-US")
const money = (cost) => {
  if (cost === null) return "price unknown"
  const dollars = Number(cost)
  if (dollars === 0) return "$0"
  const digits = 1 - Math.floor(Math.log10(dollars))
  return `$${dollars.toFixed(Math.min(12, Math.max(2, digits)))}`
}

function words(found) {
  if (found.over > 0) {
    const pinned = found.pin
      ? `unpin something: ${found.pin.slice(0, 60)} takes ${many(found.pin_tokens)}.`
      : "shorten it, or choose a larger window."
    return `This does not fit, by ${many(found.over)} tokens: ${pinned} It would be refused, and cost nothing.`
  }
  const about = found.basis === "exact" ? "" : "about "
  const same = found.same ? `; ${many(found.same)} are as before, which a cache keeps` : ""
  return `Sends ${about}${many(found.sent)} of ${many(found.window)} tokens, ${money(found.cost)}${same}`
}

export default function ({ data, parentElement }) {
  const box = parentElement.querySelector(".estimate")
  const bar = box.querySelector("div")
  const { regions, free, ...asked } = data
  const address = new URL("api/estimate", document.baseURI)
  let timer, count = 0

  const draw = (found) => {
    bar.style.visibility = found ? "visible" : "hidden"
    const whole = found ? Math.max(found.window, found.sent) : 1
    bar.replaceChildren(...regions.filter(([region]) => found?.parts[region]).map(([region, name, colour]) => {
      const part = document.createElement("i")
      part.dataset.region = region
      part.title = `${name}: ${many(found.parts[region])} tokens`
      part.style.cssText = `width:${(100 * found.parts[region]) / whole}%;background-color:${colour}`
      return part
    }))
  }
  const show = (found) => {
    box.classList.toggle("over", Boolean(found && found.over > 0))
    box.querySelector("span").textContent = found ? words(found) : ""
    draw(found)
  }
  const ask = async (prompt) => {
    const mine = ++count
    if (!prompt.trim()) return show(null)
    const answer = await fetch(address, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...asked, prompt }),
    })
    // Another key was pressed since, or the server refused what cannot be counted: nothing is said.
    if (mine === count) show(answer.ok ? await answer.json() : null)
  }
  const typed = (event) => {
    if (!event.target.matches?.(FIELD)) return
    clearTimeout(timer)
    timer = setTimeout(ask, 150, event.target.value)
  }
  bar.style.backgroundColor = free
  document.addEventListener("input", typed)
  const field = document.querySelector(FIELD)
  if (field?.value) ask(field.value)
  return () => {
    clearTimeout(timer)
    count++
    document.removeEventListener("input", typed)
  }
}
"""
_draw = st.components.v2.component(
    "footlights_estimate",
    html='<div class="estimate"><div aria-hidden="true"></div><span role="status"></span></div>',
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
            "regions": [
                [name, words, palette.region(name, theme())]
                for name, words in window_bar.NAMES.items()
            ],
            "free": palette.of(theme()).free,
        },
    )
