"""DocumentService: upload, follow, search and delete; a pool of one works the queue off."""

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import PurePosixPath, PureWindowsPath
from unicodedata import category

from core import web
from core.clean_text import clean
from core.documents.ingest import Ingest, in_words
from core.documents.passages import Passages
from core.errors import FootlightsError, NotFound, Refused
from core.events import Progress
from core.lasting import lasting, taken
from core.retrieval.embed import NOTHING, Asks, Payer, Vectors
from core.retrieval.reading.extract import sniff
from core.store.blobs import Blobs
from core.store.documents import Documents
from core.store.ids import new_id
from core.store.jobs import Job, Jobs
from core.store.leases import Process
from core.types import Chunk, Document, Found, Hit
from core.unseen import strip_invisible

log = logging.getLogger(__name__)
PENDING = frozenset({"queued", "reading", "chunking", "embedding"})
MAX_QUERY = 20_000
_SPACE = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_POLL_SECONDS = 0.15
_IDLE_SECONDS = 2.0
"""How often an idle worker looks for jobs that another process queued or left behind."""


class DocumentService:
    """What was acknowledged ends as indexed or as refused with a reason, whatever happens between."""

    def __init__(
        self,
        *,
        documents: Documents,
        jobs: Jobs,
        blobs: Blobs,
        passages: Passages,
        ingest: Ingest,
        process: Process,
        loop: asyncio.AbstractEventLoop,
        max_bytes: int,
    ) -> None:
        self._documents = documents
        self._jobs = jobs
        self._blobs = blobs
        self._passages = passages
        self._ingest = ingest
        self._process = process
        self._loop = loop
        self._max_bytes = max_bytes
        self._queued = asyncio.Event()

    # --- upload, list, delete -----------------------------------------------------------------

    def add(self, user: str, name: str, data: bytes) -> tuple[Document, bool]:
        """Take a file in: the document, queued or refused, and whether it is new. The same bytes again
        give the document that is already there."""
        shown = shown_name(name)
        sha256 = self._blobs.digest(data)
        try:
            if len(data) > self._max_bytes:
                limit = self._max_bytes // 2**20
                raise Refused(f"{len(data) / 2**20:.1f} MB: a file may have at most {limit} MB")
            kind = sniff(shown, data)
        except Refused as refusal:
            return self._documents.add_refused(
                user, new_id(), shown, sha256, len(data), in_words(refusal)
            ), True
        # Held, so that the deletion of the same bytes elsewhere does not take this file with it.
        with self._blobs.held(sha256, self._documents.need):
            self._blobs.put(data)
            document, is_new = self._documents.add(
                user, new_id(), shown, sha256, len(data), kind, job_id=new_id()
            )
        self._loop.call_soon_threadsafe(self._queued.set)
        return document, is_new

    async def add_page(self, user: str, url: str) -> tuple[Document, bool]:
        """Fetch a web page from the open internet and take it in like a file. Raises Refused when it
        cannot be had; what cannot be read is a refused document."""
        page = await web.fetch(url, self._max_bytes)
        return await asyncio.to_thread(self.add, user, page.name, page.data)

    def add_text(self, user: str, name: str, text: str) -> tuple[Document, bool]:
        """Take in a text that somebody wrote or pasted; without a name it is named after its first words."""
        text = clean(text).strip()
        if not text:
            raise Refused("the text is empty", hint="Paste something first.")
        words = " ".join(text.lstrip("#").split())[:60].rstrip(" .,;:")
        stem = shown_name(name.strip() or words).removesuffix(".txt").removesuffix(".md")
        return self.add(user, f"{stem}.md", text.encode())

    def get(self, user: str, document_id: str) -> Document:
        """The document; NotFound when the user has none with this id."""
        return self._documents.get(user, document_id)

    def passages(self, user: str, document_id: str, offset: int, limit: int) -> list[Chunk]:
        """The passages of a document in their order."""
        return self._documents.passages(user, document_id, offset, limit)

    def delete(self, user: str, document_id: str) -> None:
        """Remove the document, its passages and, when nobody else has the same bytes, its file."""
        sha256 = self._documents.get(user, document_id).sha256
        with self._blobs.held(sha256, self._documents.need):
            if orphaned := self._documents.delete(user, document_id):
                self._blobs.delete(orphaned)
        self._passages.sync()

    async def search(
        self, user: str, query: str, k: int, documents: Sequence[str] | None = None
    ) -> list[Hit]:
        """The k passages that fit the query best, best first. Refused for an empty or endless query."""
        return list((await self.find(user, query, k, documents)).hits)

    async def find(
        self,
        user: str,
        query: str,
        k: int,
        documents: Sequence[str] | None = None,
        *,
        distinct: bool = False,
        payer: Payer | None = None,
    ) -> Found:
        """The same with everything that was considered, and how near the nearest is; `distinct` takes
        no passage that says what a better one says. Without a payer the user's day and month pay."""
        query = clean(query).strip()
        if not query:
            raise Refused("the question is empty", hint="Type what you want to find.")
        if len(query) > MAX_QUERY:
            raise Refused(
                f"a question of {len(query):,} characters: at most {MAX_QUERY:,} can be searched",
                hint="Shorten the question.",
            )
        only = None if documents is None else frozenset(documents)
        vector = await self._asked(user, query, only, payer or Payer(user))
        return await asyncio.to_thread(
            self._passages.find, user, query, k, only, distinct=distinct, vector=vector
        )

    async def _asked(
        self, user: str, query: str, only: frozenset[str] | None, payer: Payer
    ) -> Vectors | None:
        """The vector of the question where a vendor makes it, empty when there is nothing to search: no
        thread waits for it, since its booking needs one, and it ends with whoever wants it."""
        if not isinstance(self._passages.embedder, Asks):
            return None
        if not await asyncio.to_thread(self._passages.searchable, user, only):
            return NOTHING
        return await self._passages.embedder.ask(query, payer)

    def described(self, user: str, chunk_ids: Sequence[int]) -> list[Hit]:
        """The passages with these ids, as far as they are still there."""
        return self._passages.described(user, chunk_ids)

    # --- the queue ----------------------------------------------------------------------------

    async def settled(
        self, user: str, documents: Sequence[str] | None = None
    ) -> AsyncIterator[Progress]:
        """Say what is still being indexed until nothing is; `documents` narrows it to these."""
        while waiting := await asyncio.to_thread(self.pending, user, documents):
            yield _progress(waiting)
            await asyncio.sleep(_POLL_SECONDS)

    def pending(self, user: str, documents: Sequence[str] | None = None) -> list[Document]:
        """The documents that are still on their way; `documents` narrows it to these."""
        return [
            document
            for document in self._documents.unread(user)
            if documents is None or document.id in documents
        ]

    async def work(self) -> None:
        """Work the queue off, one file at a time, until cancelled; jobs of dead processes included, and
        what they left of files that have no row."""
        await taken(partial(self._blobs.tidy, self._documents.need), _IDLE_SECONDS)
        await lasting(self._work, _IDLE_SECONDS)

    async def _work(self) -> None:
        self._queued.clear()
        job = await asyncio.to_thread(self._jobs.claim, self._process.owner)
        if job is not None:
            await self._work_off(job)
            return
        await asyncio.to_thread(self._passages.save)
        try:
            await asyncio.wait_for(self._queued.wait(), _IDLE_SECONDS)
        except TimeoutError:
            await asyncio.to_thread(self._jobs.requeue, self._process.alive)

    async def _work_off(self, job: Job) -> None:
        start = time.monotonic()
        # A full disk is no fault of the file: it waits until there is room.
        failed = await taken(partial(self._run, job), _IDLE_SECONDS)
        if failed:
            reason = f"reading it failed inside the app ({type(failed).__name__}): please report it"
            if isinstance(failed, FootlightsError):  # a vendor that embeds, or a cap
                reason = in_words(failed)
            refuse = partial(self._documents.refuse, job.user_id, job.document_id, reason)
            await taken(refuse, _IDLE_SECONDS)
        await taken(partial(self._jobs.done, job.user_id, job.id), _IDLE_SECONDS)
        log.info("document %s took %.1f s", job.document_id, time.monotonic() - start)

    def _run(self, job: Job) -> None:
        try:
            self._ingest.run(job.user_id, self._documents.get(job.user_id, job.document_id))
        except NotFound:
            log.info("document %s was deleted before it was read", job.document_id)

    # Last, because its name hides the type from the annotations below it.
    def list(self, user: str) -> list[Document]:
        """Every document of the user, newest first."""
        return self._documents.list(user)


def shown_name(name: str) -> str:
    """The file's name for show: no folders, nothing that nobody sees but what spelling needs, at most 200
    characters."""
    base = PurePosixPath(PureWindowsPath(name).name).name
    seen, _ = strip_invisible(_SPACE.sub(" ", clean(base)))
    printable = "".join(c for c in seen if c.isprintable() or category(c) == "Cf").strip(". ")
    if len(printable) > 200:
        stem, dot, ending = printable.rpartition(".")
        short = dot and len(ending) < 10
        printable = f"{stem[: 198 - len(ending)]}…{dot}{ending}" if short else printable[:200]
    return printable or "unnamed"


def _progress(waiting: Sequence[Document]) -> Progress:
    document = next((d for d in waiting if d.status != "queued"), waiting[0])
    counts = f" {document.done} of {document.total}" if document.total else ""
    others = f", {len(waiting) - 1} more in the queue" if len(waiting) > 1 else ""
    note = f"waiting for {document.name}: {document.status}{counts}{others}"
    return Progress("indexing", note, document.done, document.total)
