"""The little CSS that the theme options cannot do, the logo and the icon: injected once, by frame.py.

Hooks are `data-testid` and `st-key-` classes only. Lines and washes are mixed from the text colour of
the theme, so that one sheet serves light and dark, also when the system changes while a page is open.
"""

from pathlib import Path

import streamlit as st

from pages.ui import palette

_STATIC = Path(__file__).resolve().parent.parent / "static"
FAVICON = str(_STATIC / "icon.svg")

_COLUMN = """
.st-key-chat, .st-key-welcome, .st-key-demo_end,
[data-testid="stBottomBlockContainer"] > [data-testid="stVerticalBlock"] {
  width: 100%; max-width: 760px; margin-inline: auto; align-self: center;
}
[data-testid="stBottomBlockContainer"] { padding-block: .5rem 1.1rem; }
[data-testid="stBottomBlockContainer"] > [data-testid="stVerticalBlock"] { gap: .4rem; }
.st-key-welcome { padding-top: 15vh; }
.st-key-welcome :is(h1, p) { text-align: center; text-wrap: balance; }
[data-testid="stApp"]:has(.st-key-welcome) #stMain {
  background: radial-gradient(60rem 19rem at 50% 100%,
    color-mix(in srgb, #F0A24A 20%, transparent), transparent) no-repeat;
}
[data-testid="stApp"]:has(.st-key-welcome) [data-testid="stBottom"],
[data-testid="stApp"]:has(.st-key-welcome) [data-testid="stBottom"] > div { background: transparent; }
.st-key-suggestions { justify-content: center; }
/* The table stands beside its chart only where its cost and share can be seen. */
.st-key-cost_split [data-testid="stHorizontalBlock"] { flex-wrap: wrap; }
.st-key-cost_split [data-testid="stColumn"] { min-width: min(100%, 21rem); }
.st-key-chat .st-key-suggestions { justify-content: flex-start; }
.st-key-suggestions button { font-weight: 450; }
"""

_MESSAGES = """
[data-testid="stChatMessage"] { background: transparent; padding: .35rem 0; gap: .75rem; }
[data-testid="stChatMessage"]:has([aria-label="Chat message from user"]) { justify-content: flex-end; }
[data-testid="stChatMessage"]:has([aria-label="Chat message from user"])
  > [data-testid^="stChatMessageAvatar"] { display: none; }
[data-testid="stChatMessageContent"][aria-label="Chat message from user"] {
  flex: 0 1 auto; width: fit-content; max-width: 86%; margin: 0 0 0 auto; padding: .55rem .95rem;
  border-radius: 1.1rem 1.1rem .3rem 1.1rem;
  background: color-mix(in srgb, currentColor 7%, transparent);
}
[data-testid="stChatMessageContent"][aria-label="Chat message from user"] * { width: auto; }
/* Each paragraph runs as its first letter does: Arabic and Hebrew from the right. */
:is([data-testid="stChatMessage"] [data-testid="stMarkdownContainer"] :is(p, li, h1, h2, h3, h4, td, th),
  .fl-passage, .fl-said) { unicode-bidi: plaintext; text-align: start; }
/* What was sent and said is shown sign by sign: the fonts would join `->` to an arrow, `--` to a dash. */
:is([data-testid="stChatMessage"], [data-testid="stCode"] *, code, .fl-passage, .fl-said, .fl-tokens) {
  font-variant-ligatures: none;
}
"""

