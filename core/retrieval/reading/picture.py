"""A page of a PDF as a picture, drawn in a child process that can be killed."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path

from core.errors import Refused
from core.processes import child
from core.types import Box, PagePicture

LIMITS = child.Limits(seconds=15, memory_mb=1024, output_mb=20)
_SMALLER = "Read its text beside it, or save the page as a PDF of its own and upload that."
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sought:
    """The letters (see `letters`) whose boxes are wanted, and how many letters of the page stand before."""

    words: str
    place: int


def picture(
    path: Path, number: int, width: int, sought: Sought | None = None, limits: child.Limits = LIMITS
) -> PagePicture:
    """Page `number` (from 1) of the PDF, at most `width` pixels wide, with the boxes of what is sought;
    no image when the width is 0. Raises Refused with the reason when it cannot be drawn within the limits."""
    request = {
        "path": str(path),
        "number": number,
        "width": width,
        "place": sought.place if sought else 0,
        "words": sought.words if sought else "",
    }
    try:
        answer = child.run("core.retrieval.reading.painter", [json.dumps(request)], limits)
    except child.ChildFailed as failed:
        _log.warning("drawing page %d failed: %s", number, failed)
        raise _refused(failed, number, limits) from failed
    line, _, png = answer.partition(b"\n")
    said = json.loads(line)
    if "refused" in said:
        raise Refused(said["refused"], hint=said["hint"])
    boxes = tuple(Box(x0, y0, x1 - x0, y1 - y0) for x0, y0, x1, y1 in said["boxes"])
    return PagePicture(number, png, said["width"], said["height"], boxes)


def _refused(failed: child.ChildFailed, number: int, limits: child.Limits) -> Refused:
    reasons = {
        "time": f"takes longer than {limits.seconds:g} s to draw",
        "memory": f"needs more than {limits.memory_mb:,} MB of memory to draw",
        "output": "makes too large a picture",
    }
    damaged = f"is damaged, or needs more than {limits.memory_mb:,} MB of memory to draw"
    return Refused(f"page {number:,} {reasons.get(failed.why, damaged)}", hint=_SMALLER)
