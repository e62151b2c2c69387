"""Which embedder FOOTLIGHTS_EMBEDDER means, `minilm`, `st:<folder or hub id>` or `openai:<model>`, and
which cross-encoder FOOTLIGHTS_RERANKER."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.errors import Misuse
from core.retrieval.embed import Embedder
from core.retrieval.rerank import CrossEncoderReranker, Reranker
from core.retrieval.sentence_embedder import SentenceEmbedder, from_hub, named_by_weights

DEFAULT = "minilm"
_HINT = "Set FOOTLIGHTS_EMBEDDER to minilm, st:<folder or hub id> or openai:<model>."
# What the vendor's models make; of another one the setting says it: openai:<model>/<dimensions>.
_DIMENSIONS = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """An embedder of this machine with the SHA-256 of its weights and what its matrices are multiplied in,
    or a model of a vendor with its dimension."""

    local: Embedder | None = None
    sha256: str = ""
    arithmetic: str = ""
    vendor: tuple[str, int] = ("", 0)

    def embedder(self, at_vendor: Callable[[str, int], Embedder]) -> Embedder:
        """The embedder; `at_vendor` makes it of a vendor's model and dimension."""
        return self.local or at_vendor(*self.vendor)


def choose(setting: str, minilm: Callable[[], Chosen], hub: Path) -> Chosen:
    """What the setting names; what is fetched from the hub is kept in `hub`.

    Raises Misuse for a setting that names none, and AssetUnavailable when its model cannot be had.
    """
    kind, _, name = setting.partition(":")
    if setting == DEFAULT:
        return minilm()
    if kind == "st" and name:
        folder = _folder(name, hub)
        model, digest = named_by_weights(folder, Path(name).name)
        return Chosen(SentenceEmbedder(folder, model), digest, "float32")
    if kind == "openai" and name:
        return Chosen(vendor=_dimension(name))
    raise Misuse(f"FOOTLIGHTS_EMBEDDER is {setting!r}, which names no embedder", hint=_HINT)


def choose_reranker(setting: str, hub: Path) -> Reranker | None:
    """The cross-encoder that FOOTLIGHTS_RERANKER means; None for no setting. Raises like `choose`."""
    if not setting:
        return None
    kind, _, name = setting.partition(":")
    if kind != "st" or not name:
        raise Misuse(
            f"FOOTLIGHTS_RERANKER is {setting!r}, which names no cross-encoder",
            hint="Set it to st:<folder or hub id>, or leave it empty.",
        )
    folder = _folder(name, hub)
    return CrossEncoderReranker(folder, named_by_weights(folder, Path(name).name)[0])


def _folder(name: str, hub: Path) -> Path:
    given = Path(name).expanduser()
    is_folder = given.is_dir() or given.is_absolute() or name.startswith((".", "~"))
    return given if is_folder else from_hub(name, hub)


def _dimension(name: str) -> tuple[str, int]:
    model, slash, last = name.rpartition("/")
    if slash and last.isdecimal() and int(last) > 0:
        return model, int(last)
    if name not in _DIMENSIONS:
        raise Misuse(
            f"how many dimensions the embeddings of {name!r} have is not known",
            hint=f"Write it behind the name: FOOTLIGHTS_EMBEDDER=openai:{name}/1024.",
        )
    return name, _DIMENSIONS[name]