_CHIPS = """
[class*="st-key-citations_"], [class*="st-key-facts_"] { row-gap: .3rem; }
[class*="st-key-citations_"] [data-testid="stPopover"] button {
  min-height: 1.75rem; padding: .1rem .6rem; border-radius: 999px; font-size: .82rem;
  border: 1px solid color-mix(in srgb, currentColor 16%, transparent);
}
[class*="st-key-citations_"] [aria-expanded="true"] { color: inherit; border-color: #C8742A; }
[class*="st-key-citations_"] { column-gap: .5rem; }
[class*="st-key-facts_"] { column-gap: .25rem; }
[class*="st-key-facts_"] [data-testid="stPageLink"] a > span:first-child:not(:only-child) { display: none; }
[class*="st-key-facts_"] [data-testid="stPageLink"] a:not(:hover) { opacity: .8; }
[class*="st-key-facts_"] { font-size: .82rem; margin-top: -.35rem; }
[class*="st-key-facts_"] [data-testid="stPageLink"] a { padding: .1rem .35rem; min-height: 0; }
[class*="st-key-facts_"] button { padding: .1rem .35rem; min-height: 0; }
[class*="st-key-facts_"] :is([data-testid="stPageLink"], button) * { font-size: .82rem; }
.st-key-composer_options { column-gap: .6rem; }
.st-key-composer_options button { min-height: 1.75rem; padding: .1rem .3rem; font-size: .85rem; }
.st-key-conversations { gap: .1rem; }
.st-key-conversations [data-testid="stElementContainer"] { margin: 0; }
.st-key-conversations a:not(:hover):not(:has(strong)) { background: transparent; }
.st-key-conversations a:not(:has(strong)) p { font-weight: 400; }
.st-key-conversations [data-testid="stPageLink"] p {
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis;
}
:is(.st-key-dearest a, .st-key-suggestions button, .st-key-dearest a *, .st-key-suggestions button *) {
  white-space: normal; overflow: visible; height: auto;
}
.st-key-suggestions button { text-align: start; }
"""

_OWN = """
.st-key-leaving, .st-key-once { position: absolute; height: 0; } /* they take no room */
[data-testid="stExpander"] summary, [data-testid="stExpander"] summary * { color: inherit; opacity: 1; }
.fl-passage {
  white-space: pre-wrap; overflow: auto; max-height: 22rem; padding: .75rem .9rem;
  border-left: 2px solid color-mix(in srgb, currentColor 22%, transparent);
  background: color-mix(in srgb, currentColor 4%, transparent);
  border-radius: 0 .5rem .5rem 0; font-size: .92rem; line-height: 1.6; overflow-wrap: anywhere;
}
.fl-passage mark {
  color: inherit; background: color-mix(in srgb, #F0A24A 38%, transparent);
  border-radius: .2rem; padding: .05em .1em; box-decoration-break: clone;
  -webkit-box-decoration-break: clone;
}
[class*="st-key-page_text_"] .fl-passage { max-height: min(52rem, 85vh); }
.fl-sheet {
  position: relative; overflow: hidden; border-radius: .35rem; line-height: 0;
  box-shadow: 0 0 0 1px color-mix(in srgb, currentColor 16%, transparent),
    0 .25rem 1rem color-mix(in srgb, #000 10%, transparent);
}
.fl-sheet img { width: 100%; height: auto; display: block; }
.fl-box {
  position: absolute; margin: -.12rem; padding: .12rem; box-sizing: content-box;
  border-radius: .2rem; background: #F0A24A; opacity: .55; mix-blend-mode: multiply;
  pointer-events: none;
}
.fl-bar {
  display: flex; gap: 2px; height: .8rem; border-radius: 999px; overflow: hidden;
}
a.fl-slim { display: block; color: inherit; text-decoration: none; }
a.fl-slim:hover span { text-decoration: underline; }
.fl-slim .fl-bar { height: .3rem; }
.fl-slim span { font-size: .75rem; opacity: .75; }
.fl-part { display: block; min-width: 3px; height: 100%; }
.fl-reserve { background-image: repeating-linear-gradient(
  135deg, transparent 0 3px, rgb(255 255 255 / .28) 3px 5px); }
ul.fl-legend {
  display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; list-style: none;
  margin: .6rem 0 0; padding: 0; font-size: .85rem;
}
ul.fl-legend li { margin: 0; padding: 0; font-size: inherit; }
ul.fl-legend i {
  display: inline-block; width: .65rem; height: .65rem; border-radius: .2rem; margin-right: .4rem;
}
ul.fl-legend b { font-weight: 600; font-variant-numeric: tabular-nums; }
ul.fl-legend em { font-style: normal; opacity: .78; }
.fl-total { margin-top: .35rem; font-size: .82rem; opacity: .78; }
"""

