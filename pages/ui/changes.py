"""What changed between two texts, line by line and in colour."""

from collections.abc import Sequence
from difflib import SequenceMatcher
from html import escape

_CONTEXT = 3
STYLE = """<style>
.fl-diff { font: .8rem/1.55 "JetBrains Mono", ui-monospace, monospace; overflow-x: auto; }
.fl-diff div { white-space: pre-wrap; overflow-wrap: anywhere; padding: 0 .6rem 0 1.6rem; text-indent: -1.1rem; }
.fl-diff .was { background: color-mix(in srgb, #B3261E 13%, transparent); }
.fl-diff .is { background: color-mix(in srgb, #147D6F 15%, transparent); }
.fl-diff .gap { opacity: .6; padding-block: .3rem; }
</style>"""


def changed_lines(before: str, after: str) -> tuple[int, int]:
    """How many lines are new, and how many are gone."""
    new = gone = 0
    for tag, start, end, to_start, to_end in _matcher(before, after).get_opcodes():
        if tag != "equal":
            gone += end - start
            new += to_end - to_start
    return new, gone


def diff(before: str, after: str) -> str:
    """HTML of the changes with a few lines around them; a sign tells what the colour tells."""
    old, new = before.splitlines(), after.splitlines()
    groups = []
    for group in _matcher(before, after).get_grouped_opcodes(_CONTEXT):
        lines = [f'<div class="gap">line {group[0][3] + 1}</div>']
        for tag, start, end, to_start, to_end in group:
            if tag == "equal":
                lines += _lines("", " ", new[to_start:to_end])
            else:
                lines += _lines("was", "−", old[start:end]) + _lines(
                    "is", "+", new[to_start:to_end]
                )
        groups.append("".join(lines))
    return f'<div class="fl-diff" role="region" aria-label="Changes" tabindex="0">{"".join(groups)}</div>'


def _matcher(before: str, after: str) -> SequenceMatcher[str]:
    return SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)


def _lines(name: str, sign: str, lines: Sequence[str]) -> list[str]:
    return [f'<div class="{name}">{sign} {escape(line)}</div>' for line in lines]
