"""What is kept, and what everything else stands on: the database, the process, the loop, the vocabularies."""

from functools import cached_property, partial
from pathlib import Path

from core.agent.approvals import Approvals
from core.assets import MINILM, O200K, Asset, Assets
from core.bridge import Bridge
from core.caller import LOCAL_USER
from core.embedding.choice import Chosen, choose, choose_reranker
from core.errors import AssetUnavailable
from core.parts.named import look_at_folders, look_at_models, wanted_weights
from core.retrieval.minilm import arithmetic, minilm
from core.retrieval.sentence_embedder import SentenceEmbedder
from core.settings import ROOT, Settings
from core.store.approvals import ApprovalRows
from core.store.blobs import Blobs
from core.store.calendar import Calendar
from core.store.caps import Caps
from core.store.collections import Collections
from core.store.conversations import Conversations
from core.store.documents import Documents
from core.store.engine import make_engine, migrate
from core.store.leases import Process
from core.store.ledger import Ledger
from core.store.preferences import Preferences
from core.store.price_overrides import PriceOverride, PriceOverrides
from core.store.summaries import Summaries
from core.store.turn_counts import TurnCounts
from core.store.turns import Turns
from core.tokens.counter import Counter
from core.tokens.own_strategies import load as load_strategies


class Kept:
    """Raises AssetUnavailable when the embedder or the vocabulary has not been fetched yet."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        look_at_models(settings)
        look_at_folders(settings)
        self._wanted = wanted_weights(settings.model)
        self._assets = Assets(settings.data / "models", also=[ROOT / "data" / "models"])
        hub = settings.data / "models" / "hub"
        self._chosen = choose(settings.embedder, partial(_minilm, self._assets), hub)
        self._reranker = choose_reranker(settings.reranker, hub)
        self.counter = Counter(needed(self._assets, O200K))
        self.strategy_problems = load_strategies(
            settings.strategies or settings.data / "strategies"
        )
        self.engine = make_engine(settings.database)
        migrate(self.engine)
        self.process = Process(settings.data / "processes")
        self.bridge = Bridge()

    @cached_property
    def conversations(self) -> Conversations:
        return Conversations(self.engine)

    @cached_property
    def turn_rows(self) -> Turns:
        return Turns(self.engine)

    @cached_property
    def turn_counts(self) -> TurnCounts:
        return TurnCounts(self.engine)

    @cached_property
    def summaries(self) -> Summaries:
        return Summaries(self.engine)

    @cached_property
    def collections(self) -> Collections:
        return Collections(self.engine)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.engine, self.process.owner, self._calendar)

    @cached_property
    def caps(self) -> Caps:
        return Caps(self.engine, self._calendar)

    @cached_property
    def _calendar(self) -> Calendar:
        return Calendar()

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


def needed(assets: Assets, asset: Asset) -> Path:
    """The folder of the asset; AssetUnavailable when it has not been fetched yet."""
    folder = assets.find(asset)
    if folder is None:
        raise AssetUnavailable(
            f"{asset.name} has not been fetched yet",
            hint="Run `make run`, or `python -m core.assets` in the project's environment.",
        )
    return folder


def _minilm(assets: Assets) -> Chosen:
    embedder = SentenceEmbedder(needed(assets, MINILM), load=minilm)
    return Chosen(embedder, MINILM.files[0].sha256, arithmetic())
