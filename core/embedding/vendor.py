"""Embeddings of a vendor behind the seam of every embedder: counted, booked, and asked on the one loop."""

from collections.abc import Callable, Sequence

import numpy as np

from core.bridge import Bridge
from core.errors import Misuse
from core.llm.client import LLMClient
from core.llm.embeddings import EmbeddingRequest
from core.llm.meter import Meter
from core.retrieval.embed import EmbeddingSpace, Payer, Told, Vectors
from core.store.ids import new_id
from core.trace import Trace

_BATCH = 128
# The vendor reads 8,191 tokens of a text, and may count more of them than we do.
_LONGEST = 6_000
_SHORTENED = "text-embedding-3"  # these make fewer dimensions when they are asked to


class VendorEmbedder:
    """Embeds with the model `openai:<model>`; every call is reserved before it is sent, and booked."""

    batch = _BATCH

    def __init__(
        self,
        model: str,
        dimension: int,
        *,
        client: LLMClient,
        bridge: Bridge,
        meter: Callable[..., Meter],
        count: Callable[[str], int],
    ) -> None:
        self.space = EmbeddingSpace(model, dimension)
        self.billed: str | None = f"openai:{model}"
        self._client = client
        self._bridge = bridge
        self._meter = meter
        self._count = count

    def embed(
        self, texts: Sequence[str], on_progress: Told | None = None, *, payer: Payer | None = None
    ) -> Vectors:
        """One unit vector for each text, in their order. Not to be called on the bridge's own loop.
        Raises core.errors."""
        if payer is None:
            raise Misuse(f"nobody is named who pays for {self.billed}")
        made = [np.empty((0, self.space.dimension), np.float32)]
        for start in range(0, len(texts), self.batch):
            some = tuple(self._shortened(text) for text in texts[start : start + self.batch])
            made.append(self._bridge.run(self._embed(some, payer)))
            if on_progress:
                on_progress(min(start + self.batch, len(texts)), len(texts))
        return np.concatenate(made)

    def embed_query(self, text: str, *, payer: Payer | None = None) -> Vectors:
        """The unit vector of a question. Raises core.errors."""
        vector: Vectors = self.embed([text], payer=payer)[0]
        return vector

    async def ask(self, text: str, payer: Payer) -> Vectors:
        """The same for whoever waits on a loop, and holds no thread; when he leaves, nothing more is sent.
        Raises core.errors."""
        made = await self._bridge.await_(self._embed((self._shortened(text),), payer))
        vector: Vectors = made[0]
        return vector

    def warm(self) -> None:
        """Nothing: whatever could be asked would cost money."""

    async def _embed(self, texts: tuple[str, ...], payer: Payer) -> Vectors:
        # What belongs to no turn has a number of its own in the ledger.
        run, space = payer.turn_id or new_id(), self.space
        meter = self._meter(
            payer.user,
            run,
            payer.conversation_id,
            purpose="embedding",
            key_id=payer.key_id,
            link_id=payer.link_id,
            visitor_id=payer.visitor_id,
        )
        shorten = space.model.startswith(_SHORTENED)
        assert self.billed
        return await self._client.embed(
            self.billed,
            EmbeddingRequest(space.model, texts, space.dimension, shorten),
            meter=meter,
            trace=Trace(run),
            input_tokens=sum(map(self._count, texts)),
        )

    def _shortened(self, text: str) -> str:
        """The beginning that the vendor reads; it refuses what is longer, and what is empty."""
        while (count := self._count(text)) > _LONGEST:
            text = text[: len(text) * _LONGEST // count]
        return text if text.strip() else "-"
