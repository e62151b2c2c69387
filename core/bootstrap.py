"""build(settings) -> Workbench: the only place where things are constructed."""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from core.assets import MINILM, O200K, QWEN_1_5B, SMOLLM2, Asset, Assets
from core.bridge import Bridge, contained
from core.chat import ChatService
from core.context import ContextBuilder
from core.documents import DocumentService
from core.errors import AssetUnavailable, Misuse
from core.ingest import Ingest
from core.keys import Keys
from core.llm.client import LLMClient
from core.metering import TurnMeter
from core.models import Models
from core.passages import Passages
from core.prompts.library import PromptLibrary
from core.prompts.sandbox import Rendered as Rendered  # the aliases: values that a page may name
from core.prompts.sandbox import Sandbox
from core.prompts.sandbox import TrustSpan as TrustSpan
from core.prompts.template import PromptTemplate as PromptTemplate
from core.prompts.template import Variable as Variable
from core.retrieval.chunk import Chunker
from core.retrieval.embed import Embedder
from core.retrieval.index import FaissIndex
from core.retrieval.lexical import LexicalIndex
from core.samples import Samples
from core.settings import ROOT, Settings
from core.store.blobs import Blobs
from core.store.caps import Caps
from core.store.caps import CapState as CapState
from core.store.conversations import Conversations
from core.store.documents import Documents
from core.store.engine import make_engine, migrate
from core.store.jobs import Jobs
from core.store.leases import Process
from core.store.ledger import Ledger
from core.store.prompt_uses import prompt_uses
from core.store.traces import Traces
from core.store.turns import Turns
from core.tokens.counter import Counter
from core.trial import Trials
from core.turns import TurnRunner
from core.types import Turn
from core.weights import Weights

LOCAL_USER = "local"
_FIRST_LOOK_SECONDS = 0.5
_ALL = 100_000
log = logging.getLogger(__name__)


@dataclass
class Workbench:
    """Everything that a page or the API may ask, built once for the process."""

    settings: Settings
    bridge: Bridge
    engine: Engine
    process: Process
    models: Models
    prompts: PromptLibrary
    sandbox: Sandbox
    counter: Counter
    documents: DocumentService
    passages: Passages
    conversations: Conversations
    turn_rows: Turns
    turns: TurnRunner
    ledger: Ledger
    caps: Caps
    client: LLMClient
    trials: Trials
    traces: Traces
    samples: Samples
    _running: list[Future[Any]] = field(default_factory=list)
    _warming: bool = False
    _started: float = 0.0

    def start(self) -> None:
        """Begin what runs in the background: the queue, the journal of turns, the search for models."""
        works = (self._look_for_models(), self.turns.keep(), self.documents.work())
        self._running = [self.bridge.submit(contained(work)) for work in works]
        self._started = time.monotonic()

    def first_look(self) -> None:
        """Wait for the models that are found at once, so that the first page has them; a slow address
        may come later. At most half a second from the start."""
        left = self._started + _FIRST_LOOK_SECONDS - time.monotonic()
        wait(self._running[:1], timeout=max(0.0, left))

    async def _look_for_models(self) -> None:
        await self.models.discover()
        if self.settings.samples:
            marker = self.settings.data / "samples.done"
            await asyncio.to_thread(self.samples.set_up, LOCAL_USER, marker)
        wanted = self.settings.model
        if wanted.startswith("local:") if wanted else self.models.resolve(None).ref == "quotes":
            self.models.weights.start()

    def turns_of(self, user: str, conversation_id: str) -> list[Turn]:
        """Every turn of a conversation, oldest first, failed ones included."""
        return self.turn_rows.list(user, _ALL, conversation_id=conversation_id)[::-1]

    def prompt_uses(self, user: str) -> dict[str, int]:
        """How many turns used each prompt, by `name@version`."""
        return prompt_uses(self.engine, user)

    def warm(self) -> None:
        """Begin to load what the first question needs; said when somebody has come, and done once."""
        if not self._warming:
            self._warming = True
            self.bridge.submit(contained(self._warm()))

    async def _warm(self) -> None:
        await self.sandbox.warm()
        await asyncio.to_thread(self.counter.warm)
        await asyncio.to_thread(self.passages.warm)

    def close(self) -> None:
        """End everything in order: turns are kept, children end, the database is closed."""
        self.bridge.run(self.turns.close())
        for task in self._running:
            task.cancel()
        self.bridge.run(self.models.close())
        self.sandbox.close()
        self.passages.save()
        self.bridge.close()
        self.process.close()
        self.engine.dispose()


