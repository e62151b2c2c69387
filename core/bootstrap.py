"""build(settings) -> Workbench: the only place where things are constructed."""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from core.admission import Admission
from core.assets import MINILM, O200K, QWEN_1_5B, SMOLLM2, Asset, Assets
from core.atlas import Atlas
from core.bridge import Bridge
from core.chat import ChatService
from core.composing import Composer
from core.context import ContextBuilder
from core.documents import DocumentService
from core.embedders import Chosen, choose
from core.embedding import Embedding
from core.errands import Errands
from core.errors import AssetUnavailable, Misuse
from core.finding import Finder
from core.golden import GoldenBench
from core.ingest import Ingest
from core.keys import Keys
from core.llm.client import LLMClient
from core.llm.pricing import price
from core.metering import TurnMeter
from core.models import Models
from core.passages import Passages
from core.playground.calls import Calls
from core.playground.calls import Estimate as Estimate
from core.playground.judging import Judge
from core.playground.lane import Seen as Seen
from core.playground.races import Column as PlayColumn  # noqa: F401
from core.playground.races import Playground
from core.playground.races import Race as Race
from core.playground.results import Book
from core.playground.results import Pair as Pair
from core.playground.suites import Plan as Plan
from core.playground.suites import Suites
from core.prompts.front_matter import with_variable as with_variable
from core.prompts.history import LABEL as LABEL
from core.prompts.history import Change as Change
from core.prompts.library import PromptLibrary
from core.prompts.sandbox import Rendered as Rendered  # the aliases: values that a page may name
from core.prompts.sandbox import Sandbox
from core.prompts.sandbox import TrustSpan as TrustSpan
from core.prompts.template import PromptTemplate as PromptTemplate
from core.prompts.template import Variable as Variable
from core.prompts.transfer import export as export_prompts  # noqa: F401
from core.prompts.transfer import take_in as import_prompts  # noqa: F401
from core.reembedding import Due as Due
from core.reembedding import Left as Left
from core.reembedding import Reembedder
from core.retrieval.chunk import Chunker
from core.retrieval.index import FaissIndex
from core.retrieval.lexical import LexicalIndex
from core.retrieval.sentence_embedder import SentenceEmbedder
from core.retrieval.verdicts import summary as summary  # what a page says of its citations
from core.samples import Samples
from core.settings import ROOT, Settings
from core.store.api_keys import ApiKey as ApiKey
from core.store.api_keys import ApiKeys
from core.store.blobs import Blobs
from core.store.caps import Caps
from core.store.caps import CapState as CapState
from core.store.collections import Collections
from core.store.conversations import Conversations
from core.store.documents import Documents
from core.store.embeddings import Embeddings
from core.store.engine import make_engine, migrate
from core.store.golden import GoldenRows
from core.store.jobs import Jobs
from core.store.leases import Process
from core.store.ledger import Ledger
from core.store.preferences import Limit as Limit
from core.store.preferences import Preferences
from core.store.price_overrides import PriceOverride as PriceOverride
from core.store.price_overrides import PriceOverrides
from core.store.prompt_cases import PromptCases
from core.store.prompt_drafts import PromptDrafts
from core.store.prompt_uses import PromptUse as PromptUse
from core.store.reembeddings import Reembeddings
from core.store.summaries import Summaries
from core.store.traces import Traces
from core.store.turns import Turns
from core.tokens.counter import Counter
from core.tokens.counter import Piece as Piece
from core.tokens.strategies import STRATEGIES as STRATEGIES
from core.trial import Trials
from core.turns import TurnRunner
from core.types import Usage
from core.vendor_embedder import VendorEmbedder
from core.viewing import Viewer
from core.weights import Weights
from core.whatif import Lab as Lab
from core.whatif import Outcome as Outcome
from core.whatif import WhatIf
from core.workbench import LOCAL_USER as LOCAL_USER
from core.workbench import Workbench as Workbench


