"""The vectors on the disk: for each user the parts, which are written once, and a small file of what
changes: which rows are dead, and the names of the documents."""

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from core.retrieval.indexes.arrays import (
    Stored,
    packed,
    read_arrays,
    read_manifest,
    stored_from,
    sweep,
    unpacked,
    write_arrays,
    write_manifest,
)
from core.retrieval.indexes.exact import Exact
from core.retrieval.indexes.members import Mask
from core.retrieval.indexes.quantised import APART, Quantised
from core.retrieval.indexes.rebuild import Part
from core.retrieval.indexes.regions import Regions
from core.retrieval.indexes.shard import Shard, Sizes

_FORMAT = 2
ENDING = ".vectors"


@dataclass(frozen=True, slots=True)
class Entry:
    """The files of one user."""

    state: Stored
    regions: Stored | None
    lists: tuple[Stored, ...]
    late: tuple[Stored, ...]

    def files(self) -> list[str]:
        """Their names."""
        shared = [self.regions] if self.regions else []
        return [each.file for each in (self.state, *shared, *self.lists, *self.late)]


@dataclass(frozen=True, slots=True)
class Manifest:
    """Which change the snapshot reaches, in which space, and the files of each user."""

    space: Mapping[str, Any]
    seq: int
    entries: Mapping[str, Entry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class View:
    """A shard at one moment; the parts are shared with it, which rows live is a copy."""

    version: int
    documents: tuple[str, ...]
    regions: Regions | None
    lists: tuple[Quantised, ...]
    late: tuple[Exact, ...]
    alive: tuple[Mask, ...]

    @classmethod
    def of(cls, shard: Shard) -> "View":
        """To be taken under the lock of the shard."""
        return cls(
            shard.version,
            tuple(shard.documents),
            shard.regions,
            tuple(shard.lists),
            tuple(shard.late),
            tuple(part.members.alive.copy() for part in shard.parts),
        )


def write(folder: Path, manifest: Manifest) -> None:
    """The manifest, behind all that it names; then delete what it does not name."""
    write_manifest(folder, _FORMAT, asdict(manifest))
    sweep(folder, ENDING, (name for entry in manifest.entries.values() for name in entry.files()))


def write_view(folder: Path, user: str, view: View, lock: threading.Lock) -> Entry:
    """Write what of it is not on the disk yet. What was written is then read from there: the file
    keeps what searches do not touch."""

    def kept(part: Any) -> Stored:
        if part.stored is None or not (folder / part.stored.file).exists():
            stored = write_arrays(folder, user, ENDING, part.arrays())
            arrays = read_arrays(folder, stored, APART)
            with lock:
                part.keep(arrays, stored)
        result: Stored = part.stored
        return result

    state = packed(view.documents) | {
        f"alive{place}": np.packbits(mask) for place, mask in enumerate(view.alive)
    }
    return Entry(
        write_arrays(folder, user, ENDING, state),
        kept(view.regions) if view.regions else None,
        tuple(kept(part) for part in view.lists),
        tuple(kept(part) for part in view.late),
    )


def read(folder: Path) -> Manifest | None:
    """The manifest, None when there never was one. Raises Damaged."""
    fields = read_manifest(folder, _FORMAT)
    if fields is None:
        return None
    entries = {user: _entry(entry) for user, entry in fields["entries"].items()}
    return Manifest(fields["space"], fields["seq"], entries)


def _entry(fields: Mapping[str, Any]) -> Entry:
    return Entry(
        stored_from(fields["state"]),
        stored_from(fields["regions"]) if fields["regions"] else None,
        tuple(map(stored_from, fields["lists"])),
        tuple(map(stored_from, fields["late"])),
    )


def read_shard(folder: Path, entry: Entry, sizes: Sizes) -> Shard:
    """The shard of one user. Raises Damaged when a single bit of its files has changed."""
    shard = Shard(sizes)
    state = read_arrays(folder, entry.state)
    shard.documents = {name: number for number, name in enumerate(unpacked(state))}
    if entry.regions:
        shard.regions = Regions.load(read_arrays(folder, entry.regions), entry.regions)
    kinds: list[tuple[type[Quantised] | type[Exact], Stored]] = [
        *((Quantised, stored) for stored in entry.lists),
        *((Exact, stored) for stored in entry.late),
    ]
    parts: list[Part] = []
    for place, (kind, stored) in enumerate(kinds):
        arrays = read_arrays(folder, stored, APART)
        alive = np.unpackbits(state[f"alive{place}"], count=len(arrays["ids"])).astype(bool)
        parts.append(kind.load(arrays, alive, stored))
    shard.lists = [part for part in parts if isinstance(part, Quantised)]
    shard.late = [part for part in parts if isinstance(part, Exact)]
    return shard
