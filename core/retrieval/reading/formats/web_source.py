"""The source of a web page as text, before anything in it is understood."""

import codecs
import re
from html import escape

from core.retrieval.reading.formats.plain import decode

_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})")
_HEAD = 4_096
_DECLARATIONS = re.compile(r"<!DOCTYPE[^\[>]{0,500}\[[^\]]{0,20000}\]\s{0,9}>")
_CDATA = "<![CDATA["


def without_xml(text: str) -> str:
    """The text without what is of XML alone: declarations of entities, and what XHTML gives as it is."""
    text = _DECLARATIONS.sub("", text, count=1) if "<!DOCTYPE" in text[:_HEAD] else text
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
