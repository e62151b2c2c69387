"""What a model would be sent: every message as it is, whose words are where in it, and what it costs."""

from collections.abc import Sequence
from decimal import Decimal
from html import escape
from typing import Any

import streamlit as st

from core.bootstrap import PromptTemplate, Rendered, TrustSpan, Workbench, defence_differs
from core.types import Message, ModelInfo, Turn
from pages.ui import palette, prompt_values, say
from pages.ui.markdown import label
from pages.ui.session import theme

STYLE = """<style>
.fl-sent {
  font: .8rem/1.6 "JetBrains Mono", ui-monospace, monospace; white-space: pre-wrap;
  overflow-wrap: anywhere; overflow: auto; max-height: 26rem; padding: .7rem .9rem;
  border-radius: .5rem; background: color-mix(in srgb, currentColor 4%, transparent);
}
.fl-sent mark, .fl-whose i { color: inherit; border-radius: .2rem; box-decoration-break: clone; }
.fl-whose { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; font-size: .85rem; }
.fl-whose i { font-style: normal; padding: 0 .3rem; }
</style>"""

_SHOWN = 50_000
"""Characters of a message that the page is sent with every key."""


def draw(bench: Workbench, template: PromptTemplate, turn: Turn | None) -> None:
    """The preview of this text as the prompt, with values to be changed. Raises FootlightsError."""
    long, row = st.container(), st.container(horizontal=True, vertical_alignment="bottom")
    with long:
        values = prompt_values.form(bench, template, turn, row)
    st.session_state[_tried_key(template.name)] = values
    with row:
        info = model(bench, turn)
    rendered = bench.bridge.run(bench.sandbox.render(template, values))
    if not rendered.messages:
        st.caption("This partial holds macros alone: nothing is sent until a prompt calls them.")
        return
    _cost(bench, template, rendered.messages, info)
    raw = st.toggle("Raw text", key="prompt_raw", help="As the model gets it, to be copied.")
    if not raw:
        st.html(_whose(bench, template, rendered, info))
    for number, part in enumerate(rendered.messages):
        counted = say.tokens(bench.counter.count_message(part, info.ref))
        st.markdown(f"**{part.role.capitalize()}** · :gray[{counted}]")
        if raw:
            st.code(part.text[:_SHOWN], language=None, wrap_lines=True)
        else:
            st.html(_sent(part, [span for span in rendered.spans if span.message == number]))
        if len(part.text) > _SHOWN:
            st.caption(f"{len(part.text) - _SHOWN:,} more characters are sent; they are not shown.")
    if template.output:
        with st.expander("The answer is JSON of this schema"):
            st.json(dict(template.output))
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


def _cost(
    bench: Workbench, template: PromptTemplate, messages: Sequence[Message], info: ModelInfo
) -> None:
    tokens = counted(bench, messages, info)
    _, exact = bench.counter.encoding_name(info.ref)
    about = "" if exact else "about "
    window = f"{tokens / info.window:.1%} of a window of {say.tokens(info.window)}"
    st.markdown(f"**{about}{say.tokens(tokens)}** to send, {window}  \n{_price(info, tokens)}")
    hints = template.model
    told = [
        f"the model {label(hints.name)}" if hints.name else "",
        f"at most {say.tokens(hints.max_tokens)} of answer" if hints.max_tokens else "",
        f"temperature {hints.temperature:g}" if hints.temperature is not None else "",
    ]
    if any(told):
        st.caption(f"The prompt asks for {', '.join(each for each in told if each)}.")
    if own := defence_differs(template.layers):
        st.caption(
            f":material/shield: Its answers are made {own}. The *Injection range* says what that is worth."
        )
    if tokens > info.window:
        st.warning("This is more than the model can read: fewer passages, or a larger window.")


def _price(info: ModelInfo, tokens: int) -> str:
    sent = price(info, tokens)
    if sent is None:
        return "price unknown"
    if info.price is None or not (info.price.input or info.price.output):
        return label("$0 per call, $0 per 1,000 calls")
    answered = label(say.money(info.price.output / Decimal(1000)))
    each, many = label(say.money(sent)), label(say.money(sent * 1000))
    return f"**{each}** per call, **{many}** per 1,000 calls; {answered} per 1,000 tokens of answer"


def price(info: ModelInfo, tokens: int) -> Decimal | None:
    """What it costs in US dollars to send so many tokens, None when the price is unknown."""
    return None if info.price is None else info.price.input * tokens / Decimal(10**6)


def _whose(bench: Workbench, template: PromptTemplate, rendered: Rendered, info: ModelInfo) -> str:
    """HTML of a legend: the words of each variable, whose they are, and how many tokens they take."""
    entries = []
    for variable in template.variables:
        said = [
            rendered.messages[span.message].text[span.start : span.end]
            for span in rendered.spans
            if span.variable == variable.name
        ]
        if said:
            count = say.tokens(sum(bench.counter.count(text, info.ref) for text in said))
            entries.append(
                f'<span><i style="{_wash(variable.trust)}">{escape(variable.name)}</i> '
                f"{count}, {prompt_values.TRUST[variable.trust][1]}</span>"
            )
    if rendered.hidden:
        entries.append(f"<span>{rendered.hidden:,} invisible characters removed</span>")
    return f'<div class="fl-whose">{"".join(entries)}</div>'


def _sent(part: Message, spans: Sequence[TrustSpan]) -> str:
    pieces, at, shown = [], 0, part.text[:_SHOWN]
    for span in sorted(spans, key=lambda span: span.start):
        if not at <= span.start < len(shown):
            continue  # inside one that is marked already, or not shown
        title = f"{span.variable}: {prompt_values.TRUST[span.trust][1]}"
        pieces.append(escape(shown[at : span.start]))
        pieces.append(
            f'<mark style="{_wash(span.trust)}" title="{escape(title)}">'
            f"{escape(shown[span.start : span.end])}</mark>"
        )
        at = span.end
    pieces.append(escape(shown[at:]))
    name = f"{part.role} message"
    return (
        f'<div class="fl-sent" role="region" aria-label="{name}" tabindex="0">'
        f"{''.join(pieces)}</div>"
    )


def _wash(trust: str) -> str:
    regions: dict[str, Any] = {"user": "prompt", "retrieved": "sources"}
    colour = palette.region(regions.get(trust, "system"), theme())
    return f"background: color-mix(in srgb, {colour} 22%, transparent)"
