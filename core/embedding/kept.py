"""Embedding: every text of a user is embedded once, whoever asks for it and however often."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from core.retrieval.embed import Embedder, EmbeddingSpace, Payer, Told, Vectors
from core.store.embeddings import Embeddings, hash_of


class Embedding:
    """An embedder with a memory: what was embedded is kept batch by batch, so that a crash costs one."""

    def __init__(self, embedder: Embedder, kept: Embeddings) -> None:
        self._embedder = embedder
        self._kept = kept

    @property
    def space(self) -> EmbeddingSpace:
        """The space of the vectors."""
        return self._embedder.space

    def embed(
        self, user: str, texts: Sequence[str], on_progress: Told | None = None, turn_id: str = ""
    ) -> Vectors:
        """One unit vector for each text, in their order; only texts that are new are embedded.

        `on_progress(done, total)` is called after each batch; what it raises ends the work, and what
        was embedded until then is kept. Raises core.errors.
        """
        names = [hash_of(text) for text in texts]
        space, distinct = self.space, dict(zip(names, texts, strict=True))
        known = self._kept.known(user, space.name, list(distinct))
        # Alike lengths share a batch, the longest first: less filling, and memory peaks at once.
        new = sorted(
            (name for name in distinct if name not in known), key=lambda n: -len(distinct[n])
        )
        counts, payer = Counter(names), Payer(user, turn_id)
        done = sum(counts[name] for name in known)
        for start in range(0, len(new), self._embedder.batch):
            some = new[start : start + self._embedder.batch]
            made = self._embedder.embed([distinct[name] for name in some], payer=payer)
            vectors = {name: each.tobytes() for name, each in zip(some, made, strict=True)}
            self._kept.keep(user, space.name, vectors)
            known.update(vectors)
            done += sum(counts[name] for name in some)
            if on_progress:
                on_progress(done, len(texts))
        joined = b"".join(known[name] for name in names)
        return np.frombuffer(joined, np.float32).reshape(len(names), space.dimension)
