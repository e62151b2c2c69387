"""The source of a web page as text, before anything in it is understood."""

import codecs
import re
from html import escape

from core.retrieval.formats.plain import decode

_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})")
_CDATA = "<![CDATA["


def without_cdata(text: str) -> str:
    """The text with what XHTML gives as it is written as HTML; the parser takes it for a comment."""
    parts, at = [], 0
    while (start := text.find(_CDATA, at)) >= 0 and (end := text.find("]]>", start)) >= 0:
        parts += [text[at:start], escape(text[start + len(_CDATA) : end])]
        at = end + 3
    return "".join([*parts, text[at:]])


def declared(data: bytes) -> str:
    """By the charset that the page declares, if that fits; else like any text."""
    declared = _CHARSET.search(data[:4096])
    if declared and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode(declared[1].decode())
        except (LookupError, UnicodeDecodeError):
            pass  # a declaration that is wrong is no declaration
    return decode(data)
