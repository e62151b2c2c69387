"""The parts of the app, each built from the others when it is first asked for, and once."""

from collections.abc import Callable
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any

from core.admission import Admission
from core.agent import Agent
from core.approvals import Approvals
from core.assets import MINILM, O200K, QWEN_1_5B, SMOLLM2, Asset, Assets
from core.atlas import Atlas
from core.bridge import Bridge
from core.caller import LOCAL_USER
from core.chat import ChatService
from core.composing import Composer
from core.context import ContextBuilder
from core.documents import DocumentService
from core.embedders import Chosen, choose, choose_reranker
from core.embedding import Embedding
from core.errands import Errands
from core.errors import AssetUnavailable, Misuse
from core.finding import Finder
from core.golden import GoldenBench
from core.ingest import Ingest
from core.injection.ranges import InjectionRange
from core.keys import Keys
from core.llm.client import LLMClient
from core.llm.json_text import read
from core.llm.pricing import price
from core.llm.shape import shape
from core.mcp_servers import McpServers
from core.metering import TurnMeter
from core.models import Models
from core.otlp import Outlet
from core.passages import Passages
from core.people.allowed import Allowed
from core.people.provider import Provider
from core.people.team import Team
from core.playground.calls import Calls
from core.playground.judging import Judge
from core.playground.races import Playground
from core.playground.results import Book
from core.playground.suites import Suites
from core.prompts.defence import strip_invisible
from core.prompts.library import PromptLibrary
from core.prompts.neutral import neutralise
from core.prompts.sandbox import Sandbox
from core.reembedding import Reembedder
from core.replays import Replays
from core.retrieval.chunk import Chunker
from core.retrieval.embed import Embedder
from core.retrieval.index import FaissIndex
from core.retrieval.lexical import LexicalIndex
from core.retrieval.minilm import arithmetic, minilm
from core.retrieval.sentence_embedder import SentenceEmbedder
from core.rules import Bounds
from core.runs import Runs
from core.samples import Samples
from core.settings import ROOT, Settings
from core.sharing.shares import Shares
from core.sharing.visits import Visits
from core.store.approvals import ApprovalRows
from core.store.blobs import Blobs
from core.store.caps import Caps
from core.store.collections import Collections
from core.store.conversations import Conversations
from core.store.documents import Documents
from core.store.embeddings import Embeddings
from core.store.engine import make_engine, migrate
from core.store.golden import GoldenRows
from core.store.jobs import Jobs
from core.store.leases import Process
from core.store.ledger import Ledger
from core.store.links import Links
from core.store.mcp_servers import McpRows
from core.store.people import People
from core.store.preferences import Preferences
from core.store.price_overrides import PriceOverride, PriceOverrides
from core.store.prompt_cases import PromptCases
from core.store.range_runs import RangeRuns
from core.store.reembeddings import Reembeddings
from core.store.sign_ins import SignIns
from core.store.summaries import Summaries
from core.store.tool_uses import tool_uses
from core.store.turns import Turns
from core.store.visitors import Visitors
from core.summariser import Summariser
from core.tokens.counter import Counter
from core.tokens.own_strategies import load as load_strategies
from core.tool_bench import Tools
from core.tools.dispatcher import Dispatcher
from core.tools.toolbox import Toolbox
from core.trial import Trials
from core.turns import TurnRunner
from core.types import Usage
from core.upcoming import Upcoming
from core.vendor_counts import VendorCounts
from core.vendor_embedder import VendorEmbedder
from core.viewing import Viewer
from core.weights import Weights
from core.whatif import WhatIf


