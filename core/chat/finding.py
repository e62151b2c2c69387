"""Finding: the passages for a question, everything that was considered for it, and whether any is near."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from core.admission import Asked
from core.chat.errands import Errands
from core.documents.service import MAX_QUERY, DocumentService
from core.events import Progress
from core.retrieval.nearness import NEAR, is_telling
from core.retrieval.nearness import nearness as near
from core.trace import OpenSpan, Trace, noted
from core.types import Candidate, Found, Turn

_SHOWN = 40
_SNIPPET = 400


def nearness(found: Found) -> float:
    """How sure it is, 0 to 1, that the passages bear on the question."""
    return near(found.cosine, found.coverage) if found.hits else 0.0


class Finder:
    """Waits for the documents that a question is about, and searches them."""

    def __init__(self, documents: DocumentService, errands: Errands) -> None:
        self._documents = documents
        self._errands = errands

    async def wait(self, asked: Asked, trace: Trace, root: OpenSpan) -> AsyncIterator[Progress]:
        """Say what is still being read until nothing is."""
        wanted = asked.request.use_documents
        if wanted is False or not self._documents.pending(asked.user, _ids(wanted)):
            return
        with trace.span("wait for documents", "wait", parent=root):
            async for progress in self._documents.settled(asked.user, _ids(wanted)):
                yield progress

    async def find(
        self, asked: Asked, history: Sequence[Turn], trace: Trace, root: OpenSpan
    ) -> Found:
        """The passages for the question; one that is near to nothing by itself is looked for once more
        with the question before it, because "and how long?" says little alone."""
        if asked.request.use_documents is False:
            return Found()
        with trace.span("search passages", "retrieval", parent=root) as span:
            # A pasted page is searched with its beginning; the model is sent the whole.
            query = asked.request.prompt[:MAX_QUERY]
            if asked.request.condense:
                query = await self._errands.condense(asked, history, trace, span)
            found = await self._search(asked, query)
            alone = is_telling(query)
            if history and not asked.request.condense and (not alone or nearness(found) < NEAR):
                both = f"{history[-1].request.prompt}\n{query}"[:MAX_QUERY]
                again = await self._search(asked, both)
                if not alone or nearness(again) > nearness(found):
                    query, found = both, again
            span.set(**await asyncio.to_thread(self._told, asked, query, found))
        return found

    async def _search(self, asked: Asked, query: str) -> Found:
        wanted = _ids(asked.request.use_documents)
        return await self._documents.find(
            asked.user, query, asked.model.passages, wanted, distinct=True, payer=asked.payer
        )

    def _told(self, asked: Asked, query: str, found: Found) -> dict[str, Any]:
        """What the trace keeps: the hits whole, the best of the others with the beginning of their text."""
        shown = found.candidates[:_SHOWN]
        described = self._documents.described(asked.user, [each.chunk_id for each in shown])
        by_id = {hit.chunk_id: hit for hit in described}
        return {
            "query": query[:2000],
            "k": asked.model.passages,
            "nearness": round(nearness(found), 4),
            "cosine": round(found.cosine, 4),
            "coverage": round(found.coverage, 4),
            "considered": len(found.candidates),
            "hits": [noted(hit) for hit in found.hits],
            "candidates": [
                {
                    **_ranks(each),
                    "document_id": hit.document_id,
                    "document": hit.name,
                    "page": hit.chunk.page,
                    "unit": hit.unit,
                    "seq": hit.chunk.seq,
                    "text": hit.chunk.text[:_SNIPPET],
                }
                for each in shown
                if (hit := by_id.get(each.chunk_id))
            ],
        }


def _ranks(candidate: Candidate) -> dict[str, Any]:
    # Ids of 63 bits are texts in JSON: a browser would round them.
    same = candidate.duplicate_of
    return {
        "chunk_id": str(candidate.chunk_id),
        "dense_rank": candidate.dense_rank,
        "dense_score": round(candidate.dense_score, 4),
        "word_rank": candidate.word_rank,
        "word_score": round(candidate.word_score, 3),
        "fused": round(candidate.fused, 4),
        "duplicate_of": None if same is None else str(same),
        **({} if candidate.read is None else {"read": round(candidate.read, 4)}),
    }


def _ids(wanted: bool | tuple[str, ...]) -> tuple[str, ...] | None:
    return None if isinstance(wanted, bool) else wanted
