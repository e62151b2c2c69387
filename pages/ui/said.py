"""A text as it was sent or said: every sign of it, nothing rendered, in a box that scrolls."""

from html import escape

from core.types import Region, Role
from pages.ui import palette

STYLE = """<style>
.fl-said {
  white-space: pre-wrap; overflow-wrap: anywhere; overflow: auto; max-height: 24rem;
  padding: .6rem .9rem; border-left: 3px solid color-mix(in srgb, currentColor 22%, transparent);
  background: color-mix(in srgb, currentColor 4%, transparent);
  border-radius: 0 .5rem .5rem 0; font-size: .88rem; line-height: 1.55;
}
.fl-who { font-size: .82rem; font-weight: 600; margin: .2rem 0 .3rem; }
.fl-who span { font-weight: 400; opacity: .78; }
.fl-mark { display: inline-block; width: .65rem; height: .65rem; border-radius: .2rem; margin-right: .5rem; }
</style>"""
_MOST = 100_000
_ROLES: dict[Role, Region] = {"system": "system", "user": "prompt", "assistant": "history"}


def box(text: str, name: str, colour: str = "") -> str:
    """HTML of the text in a box; `name` says what it is to a reader who does not see its place."""
    edge = f' style="border-color: {colour}"' if colour else ""
    rest = f"\n… {len(text) - _MOST:,} more characters" if len(text) > _MOST else ""
    return (
        f'<div class="fl-said" role="group" aria-label="{escape(name)}" tabindex="0"{edge}>'
        f"{escape(text[:_MOST])}{rest}</div>"
    )


def message(role: str, text: str, theme: str, more: str = "") -> str:
    """HTML of a message: who speaks, then what is said, in the colour of the role."""
    known = next((each for each in _ROLES if each == role), None)
    colour = palette.region(_ROLES[known], theme) if known else ""
    who = f'<div class="fl-who">{escape(role.capitalize())} <span>{escape(more)}</span></div>'
    return who + box(text, f"{role} message", colour)
