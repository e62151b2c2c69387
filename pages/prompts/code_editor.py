"""A code editor for prompt files: CodeMirror in the page itself, so that it follows the theme.

What is written is told with every key by the event `footlights:written` of the browser's document, to
whoever draws what it means (`pages/editor/preview.js`), who answers by `footlights:read` with what is
wrong with it; and to the page after a pause.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

_PAGES = Path(__file__).resolve().parent.parent
_VERSION = hashlib.sha256((_PAGES / "static" / "code_editor.js").read_bytes()).hexdigest()[:12]
_CSS = """
.editor {
  --fl-keyword: light-dark(#6C58C4, #A597F2); --fl-name: light-dark(#A84B0A, #F0A24A);
  --fl-key: light-dark(#2E74A8, #6CB2E4); --fl-string: light-dark(#147D6F, #4FC0AE);
  --fl-number: light-dark(#B03A66, #EB84A8); --fl-faint: light-dark(#6B6259, #A89E92);
  color: var(--st-text-color); box-sizing: border-box; overflow: hidden;
  border: 1px solid var(--st-border-color); border-radius: .6rem;
  background: var(--st-background-color);
}
:host, .editor, .state { --fl-bad: light-dark(#B3261E, #F28B82); }
.editor:focus-within { border-color: var(--st-primary-color); }
.state { font: .875rem/1.5 var(--st-font); color: light-dark(#6B6259, #A89E92); margin: .9rem 0 0; }
.state b { font-weight: 400; }
.state .bad { color: var(--fl-bad); }
@media (max-width: 640px) { .editor { --fl-size: 16px; } }  /* smaller, and a phone zooms in */
"""
_JS = (_PAGES / "editor" / "component.js").read_text(encoding="utf-8").replace("VERSION", _VERSION)
_draw = st.components.v2.component(
    "footlights_code_editor",
    html='<div class="editor"></div><p class="state"></p>',
    css=_CSS,
    js=_JS,
)


def draw(
    text: str,
    *,
    key: str,
    ref: str,
    label: str,
    state: str,
    most: int,
    theme: str,
    words: Sequence[tuple[str, str]],
    on_text: Callable[[str], None],
    on_keep: Callable[[], None],
    on_run: Callable[[], None],
    height: int = 540,
) -> None:
    """Draw the editor with this text; `on_text` is called with a change of it in a pause after the last
    key, `on_keep` at Ctrl+S and `on_run` at Ctrl+Enter. `ref` is what its events are known by, `state` says
    what becomes of the text, which has at most `most` characters; `words` are what it completes: variables
    and functions."""
    before: Any = st.session_state.get(key) or {}

    def told() -> None:
        draft = st.session_state[key].get("draft")
        if isinstance(draft, dict) and isinstance(draft.get("text"), str):
            on_text(draft["text"])

    _draw(
        key=key,
        data={
            "text": text,
            "n": (before.get("draft") or {}).get("n", 0),
            "ref": ref,
            "label": label,
            "state": state,
            "most": most,
            "theme": theme,
            "height": height,
            "words": [{"label": word, "type": kind} for word, kind in words],
        },
        on_draft_change=told,
        on_keep_change=on_keep,
        on_run_change=on_run,
    )
