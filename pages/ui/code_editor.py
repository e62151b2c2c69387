"""A code editor for prompt files: CodeMirror in the page itself, so that it follows the theme."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

_BUNDLE = Path(__file__).resolve().parent.parent / "static" / "code_editor.js"
_VERSION = hashlib.sha256(_BUNDLE.read_bytes()).hexdigest()[:12]
_CSS = """
.editor {
  --fl-keyword: light-dark(#6C58C4, #A597F2); --fl-name: light-dark(#A84B0A, #F0A24A);
  --fl-key: light-dark(#2E74A8, #6CB2E4); --fl-string: light-dark(#147D6F, #4FC0AE);
  --fl-number: light-dark(#B03A66, #EB84A8); --fl-faint: light-dark(#6B6259, #A89E92);
  --fl-bad: light-dark(#B3261E, #F28B82);
  color: var(--st-text-color); box-sizing: border-box; overflow: hidden;
  border: 1px solid var(--st-border-color); border-radius: .6rem;
  background: var(--st-background-color);
}
.editor:focus-within { border-color: var(--st-primary-color); }
@media (max-width: 640px) { .editor { --fl-size: 16px; } }  /* smaller, and a phone zooms in */
"""
_JS = """
const kept = new WeakMap()
const address = new URL("app/static/code_editor.js?v=VERSION", document.baseURI).href

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const box = parentElement.querySelector(".editor")
  box.style.colorScheme = data.theme
  box.style.height = `${data.height}px`
  const one = kept.get(box) || {}
  Object.assign(one, { data, setStateValue, setTriggerValue })
  if (one.editor) one.editor.show(data)
  else if (!kept.has(box)) {
    kept.set(box, one)
    import(address).then(({ mount }) => {
      if (one.ended) return
      one.editor = mount(box, {
        ...one.data,
        onText: (text, n) => one.setStateValue("draft", { text, n }),
        onSave: () => one.setTriggerValue("keep", true),
        onRun: () => one.setTriggerValue("run", true),
      })
      one.editor.show(one.data)
    })
  }
  return () => {
    one.ended = true
    one.editor?.end()
    kept.delete(box)
  }
}
""".replace("VERSION", _VERSION)
_draw = st.components.v2.component(
    "footlights_code_editor", html='<div class="editor"></div>', css=_CSS, js=_JS
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and at which line and column of the text."""

    line: int
    column: int
    text: str


def draw(
    text: str,
    *,
    key: str,
    label: str,
    theme: str,
    fault: Fault | None,
    words: Sequence[tuple[str, str]],
    on_text: Callable[[str], None],
    on_keep: Callable[[], None],
    on_run: Callable[[], None],
    height: int = 540,
) -> None:
    """Draw the editor with this text; `on_text` is called with every change of it, shortly after the
    last key, `on_keep` at Ctrl+S and `on_run` at Ctrl+Enter. `words` are what it completes: variables and functions."""
    state: Any = st.session_state.get(key) or {}

    def told() -> None:
        draft = st.session_state[key].get("draft")
        if isinstance(draft, dict) and isinstance(draft.get("text"), str):
            on_text(draft["text"])

    _draw(
        key=key,
        data={
            "text": text,
            "n": (state.get("draft") or {}).get("n", 0),
            "label": label,
            "theme": theme,
            "height": height,
            "fault": {"line": fault.line, "column": fault.column, "text": fault.text}
            if fault
            else None,
            "words": [{"label": word, "type": kind} for word, kind in words],
        },
        on_draft_change=told,
        on_keep_change=on_keep,
        on_run_change=on_run,
    )
