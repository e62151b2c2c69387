"""An answer's Markdown as HTML that runs nothing and asks nobody: our own tags around escaped text."""

import re
from collections.abc import Callable
from html import escape

_BLOCK = re.compile(r"\n\s*\n")
_FENCE = re.compile(r"^```[^\n]*\n(.*?)(?:^```[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"#{1,6}[ \t]+(.+)")
_BULLET = re.compile(r"[ \t]*[-*+][ \t]+(.*)")
_NUMBER = re.compile(r"[ \t]*\d{1,4}[.)][ \t]+(.*)")
# Code comes first in each of these: what stands in it is itself, and neither a link nor a citation.
_LINK = re.compile(
    r"`[^`\n]{1,1000}`|!\[(?P<image>[^\]\n]{0,300})\]\([^)\n]{0,2000}\)"
    r"|\[(?P<link>[^\]\n]{1,300})\]\([^)\n]{0,2000}\)"
)
_CODE = re.compile(r"`([^`\n]{1,1000})`")
_BOLD = re.compile(r"<code>.*?</code>|\*\*(?=\S)([^*\n]{1,2000})(?<=\S)\*\*")
_CITED = re.compile(r"<code>.*?</code>|\[(\d{1,3})\]")

Cite = Callable[[int], str]
"""The HTML of a citation with this number; "" leaves it as text."""


def to_html(text: str, cite: Cite) -> str:
    """Paragraphs, headings, lists, code and bold; everything else is text. Links are their words."""
    parts, at = [], 0
    for fence in _FENCE.finditer(text):
        parts.append(_blocks(text[at : fence.start()], cite))
        parts.append(f"<pre><code>{escape(fence.group(1).rstrip())}</code></pre>")
        at = fence.end()
    return "".join([*parts, _blocks(text[at:], cite)])


def _blocks(text: str, cite: Cite) -> str:
    return "".join(_block(block, cite) for block in _BLOCK.split(text) if block.strip())


def _block(block: str, cite: Cite) -> str:
    lines = block.strip("\n").splitlines()
    for tag, pattern in (("ul", _BULLET), ("ol", _NUMBER)):
        items = [pattern.fullmatch(line) for line in lines]
        if all(items):
            said = "".join(f"<li>{_inline(item.group(1), cite)}</li>" for item in items if item)
            return f"<{tag}>{said}</{tag}>"
    made: list[str] = []
    open_lines: list[str] = []
    for line in lines:
        if heading := _HEADING.fullmatch(line):
            made += [_paragraph(open_lines, cite), f"<h3>{_inline(heading.group(1), cite)}</h3>"]
            open_lines = []
        else:
            open_lines.append(line)
    return "".join([*made, _paragraph(open_lines, cite)])


def _paragraph(lines: list[str], cite: Cite) -> str:
    return f"<p>{'<br>'.join(_inline(line, cite) for line in lines)}</p>" if lines else ""


def _inline(text: str, cite: Cite) -> str:
    said = _LINK.sub(_words, text)
    said = _CODE.sub(r"<code>\1</code>", escape(said))
    said = _BOLD.sub(lambda found: f"<strong>{found[1]}</strong>" if found[1] else found[0], said)
    return _CITED.sub(lambda found: (found[1] and cite(int(found[1]))) or found[0], said)


def _words(found: re.Match[str]) -> str:
    """The words of a link or an image; code as it is."""
    said = found["link"] if found["image"] is None else found["image"]
    return found[0] if said is None else said
