"""Search by words: BM25 over the passages of each user, in memory; derived from SQL like the vectors."""

import logging
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.retrieval.indexes.arrays import Damaged
from core.retrieval.indexes.postings import of_texts
from core.retrieval.indexes.terms import Reading, Terms, rules
from core.retrieval.indexes.wordfiles import (
    Entry,
    Manifest,
    WordView,
    read,
    read_shard,
    write,
    write_view,
)
from core.retrieval.indexes.wordshard import WordMatches, WordShard

_log = logging.getLogger(__name__)

PAIR = 0.3
"""What two words of the question side by side weigh beside the words alone (the ordered part of
the sequential dependence model, Metzler and Croft 2005)."""

_IN_ONE_BATCH = 20_000


@dataclass(frozen=True, slots=True)
class Listed:
    """The passages of a document in their order: ids and what is searched of each."""

    document_id: str
    ids: Sequence[int]
    texts: Sequence[str]


class LexicalIndex:
    """BM25 in the passages of one user, by the words of that user alone. Safe to share between
    threads."""

    def __init__(self, folder: Path | None = None) -> None:
        """Kept in the folder, or nowhere."""
        self._folder = folder
        self._terms = Terms()
        self._shards: dict[str, WordShard] = {}
        self._kept: dict[str, Entry] = {}
        self._lock = threading.Lock()

    def knows(self, user: str) -> bool:
        """Whether passages of the user were ever given to it."""
        with self._lock:
            return user in self._shards

    def add(self, user: str, documents: Iterable[Listed]) -> None:
        """Each document's passages, instead of those that it had. A user who was not known is known
        when all are there."""
        with self._lock:
            shard = self._shards.get(user) or WordShard()
        batch: list[Listed] = []
        for document in documents:
            batch.append(document)
            if sum(len(each.ids) for each in batch) >= _IN_ONE_BATCH:
                self._add(user, shard, batch)
                batch = []
        self._add(user, shard, batch)
        with self._lock:
            self._shards[user] = shard

    def _add(self, user: str, shard: WordShard, batch: list[Listed]) -> None:
        made = of_texts(
            np.array([number for each in batch for number in each.ids], dtype=np.int64),
            [each.document_id for each in batch],
            [len(each.ids) for each in batch],
            [self._terms.read(text) for each in batch for text in each.texts],
        )
        with self._lock:
            for each in batch:
                shard.remove(each.document_id)
            shard.add(made)
            self._kept.pop(user, None)

    def remove(self, user: str, document_id: str) -> None:
        """No search finds the document any more; one that is not there does no harm."""
        with self._lock:
            if shard := self._shards.get(user):
                shard.remove(document_id)
                self._kept.pop(user, None)

    def snapshot(self, seq: int) -> None:
        """Keep the present state on the disk as the one that reaches change `seq`."""
        if self._folder is None:
            return
        with self._lock:
            entries = dict(self._kept)
            changed = {
                user: WordView.of(shard)
                for user, shard in self._shards.items()
                if user not in entries
            }
        for user, view in changed.items():
            entries[user] = write_view(self._folder, user, view, self._lock)
        write(self._folder, Manifest(rules(), seq, entries))
        with self._lock:
            for user, view in changed.items():
                if self._shards[user].version == view.version:
                    self._kept[user] = entries[user]

    def unsaved(self) -> bool:
        """Whether anything is not on the disk yet."""
        with self._lock:
            return self._folder is not None and self._shards.keys() != self._kept.keys()

    def load(self) -> int | None:
        """Take up the kept state: the change it reaches, None when there is none to trust; users
        that are not in it are not known."""
        manifest, shards = None, {}
        try:
            manifest = read(self._folder) if self._folder else None
            if manifest and manifest.rules != rules():
                raise Damaged("words are read by other rules now")
            if manifest and self._folder:
                for user, entry in manifest.entries.items():
                    shards[user] = read_shard(self._folder, entry)
        except (Damaged, OSError) as error:
            _log.warning("the words are read again from the database: %s", error)
            manifest, shards = None, {}
        with self._lock:
            self._shards = shards
            self._kept = dict(manifest.entries) if manifest else {}
        return manifest.seq if manifest else None

    def clear(self) -> None:
        """Forget everything; the next snapshot replaces what is on the disk."""
        with self._lock:
            self._shards, self._kept = {}, {}

    def search(
        self,
        user: str,
        query: str,
        k: int,
        documents: frozenset[str] | None = None,
        also: Iterable[int] = (),
    ) -> WordMatches:
        """The k best passages that share a word with the query, in the documents named or in all;
        `also` names passages whose scores are wanted in any case."""
        terms = _weighed(self._terms.asked(query))
        with self._lock:
            shard = self._shards.get(user)
            return shard.search(terms, k, documents, list(also)) if shard else WordMatches()


def _weighed(asked: Reading) -> dict[int, float]:
    once = Counter(asked.terms.tolist())
    return {**once, **{pair: PAIR * n for pair, n in Counter(asked.pairs.tolist()).items()}}
