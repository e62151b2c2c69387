"""Two indexes that follow the rows: by meaning and by words."""

import threading
from collections.abc import Iterator

from core.retrieval.embed import Embedder
from core.retrieval.indexes.index import VectorIndex
from core.retrieval.indexes.lexical import LexicalIndex, Listed
from core.store.documents import Documents
from core.store.passages import Change

_FEW = 2_000  # passages whose words are read in half a second


class Following:
    """Brings both indexes up to date with what the database holds, from their snapshots on."""

    def __init__(
        self, documents: Documents, index: VectorIndex, words: LexicalIndex, embedder: Embedder
    ) -> None:
        self._documents = documents
        self._index = index
        self._words = words
        self.embedder = embedder
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._saving = threading.Lock()
        self._seq: int | None = None
        self._words_seq = 0
        self._saved = (0, 0)
        self._unembedded: dict[str, dict[str, int]] = {}

    def sync(self) -> None:
        """Apply every change since the last call; the first call loads the snapshots."""
        with self._lock:
            if self._seq is None:
                self._seq = self._load()
            for change in self._documents.changes(min(self._seq, self._words_seq)):
                # Each index has a snapshot of its own, and one may reach further.
                if change.seq > self._seq:
                    self._apply(change)
                    self._seq = change.seq
                if change.seq > self._words_seq:
                    self._apply_words(change)
                    self._words_seq = change.seq

    def _load(self) -> int:
        seq, words = self._index.load(), self._words.load()
        last = self._documents.last_seq()
        if seq > last:
            # The snapshot is of another database: rebuild it from the rows.
            self._index.clear()
            seq = 0
        if words is None or words > last:
            # Nobody's words are known then: they are read when the user first searches.
            self._words.clear()
            words = last
        self._words_seq = words
        self._saved = seq, words
        return seq

    def _apply(self, change: Change) -> None:
        user, document = change.user_id, change.document_id
        if change.op == "remove":
            self._index.remove(user, document)
            self._note(user, document, 0)
            return
        ids, vectors, missing = self._documents.vectors(user, document, self.embedder.space.name)
        if len(ids):
            self._index.add(user, ids, vectors, document)
        self._note(user, document, missing)

    def _apply_words(self, change: Change) -> None:
        user, document = change.user_id, change.document_id
        if self._words.knows(user):
            if change.op == "remove":
                self._words.remove(user, document)
            else:
                self._words.add(user, self._listed(user, document))
        elif self._documents.totals(user).passages <= _FEW:
            self._words.add(user, self._listed(user))

    def _note(self, user: str, document: str, missing: int) -> None:
        """Remember how many passages of the document the index does not hold."""
        of_user = self._unembedded.setdefault(user, {})
        of_user.pop(document, None)
        if missing:
            of_user[document] = missing
        elif not of_user:
            del self._unembedded[user]

    def unembedded(self, user: str, documents: frozenset[str] | None = None) -> int:
        """How many passages, of these documents or of all, are not in the index, because the embedder
        of the settings has not embedded them."""
        self.sync()
        with self._lock:
            return sum(
                count
                for document, count in self._unembedded.get(user, {}).items()
                if documents is None or document in documents
            )

    def _read_words(self, user: str) -> None:
        """For a user whose words no snapshot has. It may take long, and nobody else waits for it: what
        changes meanwhile is looked at again at its end."""
        if self._words.knows(user):
            return
        with self._reading:
            if self._words.knows(user):
                return
            before = self._words_seq
            self._words.add(user, self._listed(user))
            with self._lock:
                for change in self._documents.changes(before):
                    if change.user_id == user and change.seq <= self._words_seq:
                        self._apply_words(change)

    def _listed(self, user: str, document_id: str | None = None) -> Iterator[Listed]:
        for rows in self._documents.texts(user, document_id):
            texts = [f"{row.name}\n{row.heading}\n{row.text}" for row in rows]
            yield Listed(rows[0].document_id, [row.id for row in rows], texts)

    def save(self) -> None:
        """Write a snapshot if anything changed since the last one, so that the next start is quick. One
        that lacks passages is not written: nobody who loads it would know."""
        with self._saving:
            with self._lock:
                if self._seq is None or self._unembedded:
                    return
                reached = self._seq, self._words_seq
            # Searches go on meanwhile. What is written may know more than it says: changes that are
            # applied again do no harm.
            if self._saved != reached or self._index.unsaved():
                self._index.snapshot(reached[0])
            if self._saved != reached or self._words.unsaved():
                self._words.snapshot(reached[1])
            self._saved = reached

    def close(self) -> None:
        """Give up what is done in the background, and save."""
        self._index.close()
        self.save()
