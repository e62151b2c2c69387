"""The passages as dots on a canvas of our own: there at once, where a library of charts is 4.7 MB to load.

What a dot says is put on the page as text, never as markup: documents are hostile.
"""

import streamlit as st

from core.documents.atlas import Dot, Map
from pages.ui import palette, say
from pages.ui.session import theme

_HTML = """
<figure>
  <canvas role="img"></canvas>
  <p class="read" role="status"></p>
  <ul></ul>
</figure>
"""
_CSS = """
figure { margin: 0; font: 400 .87rem/1.5 var(--st-font); color: var(--st-text-color); }
canvas { display: block; width: 100%; height: min(26rem, 95vw); cursor: crosshair; border-radius: .7rem;
  background: color-mix(in srgb, currentColor 3%, transparent); touch-action: pan-y; }
.read { margin: .6rem 0; height: 4.5em; overflow: hidden; overflow-wrap: anywhere; }
.read span { opacity: .78; }
.read a { color: var(--st-link-color); margin-left: .4rem; }
ul { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; list-style: none; margin: 0; padding: 0;
  max-height: 9rem; overflow-y: auto; }
li { display: flex; align-items: center; gap: .4rem; min-width: 0; max-width: 100%; }
li span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; max-width: min(20rem, 70vw); }
li canvas { width: 12px; height: 12px; flex: none; background: none; cursor: default; border-radius: 0; }
"""
_JS = """
const POINT = "Point at a dot, or tap it, to read its passage."
// The colours begin again after the last one, in another shape.
const shape = (pen, kind, x, y, size) => {
  pen.beginPath()
  if (kind % 4 === 0) pen.arc(x, y, size, 0, 7)
  else if (kind % 4 === 1) pen.rect(x - size, y - size, 2 * size, 2 * size)
  else {
    const corners = kind % 4 === 2 ? [[0, -1.3], [1.2, 1], [-1.2, 1]] : [[0, -1.4], [1.4, 0], [0, 1.4], [-1.4, 0]]
    corners.forEach(([dx, dy], n) => pen[n ? "lineTo" : "moveTo"](x + dx * size, y + dy * size))
    pen.closePath()
  }
}

function sized(canvas) {
  const { width, height } = canvas.getBoundingClientRect(), fine = devicePixelRatio || 1
  canvas.width = width * fine
  canvas.height = height * fine
  const pen = canvas.getContext("2d")
  pen.scale(fine, fine)
  return [pen, width, height]
}

export default function ({ data, parentElement }) {
  const { dots, names, colours, question, words } = data
  const figure = parentElement.querySelector("figure")
  const [canvas, read, list] = ["canvas", ".read", "ul"].map((each) => figure.querySelector(each))
  const style = getComputedStyle(figure)
  const colour = (doc) => colours[doc % colours.length], kind = (doc) => Math.floor(doc / colours.length)
  let placed = [], pinned = null, over = null
  canvas.setAttribute("aria-label", words)

  const paint = () => {
    const [pen, width, height] = sized(canvas), edge = 26
    const all = question ? [...dots, question] : dots
    const [xs, ys] = [0, 1].map((n) => all.map((dot) => dot[n]))
    const [left, right] = [Math.min(...xs), Math.max(...xs)], [low, high] = [Math.min(...ys), Math.max(...ys)]
    const put = ([x, y]) => [
      edge + ((x - left) / (right - left || 1)) * (width - 2 * edge),
      height - edge - ((y - low) / (high - low || 1)) * (height - 2 * edge),
    ]
    placed = dots.map(put)
    pen.globalAlpha = question ? 0.45 : 0.8
    dots.forEach((dot, n) => {
      pen.fillStyle = colour(dot[2])
      shape(pen, kind(dot[2]), ...placed[n], dots.length > 1000 ? 2.5 : 4)
      pen.fill()
    })
    pen.globalAlpha = 1
    pen.font = `600 12px ${style.fontFamily}`
    pen.lineWidth = 2
    dots.forEach((dot, n) => {
      const chosen = n === pinned || n === over
      if (!dot[3] && !chosen) return
      const [x, y] = placed[n]
      pen.fillStyle = colour(dot[2])
      shape(pen, kind(dot[2]), x, y, 4.5)
      pen.fill()
      pen.strokeStyle = chosen ? style.color : style.getPropertyValue("--st-primary-color")
      pen.beginPath()
      pen.arc(x, y, 9, 0, 7)
      pen.stroke()
      pen.fillStyle = style.color
      if (dot[3]) pen.fillText(dot[3], x + 11, y - 6)
    })
    if (!question) return
    const [x, y] = put(question)
    pen.fillStyle = style.getPropertyValue("--st-primary-color")
    pen.beginPath()
    for (let n = 0; n < 10; n++) {
      const far = n % 2 ? 4 : 9, turn = (n * Math.PI) / 5 - Math.PI / 2
      pen[n ? "lineTo" : "moveTo"](x + far * Math.cos(turn), y + far * Math.sin(turn))
    }
    pen.fill()
    pen.fillStyle = style.color
    pen.textAlign = x > width / 2 ? "right" : "left"
    pen.fillText("your question", x + (x > width / 2 ? -13 : 13), y + 4)
  }

  const tell = () => {
    const dot = dots[over ?? pinned]
    if (!dot) return read.replaceChildren(Object.assign(document.createElement("span"), { textContent: POINT }))
    const name = Object.assign(document.createElement("b"), { textContent: names[dot[2]] })
    const link = Object.assign(document.createElement("a"), { textContent: "Open", href: dot[6] })
    const text = Object.assign(document.createElement("span"), { textContent: ` ${dot[4]} · ${dot[5]}` })
    read.replaceChildren(name, ...(pinned === null ? [text] : [link, text]))
  }
  const nearest = (event) => {
    const box = canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top
    let best = null, least = event.pointerType === "touch" ? 26 : 14
    placed.forEach((at, n) => {
      const far = Math.hypot(at[0] - x, at[1] - y)
      if (far < least) [best, least] = [n, far]
    })
    return best
  }
  const show = (at, pin) => {
    if (pin) pinned = at
    over = pin ? null : at
    paint()
    tell()
  }
  canvas.onpointermove = (event) => { if (event.pointerType !== "touch") show(nearest(event), false) }
  canvas.onpointerleave = () => show(null, false)
  canvas.onclick = (event) => show(nearest(event), true)

  list.replaceChildren(...names.map((name, doc) => {
    const item = document.createElement("li"), mark = document.createElement("canvas")
    item.append(mark, Object.assign(document.createElement("span"), { textContent: name, title: name }))
    mark.width = mark.height = 24
    const pen = mark.getContext("2d")
    pen.fillStyle = colour(doc)
    shape(pen, kind(doc), 12, 12, 8)
    pen.fill()
    return item
  }))
  tell()
  const watch = new ResizeObserver(paint)
  watch.observe(canvas)
  return () => watch.disconnect()
}
"""
_draw = st.components.v2.component("footlights_atlas", html=_HTML, css=_CSS, js=_JS)


