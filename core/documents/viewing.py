"""Viewer: the pages of a document to look at, as pictures and as the text that was read from them."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

from core.errors import NotFound, Refused
from core.retrieval.reading.kinds import MEDIA_TYPES as MEDIA_TYPES  # what the API calls a file
from core.retrieval.reading.letters import letters
from core.retrieval.reading.picture import Sought, picture
from core.store.blobs import Blobs
from core.store.documents import Documents
from core.types import Box, Chunk, Document, PagePicture, PageText

WIDEST = 2_000
"""Pixels of the widest picture that is drawn."""

_CACHE_BYTES = 48 * 2**20
_AT_ONCE = 2
_WAIT_SECONDS = 30.0
_REFUSED_SECONDS = 60.0
_WORDS = 4_000
_MOST_SHOWN = 40_000
Clock = Callable[[], float]


class Viewer:
    """Draws pages on demand, a few at a time, and keeps the last ones within a bound."""

    def __init__(self, documents: Documents, blobs: Blobs, clock: Clock = time.monotonic) -> None:
        self._documents = documents
        self._blobs = blobs
        self._clock = clock
        self._kept = _Kept(_CACHE_BYTES)
        self._free = threading.BoundedSemaphore(_AT_ONCE)

    def file(self, user: str, document_id: str) -> tuple[Document, bytes]:
        """The document and the bytes that were uploaded. Raises NotFound."""
        document = self._documents.get(user, document_id)
        try:
            return document, self._blobs.path(document.sha256).read_bytes()
        except FileNotFoundError:
            raise NotFound(
                f"the file of {document.name} was not kept",
                hint="A file that is refused at once is not kept; upload it again.",
            ) from None

    def texts(self, user: str, document_id: str, first: int, last: int) -> list[PageText]:
        """What was read from the pages `first` to `last` (slides, sheets or sections), those without
        text included."""
        document = self._documents.get(user, document_id)
        last = min(last, document.pages)
        found: dict[int, list[Chunk]] = {}
        for chunk in self._documents.on_pages(user, document_id, first, last):
            found.setdefault(chunk.page, []).append(chunk)
        return [_put_together(n, found.get(n, [])) for n in range(first, last + 1)]

    def page(self, user: str, document_id: str, number: int, width: int) -> PagePicture:
        """A page of a PDF, at most `width` pixels wide. Raises NotFound, or Refused when it cannot be
        drawn within the limits."""
        document = self._pdf(user, document_id)
        if not 1 <= number <= document.pages:
            raise NotFound(f"{document.name} has no page {number:,}; it has {document.pages:,}")
        return self._once(document.sha256, number, min(max(width, 1), WIDEST), None)

    def boxes(
        self, user: str, document_id: str, seq: int, start: int = 0, end: int = 0
    ) -> tuple[Box, ...]:
        """Where characters [start, end) of passage `seq` stand on the picture of its page (all of the
        passage when they are equal); empty when they cannot be found there. Raises NotFound or Refused."""
        document = self._pdf(user, document_id)
        passage = next(iter(self._documents.passages(user, document_id, seq, 1)), None)
        if passage is None or passage.seq != seq:
            raise NotFound(f"{document.name} has no passage {seq + 1:,}")
        start, end = (start, end) if start < end else (0, len(passage.text))
        before = self._documents.on_pages(user, document_id, passage.page, passage.page)
        ahead = "".join(chunk.text for chunk in before if chunk.seq < seq) + passage.text[:start]
        sought = Sought(letters(passage.text[start:end])[:_WORDS], len(letters(ahead)))
        return self._once(document.sha256, passage.page, 0, sought).boxes

    def _pdf(self, user: str, document_id: str) -> Document:
        document = self._documents.get(user, document_id)
        if document.kind != "pdf" or not document.pages:
            raise Refused(
                f"{document.name} has no pages that could be drawn: only a PDF that was read has",
                hint="Read its text, or download the file.",
            )
        return document

    def _once(self, sha256: str, number: int, width: int, sought: Sought | None) -> PagePicture:
        key = (sha256, number, width, sought)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._draw(sha256, number, width, sought)
            # Remembered for a while, so that a page that takes all its time does so once.
            self._kept.put(key, kept)
        if isinstance(kept, _Refusal):
            if self._clock() < kept.until:
                raise Refused(kept.reason, hint=kept.hint)
            self._kept.drop(key)
            return self._once(sha256, number, width, sought)
        return kept

    def _draw(
        self, sha256: str, number: int, width: int, sought: Sought | None
    ) -> "PagePicture | _Refusal":
        if not self._free.acquire(timeout=_WAIT_SECONDS):
            raise Refused(
                "too many pages are being drawn at once", hint="Try again in a few seconds."
            )
        try:
            return picture(self._blobs.path(sha256), number, width, sought)
        except Refused as refused:
            return _Refusal(str(refused), refused.hint, self._clock() + _REFUSED_SECONDS)
        finally:
            self._free.release()


class _Refusal:
    """A page that could not be drawn, and until when nobody tries again."""

    def __init__(self, reason: str, hint: str, until: float) -> None:
        self.reason, self.hint, self.until = reason, hint, until


class _Kept:
    """The last pictures and refusals, the oldest dropped first; safe to ask from many threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._all: OrderedDict[Hashable, PagePicture | _Refusal] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> PagePicture | _Refusal | None:
        with self._lock:
            if key in self._all:
                self._all.move_to_end(key)
            return self._all.get(key)

    def put(self, key: Hashable, each: PagePicture | _Refusal) -> None:
        self.drop(key)
        with self._lock:
            self._all[key] = each
            self._bytes += _weight(each)
            while self._bytes > self._most:
                _, oldest = self._all.popitem(last=False)
                self._bytes -= _weight(oldest)

    def drop(self, key: Hashable) -> None:
        with self._lock:
            if key in self._all:
                self._bytes -= _weight(self._all.pop(key))


def _weight(each: PagePicture | _Refusal) -> int:
    return 2_000 + (len(each.png) if isinstance(each, PagePicture) else 0)


def _put_together(number: int, chunks: list[Chunk]) -> PageText:
    """The text of a page from its passages, which hold all of it but the space between them."""
    text, reached, places = "", 0, {}
    for chunk in chunks:
        if len(text) < _MOST_SHOWN:
            text += "\n" * min(chunk.start - reached, 2) * bool(text)
            places[chunk.seq] = len(text)
            text += chunk.text
        reached = chunk.end
    characters = reached - chunks[0].start if chunks else 0
    return PageText(number, text, max(characters, len(text)), places)
