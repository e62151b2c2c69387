"""Text files: their encoding, and whether they are text at all."""

import codecs
import re
from pathlib import Path

from core.errors import Refused
from core.retrieval.draft import Draft

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_ENOUGH = 65_536


def decode(data: bytes) -> str:
    """The text of the bytes: by its byte order mark, else UTF-8, else Windows-1252.

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
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data.decode(encoding, errors="replace"), True
    if encoding := _unmarked_utf16(data):
        return data.decode(encoding, errors="replace"), True
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(data), True
    except UnicodeDecodeError:
        repaired = data.decode("utf-8", errors="replace")
    bad = repaired.count("\ufffd")
    # A file in UTF-8 with a few broken characters, or one that never was UTF-8?
    if sum(not character.isascii() for character in repaired) > 10 * bad:
        return repaired, True
    return data.decode("cp1252", errors="replace"), False


def _unmarked_utf16(data: bytes) -> str:
    """Latin text in UTF-16 has a NUL in every other byte, and hardly one in between."""
    sample = data[:4096]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if (
        len(sample) >= 8
        and max(even, odd) > len(sample) * 0.4
        and min(even, odd) * 20 < len(sample)
    ):
        return "utf-16-be" if even > odd else "utf-16-le"
    return ""


def read(path: Path, draft: Draft) -> None:
    """The file as it is."""
    draft.add(decode(path.read_bytes()))