_EVERYWHERE = """
:root { --fl-on-accent: #FFFFFF; }
@media (prefers-color-scheme: dark) { :root { --fl-on-accent: #151311; } }
[data-testid="stApp"] { --fl-on-accent: light-dark(#FFFFFF, #151311); }
[data-testid="stCaptionContainer"], [data-testid^="stBaseButton"] kbd { opacity: .74; } /* .6 is too faint to read */
/* What tells a control from the same one of another row, for whoever hears the page. */
:is([data-testid="stPopoverButton"], [data-testid="stMenuButtonButton"], [data-testid^="stBaseButton"])
  p > span[style="font-size: 0.875rem;"] {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}
[data-testid^="stBaseButton-primary"]:enabled, [data-testid^="stBaseButton-primary"]:enabled p,
[data-testid="stMultiSelect"] [data-baseweb="tag"] *,
[data-testid="stMultiSelect"] span[title], [data-testid="stMultiSelect"] span[title] * {
  color: var(--fl-on-accent);
}
:is(a, button, summary, input, textarea, [role="tab"], [tabindex="0"]):focus-visible {
  outline: 2px solid #C8742A; outline-offset: 2px;
}
/* Their frames show the focus already, and cut an outline. */
:is([data-testid="stChatInput"], [data-testid="stTextArea"]) textarea:focus-visible,
:is([data-testid="stTextInput"], [data-testid="stNumberInput"]) input:focus-visible { outline: none; }
[data-testid="stMetricValue"], [data-testid="stCaptionContainer"] { font-variant-numeric: tabular-nums; }
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] { padding-inline: 1rem; padding-top: 3.75rem; }
  [data-testid="stBottomBlockContainer"] { padding-inline: .75rem; padding-bottom: .75rem; }
  [data-testid="stChatMessage"] > [data-testid^="stChatMessageAvatar"] { display: none; }
  .st-key-welcome { padding-top: 6vh; }
  .st-key-composer_options { flex-wrap: nowrap; overflow-x: auto; scrollbar-width: none; }
  .st-key-suggestions { row-gap: .5rem; }
  [data-testid="stButtonGroup"] [role="radiogroup"] { flex-wrap: wrap; gap: .35rem; mask-image: none; }
  [data-testid="stButtonGroup"] [role="radiogroup"] > button { border-radius: .5rem; }
  [data-testid="stButtonGroup"] [role="radiogroup"] > button[aria-checked="false"] {
    border: 1px solid color-mix(in srgb, currentColor 16%, transparent) !important;  /* over the sides that it takes away */
  }
}
/* With colours of the reader's own, what is told by a colour alone keeps its own or is told by another sign. */
@media (forced-colors: active) {
  .fl-bar, .fl-part, .fl-mark, ul.fl-legend i, .fl-box,
  [data-testid="stCheckbox"] label > div:not([data-testid]), [data-testid="stCheckbox"] label > div:not([data-testid]) > div,
  [data-testid="stProgressBarTrack"], [data-testid="stProgressBarTrack"] > div { forced-color-adjust: none; }
  .fl-bar, [data-testid="stProgressBarTrack"] { outline: 1px solid CanvasText; }
  [data-testid="stChatMessageContent"][aria-label="Chat message from user"] { border: 1px solid CanvasText; }
  [role="tab"][aria-selected="true"], [role="radio"][aria-checked="true"], [data-testid="stPagination"] [aria-current],
  [data-testid="stButtonGroup"] [aria-pressed="true"] {
    forced-color-adjust: none; background: Highlight !important; color: HighlightText !important;
  }
  :is([role="tab"][aria-selected="true"], [role="radio"][aria-checked="true"]) * { color: HighlightText !important; }
}
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { animation-duration: .01ms !important; animation-iteration-count: 1 !important;
    transition-duration: .01ms !important; scroll-behavior: auto !important; }
}
"""


def _code() -> str:
    """The colours of code, each of which can be read on the ground that code has in either theme."""
    light, dark = palette.LIGHT, palette.DARK
    rules = [
        (("token",), light.text, dark.text),
        (palette.CODE_MUTED, light.muted, dark.muted),
        (palette.CODE_ACCENT, light.accent, dark.accent),
    ]
    rules += [(names, light.chart[at], dark.chart[at]) for at, names in palette.CODE]
    return "".join(
        f'[data-testid="stCode"] :is({", ".join(f".{name}" for name in names)}) '
        f"{{ color: light-dark({one}, {other}) !important; }}\n"
        for names, one, other in rules
    )


def inject() -> None:
    """Put the style sheet and the logo on the page."""
    st.html(f"<style>{_COLUMN}{_MESSAGES}{_CHIPS}{_OWN}{_EVERYWHERE}{_code()}</style>")
    st.logo(str(_STATIC / "logo.svg"), size="medium", icon_image=FAVICON)
