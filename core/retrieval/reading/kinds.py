"""Which kind a file is: its content decides, its name only says what was meant."""

import re
from pathlib import PurePosixPath

from core.errors import Refused
from core.retrieval.reading.formats.plain import decode

LABELS = {
    "pdf": "a PDF",
    "docx": "a Word document",
    "pptx": "a PowerPoint presentation",
    "xlsx": "an Excel workbook",
    "csv": "a table in text form",
    "html": "a web page",
    "md": "Markdown",
    "txt": "text",
    "code": "source code or data in text form",
    "eml": "an e-mail",
    "rtf": "rich text",
    "epub": "an e-book",
    "ipynb": "a notebook",
}
_OFFICE_TYPE = "application/vnd.openxmlformats-officedocument."
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "docx": f"{_OFFICE_TYPE}wordprocessingml.document",
    "pptx": f"{_OFFICE_TYPE}presentationml.presentation",
    "xlsx": f"{_OFFICE_TYPE}spreadsheetml.sheet",
    "csv": "text/csv",
    "html": "text/html",
    "md": "text/markdown",
    "txt": "text/plain",
    "code": "text/plain",
    "eml": "message/rfc822",
    "rtf": "application/rtf",
    "epub": "application/epub+zip",
    "ipynb": "application/x-ipynb+json",
}
"""What a file of each kind is called on the wire."""

_CODE = re.findall(
    r"\w+",
    "py pyi js mjs jsx ts tsx java kt scala c h cc cpp hpp cs go rs rb php swift lua pl r jl sh bash zsh ps1"
    " bat sql json jsonl yaml yml toml ini cfg conf env xml css scss less vue svelte tex rst adoc org proto"
    " graphql tf gradle cmake dockerfile makefile diff patch cu cxx hxx hh inc m mm f90 f95 f03 dart ex exs erl"
    " hrl hs elm ml mli fs fsx fsi clj cljs edn lisp lsp el scm rkt zig nim d v sv vhd vhdl asm s pas vb vbs bas"
    " cls sol groovy kts rake gemspec pyx pxd awk sed tcl fish ksh psm1 psd1 cmd nix hcl tfvars bzl"
    " jsonc json5 ndjson geojson properties props plist lock editorconfig gitignore"
    " gitattributes dockerignore htaccess service timer xsd xsl xslt wsdl svg rss atom kml gpx dtd sass styl astro"
    " bib sty cts mts ejs hbs j2 jinja tmpl pug po pot strings wat ll thrift avsc ics vcf ldif",
)
SUPPORTED = frozenset(LABELS)
OFFICE = frozenset({"docx", "pptx", "xlsx"})
_ALSO = {
    "htm": "html",
    "xhtml": "html",
    **dict.fromkeys(("markdown", "mdx", "rmd", "qmd"), "md"),
    "text": "txt",
    **dict.fromkeys(("log", "out", "err", "srt", "vtt", "nfo", "asc", "readme"), "txt"),
    **dict.fromkeys(("tsv", "tab"), "csv"),
    **dict.fromkeys(("xlsm", "xltx"), "xlsx"),
    **dict.fromkeys(("docm", "dotx", "dotm"), "docx"),
    **dict.fromkeys(("pptm", "ppsx", "ppsm", "potx", "potm"), "pptx"),
    **dict.fromkeys(_CODE, "code"),
}
_OUTDATED = {"doc": "docx", "dot": "docx", "ppt": "pptx", "pps": "pptx", "xls": "xlsx"}
_ELSEWHERE = {
    **dict.fromkeys(("odt", "ott", "fodt", "pages", "wpd", "wps"), "docx"),
    **dict.fromkeys(("ods", "ots", "xlsb", "numbers", "wk1"), "xlsx"),
    **dict.fromkeys(("odp", "otp", "key"), "pptx"),
    **dict.fromkeys(("mhtml", "mht", "webarchive"), "html"),
    **dict.fromkeys(("mobi", "azw", "azw3", "fb2"), "epub"),
    **dict.fromkeys(("xps", "oxps", "djvu", "ps", "eps"), "pdf"),
    **dict.fromkeys(("msg", "mbox"), "eml"),
}
"""Formats that are not read, and the one as which their programs save the same."""
_MAGIC = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an OLE container"),
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\x00", "a SQLite database"),
    (b"{\\rtf", "rich text (RTF)"),
)
_HEAD = 4_096
READ = (
    "PDF, Word (.docx), PowerPoint (.pptx), Excel (.xlsx), CSV, HTML, Markdown, text, RTF, e-mails (.eml), "
    "e-books (.epub), notebooks (.ipynb) and source code"
)


def sniff(name: str, head: bytes) -> str:
    """The kind of a file by its name and the first bytes of its content (4 kB are looked at).

    Raises Refused when it is empty, of a kind that is not read, or not what its name says.
    """
    if not head:
        raise Refused("empty: the file has no bytes", hint="Check the file and upload it again.")
    suffix = PurePosixPath(name.replace("\\", "/")).suffix.lower().lstrip(".")
    head = head[:_HEAD]
    content = _content(head)
    kind = _ALSO.get(suffix, suffix) if suffix else _by_content(content)
    if suffix in _OUTDATED:
        _refuse_outdated(suffix)
    if suffix in _ELSEWHERE:
        raise Refused(
            f"not a kind of file that is read: .{suffix}",
            hint=f"Open it in its program and save it as .{_ELSEWHERE[suffix]}.",
        )
    if kind not in SUPPORTED:
        raise Refused(
            f"not a kind of file that is read: .{suffix[:20]}", hint=f"These are: {READ}."
        )
    _check_content(kind, content, head)
    return kind


def _check_content(kind: str, content: str, head: bytes) -> None:
    """Refuse what is not what its name says."""
    match kind:
        case "pdf":
            # A PDF may have something in front of it.
            _check(kind, content, b"%PDF-" in head[:1024])
        case "rtf":
            _check(kind, content, content == "rich text (RTF)")
        case "epub":
            _check(kind, content, content == "a zip archive")
        case "docx" | "pptx" | "xlsx":
            if content == "an OLE container":
                raise _encrypted_or_old(kind)
            _check(kind, content, content == "a zip archive")
        case _:
            _check(kind, content, not content)
            decode(head)


def _content(head: bytes) -> str:
    """What the first bytes are known to be, "" when they may be text."""
    for magic, label in _MAGIC:
        if head.startswith(magic):
            return label
    return ""


def _by_content(content: str) -> str:
    if content == "a PDF":
        return "pdf"
    if content:
        raise Refused(
            f"not a kind of file that is read: it is {content}", hint=f"These are: {READ}."
        )
    return "txt"


def _check(kind: str, content: str, fits: bool) -> None:
    if not fits:
        raise misnamed(kind, content or "something else")


def misnamed(kind: str, content: str) -> Refused:
    """The refusal of a file that is not what its name says."""
    return Refused(
        f"not {LABELS[kind]} although its name says so: it is {content}",
        hint="Give the file the ending that fits its content, or save it again in its own program.",
    )


def _encrypted_or_old(kind: str) -> Refused:
    return Refused(
        f"encrypted, or in a format from before 2007: it is not {LABELS[kind]} that can be opened",
        hint=f"Open it in its program, take the password off, and save it as .{kind}.",
    )


def _refuse_outdated(suffix: str) -> None:
    better = _OUTDATED[suffix]
    raise Refused(
        f".{suffix} is a format from before 2007 that is not read",
        hint=f"Open it in its program and save it as .{better}.",
    )
