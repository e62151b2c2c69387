"""The words on the disk: for each user the parts, which are written once, and which rows are dead."""

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from core.retrieval.indexes.arrays import (
    Stored,
    read_arrays,
    read_manifest,
    stored_from,
    sweep,
    write_arrays,
    write_manifest,
)
from core.retrieval.indexes.members import Mask
from core.retrieval.indexes.postings import Postings
from core.retrieval.indexes.wordshard import WordShard

_FORMAT = 1
ENDING = ".words"


@dataclass(frozen=True, slots=True)
class Entry:
    """The files of one user."""

    state: Stored
    parts: tuple[Stored, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """By which rules texts were read, which change it reaches, and the files of each user."""

    rules: str
    seq: int
    entries: Mapping[str, Entry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WordView:
    """A shard at one moment; the parts are shared with it, which rows live is a copy."""

    version: int
    parts: tuple[Postings, ...]
    alive: tuple[Mask, ...]

    @classmethod
    def of(cls, shard: WordShard) -> "WordView":
        """To be taken under the lock of the shard."""
        parts = tuple(shard.parts)
        return cls(shard.version, parts, tuple(part.alive.copy() for part in parts))


def write(folder: Path, manifest: Manifest) -> None:
    """The manifest, behind all that it names; then delete what it does not name."""
    write_manifest(folder, _FORMAT, asdict(manifest))
    named = (each for entry in manifest.entries.values() for each in (entry.state, *entry.parts))
    sweep(folder, ENDING, (each.file for each in named))


def write_view(folder: Path, user: str, view: WordView, lock: threading.Lock) -> Entry:
    """Write what of it is not on the disk yet, and go on with what stands there."""
    kept = []
    for part in view.parts:
        stored = part.stored
        if stored is None or not (folder / stored.file).exists():
            stored = write_arrays(folder, user, ENDING, part.arrays())
            arrays = read_arrays(folder, stored)
            with lock:
                part.keep(arrays, stored)
        kept.append(stored)
    state = {f"alive{place}": np.packbits(mask) for place, mask in enumerate(view.alive)}
    return Entry(write_arrays(folder, user, ENDING, state), tuple(kept))


def read(folder: Path) -> Manifest | None:
    """The manifest, None when there never was one. Raises Damaged."""
    fields = read_manifest(folder, _FORMAT)
    if fields is None:
        return None
    entries = {
        user: Entry(stored_from(entry["state"]), tuple(map(stored_from, entry["parts"])))
        for user, entry in fields["entries"].items()
    }
    return Manifest(fields["rules"], fields["seq"], entries)


def read_shard(folder: Path, entry: Entry) -> WordShard:
    """The shard of one user. Raises Damaged when a single bit of its files has changed."""
    state, parts = read_arrays(folder, entry.state), []
    for place, stored in enumerate(entry.parts):
        arrays = read_arrays(folder, stored)
        alive = np.unpackbits(state[f"alive{place}"], count=len(arrays["ids"])).astype(bool)
        parts.append(Postings.load(arrays, alive, stored))
    return WordShard.of(parts)
