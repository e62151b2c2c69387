"""What a model would be sent: every message as it is, whose words are where in it, and what it costs."""

import re
from collections.abc import Sequence
from decimal import Decimal
from html import escape
from typing import Any

import streamlit as st

from core.bootstrap import PromptTemplate, Rendered, TrustSpan, Workbench
from core.errors import FootlightsError
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
_WHOSE = {"user": "typed by the user", "retrieved": "from documents", "trusted": "set by you"}
_PLACE = re.compile(r"line (\d+)(?:, column (\d+))?")


def draw(bench: Workbench, name: str, raw: str, turn: Turn | None) -> None:
    """The preview of this text as the prompt, or where its first fault is."""
    try:
        template = bench.prompts.draft(name, raw)
        bench.bridge.run(bench.sandbox.check(template))
        long, row = st.container(), st.container(horizontal=True, vertical_alignment="bottom")
        with long:
            values = prompt_values.form(bench, template, turn, row)
        with row:
            info = _model(bench, turn)
        rendered = bench.bridge.run(bench.sandbox.render(template, values))
    except FootlightsError as error:
        say.problem(error)
        _excerpt(raw, str(error))
        return
    _cost(bench, rendered.messages, info)
    st.html(_whose(bench, template, rendered, info))
    for number, part in enumerate(rendered.messages):
        counted = say.tokens(bench.counter.count_message(part, info.ref))
        st.markdown(f"**{part.role.capitalize()}** · :gray[{counted}]")
        st.html(_sent(part, [span for span in rendered.spans if span.message == number]))
    if turn:
        st.caption("Earlier questions of the conversation are sent between these; Window has all.")


def _excerpt(raw: str, problem: str) -> None:
    """The faulty line with its neighbours, and a sign under the column."""
    found = _PLACE.search(problem)
    if not found:
        return
    lines, at = raw.split("\n"), int(found[1])
    shown = []
    for number in range(max(1, at - 1), min(len(lines), at + 1) + 1):
        shown.append(f"{number:4} | {lines[number - 1]}")
        if number == at and found[2]:
            shown.append(" " * (6 + int(found[2])) + "^")
    st.code("\n".join(shown), language=None)


def _model(bench: Workbench, turn: Turn | None) -> ModelInfo:
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
        key=f"priced_for_{turn.id if turn else ''}",
        width=220,
    )
    return models[picked]


def _cost(bench: Workbench, messages: Sequence[Message], info: ModelInfo) -> None:
    counter = bench.counter
    tokens = sum(counter.count_message(part, info.ref) for part in messages)
    tokens += counter.reply_overhead
    _, exact = counter.encoding_name(info.ref)
    about = "" if exact else "about "
    window = f"{tokens / info.window:.1%} of a window of {info.window:,}"
    st.markdown(f"**{about}{say.tokens(tokens)}** to send, {window} · {_price(info, tokens)}")
    if tokens > info.window:
        st.warning("This is more than the model can read: fewer passages, or a larger window.")


def _price(info: ModelInfo, tokens: int) -> str:
    if info.price is None:
        return "price unknown"
    if not info.price.input and not info.price.output:
        return label("$0")
    sent = label(say.money(info.price.input * tokens / Decimal(10**6)))
    answered = label(say.money(info.price.output / Decimal(1000)))
    return f"**{sent}** per call, and {answered} per 1,000 tokens of answer"


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
                f"{count}, {_WHOSE[variable.trust]}</span>"
            )
    if rendered.hidden:
        entries.append(f"<span>{rendered.hidden:,} invisible characters removed</span>")
    return f'<div class="fl-whose">{"".join(entries)}</div>'


def _sent(part: Message, spans: Sequence[TrustSpan]) -> str:
    pieces, at = [], 0
    for span in sorted(spans, key=lambda span: span.start):
        if span.start < at:
            continue  # inside one that is marked already
        title = f"{span.variable}: {_WHOSE[span.trust]}"
        pieces.append(escape(part.text[at : span.start]))
        pieces.append(
            f'<mark style="{_wash(span.trust)}" title="{escape(title)}">'
            f"{escape(part.text[span.start : span.end])}</mark>"
        )
        at = span.end
    pieces.append(escape(part.text[at:]))
    name = f"{part.role} message"
    return (
        f'<div class="fl-sent" role="region" aria-label="{name}" tabindex="0">'
        f"{''.join(pieces)}</div>"
    )


def _wash(trust: str) -> str:
    regions: dict[str, Any] = {"user": "prompt", "retrieved": "sources"}
    colour = palette.region(regions.get(trust, "system"), theme())
    return f"background: color-mix(in srgb, {colour} 22%, transparent)"
