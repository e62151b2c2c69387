"""Characters that no reader sees, where no spelling needs them: they could hide words from whoever reads a
document, and tell them to a model."""

import re

# What Unicode calls ignorable by default (soft hyphen, fillers, zero-width and bidirectional marks, byte order
# marks, variation selectors, tags), controls but tab and line ends, and interlinear annotations.
_UNSEEN = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Scripts whose letters join or stack: Arabic and its kin, those of India and South-East Asia, Mongolian.
_ARABIC = "\u0600-\u08ff\ufb50-\ufdff\ufe70-\ufefc"
_JOINING = (
    rf"{_ARABIC}\u0900-\u0fff\u1000-\u109f\u1780-\u18af\u1a20-\u1aaf\u1b00-\u1c4f\ua800-\ua8ff"
    "\ua980-\uaa7f\uabc0-\uabff\U00010a00-\U00011fff\U0001e900-\U0001e95f"
)
_VIRAMA = (
    "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d3b\u0d3c\u0d4d\u0dca\u1039\u103a\u17d2"
    "\u1b44\u1baa\ua8c4\ua953\ua9c0\uaaf6\uabed"
)
_PICTURE = (
    "\xa9\xae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2900-\u297f"
    "\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_FLAGS = "|".join(
    "".join(chr(0xE0000 + ord(letter)) for letter in place) for place in ("gbeng", "gbsct", "gbwls")
)
# One of them at a time, and only where a spelling has it. Selectors of ideographs go: one could carry a
# byte behind each.
_SPELLING = (
    rf"(?<=[{_JOINING}])[\u200c\u200d](?=[{_JOINING}])",
    rf"(?<=[{_VIRAMA}])[\u200c\u200d]",  # half forms and the old chillus of Malayalam, also at a word's end
    rf"(?<=[{_ARABIC}])\u200d",  # a letter that stands for a word: the year of the Hijra
    rf"(?<=[A-Za-z0-9])\u200c(?=[{_ARABIC}])",  # an ending of Persian behind a foreign word
    r"(?<=[\u1820-\u18aa])[\u180b-\u180f]",
    rf"(?:(?<=[{_PICTURE}])|(?<=[{_PICTURE}]\ufe0f))\u200d(?=[{_PICTURE}])",
    rf"(?<=[{_PICTURE}])[\ufe0e\ufe0f]|(?<=[#*0-9])\ufe0f(?=\u20e3)",
    rf"(?<=\U0001f3f4)(?:{_FLAGS})\U000e007f",
)
_SUSPECT = re.compile(f"[{_UNSEEN}]")  # a tenth of the time of what follows
_HIDDEN = re.compile(f"(?P<kept>{'|'.join(_SPELLING)})|[{_UNSEEN}]")


def strip_invisible(text: str) -> tuple[str, int]:
    """The text without the characters that no reader sees, and how many they were."""
    if not _SUSPECT.search(text):
        return text, 0
    removed = 0

    def keep(match: re.Match[str]) -> str:
        nonlocal removed
        if match["kept"]:
            return match[0]
        removed += 1
        return ""

    return _HIDDEN.sub(keep, text), removed
