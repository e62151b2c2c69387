"""Words in disguise: invisible letters, look-alikes, digits for letters, codes; and what they say without it."""

import base64
import codecs
import re

from core.unseen import strip_invisible

MIXED = re.compile(r"\b(?=\w*[A-Za-z])(?=\w*[\u0370-\u03ff\u0400-\u04ff])\w{3,}\b")
UNSEEN = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0020-\U000e007f]")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{20,400}={0,2}")
_HEX = re.compile(r"(?:\b[0-9a-fA-F]{2} ){8,400}[0-9a-fA-F]{2}\b|\b(?:[0-9a-fA-F]{2}){12,400}\b")
_SPACED = re.compile(r"\b(?:[A-Za-z] ){4,60}[A-Za-z]\b")
_LEET = str.maketrans("013457@$", "oieastas")
# Letters of other scripts that look like Latin ones.
_TWINS = str.maketrans(
    "аеорсухіјѕԁһӏАВЕКМНОРСТХαορνυΑΒΕΗΙΚΜΝΟΡΤΧ", "aeopcyxijsdhlABEKMHOPCTXaopvuABEHIKMNOPTX"
)
_TAGS = {0xE0000 + code: code for code in range(32, 127)}


def plain(text: str) -> str:
    """The text as a model may read it: invisible letters made visible, look-alikes made Latin."""
    seen = strip_invisible(text.translate(_TAGS))[0]
    return MIXED.sub(lambda word: word[0].translate(_TWINS), seen)


def spelled(text: str) -> str:
    """The text with letters for the digits and marks that stand for them."""
    return text.translate(_LEET)


def decoded(text: str) -> list[str]:
    """What base64 and hexadecimal in the text say, and the text itself read backwards, without the spaces of
    s p a c e d words, and in rot13 where it speaks of that."""
    hidden = [text[::-1]]
    if _SPACED.search(text):
        hidden.append(_SPACED.sub(lambda run: run[0].replace(" ", ""), text))
    if "rot13" in text.casefold():
        hidden.append(codecs.encode(text, "rot13"))
    for run in _HEX.findall(text)[:8]:
        hidden.append(bytes.fromhex(run).decode("ascii", "replace"))
    for run in _BASE64.findall(text)[:8]:
        try:
            hidden.append(base64.b64decode(run + "=" * (-len(run) % 4)).decode("ascii"))
        except ValueError:
            continue  # it only looks like base64
    return hidden
