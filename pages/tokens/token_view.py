"""Tokens of a text of one's own: how many for each model and at what price, where each begins, and what a
limit would leave of it."""

from collections.abc import Callable
from html import escape
from typing import Literal

import streamlit as st

from core.bootstrap import Piece, Workbench
from pages.ui import palette, said, say, sums
from pages.ui.markdown import label
from pages.ui.session import theme, user

STYLE = """<style>
.fl-tokens {
  font: .82rem/1.9 "JetBrains Mono", ui-monospace, monospace; white-space: pre-wrap;
  overflow-wrap: anywhere; overflow: auto; max-height: 22rem; padding: .7rem .9rem;
  border-radius: .5rem; background: color-mix(in srgb, currentColor 4%, transparent);
}
.fl-tokens span { border-radius: .2rem; padding: .1rem 0; box-decoration-break: clone; }
.fl-models { border-collapse: collapse; width: 100%; font-size: .85rem; font-variant-numeric: tabular-nums; }
.fl-models :is(th, td) {
  text-align: right; padding: .4rem .6rem; font-weight: 400;
  border-bottom: 1px solid color-mix(in srgb, currentColor 14%, transparent);
}
.fl-models thead th { opacity: .7; }
.fl-models tr > :first-child { text-align: left; padding-left: 0; font-weight: 600; }
@media (max-width: 640px) {
  .fl-models thead { display: none; }
  .fl-models tr { display: block; padding: .5rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 14%, transparent); }
  .fl-models :is(th, td) { display: flex; justify-content: space-between; border: 0; padding: .1rem 0; }
  .fl-models td::before { content: attr(data-name); opacity: .7; }
}
</style>"""
_MODELS = {"o200k_base": "openai:gpt-4o", "cl100k_base": "openai:gpt-4"}
_USED_BY = {"o200k_base": "GPT-4o and later", "cl100k_base": "GPT-4, GPT-3.5"}
_MOST = 1_000_000
_DRAWN = 2_000
_COLOURS = 5
_KEEP: dict[Literal["head", "tail", "both"], str] = {
    "head": "the beginning",
    "tail": "the end",
    "both": "both ends",
}
_SAMPLES = {
    "Prose": "The ghost light burns at the centre of the empty stage until the first one comes in.",
    "Code": "def cue(number: int) -> str:\n    return f'LX {number:>4}'  # one cue, four digits wide\n",
    "JSON": '{"cue": 12, "fixtures": ["F1", "F2"], "level": 0.75, "fade_s": 3.5}',
    "Arabic": "يبقى ضوء واحد في وسط المسرح بعد أن يغادر آخر شخص.",
    "Hindi": "आख़िरी व्यक्ति के जाने के बाद मंच के बीच एक बत्ती जलती रहती है।",
    "Base64": "R2hvc3QgbGlnaHQsIGNlbnRyZSBzdGFnZSwgb24gdW50aWwgdGhlIGZpcnN0IG9uZSBjb21lcyBpbi4=",
    "Japanese": "舞台の中央には、最後の人が帰ったあとも一つの明かりがともっている。",
    "Emoji": "Break a leg! 🎭🕯️👩‍🎤 See you at the half 🙌🏽",
}


def draw(bench: Workbench) -> None:
    """The field, and below it everything that can be told of the text in it."""
    st.html(STYLE)
    text = st.text_area(
        "Text to count",
        placeholder="Paste anything: prose, code, JSON, another script. Ctrl+Enter counts it.",
        max_chars=_MOST,
        height=140,
        label_visibility="collapsed",
        key="counted_text",
    )
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="samples"):
        st.caption("Or try", width="content")
        for name, sample in _SAMPLES.items():
            st.button(
                name,
                type="tertiary",
                key=f"sample_{name}",
                on_click=lambda sample=sample: st.session_state.update(counted_text=sample),
            )
    if not text:
        st.caption("English has about 4.5 characters a token, code 2.8, JSON 1.9, Japanese 1.3.")
        return
    there = [name for name, ref in _MODELS.items() if bench.counter.encoding_name(ref)[0] == name]
    sums.row([_counted(bench, name, text, name in there) for name in _MODELS], "counted")
    words = len(text.split())
    st.caption(
        f"{len(text):,} characters, {words:,} word{'' if words == 1 else 's'}, "
        f"{say.size(len(text.encode()))}"
    )
    _tokens(bench, text, there)
    _models(bench, text)
    _limit(bench, text)


def boundaries(bench: Workbench, text: str, model: str) -> str:
    """HTML of the text token by token as the model is counted, with its look; a long one is cut."""
    pieces = bench.counter.pieces(text, model, _DRAWN)
    cut = len(pieces) == _DRAWN
    return STYLE + coloured(pieces) + ("<p>… and more tokens</p>" if cut else "")