def build(settings: Settings) -> Workbench:
    """Construct everything and bring the database up to date; nothing runs until `start`.

    Raises AssetUnavailable when the embedder or the vocabulary has not been fetched yet.
    """
    wanted = _local_asset(settings.model)
    settings.data.mkdir(parents=True, exist_ok=True)
    assets = Assets(settings.data / "models", also=[ROOT / "data" / "models"])
    hub = settings.data / "models" / "hub"
    chosen = choose(settings.embedder, partial(_minilm, assets), hub)
    engine = make_engine(settings.database)
    migrate(engine)
    process = Process(settings.data / "processes")
    bridge = Bridge()
    counter = Counter(_needed(assets, O200K))
    conversations, rows = Conversations(engine), Turns(engine)
    summaries = Summaries(engine)
    ledger = Ledger(engine, process.owner)
    sandbox = Sandbox()
    prompts = PromptLibrary(settings.prompts, sandbox)
    models = bridge.run(_models(settings, Weights(assets, wanted)))
    client = LLMClient(models.providers, count=counter.count)
    prices, preferences = PriceOverrides(engine), Preferences(engine)
    meter = partial(TurnMeter, ledger, override=prices.get)
    vendor = partial(VendorEmbedder, client=client, bridge=bridge, meter=meter, count=counter.count)
    embedder = chosen.embedder(vendor)
    stored, blobs = Documents(engine), Blobs(settings.data / "blobs")
    kept = Embeddings(engine)
    embedding = Embedding(embedder, kept)
    index = FaissIndex(settings.data / "index", embedder.space)
    passages = Passages(stored, index, LexicalIndex(settings.data / "words"), embedder)
    documents = DocumentService(
        documents=stored,
        jobs=Jobs(engine),
        blobs=blobs,
        passages=passages,
        ingest=Ingest(stored, blobs, passages, embedding, _chunker(assets)),
        process=process,
        loop=bridge.loop,
        max_bytes=settings.max_upload_mb * 2**20,
    )
    reembedder = Reembedder(
        embedder=embedder,
        embedding=embedding,
        kept=kept,
        jobs=Reembeddings(engine),
        passages=passages,
        process=process,
        loop=bridge.loop,
        priced=lambda user, ref, tokens: price(ref, Usage(tokens), prices.get(user, ref)),
    )
    errands = Errands(
        prompts=prompts,
        sandbox=sandbox,
        models=models,
        client=client,
        count=counter.count,
        meter=meter,
    )
    chat = ChatService(
        finder=Finder(documents, errands),
        conversations=conversations,
        preferences=preferences,
        models=models,
        composer=Composer(
            conversations=conversations,
            summaries=summaries,
            documents=documents,
            context=ContextBuilder(counter, sandbox),
            errands=errands,
            turns=rows,
            counter=counter,
        ),
        client=client,
        count=counter.count,
        meter=meter,
    )
    collections = Collections(engine)
    admission = Admission(
        documents=documents,
        collections=collections,
        conversations=conversations,
        prompts=prompts,
        models=models,
    )
    turns = TurnRunner(
        admission=admission, chat=chat, turns=rows, ledger=ledger, process=process, bridge=bridge
    )
    calls = Calls(
        sandbox=sandbox,
        client=client,
        counter=counter,
        ledger=ledger,
        meter=meter,
        override=prices.get,
    )
    playground, book = Playground(calls, models), Book(PromptCases(engine), prompts)
    judge = Judge(
        prompts=prompts,
        sandbox=sandbox,
        client=client,
        counter=counter,
        calls=calls,
        meter=meter,
    )
    samples = Samples(ROOT / "data" / "samples", documents, conversations, turns)
    return Workbench(
        settings=settings,
        bridge=bridge,
        engine=engine,
        process=process,
        models=models,
        prompts=prompts,
        drafts=PromptDrafts(engine),
        sandbox=sandbox,
        counter=counter,
        documents=documents,
        viewer=Viewer(stored, blobs),
        passages=passages,
        reembedder=reembedder,
        collections=collections,
        golden=GoldenBench(GoldenRows(engine), stored, collections, passages, embedder.space.name),
        conversations=conversations,
        summaries=summaries,
        turn_rows=rows,
        turns=turns,
        ledger=ledger,
        caps=Caps(engine),
        api_keys=ApiKeys(engine),
        prices=prices,
        preferences=preferences,
        client=client,
        errands=errands,
        whatif=WhatIf(conversations, rows, counter),
        playground=playground,
        cases=book,
        suites=Suites(playground=playground, calls=calls, judge=judge, models=models, book=book),
        trials=Trials(client, models, ledger, meter, counter.count),
        traces=Traces(engine),
        samples=samples,
        atlas=Atlas(stored, passages, embedder, chosen.sha256),
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


def _minilm(assets: Assets) -> Chosen:
    return Chosen(SentenceEmbedder(_needed(assets, MINILM)), MINILM.files[0].sha256)


def _chunker(assets: Assets) -> Callable[[], Chunker]:
    """The chunker, made at its first use: its tokenizer takes a moment to load."""
    return cache(lambda: Chunker(_needed(assets, MINILM) / "tokenizer.json"))
