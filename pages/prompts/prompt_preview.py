"""What a model would be sent: every message as it is, whose words are where in it, and what it costs.

The page gives the values and the model; the preview is drawn in the browser (`pages/editor/preview.js`),
which asks the API for it with every key in the editor, without a run of the page.
"""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import streamlit as st

from core.bootstrap import PromptTemplate, Workbench, defence_differs
from core.errors import FootlightsError
from core.types import Message, ModelInfo, Turn
from pages.ui import palette, prompt_values, say
from pages.ui.markdown import label
from pages.ui.session import theme

_CSS = """
.preview {
  --fl-faint: light-dark(#6B6259, #A89E92); --fl-bad: light-dark(#B3261E, #F28B82);
  font: 1rem/1.6 var(--st-font); color: var(--st-text-color);
  transition: opacity .15s .3s;  /* an answer that comes at once is no reason to flicker */
}
.preview.behind { opacity: .5; }
p { margin: 0 0 .8rem; }
p:empty { display: none; }
b { font-weight: 600; }
.faint { color: var(--fl-faint); font-size: .875rem; }
section > p .faint { font-size: inherit; }
section { margin-top: 1.1rem; }
.fault { border-radius: .7rem; padding: .8rem 1rem; margin-bottom: .8rem; overflow-wrap: anywhere;
  color: var(--st-red-text-color); background: var(--st-red-background-color); }
.fault p { margin: .5rem 0 0; }
.over { display: block; color: var(--fl-bad); }
.fl-sent {
  font: .8rem/1.6 "JetBrains Mono", ui-monospace, monospace; white-space: pre-wrap;
  overflow-wrap: anywhere; overflow: auto; max-height: 26rem; padding: .7rem .9rem;
  border-radius: .5rem; background: color-mix(in srgb, currentColor 4%, transparent);
}
.fl-sent:empty { display: none; }
.fl-sent + p { margin: .5rem 0 0; }
mark, .whose i { color: inherit; border-radius: .2rem; box-decoration-break: clone; }
.whose { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; font-size: .85rem; }
.whose i { font-style: normal; padding: 0 .3rem; }
button { font: .8rem var(--st-font); color: inherit; background: transparent; cursor: pointer;
  border: 1px solid var(--st-border-color); border-radius: .4rem; padding: .1rem .6rem; margin-left: .8rem; }
button:hover { border-color: var(--st-primary-color); color: var(--st-primary-color); }
"""
_JS = Path(__file__).resolve().parent.parent / "editor" / "preview.js"
_draw = st.components.v2.component(
    "footlights_prompt_preview",
    html='<div class="preview"></div>',
    css=_CSS,
    js=_JS.read_text(encoding="utf-8"),
)
_TRUSTED_AS: dict[str, Any] = {"user": "prompt", "retrieved": "sources", "trusted": "system"}


def draw(
    bench: Workbench, template: PromptTemplate, draft: PromptTemplate, turn: Turn | None
) -> None:
    """The preview of what the editor of `template` holds, with values to be changed for the variables
    of `draft`, its text as it was last when it could be sent."""
    long, row = st.container(), st.container(horizontal=True, vertical_alignment="bottom")
    try:
        with long:
            values = prompt_values.form(bench, draft, turn, row)
    except FootlightsError as error:
        say.problem(error)
        return
    st.session_state[_tried_key(draft.name)] = values
    with row:
        info = model(bench, turn)
    raw = st.toggle("Raw text", key="prompt_raw", help="As the model gets it, to be copied.")
    _draw(
        key=f"prompt_sent_{template.ref}",
        data={
            "name": template.name,
            "ref": template.ref,
            "values": values,
            "model": info.ref,
            "raw": raw,
            "theme": theme(),
            "words": {trust: words for trust, (_, words) in prompt_values.TRUST.items()},
            "colours": {trust: _wash(trust) for trust in prompt_values.TRUST},
        },
    )
    _hints(draft)
    if draft.output:
        with st.expander("The answer is JSON of this schema"):
            st.json(dict(draft.output))
    if turn:
        st.caption("Earlier questions of the conversation are sent between these; Window has all.")


def tried(name: str) -> dict[str, Any]:
    """The values with which this prompt was shown last in this session; empty before."""
    found: dict[str, Any] = st.session_state.get(_tried_key(name), {})
    return found


def _tried_key(name: str) -> str:
    return f"prompt_tried_{name}"


def model(bench: Workbench, turn: Turn | None, *, key: str = "priced_for") -> ModelInfo:
    """The model for which tokens and price are told, as it is chosen."""
    models = {info.ref: info for state in bench.models.states() for info in state.models}
    first = bench.models.resolve(None)
    models.setdefault(first.ref, first)
    refs = list(models)
    wanted = turn.model if turn and turn.model in models else first.ref
    picked = st.selectbox(
        "Counted and priced for",
        refs,
        index=refs.index(wanted),
        format_func=lambda ref: models[ref].label,
        key=f"{key}_{turn.id if turn else ''}",
        width=220,
    )
    return models[picked]


def counted(bench: Workbench, messages: Sequence[Message], info: ModelInfo) -> int:
    """The tokens of a call with these messages."""
    own = sum(bench.counter.count_message(part, info.ref) for part in messages)
    return own + bench.counter.reply_overhead


def _hints(draft: PromptTemplate) -> None:
    hints = draft.model
    told = [
        f"the model {label(hints.name)}" if hints.name else "",
        f"at most {say.tokens(hints.max_tokens)} of answer" if hints.max_tokens else "",
        f"temperature {hints.temperature:g}" if hints.temperature is not None else "",
    ]
    if any(told):
        st.caption(f"The prompt asks for {', '.join(each for each in told if each)}.")
    if own := defence_differs(draft.layers):
        st.caption(
            f":material/shield: Its answers are made {own}. The *Injection range* says what that is worth."
        )


def price(info: ModelInfo, tokens: int) -> Decimal | None:
    """What it costs in US dollars to send so many tokens, None when the price is unknown."""
    return None if info.price is None else info.price.of(tokens)


def _wash(trust: str) -> str:
    colour = palette.region(_TRUSTED_AS[trust], theme())
    return f"color-mix(in srgb, {colour} 22%, transparent)"
