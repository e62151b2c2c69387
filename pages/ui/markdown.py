"""Text that a model, a document or a user wrote, made ready for Streamlit's Markdown.

Streamlit renders no raw HTML unless it is asked to; what is left to take out are images (the browser
would fetch them, and tell their host what was said), diagrams (which have images of their own), TeX (a
sum of money is no formula) and Streamlit's own directives. Code is left as it is, and what only looks
like code to us holds no image all the same.
"""

import re

_CODE = re.compile(r"(```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]+`)", re.DOTALL)
_SIGN = "!["
_APART = "!\u2060["
"""The same to the eye, and no image wherever it stands."""
_BLOCK = re.compile(r"```[\w+#.-]*[ \t]*")
"""The first or last line of a block of code at the very left, which nothing around it can end."""
_OPENING = re.compile(r"^([ \t>*+\-\d.)]*?)(`{3,}|~{3,})([^\n`]*)$", re.MULTILINE)
_LANGUAGE = re.compile(r"(?!.*mermaid)[ \t]*[\w+#.-]*[ \t]*", re.IGNORECASE)
# All but a citation right behind an exclamation mark.
_IMAGE = re.compile(
    r"!\[(?!\d[\d, ]*\](?![(\[]))([^\]]{0,300})\](?:\([^)]{0,2000}\)|\[[^\]]{0,300}\])?"
)
_DEFINITION = re.compile(r"^ {0,3}\[[^\]]+\]:\s*\S+.*$", re.MULTILINE)
_AROUND = ("::", "$$")
"""Begins what may hold the signs of code without being any."""
_DOLLAR = re.compile(r"(?<!\\)\$")
_DIRECTIVE = re.compile(r":(?=[a-z-]+\[|[a-z_]+/[\w.]+:|[a-z0-9_+-]+:)")
_CITATION = re.compile(r"\[(\d{1,2}(?:\s*,\s*\d{1,2})*)\](?!\()")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~$:])")


def safe(text: str, sources: int = 0) -> str:
    """The text as Markdown that loads nothing; [n] up to `sources` becomes a small badge."""
    text = _OPENING.sub(_without_diagram, text.replace("\r\n", "\n").replace("\r", "\n"))
    made = "".join(
        part if index % 2 else _without_requests(part, sources)
        for index, part in enumerate(_CODE.split(text))
    )
    return made if _is_certain(text) else made.replace(_SIGN, _APART)


def _is_certain(text: str) -> bool:
    """Whether the text's blocks of code are where anybody would see them: what we took for code and
    the renderer does not would be drawn, images and all."""
    inside = False
    for line in text.split("\n"):
        if _BLOCK.fullmatch(line) and not (inside and line.rstrip() != "```"):
            inside = not inside
        elif (
            "```" in line
            or "~~~" in line
            or (not inside and ((_SIGN in line and "`" in line) or line.lstrip()[:2] in _AROUND))
            or (not inside and line.lstrip().startswith("<"))
        ):
            return False
    return True


def _without_diagram(opening: re.Match[str]) -> str:
    before, mark, language = opening.groups()
    return f"{before}{mark}{language if _LANGUAGE.fullmatch(language) else 'text'}"


def label(text: str) -> str:
    """The text for a button, a link or a title: every sign of Markdown is only a sign."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _without_requests(text: str, sources: int) -> str:
    text = _DEFINITION.sub("", text)
    text = _IMAGE.sub(lambda found: f"(image: {found[1]})" if found[1] else "(image)", text)
    text = text.replace(_SIGN, _APART)
    text = _DIRECTIVE.sub(r"\\:", _DOLLAR.sub(r"\\$", text))
    return _CITATION.sub(lambda found: _badges(found[1], sources), text)


def _badges(numbers: str, sources: int) -> str:
    return " ".join(
        f":primary-badge[{number}]" if 1 <= int(number) <= sources else f"\\[{number}\\]"
        for number in re.split(r"\s*,\s*", numbers)
    )


def control(shown: str, of: str) -> str:
    """The words on a control of a list: those that are `shown`, and those that tell it from the same control
    of another row to whoever hears the page. They are hidden by pages/ui/style.py."""
    return f"{shown}:small[{' ' if shown else ''}{label(of)}]"


def code(text: str) -> str:
    """The text as it is, in the type of code: an address there is no link."""
    return f"`{text.replace('`', ' ').strip() or '–'}`"
