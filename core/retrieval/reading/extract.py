"""From a file to its text, in a child process that can be killed: no file can harm the app."""

import json
import logging
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.errors import Refused
from core.processes import child
from core.retrieval.reading.draft import ReadLimits
from core.retrieval.reading.kinds import LABELS, SUPPORTED, sniff
from core.types import Extracted, Heading, Page

__all__ = ["DEFAULT_LIMITS", "SUPPORTED", "ReadLimits", "extract", "sniff"]

DEFAULT_LIMITS = ReadLimits()
_BYTES_PER_CHARACTER = 6  # of the JSON that comes back, at most
_log = logging.getLogger(__name__)


def extract(
    path: Path,
    kind: str,
    limits: ReadLimits = DEFAULT_LIMITS,
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> Extracted:
    """The text of a file of a kind that `sniff` named, with its pages; blocks until it is read.

    `on_progress(done, total)` counts pages, slides or sheets (blocks of a file that has none).
    Raises Refused with the reason in plain words when there is no text to be had within the limits.
    """
    if path.stat().st_size == 0:
        raise Refused("empty: the file has no bytes", hint="Check the file and upload it again.")

    def told(line: str) -> None:
        if on_progress:
            done, total = line.split()
            on_progress(int(done), int(total))

    request = {"path": str(path), "kind": kind, "limits": asdict(limits)}
    output = limits.characters * _BYTES_PER_CHARACTER // 1024 // 1024 + 16
    try:
        answer = child.run(
            "core.retrieval.reading.reader",
            [json.dumps(request)],
            child.Limits(limits.seconds, limits.memory_mb, output),
            on_line=told,
            warm=True,
        )
    except child.ChildFailed as failed:
        _log.warning("reading a file as %s failed: %s", kind, failed)
        raise _refused(failed, kind, limits) from failed
    return _extracted(answer)


def _extracted(answer: bytes) -> Extracted:
    fields = json.loads(answer)
    if "refused" in fields:
        raise Refused(fields["refused"], hint=fields["hint"])
    return Extracted(
        text=fields["text"],
        pages=tuple(Page(**page) for page in fields["pages"]),
        unit=fields["unit"],
        empty_pages=tuple(fields["empty_pages"]),
        hidden_characters=fields["hidden_characters"],
        headings=_headings(fields["headings"]),
    )


def _headings(fields: list[dict[str, Any]] | None) -> tuple[Heading, ...] | None:
    return None if fields is None else tuple(Heading(**each) for each in fields)


def _refused(failed: child.ChildFailed, kind: str, limits: ReadLimits) -> Refused:
    smaller = "Split it into smaller files, or save it again in its own program."
    match failed.why:
        case "time":
            return Refused(f"took longer than {limits.seconds:g} s to read", hint=smaller)
        case "memory":
            return Refused(
                f"needs more than {limits.memory_mb:,} MB of memory to read", hint=smaller
            )
        case "output":
            return Refused("too much text comes out of it", hint=smaller)
        case _:
            return Refused(
                f"damaged: it cannot be read as {LABELS[kind]}",
                hint="Open it in its own program, save it again, and upload that.",
            )