class Parts:
    """What `build` hands out, by the names of the Workbench, and what stands behind it.

    Raises AssetUnavailable when the embedder or the vocabulary has not been fetched yet.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._wanted = _local_asset(settings.model)
        settings.data.mkdir(parents=True, exist_ok=True)
        self._assets = Assets(settings.data / "models", also=[ROOT / "data" / "models"])
        hub = settings.data / "models" / "hub"
        self._chosen = choose(settings.embedder, partial(_minilm, self._assets), hub)
        self._reranker = choose_reranker(settings.reranker, hub)
        self.counter = Counter(_needed(self._assets, O200K))
        self.strategy_problems = load_strategies(
            settings.strategies or settings.data / "strategies"
        )
        self.engine = make_engine(settings.database)
        migrate(self.engine)
        self.process = Process(settings.data / "processes")
        self.bridge = Bridge()

    # --- what is kept ----------------------------------------------------------------------------

    @cached_property
    def conversations(self) -> Conversations:
        return Conversations(self.engine)

    @cached_property
    def turn_rows(self) -> Turns:
        return Turns(self.engine)

    @cached_property
    def summaries(self) -> Summaries:
        return Summaries(self.engine)

    @cached_property
    def collections(self) -> Collections:
        return Collections(self.engine)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.engine, self.process.owner)

    @cached_property
    def prices(self) -> PriceOverrides:
        return PriceOverrides(self.engine)

    def _override(self, _user: str, ref: str) -> PriceOverride | None:
        """The owner's price, whoever asks: who could enter his own would have no cap."""
        return self.prices.get(LOCAL_USER, ref)

    @cached_property
    def preferences(self) -> Preferences:
        return Preferences(self.engine)

    @cached_property
    def approvals(self) -> Approvals:
        return Approvals(ApprovalRows(self.engine))

    @cached_property
    def _stored(self) -> Documents:
        return Documents(self.engine)

    @cached_property
    def _blobs(self) -> Blobs:
        return Blobs(self.settings.data / "blobs")

    # --- models and prompts ----------------------------------------------------------------------

    @cached_property
    def models(self) -> Models:
        reads = partial(self.counter.read_vocabulary, f"local:{self._wanted.name}")
        weights = Weights(self._assets, self._wanted, reads)
        return self.bridge.run(_models(self.settings, weights))

    @cached_property
    def client(self) -> LLMClient:
        return LLMClient(self.models.providers, count=self.counter.count)

    @cached_property
    def _meter(self) -> Callable[..., TurnMeter]:
        return partial(TurnMeter, self.ledger, override=self._override)

    @cached_property
    def sandbox(self) -> Sandbox:
        return Sandbox()

    @cached_property
    def prompts(self) -> PromptLibrary:
        return PromptLibrary(self.settings.prompts, self.sandbox)

    @cached_property
    def trials(self) -> Trials:
        return Trials(self.client, self.models, self.ledger, self._meter, self.counter.count)

    @cached_property
    def errands(self) -> Errands:
        return Errands(
            prompts=self.prompts,
            sandbox=self.sandbox,
            models=self.models,
            client=self.client,
            count=self.counter.count,
            meter=self._meter,
        )

    @cached_property
    def summariser(self) -> Summariser:
        return Summariser(
            prompts=self.prompts,
            errands=self.errands,
            summaries=self.summaries,
            turns=self.turn_rows,
        )

    @cached_property
    def _calls(self) -> Calls:
        return Calls(
            sandbox=self.sandbox,
            client=self.client,
            counter=self.counter,
            ledger=self.ledger,
            meter=self._meter,
            override=self._override,
        )

    @cached_property
    def playground(self) -> Playground:
        return Playground(self._calls, self.models)

    @cached_property
    def cases(self) -> Book:
        return Book(PromptCases(self.engine), self.prompts)

    @cached_property
    def suites(self) -> Suites:
        judge = Judge(
            prompts=self.prompts,
            sandbox=self.sandbox,
            client=self.client,
            counter=self.counter,
            calls=self._calls,
            meter=self._meter,
        )
        return Suites(
            playground=self.playground,
            calls=self._calls,
            judge=judge,
            models=self.models,
            book=self.cases,
        )

    @cached_property
    def range(self) -> InjectionRange:
        return InjectionRange(calls=self._calls, models=self.models, rows=RangeRuns(self.engine))

    # --- documents -------------------------------------------------------------------------------

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

    # --- turns -----------------------------------------------------------------------------------

    @cached_property
    def _toolbox(self) -> Toolbox:
        settings = self.settings
        return Toolbox(
            folder=settings.tools_folder,
            shape=shape,
            fetch=settings.fetch,
            served=self.mcp.tools,
        )

    @cached_property
    def mcp(self) -> McpServers:
        secrets = self.settings.data / "mcp_secrets.json"
        return McpServers(McpRows(self.engine), secrets, shape=shape, clean=_harmless)

    @cached_property
    def _dispatcher(self) -> Dispatcher:
        return Dispatcher(parse=_arguments, count=self.counter.count, clean=_harmless)

    @cached_property
    def tools(self) -> Tools:
        uses = partial(tool_uses, self.engine)
        return Tools(self._toolbox, self._dispatcher, self.documents, uses, self.counter.count)

    @cached_property
    def _runs(self) -> Runs:
        return Runs(
            Agent(self._dispatcher),
            self.documents,
            self.approvals,
            self.turn_rows,
            self.client,
            self.counter,
            self._bounds,
        )

    @property
    def _bounds(self) -> Bounds:
        settings = self.settings
        return Bounds(settings.run_steps, settings.run_seconds, settings.run_dollars)

    @cached_property
    def replays(self) -> Replays:
        return Replays(
            turns=self.turn_rows,
            runner=self.turns,
            models=self.models,
            meter=self._meter,
            count=self.counter.count,
            bounds=self._bounds,
            window=self._runs.window,
        )

    @cached_property
    def _composer(self) -> Composer:
        return Composer(
            conversations=self.conversations,
            summaries=self.summaries,
            documents=self.documents,
            context=ContextBuilder(self.counter, self.sandbox),
            errands=self.errands,
            runs=self._runs,
            turns=self.turn_rows,
            counter=self.counter,
            counts=VendorCounts(self.models.providers),
        )

    @cached_property
    def _chat(self) -> ChatService:
        return ChatService(
            runs=self._runs,
            finder=Finder(self.documents, self.errands),
            conversations=self.conversations,
            preferences=self.preferences,
            models=self.models,
            composer=self._composer,
            client=self.client,
            count=self.counter.count,
            meter=self._meter,
        )

    @cached_property
    def _admission(self) -> Admission:
        return Admission(
            documents=self.documents,
            collections=self.collections,
            conversations=self.conversations,
            prompts=self.prompts,
            models=self.models,
            toolbox=self._toolbox,
        )

    @cached_property
    def turns(self) -> TurnRunner:
        return TurnRunner(
            admission=self._admission,
            chat=self._chat,
            turns=self.turn_rows,
            ledger=self.ledger,
            process=self.process,
            bridge=self.bridge,
            outlet=_outlet(self.settings),
        )

    # --- people ----------------------------------------------------------------------------------

    @cached_property
    def sign_ins(self) -> SignIns:
        return SignIns(self.engine)

    @cached_property
    def team(self) -> Team:
        settings = self.settings
        allowed = Allowed(settings.oidc_allow, settings.oidc_owner)
        return Team(
            people=People(self.engine),
            sign_ins=self.sign_ins,
            caps=Caps(self.engine),
            allowed=allowed if settings.oidc_issuer else Allowed(),
            first_cap=settings.person_cap,
        )

    @cached_property
    def provider(self) -> Provider | None:
        settings = self.settings
        if not settings.oidc_issuer:
            return None
        secret = settings.oidc_client_secret
        return Provider(
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id,
            secret=secret.get_secret_value() if secret else "",
            redirect=f"{settings.own_address}/api/sign-in/oidc/callback",
        )

    # --- sharing ---------------------------------------------------------------------------------

    @cached_property
    def _links(self) -> Links:
        return Links(self.engine)

    @cached_property
    def _visitors(self) -> Visitors:
        return Visitors(self.engine)

    @cached_property
    def visits(self) -> Visits:
        return Visits(
            links=self._links,
            visitors=self._visitors,
            conversations=self.conversations,
            turn_rows=self.turn_rows,
            turns=self.turns,
            caps=Caps(self.engine),
            documents=self._stored,
            collections=self.collections,
            toolbox=self._toolbox,
            may=self.team.is_in,
        )

    @cached_property
    def shares(self) -> Shares:
        return Shares(
            links=self._links,
            visitors=self._visitors,
            conversations=self.conversations,
            turn_rows=self.turn_rows,
            documents=self._stored,
            collections=self.collections,
            caps=Caps(self.engine),
            prices=self.prices,
            models=self.models,
            prompts=self.prompts,
            toolbox=self._toolbox,
        )

    @cached_property
    def samples(self) -> Samples:
        folder = ROOT / "data" / "samples"
        return Samples(folder, self.documents, self.conversations, self.turns, self.turn_rows)

    @cached_property
    def whatif(self) -> WhatIf:
        return WhatIf(self.conversations, self.turn_rows, self.counter)

    @cached_property
    def upcoming(self) -> Upcoming:
        return Upcoming(
            admission=self._admission,
            composer=self._composer,
            conversations=self.conversations,
            documents=self.documents,
            turns=self.turn_rows,
            priced=partial(self.prices.priced, LOCAL_USER),
        )


def _arguments(text: str) -> Any:
    """The object that a model wrote as the arguments of a call: strictly, nothing is mended."""
    return read(text, "object", mend=False)[0]


def _harmless(text: str) -> str:
    """What a tool returned, without what no reader sees and what only looks like a fence."""
    return neutralise(strip_invisible(text)[0])


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
    embedder = SentenceEmbedder(_needed(assets, MINILM), load=minilm)
    return Chosen(embedder, MINILM.files[0].sha256, arithmetic())


def _chunker(assets: Assets) -> Callable[[], Chunker]:
    """The chunker, made at its first use: its tokenizer takes a moment to load."""
    return cache(lambda: Chunker(_needed(assets, MINILM) / "tokenizer.json"))


def _outlet(settings: Settings) -> Outlet | None:
    if not settings.otlp_endpoint:
        return None
    headers = settings.otlp_headers
    return Outlet(settings.otlp_endpoint, headers.get_secret_value() if headers else "")
