"""What the readers of files write into: the pages of one file, within limits."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from core.errors import Refused

Unit = Literal["page", "slide", "sheet", "section"]
MAX_COLUMNS = 16_384  # what a sheet of Excel can hold


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """What reading one file may cost: wall time, memory, and how much may come out of it."""

    seconds: float = 30
    memory_mb: int = 600
    characters: int = 10_000_000
    pages: int = 5_000
    unpacked_mb: int = 300


@dataclass(slots=True)
class Draft:
    """The pages of a file as they are read; says how far it is, and refuses what is too much."""

    limits: ReadLimits
    report: Callable[[int, int], None]
    unit: Unit = "section"
    pages: list[str] = field(default_factory=list)
    hidden: int = 0
    """Characters that the file itself hides from its reader."""
    images: bool = False
    """Whether a page shows a picture."""
    outline: list[tuple[int, int, str]] = field(default_factory=list)
    """Number of the page, level and title of each heading that the file names beside its text."""
    total: int = 1
    _characters: int = 0

    def expect(self, unit: Unit, total: int) -> None:
        """The file has so many pages."""
        if total > self.limits.pages:
            raise Refused(
                f"too long: it has {total:,} {unit}s, and {self.limits.pages:,} is the limit",
                hint="Split it into smaller files and upload the parts that you need.",
            )
        self.unit, self.total = unit, total
        self.report(0, total)

    def add(self, text: str) -> None:
        """The next page; "" when there is nothing on it."""
        self.weigh(len(text))
        self.pages.append(text)
        self.report(len(self.pages), self.total)

    def weigh(self, characters: int) -> None:
        """Count characters that are about to be kept, so that the limit holds before memory ends."""
        self._characters += characters
        if self._characters > self.limits.characters:
            raise Refused(
                f"too much text: more than {self.limits.characters:,} characters",
                hint="Split it into smaller files and upload the parts that you need.",
            )