def build(settings: Settings) -> Workbench:
    """Construct everything and bring the database up to date; nothing runs until `start`.

    Raises AssetUnavailable when the embedder or the vocabulary has not been fetched yet.
    """
    wanted = _local_asset(settings.model)
    settings.data.mkdir(parents=True, exist_ok=True)
    assets = Assets(settings.data / "models", also=[ROOT / "data" / "models"])
    engine = make_engine(settings.database)
    migrate(engine)
    process = Process(settings.data / "processes")
    bridge = Bridge()
    counter = Counter(_needed(assets, O200K))
    embedder = Embedder(_needed(assets, MINILM))
    conversations, rows = Conversations(engine), Turns(engine)
    ledger = Ledger(engine, process.owner)
    sandbox = Sandbox()
    prompts = PromptLibrary(settings.prompts, sandbox)
    models = bridge.run(_models(settings, Weights(assets, wanted)))
    stored, blobs = Documents(engine), Blobs(settings.data / "blobs")
    index = FaissIndex(settings.data / "index", embedder.space)
    passages = Passages(stored, index, LexicalIndex(), embedder)
    documents = DocumentService(
        documents=stored,
        jobs=Jobs(engine),
        blobs=blobs,
        passages=passages,
        ingest=Ingest(stored, blobs, passages, embedder, _chunker(assets)),
        process=process,
        loop=bridge.loop,
        max_bytes=settings.max_upload_mb * 2**20,
    )
    client = LLMClient(models.providers, count=counter.count)
    chat = ChatService(
        documents=documents,
        conversations=conversations,
        prompts=prompts,
        models=models,
        context=ContextBuilder(counter, sandbox),
        client=client,
        meter=lambda user, turn, conversation: TurnMeter(ledger, user, turn, conversation),
    )
    turns = TurnRunner(chat=chat, turns=rows, ledger=ledger, process=process, bridge=bridge)
    samples = Samples(ROOT / "data" / "samples", documents, conversations, turns)
    return Workbench(
        settings=settings,
        bridge=bridge,
        engine=engine,
        process=process,
        models=models,
        prompts=prompts,
        sandbox=sandbox,
        counter=counter,
        documents=documents,
        passages=passages,
        conversations=conversations,
        turn_rows=rows,
        turns=turns,
        ledger=ledger,
        caps=Caps(engine),
        client=client,
        trials=Trials(client, models, ledger, counter.count),
        traces=Traces(engine),
        samples=samples,
    )


async def _models(settings: Settings, weights: Weights) -> Models:
    """On the loop, because the vendors' clients belong to the loop that made them."""
    keys = Keys(
        settings.data / "keys.json",
        {"openai": settings.openai_api_key, "anthropic": settings.anthropic_api_key},
    )
    return Models(settings, keys, weights)


def _local_asset(ref: str | None) -> Asset:
    """The weights that FOOTLIGHTS_MODEL names; raises Misuse when it names some that we do not know."""
    known = {f"local:{asset.name}": asset for asset in (QWEN_1_5B, SMOLLM2)}
    if ref is None or not ref.startswith("local:"):
        return QWEN_1_5B
    if ref not in known:
        raise Misuse(
            f"FOOTLIGHTS_MODEL names {ref!r}, a local model that we do not know",
            hint=f"Set it to one of these: {', '.join(known)}.",
        )
    return known[ref]


def _needed(assets: Assets, asset: Asset) -> Path:
    folder = assets.find(asset)
    if folder is None:
        raise AssetUnavailable(
            f"{asset.name} has not been fetched yet",
            hint="Run `make run`, or `python -m core.assets` in the project's environment.",
        )
    return folder


def _chunker(assets: Assets) -> Callable[[], Chunker]:
    """The chunker, made at its first use: its tokenizer takes a moment to load."""
    return cache(lambda: Chunker(_needed(assets, MINILM) / "tokenizer.json"))