def _counted(bench: Workbench, name: str, text: str, is_there: bool) -> tuple[str, str, str]:
    title = f"{name}, {_USED_BY[name]}"
    if not is_there:
        return title, "not here", "python -m core.assets fetches it"
    count = bench.counter.count(text, _MODELS[name])
    return title, say.tokens(count), f"{len(text) / max(count, 1):.1f} characters a token"


def _tokens(bench: Workbench, text: str, there: list[str]) -> None:
    name = there[0]
    if len(there) > 1:
        name = st.segmented_control(
            "Where each token begins", there, default=name, key="tokens_of", required=True
        )
    show = st.segmented_control(
        "Show each token as", list(_SHOW), default="text", key="tokens_show", required=True
    )
    pieces = bench.counter.pieces(text, _MODELS[name], _DRAWN)
    st.html(coloured(pieces, _SHOW[show]))
    rest = bench.counter.count(text, _MODELS[name]) - len(pieces)
    more = f" The first {_DRAWN:,} are drawn; {rest:,} more follow." if rest > 0 else ""
    st.caption(
        f"One colour after another, a token each; part of a character is shown by its bytes.{more}"
    )


def coloured(pieces: tuple[Piece, ...], show: Callable[[Piece], str] | None = None) -> str:
    """HTML of the tokens in turn, each as `show` says; as text, one that is only part of a character is shown
    by its bytes."""
    chart = palette.of(theme()).chart
    spans = []
    for place, piece in enumerate(pieces):
        shown = (show or _text)(piece)
        title = f"{piece.id}: {piece.data.hex(' ')}"
        wash = f"color-mix(in srgb, {chart[place % _COLOURS]} 26%, transparent)"
        spans.append(f'<span style="background:{wash}" title="{title}">{escape(shown)}</span>')
    return (
        f'<div class="fl-tokens" dir="auto" role="region" aria-label="The text, token by token" tabindex="0">'
        f"{''.join(spans)}</div>"
    )


def _text(piece: Piece) -> str:
    shown = piece.data.decode(errors="replace")
    if "\ufffd" in shown:
        shown = "".join(f"\\x{byte:02x}" for byte in piece.data)
    return shown


_SHOW: dict[str, Callable[[Piece], str]] = {
    "text": _text,
    "numbers": lambda piece: f"{piece.id} ",
    "bytes": lambda piece: f"{piece.data.hex(' ')} ",
}


def _models(bench: Workbench, text: str) -> None:
    """What the text comes to for each model; on a phone a model's figures stand below its name."""
    rows = []
    for info in bench.priced(user(), [m for state in bench.models.states() for m in state.models]):
        if not info.is_model:
            continue
        count = bench.counter.count(text, info.ref)
        basis, error = bench.counter.basis(info.ref), bench.counter.calibration(info.ref).error
        cost = None if info.price is None else info.price.of(count)
        cells = (
            ("Tokens", f"{count:,}"),
            ("Count", say.basis(basis, error)),
            ("Of its window", say.share(count / info.window)),
            ("To send", say.money(cost)),
            ("1,000 times", say.money(None if cost is None else cost * 1000)),
        )
        rows.append((info.label, cells))
    if rows:
        st.markdown("**The same text for each model**")
        st.html(_table(rows))


def _table(rows: list[tuple[str, tuple[tuple[str, str], ...]]]) -> str:
    head = "".join(f"<th scope=col>{name}</th>" for name in ("Model", *(n for n, _ in rows[0][1])))
    body = "".join(
        f"<tr><th scope=row>{escape(model)}</th>"
        + "".join(f'<td data-name="{name}">{escape(value)}</td>' for name, value in cells)
        + "</tr>"
        for model, cells in rows
    )
    return f'<table class="fl-models"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _limit(bench: Workbench, text: str) -> None:
    count = bench.counter.count(text)
    st.markdown("**Cut it at a limit**")
    with st.container(horizontal=True, vertical_alignment="bottom", key="cut_at"):
        limit = st.number_input(
            "Tokens", 1, max(1, count), max(1, count // 2), key=f"cut_{count}", width=140
        )
        keep = st.segmented_control(
            "Keep",
            list(_KEEP),
            default="head",
            format_func=_KEEP.__getitem__,
            key="cut_keep",
            required=True,
        )
    kept = bench.counter.truncate(text, limit, keep=keep)
    st.html(said.box(kept, "What is left"))
    left = bench.counter.count(kept)
    st.caption(label(f"{left:,} of {count:,} tokens are left; no character is cut in two."))
