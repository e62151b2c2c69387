"""PDF: the text layer, page by page, with ruled tables as rows."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any

from core.errors import Refused
from core.retrieval.reading.draft import Draft
from core.retrieval.reading.formats.pdf_forms import beside
from core.retrieval.reading.formats.pdf_raised import marked
from core.retrieval.reading.formats.pdf_righted import righted
from core.retrieval.reading.formats.pdf_tables import with_tables
from core.retrieval.reading.tidy import tidy

_ASKS_FOR_PASSWORD = 4  # FPDF_ERR_PASSWORD
_LOOK_FOR_IMAGES = 20  # pages
# PDFium joins a word that was divided at the end of a line and leaves one of the first two in its place,
# but not at the hyphens of Unicode, which some programs set.
_DIVISION = "(?:[\x02\ufffe]|[\u2010\u00ad]\r?\n)"
# Bounded, because a run of a million letters would otherwise be looked at from each of its letters.
_DIVIDED = re.compile(f"(\\w{{1,40}}){_DIVISION}(\\w{{1,40}})")
_MOST_BOOKMARKS, _MOST_LEVELS, _LONGEST_TITLE = 2_000, 6, 200
_SPACE = re.compile(r"\s+")
_HYPHENATED = re.compile("\\b\\w{1,40}[-\u2010\u2011]\\w{1,40}")


def read(path: Path, draft: Draft) -> None:
    """The text of each page, the fields of its form and its notes; a damaged page counts as empty."""
    import pypdfium2 as pdfium

    document = open_pdf(path)
    document.init_forms()
    draft.expect("page", len(document))
    pages = []
    until = monotonic() + draft.limits.seconds / 4  # later pages are read without their tables
    for number in range(len(document)):
        try:
            text = _text(document, number, draft, until)
        except pdfium.PdfiumError:
            text = ""
        pages.append(text)
        draft.report(number + 1, draft.total)
    draft.images = not any(page.strip() for page in pages) and _has_image(document)
    draft.pages = join_divided(pages)
    draft.outline = list(islice(_bookmarks(document), _MOST_BOOKMARKS))


def _bookmarks(document: Any) -> Iterator[tuple[int, int, str]]:
    """Number of the page, level and title of each bookmark, in order."""
    import pypdfium2 as pdfium

    try:
        for each in document.get_toc(max_depth=_MOST_LEVELS):
            place = each.get_dest()
            title = " ".join(tidy(each.get_title()[:_LONGEST_TITLE])[0].split())
            if place is not None and title and (page := place.get_index()) is not None:
                yield page + 1, each.level + 1, title
    except pdfium.PdfiumError:
        return  # bookmarks that are damaged are none


def open_pdf(path: Path) -> Any:
    """The document; raises Refused when it is encrypted or damaged."""
    import pypdfium2 as pdfium

    try:
        return pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) == _ASKS_FOR_PASSWORD:
            raise Refused(
                "encrypted: the PDF asks for a password",
                hint="Open it with its password, save it without one, and upload that.",
            ) from error
        raise Refused(
            "damaged: the PDF cannot be opened",
            hint="Open it in a PDF viewer and save or print it as a PDF again.",
        ) from error


def _text(document: Any, number: int, draft: Draft, until: float) -> str:
    page = document[number]
    words = page.get_textpage()
    text = _seen(words)
    if monotonic() < until:
        text = righted(words, marked(words, with_tables(page, words, text)))
    words.close()
    draft.weigh(len(text))
    added = beside(document, page, draft)
    page.close()
    return f"{text.rstrip()}\n\n{added}" if added else text


def _seen(words: Any) -> str:
    """The text layer of a page, without what stands outside of the paper."""
    seen: str = words.get_text_bounded()
    whole: str = words.get_text_range()
    # The first runs lines together where one begins at the height of another, or puts them upside down,
    # as on a page that is turned.
    same = seen == whole or Counter(_SPACE.sub("", seen)) == Counter(_SPACE.sub("", whole))
    return whole if same else seen


def _has_image(document: Any) -> bool:
    import pypdfium2 as pdfium
    import pypdfium2.raw as raw

    for number in range(min(len(document), _LOOK_FOR_IMAGES)):
        try:
            images = document[number].get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=4)
            if next(iter(images), None) is not None:
                return True
        except pdfium.PdfiumError:
            continue  # a damaged page shows nothing
    return False


def join_divided(pages: list[str]) -> list[str]:
    """The pages with divided words joined: with a hyphen where the file writes it so elsewhere,
    or where a capital or a digit follows."""
    if not any(re.search(_DIVISION, page) for page in pages):
        return pages
    hyphenated = {
        re.sub("[\u2010\u2011]", "-", word.lower())
        for page in pages
        for word in _HYPHENATED.findall(page)
    }

    def join(found: re.Match[str]) -> str:
        first, second = found[1], found[2]
        with_hyphen = f"{first}-{second}"
        whole, ends = found.string, (found.start() - 1, found.end())
        # "State-of-" and "the-art": a word that has hyphens has all of them.
        is_compound = "-" in {whole[at] for at in ends if 0 <= at < len(whole)}
        keep = not second[0].islower() or first[-1].isdigit() or is_compound
        keep = keep or with_hyphen.lower() in hyphenated
        return with_hyphen if keep else first + second

    return [_DIVIDED.sub(join, page) for page in pages]