def draw(drawn: Map) -> None:
    """The dots, coloured by document, the hits ringed and numbered, the question a star among them."""
    names = {dot.document_id: dot.name for dot in drawn.dots}
    places = {document_id: place for place, document_id in enumerate(names)}
    _draw(
        key="atlas",
        data={
            "dots": [_told(dot, places[dot.document_id]) for dot in drawn.dots],
            "names": list(names.values()),
            "colours": list(palette.of(theme()).chart),
            "question": drawn.question,
            "words": in_words(drawn, len(names)),
        },
    )


def in_words(drawn: Map, documents: int) -> str:
    """What the picture shows, for a reader who does not see it."""
    hits = sorted((dot for dot in drawn.dots if dot.rank), key=lambda dot: dot.rank)
    found = "; ".join(f"{hit.rank}: {hit.name}, {say.place(hit.unit, hit.page)}" for hit in hits)
    near = f". Found for the question: {found}" if found else ""
    return f"{len(drawn.dots):,} passages of {documents:,} documents by what they say{near}"


def _told(dot: Dot, document: int) -> list[float | int | str]:
    where, link = say.place(dot.unit, dot.page), f"documents?d={dot.document_id}&passage={dot.seq}"
    return [round(dot.x, 4), round(dot.y, 4), document, dot.rank, where, dot.text, link]
