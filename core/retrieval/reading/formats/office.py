"""Word, PowerPoint and Excel files are zip archives: what is checked before one is opened."""

import re
import zipfile
from pathlib import Path

from core.errors import Refused
from core.retrieval.reading.draft import ReadLimits
from core.retrieval.reading.kinds import LABELS, misnamed

# Word in a browser writes a document2.xml.
_MAIN = {
    "docx": re.compile(r"word/document\d*\.xml"),
    "pptx": re.compile(r"ppt/presentation\d*\.xml"),
    "xlsx": re.compile(r"xl/workbook\d*\.xml"),
}
_MOST_PARTS = 20_000
_PROLOG = 4_096
_STRICT = b"http://purl.oclc.org/ooxml/"


def check(path: Path, kind: str, limits: ReadLimits) -> None:
    """Raises Refused unless it is an office file of this kind that unpacks to a sane size."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise _damaged(kind) from error
    with archive:
        parts = archive.infolist()
        check_size(parts, limits)
        _check_kind({part.filename for part in parts}, kind)
        if any(part.flag_bits & 1 for part in parts):
            raise Refused(
                "encrypted: the archive asks for a password",
                hint="Open it in its program and save it without a password.",
            )
        _check_parts(archive, parts, kind)


def check_size(parts: list[zipfile.ZipInfo], limits: ReadLimits) -> None:
    """Raises Refused when the archive unpacks to more than is sane."""
    # Reading stops at the size that the directory names, so a size that lies does no harm.
    unpacked = sum(part.file_size for part in parts) / 1024 / 1024
    if unpacked > limits.unpacked_mb or len(parts) > _MOST_PARTS:
        raise Refused(
            f"too large when unpacked: {unpacked:,.0f} MB in {len(parts):,} parts",
            hint="Take out large pictures or unused sheets, save it again, and upload that.",
        )


def _check_kind(names: set[str], kind: str) -> None:
    found = [each for each, main in _MAIN.items() if any(map(main.fullmatch, names))]
    if kind in found:
        return
    if not found and "[Content_Types].xml" in names:
        raise _damaged(kind)
    raise misnamed(kind, LABELS[found[0]] if found else "a zip archive that is not an office file")


def _check_parts(archive: zipfile.ZipFile, parts: list[zipfile.ZipInfo], kind: str) -> None:
    """Office files never define entities; a bomb does. What no reader of ours knows is told, too."""
    for part in parts:
        if not part.filename.lower().endswith((".xml", ".rels")):
            continue
        try:
            with archive.open(part) as stream:
                prolog = stream.read(_PROLOG).replace(b"\x00", b"")
        except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, ValueError) as error:
            raise _damaged(kind) from error
        if b"<!DOCTYPE" in prolog or b"<!ENTITY" in prolog:
            raise Refused(
                "not safe to read: it defines XML entities, which no office program does",
                hint="Open it in its program, save it again, and upload that.",
            )
        if _MAIN[kind].fullmatch(part.filename) and _STRICT in prolog:
            raise Refused(
                "in the strict form of Office files, which is not read",
                hint=f"Open it in its program and save it as a usual .{kind}, not as Strict Open XML.",
            )


def _damaged(kind: str) -> Refused:
    return Refused(
        f"damaged: it cannot be opened as {LABELS[kind]}",
        hint="Open it in its program and save it again.",
    )
