"""Text that a model, a document or a user wrote, made ready for Streamlit's Markdown.

Streamlit renders no raw HTML unless it is asked to; what is left to take out are images (the browser
would fetch them, and tell their host what was said), TeX (a sum of money is no formula) and Streamlit's
own directives. Code is left as it is.
"""

import re

_CODE = re.compile(r"(```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]+`)", re.DOTALL)
_IMAGE = re.compile(r"!\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])?")
_DEFINITION = re.compile(r"^ {0,3}\[[^\]]+\]:\s*\S+.*$", re.MULTILINE)
_DOLLAR = re.compile(r"(?<!\\)\$")
_DIRECTIVE = re.compile(r":(?=[a-z-]+\[|[a-z_]+/[\w.]+:|[a-z0-9_+-]+:)")
_CITATION = re.compile(r"\[(\d{1,2}(?:\s*,\s*\d{1,2})*)\](?!\()")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~$:])")


def safe(text: str, sources: int = 0) -> str:
    """The text as Markdown that loads nothing; [n] up to `sources` becomes a small badge."""
    parts = _CODE.split(text)
    return "".join(
        part if index % 2 else _without_requests(part, sources) for index, part in enumerate(parts)
    )


def label(text: str) -> str:
    """The text for a button, a link or a title: every sign of Markdown is only a sign."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _without_requests(text: str, sources: int) -> str:
    text = _DEFINITION.sub("", text)
    text = _IMAGE.sub(lambda found: f"(image: {found[1]})" if found[1] else "(image)", text)
    text = _DIRECTIVE.sub(r"\\:", _DOLLAR.sub(r"\\$", text))
    return _CITATION.sub(lambda found: _badges(found[1], sources), text)


def _badges(numbers: str, sources: int) -> str:
    return " ".join(
        f":primary-badge[{number}]" if 1 <= int(number) <= sources else f"\\[{number}\\]"
        for number in re.split(r"\s*,\s*", numbers)
    )


def code(text: str) -> str:
    """The text as it is, in the type of code: an address there is no link."""
    return f"`{text.replace('`', ' ').strip() or '–'}`"
