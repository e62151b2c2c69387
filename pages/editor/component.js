// The editor as an element of the page, with the line below it that says how the text stands.
const kept = new WeakMap()
const address = new URL("app/static/code_editor.js?v=VERSION", document.baseURI).href
const HELP = "Ctrl+S keeps the draft, Ctrl+Enter runs it"
const many = (count) => count.toLocaleString("en-US")

function verdict({ fault }) {
  if (fault === undefined) return null
  const words = document.createElement("b")
  words.setAttribute("aria-live", "polite")
  words.className = fault ? "bad" : ""
  words.textContent = fault ? (fault.only_values ? "✕ cannot be sent with these values" : "✕ cannot be saved yet") : "✓ can be sent"
  return words
}

/** What the editor and its line show: `text` is what stands in it, `data` what the page knows. */
function element(box, line) {
  const one = { text: null, data: null, fault: undefined, tooLong: 0, editor: null, ended: false }

  const say = () => {
    if (one.tooLong) {
      const words = document.createElement("b")
      words.className = "bad"
      words.setAttribute("role", "alert")
      words.textContent =
        `That would make ${many(one.tooLong)} characters, and a prompt has at most ${many(one.data.most)}: ` +
        "it was not put in. Give long texts as variables."
      return line.replaceChildren(words)
    }
    const state = one.text === one.data.text ? one.data.state : "draft, not kept yet"
    const judged = verdict(one)
    line.replaceChildren(state, " · ", ...(judged ? [judged, " · "] : []), HELP)
  }
  const written = () =>
    document.dispatchEvent(
      new CustomEvent("footlights:written", { detail: { ref: one.data.ref, text: one.text } }),
    )
  const wanted = ({ detail }) => detail.ref === one.data?.ref && written()
  const read = ({ detail }) => {
    if (detail.ref !== one.data.ref || detail.text !== one.text) return
    one.fault = detail.fault
    one.editor?.mark(detail.fault)
    say()
  }
  document.addEventListener("footlights:wanted", wanted)
  document.addEventListener("footlights:read", read)

  const mounted = ({ mount }) => {
    if (one.ended) return
    if (one.text !== one.data.text) {
      one.text = one.data.text
      written()
    }
    one.editor = mount(box, {
      ...one.data,
      onEdit(text) {
        one.text = text
        one.tooLong = 0
        written()
        say()
      },
      onTooLong(size) {
        one.tooLong = size
        say()
      },
      onText: (text, n) => one.setStateValue("draft", { text, n }),
      onSave: () => one.setTriggerValue("keep", true),
      onRun: () => one.setTriggerValue("run", true),
    })
    one.editor.mark(one.fault)
  }
  return {
    /** What the page holds now, and how it is told. */
    show(data, told) {
      const first = !one.data
      Object.assign(one, { data, ...told })
      box.style.colorScheme = line.style.colorScheme = data.theme
      box.style.height = `${data.height}px`
      if (first) {
        one.text = data.text
        import(address).then(mounted)
        written()
      } else one.editor?.show(data)
      say()
    },
    end() {
      one.ended = true
      document.removeEventListener("footlights:wanted", wanted)
      document.removeEventListener("footlights:read", read)
      one.editor?.end()
    },
  }
}

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const box = parentElement.querySelector(".editor")
  if (!kept.has(box)) kept.set(box, element(box, parentElement.querySelector(".state")))
  kept.get(box).show(data, { setStateValue, setTriggerValue })
  return () => {
    kept.get(box)?.end()
    kept.delete(box)
  }
}
