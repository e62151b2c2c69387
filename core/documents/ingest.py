"""From a stored file to its passages: read, chunk, embed, commit; every stage reports its progress."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from core.documents.passages import Passages
from core.embedding.kept import Embedding
from core.errors import FootlightsError, Refused
from core.retrieval.chunk import Chunker
from core.retrieval.reading.extract import extract
from core.store.blobs import Blobs
from core.store.documents import Documents
from core.types import Chunk, Document, DocumentStatus

_REPORT_SECONDS = 0.2


@dataclass
class _Report:
    """Writes progress to the document's row, at most five times a second, and times the stages."""

    documents: Documents
    user: str
    document_id: str
    seconds: dict[str, float] = field(default_factory=dict)
    _last: float = 0.0

    @contextmanager
    def stage(self, status: DocumentStatus, total: int = 0) -> Iterator[Callable[[int, int], None]]:
        start = time.monotonic()
        self._note(status, 0, total)
        yield lambda done, of: self._progress(status, done, of)
        self.seconds[status] = round(time.monotonic() - start, 3)

    def _progress(self, status: DocumentStatus, done: int, total: int) -> None:
        if time.monotonic() - self._last >= _REPORT_SECONDS:
            self._note(status, done, total)

    def _note(self, status: DocumentStatus, done: int, total: int) -> None:
        self._last = time.monotonic()
        if not self.documents.progress(self.user, self.document_id, status, done, total):
            self.documents.get(self.user, self.document_id)  # raises when it is not there any more


class Ingest:
    """Turns one queued document into indexed passages, or into a refusal with its reason."""

    def __init__(
        self,
        documents: Documents,
        blobs: Blobs,
        passages: Passages,
        embedding: Embedding,
        chunker: Callable[[], Chunker],
    ) -> None:
        self._documents = documents
        self._blobs = blobs
        self._passages = passages
        self._embedding = embedding
        self._chunker = chunker

    def run(self, user: str, document: Document) -> None:
        """Work the document off; safe to repeat after a crash, since all rows come in one commit.
        Raises NotFound as soon as it is seen that the document was deleted: no more of it is read or paid for.
        """
        report = _Report(self._documents, user, document.id)
        try:
            self._index(user, document, report)
        except Refused as refusal:
            self._documents.refuse(user, document.id, in_words(refusal))
        else:
            self._passages.sync()

    def _index(self, user: str, document: Document, report: _Report) -> None:
        with report.stage("reading") as progress:
            path = self._blobs.path(document.sha256)
            extracted = extract(path, document.kind, on_progress=progress)
        with report.stage("chunking"):
            chunks = self._chunker().chunks(extracted)
            if not chunks:
                raise Refused("no text in it: nothing to search")
        with report.stage("embedding", len(chunks)) as progress:
            texts = [chunk.headed for chunk in chunks]
            vectors = self._embedding.embed(user, texts, progress, document.id)
        self._documents.finish(
            user,
            document.id,
            [
                (_chunk_id(user, document.id, chunk), chunk, vector.tobytes())
                for chunk, vector in zip(chunks, vectors, strict=True)
            ],
            space=self._embedding.space.name,
            pages=len(extracted.pages),
            empty_pages=extracted.empty_pages,
            unit=extracted.unit,
            seconds=report.seconds,
            hidden_characters=extracted.hidden_characters,
        )


def in_words(refusal: FootlightsError) -> str:
    """The reason of a refusal with what to do next, where the refusal knows it."""
    known = refusal.hint != Refused.hint
    return f"{refusal}. {refusal.hint}" if known else str(refusal)


def _chunk_id(user: str, document_id: str, chunk: Chunk) -> int:
    """63 bits that are the same at every try, so that a repeated ingest writes the same rows."""
    key = f"{user}\0{document_id}\0{chunk.seq}".encode()
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest()) >> 1
