"""Another embedder: what it takes, the work itself, and what may be thrown away after it."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from core.bridge import contained
from core.documents.passages import Passages
from core.embedding.kept import Embedding
from core.errors import Conflict, FootlightsError
from core.lasting import taken
from core.retrieval.embed import Embedder, model_of
from core.store.embeddings import Embeddings
from core.store.ids import new_id
from core.store.leases import Process
from core.store.reembeddings import Reembedding, Reembeddings

log = logging.getLogger(__name__)
Priced = Callable[[str, str, int], Decimal | None]
"""What so many tokens cost the user at the model of this ref, in US dollars; None: unknown."""

_IDLE_SECONDS = 2.0
_CLOSE_SECONDS = 20.0
_SAMPLE = 24
# A vendor is not tried for an estimate, because that would cost money.
_VENDOR_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Takes:
    """What re-embedding takes: seconds, by a sample measured on this machine or (`measured` is False)
    by rule of thumb, and US dollars by the price table (None: price unknown)."""

    seconds: float
    cost: Decimal | None
    measured: bool


@dataclass(frozen=True, slots=True)
class Due:
    """`passages` that `now` has not embedded, and `before` has; `job` is how far that has come, None
    when nobody has asked for it."""

    passages: int
    tokens: int
    before: tuple[str, ...]
    now: str
    job: Reembedding | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """Vectors that no search needs: those of a former embedder, or (`model` is "") those of passages
    that were deleted."""

    model: str
    space: str
    vectors: int
    bytes: int


class _Stopped(Exception):
    """Somebody cancelled it, or the app is closed."""


class Reembedder:
    """Embeds a user's passages with the embedder of the settings, when he has said so; until it is
    through, the old vectors stay, and after it too."""

    def __init__(
        self,
        *,
        embedder: Embedder,
        embedding: Embedding,
        kept: Embeddings,
        jobs: Reembeddings,
        passages: Passages,
        process: Process,
        loop: asyncio.AbstractEventLoop,
        priced: Priced,
    ) -> None:
        self._embedder = embedder
        self._embedding = embedding
        self._kept = kept
        self._jobs = jobs
        self._passages = passages
        self._process = process
        self._loop = loop
        self._priced = priced
        self._space = embedder.space.name
        self._asked = asyncio.Event()
        self._closing, self._idle = threading.Event(), threading.Event()
        self._idle.set()
        self._rate: float | None = None

    # --- what is due --------------------------------------------------------------------------

    def due(self, user: str) -> Due | None:
        """What has to be embedded before a search sees everything; None when nothing has."""
        if not self._passages.unembedded(user):
            return None
        rest, job = self._kept.outstanding(user, self._space), self._jobs.get(user, self._space)
        before = tuple(dict.fromkeys(model_of(name) for name in rest.elsewhere))
        return Due(rest.passages, rest.tokens, before, model_of(self._space), job)

    def takes(self, user: str) -> Takes:
        """What it would take now. Loads the embedder and times it on a few of the passages, once; one
        that costs money is not tried."""
        rest = self._kept.outstanding(user, self._space)
        ref = self._embedder.billed
        if ref is not None:
            calls = -(-rest.passages // self._embedder.batch)
            cost = self._priced(user, ref, rest.tokens)
            return Takes(calls * _VENDOR_SECONDS, cost, measured=False)
        if self._rate is None and rest.passages:
            self._rate = self._measured(user)
        return Takes(rest.characters / (self._rate or 1.0), Decimal(0), measured=True)

    def _measured(self, user: str) -> float:
        """Characters a second."""
        # They come in the order of their hashes: the first of them are a random sample.
        sample = next(self._kept.missing(user, self._space), [])[:_SAMPLE]
        self._embedder.warm()
        start = time.perf_counter()
        self._embedder.embed(sample)
        return sum(map(len, sample)) / max(time.perf_counter() - start, 1e-6)

    # --- what a user may ask ------------------------------------------------------------------

    def start(self, user: str) -> None:
        """Begin, or try again; nothing is embedded before."""
        rest = self._kept.outstanding(user, self._space)
        if rest.passages:
            self._jobs.start(user, self._space, rest.passages)
            self._loop.call_soon_threadsafe(self._asked.set)

    def cancel(self, user: str) -> None:
        """Stop after the batch that is under way; what was embedded is kept for another time."""
        self._jobs.cancel(user, self._space)

    def left(self, user: str) -> list[Left]:
        """What may be thrown away, by its former embedder."""
        found = []
        for stock in self._kept.stocks(user):
            if stock.space != self._space:
                found.append(Left(model_of(stock.space), stock.space, stock.vectors, stock.bytes))
            elif stock.idle:
                found.append(Left("", stock.space, stock.idle, stock.idle_bytes))
        return found

    def throw_away(self, user: str, left: Left) -> None:
        """Remove those vectors. Raises Conflict while the way back may still be wanted."""
        if not left.model:
            self._kept.remove_idle(user, self._space)
            return
        if self._passages.unembedded(user):
            raise Conflict(
                f"the vectors of {left.model} are the only ones of some passages",
                hint="Re-embed the passages first.",
            )
        if left.space != self._space:
            self._kept.remove(user, left.space)

    # --- the work -----------------------------------------------------------------------------

    async def work(self) -> None:
        """Work off what users asked for, one after the other, until cancelled; what a dead process left
        included."""
        while not self._closing.is_set():
            if await contained(self._work()):  # on a full disk, say
                await asyncio.sleep(_IDLE_SECONDS)

    async def _work(self) -> None:
        self._asked.clear()
        await asyncio.to_thread(self._jobs.requeue, self._process.alive)
        user = await asyncio.to_thread(self._jobs.claim, self._process.owner, self._space)
        if user is not None:
            await self._work_off(user)
            return
        with suppress(TimeoutError):  # another process may have left something
            await asyncio.wait_for(self._asked.wait(), _IDLE_SECONDS)

    async def _work_off(self, user: str) -> None:
        failed = await taken(partial(self._run, user), _IDLE_SECONDS)
        if failed:
            reason = f"it failed inside the app ({type(failed).__name__})"
            hint = "Try again; if it happens again, please report it."
            await taken(partial(self._fail, user, reason, hint), _IDLE_SECONDS)

    def close(self) -> None:
        """Stop after the batch that is under way; the next start goes on."""
        self._closing.set()
        self._loop.call_soon_threadsafe(self._asked.set)
        self._idle.wait(_CLOSE_SECONDS)

    def _run(self, user: str) -> None:
        self._idle.clear()
        start = time.monotonic()
        try:
            while not self._jobs.finish(user, self._space, self._process.owner):
                self._embed_missing(user)
            log.info("re-embedding took %.1f s", time.monotonic() - start)
        except _Stopped:
            self._jobs.release(user, self._space, self._process.owner)
            self._jobs.announce(user)
        except FootlightsError as error:
            self._fail(user, str(error), error.hint)
            self._jobs.announce(user)
        finally:
            self._idle.set()
        self._passages.sync()

    def _fail(self, user: str, reason: str, hint: str) -> None:
        self._jobs.fail(user, self._space, self._process.owner, reason, hint)

    def _embed_missing(self, user: str) -> None:
        job = self._jobs.get(user, self._space)
        if job is None:
            raise _Stopped
        rest = self._kept.outstanding(user, self._space).passages
        total = max(job.total, rest)
        done, run, owner = total - rest, new_id(), self._process.owner

        def told(more: int, _: int) -> None:
            mine = self._jobs.progress(user, self._space, owner, done + more, total)
            if self._closing.is_set() or not mine:
                raise _Stopped

        told(0, total)
        for texts in self._kept.missing(user, self._space):
            self._embedding.embed(user, texts, told, run)
            done += len(texts)
