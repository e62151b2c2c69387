"""The vectors of every user, searched exactly; derived from SQL and rebuilt from it at any time."""

import logging
import threading
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from core.errors import Misuse
from core.retrieval.embed import EmbeddingSpace, Vectors
from core.retrieval.shard import Shard
from core.retrieval.snapshot import Damaged, Entry, read_manifest, read_shard, write

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

    def load(self) -> int:
        """Take up the kept state: the change it reaches, 0 when there is none to trust."""

    def clear(self) -> None:
        """Forget everything, in memory and on the disk."""


class FaissIndex:
    """Exact search with FAISS, one flat index for each user; safe to share between threads."""

    def __init__(self, folder: Path, space: EmbeddingSpace) -> None:
        self._folder = folder
        self._space = space
        self._shards: dict[str, Shard] = {}
        self._kept: dict[str, Entry] = {}
        self._lock = threading.Lock()
        self._saving = threading.Lock()

    def add(
        self, user: str, ids: npt.NDArray[np.int64], vectors: Vectors, document_id: str
    ) -> None:
        """The passages of a document: int64 ids (n,), unit vectors (n, dimension)."""
        ids = np.ascontiguousarray(ids, dtype=np.int64)
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        if ids.ndim != 1 or vectors.shape != (len(ids), self._space.dimension):
            raise Misuse(
                f"vectors of shape {vectors.shape} for {ids.shape} ids do not fit {self._space}"
            )
        if not np.isfinite(vectors).all() or (ids < 0).any():
            raise Misuse("a vector must be finite, and an id must not be negative")
        with self._lock:
            if len(ids):
                self._of(user).add(ids, vectors, document_id)
                self._kept.pop(user, None)

    def _of(self, user: str) -> Shard:
        if user not in self._shards:
            self._shards[user] = Shard(self._space.dimension)
        return self._shards[user]

    def remove(self, user: str, document_id: str) -> None:
        """No search finds the document any more."""
        with self._lock:
            shard = self._shards.get(user)
            if shard and shard.remove(document_id):
                self._kept.pop(user, None)

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
        """The vectors of those passages that are there, by id."""
        with self._lock:
            shard = self._shards.get(user)
            return shard.vectors(ids) if shard else {}

    def snapshot(self, seq: int) -> None:
        """Write what has changed, the manifest last: a crash leaves the former snapshot whole."""
        with self._saving:
            with self._lock:
                kept = dict(self._kept)
                changed = {
                    user: shard.rows() for user, shard in self._shards.items() if user not in kept
                }
                versions = {user: self._shards[user].version for user in changed}
            manifest = write(self._folder, asdict(self._space), seq, kept, changed)
            with self._lock:
                for user, version in versions.items():
                    shard = self._shards.get(user)
                    if shard and shard.version == version:
                        self._kept[user] = manifest.entries[user]

    def load(self) -> int:
        """Take up the snapshot; what is missing, damaged or of another space is not trusted."""
        with self._saving:
            shards: dict[str, Shard] = {}
            try:
                manifest = read_manifest(self._folder)
                if manifest and manifest.space != asdict(self._space):
                    raise Damaged("it was made with another embedder")
                for user, entry in manifest.entries.items() if manifest else ():
                    rows = read_shard(self._folder, entry, self._space.dimension)
                    shards[user] = Shard(self._space.dimension)
                    for document, ids, vectors in rows:
                        shards[user].add(ids, vectors, document)
            except (Damaged, OSError) as error:
                _log.warning("the index is rebuilt from the database: %s", error)
                manifest, shards = None, {}
            with self._lock:
                self._shards = shards
                self._kept = dict(manifest.entries) if manifest else {}
            return manifest.seq if manifest else 0

    def clear(self) -> None:
        """Forget everything, in memory and on the disk."""
        with self._saving:
            with self._lock:
                self._shards, self._kept = {}, {}
            write(self._folder, asdict(self._space), 0, {}, {})
