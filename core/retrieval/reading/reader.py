"""The child process that reads one file: `python -m core.retrieval.reading.reader MEMORY REQUEST`.

The request is JSON, so is the answer on standard output; how far it is, it tells line by line.
A file that makes a library fail ends this process, and the parent says that it is damaged.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from core.errors import Refused
from core.processes.inside import limit_memory, near_limit, tell
from core.retrieval.headings import headings, located
from core.retrieval.reading.draft import Draft, ReadLimits
from core.retrieval.reading.kinds import OFFICE
from core.retrieval.reading.tidy import tidy
from core.types import Extracted, Page

_READERS = {
    "pdf": "pdf",
    "docx": "word",
    "pptx": "slides",
    "xlsx": "sheets",
    "csv": "tables",
    "html": "web",
    "md": "plain",
    "txt": "plain",
    "code": "plain",
    "eml": "mail",
    "rtf": "rich",
    "epub": "book",
    "ipynb": "notebook",
}
_IN_SECTIONS = frozenset({"docx", "html", "md", "eml", "ipynb"})
_SECTION_LEVEL = 2
_OUT_OF_MEMORY = 77


def read(
    path: Path, kind: str, limits: ReadLimits, report: Callable[[int, int], None]
) -> Extracted:
    """The text of a file with its pages. Raises Refused when there is none to be had."""
    if kind in OFFICE:
        from core.retrieval.reading.formats import office

        office.check(path, kind, limits)
    draft = Draft(limits, report)
    # Imported by name, so that a text file does not wait for the libraries of the others.
    import_module(f"core.retrieval.reading.formats.{_READERS[kind]}").read(path, draft)
    extracted = assemble(draft)
    if not extracted.text:
        raise _no_text(draft)
    if kind == "code":
        # `# install the tool` of a script is a comment.
        return replace(extracted, headings=tuple(headings(extracted.text, hashes=False)))
    if kind in _IN_SECTIONS:
        return _in_sections(extracted)
    return extracted


def assemble(draft: Draft) -> Extracted:
    """The pages tidied and put together, each with its place in the whole."""
    texts: list[str] = []
    pages: list[Page] = []
    empty: list[int] = []
    hidden, start = draft.hidden, 0
    for number, page in enumerate(draft.pages, 1):
        text, removed = tidy(page)
        hidden += removed
        text = text if text.strip() else ""
        if not text:
            empty.append(number)
        pages.append(Page(number, start, start + len(text)))
        texts.append(text)
        start += len(text) + 2
    whole = "\n\n".join(texts)
    whole = whole if whole.strip() else ""
    found = tuple(located(draft.outline, whole, pages)) if draft.unit == "page" else None
    return Extracted(whole, tuple(pages), draft.unit, tuple(empty), hidden, found)


def _in_sections(extracted: Extracted) -> Extracted:
    """A text without pages is counted by its chapters: headings of the first two levels."""
    starts = [h.start for h in headings(extracted.text) if h.level <= _SECTION_LEVEL]
    if not starts or extracted.text[: starts[0]].strip():
        starts.insert(0, 0)
    starts[0] = 0
    ends = [*starts[1:], len(extracted.text)]
    spans = enumerate(zip(starts, ends, strict=True), 1)
    pages = tuple(Page(number, start, end) for number, (start, end) in spans)
    return Extracted(extracted.text, pages, "section", (), extracted.hidden_characters)


def _no_text(draft: Draft) -> Refused:
    if draft.images:
        return Refused(
            f"{draft.unit} images only: no text layer",
            hint="Run it through text recognition (OCR) first and upload the result.",
        )
    return Refused(
        "no text: there is nothing in it that can be read",
        hint="Check that it is the right file; text inside pictures is not read.",
    )


def prepare() -> None:
    """Load what reads most files; a library that few need is loaded by the child that needs it."""
    for name in (*set(_READERS.values()), "office"):
        import_module(f"core.retrieval.reading.formats.{name}")
    for library in ("lxml.etree", "pypdfium2"):
        import_module(library)


def main(arguments: list[str]) -> int:
    """Read the file that the request names and write its text; 77 says that memory ran out."""
    memory = int(arguments[0])
    limit_memory(memory)
    request = json.loads(arguments[1])
    try:
        answer = _answer(request)
    except MemoryError:
        return _OUT_OF_MEMORY
    except Exception:
        # lxml and PDFium have words of their own for a want of memory, and none of them is this one.
        if near_limit(memory):
            return _OUT_OF_MEMORY
        raise
    sys.stdout.buffer.write(answer)
    return 0


def _answer(request: dict[str, Any]) -> bytes:
    told = -1

    def report(done: int, total: int) -> None:
        nonlocal told
        # A hundredth is as fine as anybody looks; more would only cost time.
        step = done * 100 // max(total, 1)
        if step != told:
            told = step
            tell(f"{done} {total}")

    try:
        extracted = read(
            Path(request["path"]), request["kind"], ReadLimits(**request["limits"]), report
        )
    except Refused as refused:
        if str(refused).startswith("damaged") and near_limit(request["limits"]["memory_mb"]):
            raise MemoryError from refused
        return json.dumps({"refused": str(refused), "hint": refused.hint}).encode()
    return json.dumps(asdict(extracted), ensure_ascii=False).encode()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
