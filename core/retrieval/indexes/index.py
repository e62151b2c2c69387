"""The vectors of every user; derived from SQL and rebuilt from it at any time."""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from core.errors import Misuse
from core.retrieval.embed import EmbeddingSpace, Vectors
from core.retrieval.indexes.arrays import Damaged
from core.retrieval.indexes.rebuild import Rebuild
from core.retrieval.indexes.regions import Stopped
from core.retrieval.indexes.shard import Shard, Sizes
from core.retrieval.indexes.snapshot import (
    Entry,
    Manifest,
    View,
    read,
    read_shard,
    write,
    write_view,
)
from core.retrieval.indexes.worker import Worker

_log = logging.getLogger(__name__)


class VectorIndex(Protocol):
    """What an engine of vector search promises; one contract test serves every engine."""

    def add(
        self, user: str, ids: npt.NDArray[np.int64], vectors: Vectors, document_id: str
    ) -> None:
        """The passages of a document; an id that is there already is replaced."""

    def remove(self, user: str, document_id: str) -> None:
        """No search finds the document any more; one that is not there does no harm."""

    def search(
        self, user: str, vector: Vectors, k: int, documents: frozenset[str] | None
    ) -> list[tuple[int, float]]:
        """The `k` nearest passages (all, when there are fewer), nearest first, as (id, cosine)."""

    def vectors(self, user: str, ids: Iterable[int]) -> dict[int, Vectors]:
        """The vectors of those passages that are there, by id."""

    def snapshot(self, seq: int) -> None:
        """Keep the present state on the disk as the one that reaches change `seq`."""

    def unsaved(self) -> bool:
        """Whether anything, the parts rebuilt in the background included, is not on the disk yet."""

    def load(self) -> int:
        """Take up the kept state: the change it reaches, 0 when there is none to trust."""

    def clear(self) -> None:
        """Forget everything, in memory and on the disk."""

    def close(self) -> None:
        """Give up what is done in the background."""


