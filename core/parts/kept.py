"""What is kept, and what everything else stands on: the database, the process, the loop, the vocabularies."""

from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryFile

from core.agent.approvals import Approvals
from core.assets import MINILM, O200K, QWEN_1_5B, SMOLLM2, Asset, Assets
from core.bridge import Bridge
from core.caller import LOCAL_USER
from core.embedding.choice import Chosen, choose, choose_reranker
from core.errors import AssetUnavailable, Misuse
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
        self._wanted = _local_asset(settings.model)
        _make("FOOTLIGHTS_DATA", settings.data)
        _write(settings.data)
        _make("FOOTLIGHTS_TOOLS", settings.tools)
        _make("FOOTLIGHTS_STRATEGIES", settings.strategies)
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


def _make(setting: str, folder: Path | None) -> None:
    """The folder of a setting, if one is set, is there; raises Misuse when it cannot be made."""
    try:
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misuse(
            f"{setting} names {folder}, which is no folder and cannot be made one: {error.strerror}",
            hint="Name another folder, or make this one.",
        ) from None


def _write(folder: Path) -> None:
    """Raises Misuse when the data folder takes no file: everything that is made goes there."""
    try:
        TemporaryFile(dir=folder).close()
    except OSError as error:
        raise Misuse(
            f"FOOTLIGHTS_DATA names {folder}, which takes no file: {error.strerror}",
            hint="Name another folder, or let whoever runs Footlights write to this one.",
        ) from None


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
