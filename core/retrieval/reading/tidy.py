"""The one form in which text is kept: composed, without what cannot be seen or stored."""

import re
import unicodedata

from core.clean_text import whole
from core.unseen import strip_invisible

_ENDS = re.compile("\r\n?|[\f\v\u0085\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff\ufdd0-\ufdef]")
# What a terminal takes for a colour or a link: `ESC [ 1;31 m`, `ESC ] 8;;address ESC \`.
_OF_TERMINALS = re.compile(
    r"\x1b(?:\[[0-?]{0,40}[ -/]{0,4}[@-~]|\][^\x07\x1b\n]{0,2000}(?:\x07|\x1b\\))"
)
_SPACES = re.compile("[\u00a0\u2007\u202f]")
_SOFT_HYPHEN = "\u00ad"
_LIGATURES = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
)
_GAPS = re.compile(r"\n{3,}")


def tidy(text: str) -> tuple[str, int]:
    """The text in its kept form, and how many invisible characters were taken out of it."""
    text = (
        _ENDS.sub("\n", whole(_OF_TERMINALS.sub("", text)))
        .removeprefix("\ufeff")
        .replace(_SOFT_HYPHEN, "")
    )
    text, hidden = strip_invisible(_CONTROLS.sub("", text))
    text = _SPACES.sub(" ", text).translate(_LIGATURES)
    lines = "\n".join(line.rstrip(" \t") for line in text.split("\n"))
    text = _GAPS.sub("\n\n", lines).strip("\n")
    return unicodedata.normalize("NFC", text), hidden
