// What the text in the editor would send: asked of the app with every key, and drawn from its answer.
// All of it is put in as text: a template, a value or a passage is never markup here.
const PATIENCE = 15_000 // milliseconds
const kept = new WeakMap()
const many = (count) => count.toLocaleString("en-US")
const tokens = (count) => `${many(count)} token${count === 1 ? "" : "s"}`

function make(tag, look, ...inside) {
  const made = document.createElement(tag)
  if (look) made.className = look
  made.append(...inside)
  return made
}

/** A sum in dollars as the pages write it; it comes as a decimal number in a text. */
function money(sum) {
  if (Number(sum) === 0) return "$0"
  if (Number(sum) >= 1) return `$${Number(sum).toFixed(2)}`
  const [whole, digits = ""] = sum.split(".")
  return `$${whole}.${digits.slice(0, 12).replace(/0+$/, "").padEnd(2, "0")}`
}

function price({ per_call, per_thousand, answer }) {
  if (per_call === null) return ["price unknown"]
  const told = [make("b", "", money(per_call)), " per call, ", make("b", "", money(per_thousand)), " per 1,000 calls"]
  return Number(answer) ? [...told, `; ${money(answer)} per 1,000 tokens of answer`] : told
}

/** The preview in `box`: one question at a time is on its way, and the newest text is asked next. */
function preview(box) {
  const cost = make("p", "cost"), note = make("p", "faint"), fault = make("div", "fault")
  const whose = make("div", "whose"), parts = make("div")
  fault.setAttribute("role", "alert")
  box.replaceChildren(fault, note, cost, whose, parts)
  let data, given, text = null, done, sent = null, busy = false, ended = false

  const behind = () => text !== null && (done?.text !== text || done?.given !== given)
  const mark = () => {
    box.classList.toggle("behind", behind())
    box.setAttribute("aria-busy", String(behind()))
  }

  function drawFault(found) {
    const told = found?.only_values // what is wrong with the text itself is said below it
    fault.hidden = !told
    fault.replaceChildren(...(told ? [make("b", "", found.text), make("p", "", found.hint)] : []))
    if (!found) note.textContent = ""
    else note.textContent = sent
      ? "What was sent before the mistake; it follows again when that is put right."
      : "What is sent is shown as soon as the text can be."
  }

  function drawCost() {
    const { window, exact } = sent
    const share = `${((100 * sent.tokens) / window).toFixed(1)}%`
    cost.replaceChildren(
      make("b", "", `${exact ? "" : "about "}${tokens(sent.tokens)}`),
      ` to send, ${share} of a window of ${tokens(window)}`, make("br"), ...price(sent),
    )
    if (sent.tokens > window)
      cost.append(make("span", "over", "This is more than the model can read: fewer passages, or a larger window."))
  }

  function drawWhose() {
    const entry = ({ variable, trust, tokens: count }) => {
      const name = make("i", "", variable)
      name.style.background = data.colours[trust]
      return make("span", "", name, ` ${tokens(count)}, ${data.words[trust]}`)
    }
    const hidden = sent.hidden ? [make("span", "", `${many(sent.hidden)} invisible characters removed`)] : []
    whose.replaceChildren(...(data.raw ? [] : [...sent.shares.map(entry), ...hidden]))
  }

  const run = ({ text: words, variable, trust }) => {
    if (data.raw || !variable) return words
    const marked = make("mark", "", words)
    marked.title = `${variable}: ${data.words[trust]}`
    marked.style.background = data.colours[trust]
    return marked
  }

  /** A message; its element stays, so that what was scrolled stays where it is. */
  function drawPart(place, part) {
    const [head, words, more] = place.children
    const role = part.role[0].toUpperCase() + part.role.slice(1)
    head.replaceChildren(make("b", "", role), make("span", "faint", ` · ${tokens(part.tokens)}`))
    if (data.raw) head.append(copier(words))
    words.setAttribute("aria-label", `${part.role} message`)
    words.replaceChildren(...part.runs.map(run))
    more.textContent = part.more ? `${many(part.more)} more characters are sent; they are not shown.` : ""
  }

  function copier(words) {
    const button = make("button", "", "Copy")
    button.type = "button"
    button.onclick = async () => {
      await navigator.clipboard?.writeText(words.textContent)
      button.textContent = navigator.clipboard ? "Copied" : "Select it to copy it"
    }
    return button
  }

  function place() {
    const words = make("div", "fl-sent")
    words.setAttribute("role", "region")
    words.tabIndex = 0
    return make("section", "", make("p"), words, make("p", "faint"))
  }

  function drawSent() {
    drawCost()
    drawWhose()
    while (parts.children.length > sent.parts.length) parts.lastChild.remove()
    while (parts.children.length < sent.parts.length) parts.append(place())
    sent.parts.forEach((part, number) => drawPart(parts.children[number], part))
    cost.hidden = !sent.parts.length
    if (!sent.parts.length)
      note.textContent = "This partial holds macros alone: nothing is sent until a prompt calls them."
  }

  async function ask(body) {
    try {
      const answer = await fetch(new URL(`api/prompts/${data.name}/preview`, document.baseURI), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(PATIENCE),
      })
      return answer.ok ? await answer.json() : null
    } catch {
      return null // it is being started anew, or the network is gone
    }
  }

  async function follow() {
    mark()
    if (busy) return
    busy = true
    while (!ended && behind()) {
      const mine = { text, given }
      const answer = await ask({ text, values: data.values, model: data.model })
      done = mine
      if (ended) break
      if (answer) {
        sent = answer.sent ?? sent
        drawFault(answer.fault)
        if (answer.sent) drawSent()
        document.dispatchEvent(
          new CustomEvent("footlights:read", { detail: { ref: data.ref, text: mine.text, fault: answer.fault } }),
        )
      } else note.textContent = "The app gave no answer to what was typed last; the next key asks again."
      mark()
    }
    busy = false
  }

  const written = ({ detail }) => {
    if (detail.ref !== data.ref) return
    text = detail.text
    follow()
  }
  document.addEventListener("footlights:written", written)
  return {
    /** The values, the model and the look that the page has now. */
    show(next) {
      const first = !data
      data = next
      box.style.colorScheme = next.theme
      given = JSON.stringify([data.values, data.model])
      if (first) document.dispatchEvent(new CustomEvent("footlights:wanted", { detail: { ref: data.ref } }))
      else if (sent) drawSent()
      follow()
    },
    end() {
      ended = true
      document.removeEventListener("footlights:written", written)
    },
  }
}

export default function ({ data, parentElement }) {
  const box = parentElement.querySelector(".preview")
  if (!kept.has(box)) kept.set(box, preview(box))
  kept.get(box).show(data)
  return () => {
    kept.get(box)?.end()
    kept.delete(box)
  }
}
