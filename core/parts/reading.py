"""Documents: read, embedded, searched, shown."""

from collections.abc import Callable
from functools import cache, cached_property, partial

from core.assets import MINILM, Assets
from core.documents.atlas import Atlas
from core.documents.ingest import Ingest
from core.documents.passages import Passages
from core.documents.reembedding import Reembedder
from core.documents.service import DocumentService
from core.documents.viewing import Viewer
from core.embedding.kept import Embedding
from core.embedding.vendor import VendorEmbedder
from core.goldens.questions import GoldenBench
from core.llm.pricing import price
from core.parts.asking import Asking
from core.parts.kept import needed
from core.retrieval.chunk import Chunker
from core.retrieval.embed import Embedder
from core.retrieval.indexes.index import FaissIndex
from core.retrieval.indexes.lexical import LexicalIndex
from core.store.embeddings import Embeddings
from core.store.golden import GoldenRows
from core.store.jobs import Jobs
from core.store.reembeddings import Reembeddings
from core.types import Usage


class Reading(Asking):
    """Everything about documents and their passages."""

    @cached_property
    def _embedder(self) -> Embedder:
        vendor = partial(
            VendorEmbedder,
            client=self.client,
            bridge=self.bridge,
            meter=self._meter,
            count=self.counter.count,
        )
        return self._chosen.embedder(vendor)

    @cached_property
    def _kept(self) -> Embeddings:
        return Embeddings(self.engine)

    @cached_property
    def _embedding(self) -> Embedding:
        return Embedding(self._embedder, self._kept)

    @cached_property
    def passages(self) -> Passages:
        data = self.settings.data
        index = FaissIndex(data / "index", self._embedder.space)
        words = LexicalIndex(data / "words")
        return Passages(self._stored, index, words, self._embedder, reranker=self._reranker)

    @cached_property
    def documents(self) -> DocumentService:
        return DocumentService(
            documents=self._stored,
            jobs=Jobs(self.engine),
            blobs=self._blobs,
            passages=self.passages,
            ingest=Ingest(
                self._stored, self._blobs, self.passages, self._embedding, _chunker(self._assets)
            ),
            process=self.process,
            loop=self.bridge.loop,
            max_bytes=self.settings.max_upload_mb * 2**20,
        )

    @cached_property
    def reembedder(self) -> Reembedder:
        override = self._override
        return Reembedder(
            embedder=self._embedder,
            embedding=self._embedding,
            kept=self._kept,
            jobs=Reembeddings(self.engine),
            passages=self.passages,
            process=self.process,
            loop=self.bridge.loop,
            priced=lambda user, ref, tokens: price(ref, Usage(tokens), override(user, ref)),
        )

    @cached_property
    def golden(self) -> GoldenBench:
        space = self._embedder.space.name
        rows = GoldenRows(self.engine)
        return GoldenBench(rows, self._stored, self.collections, self.passages, space)

    @cached_property
    def viewer(self) -> Viewer:
        return Viewer(self._stored, self._blobs)

    @cached_property
    def atlas(self) -> Atlas:
        reader = self._reranker.name if self._reranker else ""
        return Atlas(
            self._stored,
            self.passages,
            self._embedder,
            self._chosen.sha256,
            arithmetic=self._chosen.arithmetic,
            reranker=reader,
        )


def _chunker(assets: Assets) -> Callable[[], Chunker]:
    """The chunker, made at its first use: its tokenizer takes a moment to load."""
    return cache(lambda: Chunker(needed(assets, MINILM) / "tokenizer.json"))
