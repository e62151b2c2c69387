"""Text files: their encoding, and whether they are text at all."""

import codecs
import json
import re
from pathlib import Path

from core.errors import Refused
from core.retrieval.reading.draft import Draft
from core.retrieval.reading.formats.one_byte import latin, script

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_ENOUGH = 65_536
_HIGH, _LATIN = re.compile(b"[\x80-\xff]"), re.compile(b"[A-Za-z]")
# Of ASCII, of the letters from Latin ones with accents to Arabic, of Chinese, Japanese and Korean.
_LETTERS_AND_MARKS = re.compile(
    "[\t\n\r -~\u00a0-\u024f\u0370-\u06ff\u2010-\u2026\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff5e]"
)
_ISO_2022_JP = re.compile(rb"\x1b\$[@B][!-~]")
_PAIR, _FEW_PAIRS = re.compile(b"[\x80-\xff]{2}"), 3
_WHOLE = (b"\n", b" ", b",", b".")
_DECLARED = re.compile(
    rb"\A\s{0,9}<\?xml[^>]{0,99}?encoding=[\"']([\w.:-]{2,40})"
    rb"|\A(?:[^\n]{0,200}\n)?[ \t]*(?:#|//|;|--|%|\"|/\*)[^\n]{0,99}?coding[:=][ \t]*([\w.-]{2,40})"
    rb"|\A@charset \"([\w.-]{2,40})\"|\\usepackage\[(\w{2,20})\]\{inputenc\}"
)
_ESCAPED = re.compile(
    r"\\\\|((?:\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|\\u(?!00[0-9][0-9a-fA-F]|[dD][89a-fA-F])[0-9a-fA-F]{4})"
)
_PLAIN = rb"a<\x41\u0041+AGE-"
_OTHER_SCRIPTS = [
    *("cp1251", "koi8_r", "cp932", "euc_jp", "gb18030", "big5", "cp949"),
    *("cp1253", "cp1256"),
]


def decode(data: bytes) -> str:
    """The text of the bytes: by its byte order mark, else UTF-8, else what its letters are spelled in.

    Raises Refused when they are no text. A character that is cut at the end is left out.
    """
    text, strict = _decode(data)
    sample = text[:_ENOUGH]
    # A file in UTF-8 may hold a few NULs; in a one-byte encoding every byte is "valid".
    if len(_CONTROL.findall(sample)) > len(sample) * (0.1 if strict else 0.02):
        raise Refused(
            "not text although its name says so: it is full of control characters",
            hint="Give the file the ending that fits its content, or save it again as UTF-8 text.",
        )
    return text


def _decode(data: bytes) -> tuple[str, bool]:
    if encoding := _marked(data) or _unmarked_utf16(data):
        return data.decode(encoding, errors="replace"), True
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(data), True
    except UnicodeDecodeError:
        repaired = data.decode("utf-8", errors="replace")
    bad = repaired.count("\ufffd")
    # A file in UTF-8 with a few broken characters, or one that never was UTF-8?
    if sum(not character.isascii() for character in repaired) > 10 * bad:
        return repaired, True
    if (text := _as_declared(data)) is not None:
        return text, False
    if encoding := _of_another_script(data):
        return data.decode(encoding, errors="replace"), False
    # A line may be in UTF-8 beside others that are not, as in a log to which two programs write.
    lines = [(line, _utf8(line)) for line in data.splitlines(keepends=True)]
    western = latin(b"".join(line for line, text in lines if text is None))
    return "".join(
        line.decode(western, errors="replace") if text is None else text for line, text in lines
    ), False


def _marked(data: bytes) -> str:
    """The encoding that the bytes themselves name: by their first ones, or by how Japanese begins in them."""
    if encoding := next((encoding for bom, encoding in _BOMS if data.startswith(bom)), ""):
        return encoding
    return "iso2022_jp" if data.isascii() and _ISO_2022_JP.search(data[:_ENOUGH]) else ""


def _utf8(line: bytes) -> str | None:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return None


def _as_declared(data: bytes) -> str | None:
    """The text in the encoding that the file itself names, as XML, Python and LaTeX do, if that fits."""
    found = _DECLARED.search(data[:4096])
    name = next(filter(None, found.groups()), b"").decode() if found else ""
    try:
        # Not every codec is an encoding: `unicode_escape` would make other letters of plain ones.
        is_plain = bool(name) and _PLAIN.decode(name) == _PLAIN.decode("ascii")
        return data.decode(name) if is_plain else None
    except (LookupError, ValueError):
        return None  # a declaration that is wrong is no declaration


def _of_another_script(data: bytes) -> str:
    """The encoding of a text that is mostly not of Latin letters; "" when it is, or nobody knows."""
    sample = data[:_ENOUGH]
    foreign = len(_HIGH.findall(sample)) > len(_LATIN.findall(sample))
    if not foreign or len(_PAIR.findall(sample)) < _FEW_PAIRS:
        return ""  # accents and signs of a Western text hardly ever stand side by side
    if encoding := script(sample):
        return encoding
    from charset_normalizer import from_bytes

    if len(data) > _ENOUGH:
        # Where a character cannot be cut: these bytes are never the second half of one.
        sample = sample[: max(map(sample.rfind, _WHOLE)) + 1] or sample
    found = from_bytes(sample, cp_isolation=_OTHER_SCRIPTS).best()
    return found.encoding if found else ""


def _unmarked_utf16(data: bytes) -> str:
    """Latin text in UTF-16 has a NUL in every other byte, and hardly one in between; text in other letters
    a few, and in the right order of its bytes nothing but letters."""
    sample = data[:4096]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if (
        len(sample) >= 8
        and max(even, odd) > len(sample) * 0.4
        and min(even, odd) * 20 < len(sample)
    ):
        return "utf-16-be" if even > odd else "utf-16-le"
    if len(sample) >= 8 and even + odd:
        return next((each for each in ("utf-16-le", "utf-16-be") if _are_letters(sample, each)), "")
    return ""


def _are_letters(sample: bytes, encoding: str) -> bool:
    text = sample.decode(encoding, "replace")
    return len(_LETTERS_AND_MARKS.findall(text)) > 0.9 * len(text)


def read(path: Path, draft: Draft) -> None:
    """The file as it is; letters that JSON writes as numbers, as many programs do, as letters."""
    text = decode(path.read_bytes())
    ends = text.strip()
    is_json = ends[:1] in ("{", "[") and ends[-1:] in ("}", "]")
    draft.add(_spelt(text) if is_json else text)


def _spelt(text: str) -> str:
    """`caf\\u00e9` as `café`; what would end a text, or is none without its other half, stays."""
    return _ESCAPED.sub(
        lambda found: found[0] if found[1] is None else json.loads(f'"{found[1]}"'), text
    )
