"""What the question that is being written will send and cost, said while it is written."""

import streamlit as st

from core.types import Conversation, TurnRequest
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
  const short = found.shortened
    ? `; ${found.shortened} ${found.shortened === 1 ? "turn is" : "turns are"} summarised first, by a call of about ` +
      `${many(found.call)} tokens, ${money(found.call_cost)} at most`
    : ""
  return `Sends ${about}${many(found.sent)} of ${many(found.window)} tokens, ${money(found.cost)}${same}${short}`
}

export default function ({ data, parentElement }) {
  const box = parentElement.querySelector(".estimate")
  const bar = box.querySelector("div")
  const { regions, free, asked } = data
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
  const say = (text, found, refused) => {
    box.classList.toggle("over", refused)
    box.querySelector("span").textContent = text
    draw(found)
  }
  const show = (found) => say(found ? words(found) : "", found, Boolean(found && found.over > 0))
  const ask = async (prompt) => {
    const mine = ++count
    if (!prompt.trim()) return show(null)
    const answer = await fetch(address, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...asked, prompt }),
    })
    const told = await answer.json().catch(() => null)
    if (mine !== count) return // another key was pressed since
    if (told && [400, 422].includes(answer.status)) return say(`${told.detail}. ${told.hint}`, null, true)
    show(answer.ok ? told : null) // else the server could not count it: nothing is said
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
  else show(null) // it was sent, and the page was drawn again
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


def draw(conversation: Conversation | None, request: TurnRequest, sent: int) -> None:
    """The line above the input; it is empty until something is typed, and when that was `sent` (how many were).
    What is typed is estimated with all that the request would be asked with."""
    documents = request.use_documents
    _draw(
        key="estimate",
        data={
            "asked": {
                "conversation_id": conversation.id if conversation else None,
                "model": request.model,
                "use_documents": documents if isinstance(documents, bool) else list(documents),
                "template": request.template,
                "variables": request.variables,
                "table": request.table,
                "tools": list(request.tools),
            },
            "sent": sent,
            "regions": [
                [name, words, palette.region(name, theme())]
                for name, words in window_bar.NAMES.items()
            ],
            "free": palette.of(theme()).free,
        },
    )