class FaissIndex:
    """A shard for each user: exact with FAISS while it is small, IVF with scalar quantisation when it
    is large; it changes over by itself, in the background. Safe to share between threads."""

    def __init__(
        self,
        folder: Path,
        space: EmbeddingSpace,
        sizes: Sizes = Sizes(),  # noqa: B008
        run: Callable[[Callable[[], None]], None] | None = None,
    ) -> None:
        """`run` is given what is to be done in the background; a thread does it by default."""
        self._folder = folder
        self._space = space
        self._sizes = sizes
        self._shards: dict[str, Shard] = {}
        self._kept: dict[str, Entry] = {}
        self._lock = threading.Lock()
        self._saving = threading.Lock()
        self._worker = Worker()
        self._run = run or self._worker.submit
        self._rebuilding: set[str] = set()

    def add(
        self, user: str, ids: npt.NDArray[np.int64], vectors: Vectors, document_id: str
    ) -> None:
        """The passages of a document: int64 ids (n,), unit vectors (n, dimension)."""
        # A copy: the rows stay in the index as they were given.
        ids, vectors = np.array(ids, dtype=np.int64), np.array(vectors, dtype=np.float32)
        if ids.ndim != 1 or vectors.shape != (len(ids), self._space.dimension):
            raise Misuse(
                f"vectors of shape {vectors.shape} for {ids.shape} ids do not fit {self._space}"
            )
        if not np.isfinite(vectors).all() or (ids < 0).any():
            raise Misuse("a vector must be finite, and an id must not be negative")
        if not len(ids):
            return
        with self._lock:
            shard = self._shards.setdefault(user, Shard(self._sizes))
            shard.add(ids, vectors, document_id)
            self._kept.pop(user, None)
        self._rebuild(user)

    def remove(self, user: str, document_id: str) -> None:
        """No search finds the document any more."""
        with self._lock:
            shard = self._shards.get(user)
            if shard and shard.remove(document_id):
                self._kept.pop(user, None)
        self._rebuild(user)

    def _rebuild(self, user: str) -> None:
        """Begin what the shard has planned; one plan for a user at a time."""
        with self._lock:
            shard = self._shards.get(user)
            if shard is None or user in self._rebuilding or self._worker.stopping.is_set():
                return
            if (plan := shard.plan()) is None:
                return
            self._rebuilding.add(user)
        self._run(lambda: self._work(user, shard, plan))

    def _work(self, user: str, shard: Shard, plan: Rebuild) -> None:
        """Searches go on in the old parts meanwhile; what comes and goes is not lost."""
        made = None
        try:
            made = plan.run(self._worker.stopping)
        except Stopped:
            _log.info("the app ends: the index goes on with its old parts")
        finally:
            # One that failed raises; it is planned again with the user's next change.
            with self._lock:
                self._rebuilding.discard(user)
                if made is None:
                    shard.give_up()
                else:
                    shard.replace(plan, *made)
                    if self._shards.get(user) is shard:
                        self._kept.pop(user, None)
        self._rebuild(user)

    def search(
        self, user: str, vector: Vectors, k: int, documents: frozenset[str] | None = None
    ) -> list[tuple[int, float]]:
        """The nearest passages, in the documents named or in all; equal scores by id."""
        vector = np.ascontiguousarray(vector, dtype=np.float32)
        if vector.shape != (self._space.dimension,):
            raise Misuse(f"a vector of shape {vector.shape} does not fit {self._space}")
        with self._lock:
            shard = self._shards.get(user)
            return shard.search(vector, k, documents) if shard and k > 0 else []

    def vectors(self, user: str, ids: Iterable[int]) -> dict[int, Vectors]:
        """The vectors of those passages that are there, by id; exact to 16 bits."""
        with self._lock:
            shard = self._shards.get(user)
            return shard.vectors(ids) if shard else {}

    def unsaved(self) -> bool:
        """Whether anything is not on the disk yet."""
        with self._lock:
            return self._shards.keys() != self._kept.keys()

    def snapshot(self, seq: int) -> None:
        """Write what has changed, the manifest last: a crash leaves the former snapshot whole."""
        with self._saving:
            with self._lock:
                entries = dict(self._kept)
                changed = {
                    user: View.of(shard)
                    for user, shard in self._shards.items()
                    if user not in entries
                }
            for user, view in changed.items():
                entries[user] = write_view(self._folder, user, view, self._lock)
            write(self._folder, Manifest(asdict(self._space), seq, entries))
            with self._lock:
                for user, view in changed.items():
                    shard = self._shards.get(user)
                    if shard and shard.version == view.version:
                        self._kept[user] = entries[user]

    def load(self) -> int:
        """Take up the snapshot; what is missing, damaged or of another space is not trusted."""
        with self._saving:
            shards: dict[str, Shard] = {}
            try:
                manifest = read(self._folder)
                if manifest and manifest.space != asdict(self._space):
                    raise Damaged("it was made with another embedder")
                for user, entry in manifest.entries.items() if manifest else ():
                    shards[user] = read_shard(self._folder, entry, self._sizes)
            except (Damaged, OSError) as error:
                _log.warning("the index is rebuilt from the database: %s", error)
                manifest, shards = None, {}
            with self._lock:
                self._shards = shards
                self._kept = dict(manifest.entries) if manifest else {}
        for user in shards:
            self._rebuild(user)
        return manifest.seq if manifest else 0

    def clear(self) -> None:
        """Forget everything, in memory and on the disk."""
        with self._saving:
            with self._lock:
                self._shards, self._kept = {}, {}
            write(self._folder, Manifest(asdict(self._space), 0))

    def approximate(self, user: str) -> bool:
        """Whether the user has so many passages that they are searched in lists."""
        with self._lock:
            shard = self._shards.get(user)
            return bool(shard and shard.regions)

    def settle(self) -> None:
        """Wait until nothing is done in the background any more."""
        self._worker.settle()

    def close(self) -> None:
        """Give up what is done in the background; it begins anew at the next start."""
        self._worker.close()
