"""The one form in which text is kept: composed, without what cannot be seen or stored."""

import re
import unicodedata

# The same as `core.events.clean` does, which would cost every child 0.2 s to import.
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_ENDS = re.compile("\r\n?|[\f\v\u0085\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff\ufdd0-\ufdef]")
# What a terminal takes for a colour or a link: `ESC [ 1;31 m`, `ESC ] 8;;address ESC \`.
_OF_TERMINALS = re.compile(
    r"\x1b(?:\[[0-?]{0,40}[ -/]{0,4}[@-~]|\][^\x07\x1b\n]{0,2000}(?:\x07|\x1b\\))"
)
_SPACES = re.compile("[\u00a0\u2007\u202f]")
_SOFT_HYPHEN = "\u00ad"
# Joiners belong to the spelling of Arabic and Indic words and to some emoji; anywhere else they
# can only hide something.
_JOINER_IN_PLACE = re.compile(
    "(?<=[\u0600-\u0fff\u1000-\u109f\u1780-\u17ff])[\u200c\u200d](?=[\u0600-\u0fff\u1000-\u109f\u1780-\u17ff])"
    "|(?<=[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])\u200d(?=[\u2190-\u2bff\U0001f000-\U0001faff])"
)
_INVISIBLE = re.compile(
    "[\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_LIGATURES = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
)
_KEEP = "\ue000\ue001"  # stand-ins for joiners that stay; private use, so no text means them
_GAPS = re.compile(r"\n{3,}")


def tidy(text: str) -> tuple[str, int]:
    """The text in its kept form, and how many invisible characters were taken out of it."""
    text = (
        _ENDS.sub("\n", _LONE_SURROGATE.sub("\ufffd", _OF_TERMINALS.sub("", text)))
        .removeprefix("\ufeff")
        .replace(_SOFT_HYPHEN, "")
    )
    text, hidden = _reveal(text)
    text = _SPACES.sub(" ", _CONTROLS.sub("", text)).translate(_LIGATURES)
    lines = "\n".join(line.rstrip(" \t") for line in text.split("\n"))
    text = _GAPS.sub("\n\n", lines).strip("\n")
    return unicodedata.normalize("NFC", text), hidden


def _reveal(text: str) -> tuple[str, int]:
    if text.isascii():
        return text, 0
    for stand_in in _KEEP:
        text = text.replace(stand_in, "")
    text = _JOINER_IN_PLACE.sub(lambda found: _KEEP["\u200c\u200d".index(found[0])], text)
    text, hidden = _INVISIBLE.subn("", text)
    return text.replace(_KEEP[0], "\u200c").replace(_KEEP[1], "\u200d"), hidden
