"""Texts of one byte a letter that say nothing of their encoding: told by whether words come out."""

import re
from collections.abc import Iterable, Mapping

# The commonest first: of two that fit alike, it is meant.
_LATIN = ("cp1252", "cp1250", "mac_roman", "cp850", "iso8859_2", "cp852")
_EASTERN = ("cp1250", "iso8859_2", "cp852")
_USUAL = frozenset("äöüßéèêëàâçîïôûùúœæåøñáíóãõìòýðþÿªºµ")
_USUAL_EAST = frozenset("ąćęłńóśźżáčďéěíňřšťúůýžľĺŕôäöüßőűăâîșțşţđçëªºµ")
_SCRIPTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    # The letters that make up more than half of a text, and what it may be spelled in.
    "оеаинтсрвлі": ("а-яёіїєґў", ("cp1251", "koi8_u", "koi8_r", "cp866", "iso8859_5", "mac_cyrillic")),
    "αοιετσνηρυς": ("α-ωάέήίόύώϊϋΐΰς", ("cp1253", "iso8859_7", "mac_greek")),
    "יוהלאמרתבש": ("א-ת", ("cp1255", "iso8859_8")),
    "اليمنورتبعد": ("ء-ي", ("cp1256", "iso8859_6")),
}  # fmt: skip
_MANY = 0.5  # of the letters that are no Latin ones
_ODD = 0.3
_LEAST = 2
_BETTER = 3  # times less
_ENOUGH = 16_384
_AMONG_LETTERS = frozenset("’‘·–—…\u00a0\u00ad")


def script(data: bytes) -> str:
    """The encoding of a text that is hardly in Latin letters; "" when its letters make no words in any."""
    best, found = _MANY, ""
    data = data[:_ENOUGH]
    for common, (letters, encodings) in _SCRIPTS.items():
        own = re.compile(f"[{letters}]")
        for encoding in encodings:
            text = data.decode(encoding, "replace")
            foreign = [each for each in text.lower() if not each.isascii() and not each.isspace()]
            share = sum(each in common for each in foreign) / max(len(foreign), 1)
            is_whole = sum(map(bool, map(own.match, foreign))) > 0.9 * len(foreign)
            share -= _odd(text, frozenset()) / max(len(foreign), 1)
            if is_whole and share > best:
                best, found = share, encoding
    return found


def latin(data: bytes) -> str:
    """The encoding of a text in Latin letters with accents: Windows-1252 unless much of it is odd in that
    and less is in another one."""
    data = data[:_ENOUGH]
    high = sum(byte > 0x7F for byte in data)
    odd = {each: _odd(data.decode(each, "replace"), _usual(each)) for each in _LATIN}
    is_possible = "\ufffd" not in data.decode("cp1252", "replace")  # it leaves five bytes free
    if is_possible and odd["cp1252"] < max(_LEAST, _ODD * high):
        return "cp1252"
    best = min(_LATIN, key=odd.__getitem__)
    return best if not is_possible or odd[best] * _BETTER <= odd["cp1252"] else "cp1252"


def _usual(encoding: str) -> frozenset[str]:
    return _USUAL_EAST if encoding in _EASTERN else _USUAL


def _odd(text: str, usual: frozenset[str]) -> int:
    """How many characters stand where no word has them: a sign between letters, a capital behind a small
    letter, a letter that hardly any language has."""
    return sum(_is_odd(text, at, usual) for at in _places(text))


def _places(text: str) -> Iterable[int]:
    return (found.start() for found in re.finditer(r"[^\x00-\x7f]", text))


def _is_odd(text: str, at: int, usual: frozenset[str]) -> bool:
    character, before, after = text[at], text[at - 1 : at], text[at + 1 : at + 2]
    if not character.isalpha():
        is_between = before.isalpha() and after.isalpha()
        is_control = character == "\ufffd" or "\x80" <= character < "\xa0"
        return is_control or (is_between and character not in _AMONG_LETTERS)
    is_capital_within = character.isupper() and before.islower()
    return is_capital_within or bool(usual and character.lower() not in usual)
