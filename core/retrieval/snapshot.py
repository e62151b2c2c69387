"""The index on the disk: a file for each user, named by its content, and a manifest, written last."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from core.retrieval.shard import Rows

_MANIFEST = "manifest.json"
_FORMAT = 1
_ENDING = ".vectors"
_NEW = ".new"


class Damaged(Exception):
    """The snapshot cannot be trusted; read by the index, which then starts empty."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The file of one user: its name, size and SHA-256, and the documents in it with their counts."""

    file: str
    bytes: int
    sha256: str
    documents: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """Which change the snapshot reaches, in which space, and the file of each user."""

    space: Mapping[str, Any]
    seq: int
    entries: Mapping[str, Entry] = field(default_factory=dict)


def write(
    folder: Path,
    space: Mapping[str, Any],
    seq: int,
    kept: Mapping[str, Entry],
    changed: Mapping[str, Rows],
) -> Manifest:
    """Write the changed users' files, then the manifest; then delete what it no longer names."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = {**kept, **{user: _write_rows(folder, user, rows) for user, rows in changed.items()}}
    manifest = Manifest(dict(space), seq, entries)
    body = json.dumps(asdict(manifest), ensure_ascii=True)
    digest = hashlib.sha256(body.encode()).hexdigest()
    _replace(folder / _MANIFEST, f"{_FORMAT} {digest}\n{body}".encode())
    named = {entry.file for entry in entries.values()}
    for path in [*folder.glob(f"*{_ENDING}"), *folder.glob(f"*{_NEW}")]:
        if path.name not in named:
            path.unlink(missing_ok=True)
    return manifest


def _write_rows(folder: Path, user: str, rows: Rows) -> Entry:
    """First all ids (int64), then all vectors (float32), in the order of the documents."""
    data = b"".join(
        [ids.astype("<i8").tobytes() for _, ids, _ in rows]
        + [vectors.astype("<f4").tobytes() for _, _, vectors in rows]
    )
    digest = hashlib.sha256(data).hexdigest()
    # A user id may be anything; a hash of it is a name that every file system takes.
    name = f"{hashlib.sha256(user.encode()).hexdigest()[:24]}-{digest[:16]}{_ENDING}"
    _replace(folder / name, data)
    return Entry(name, len(data), digest, tuple((document, len(ids)) for document, ids, _ in rows))


def _replace(path: Path, data: bytes) -> None:
    """Written beside it, forced to the disk, and moved into place: never half of a file."""
    new = path.with_name(path.name + _NEW)
    with new.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest, None when there never was one; Damaged when it is not as it was written."""
    path = folder / _MANIFEST
    if not path.exists():
        return None
    head, _, body = path.read_bytes().partition(b"\n")
    if head != f"{_FORMAT} {hashlib.sha256(body).hexdigest()}".encode():
        raise Damaged("its manifest is damaged")
    fields = json.loads(body)
    entries = {user: _entry(entry) for user, entry in fields["entries"].items()}
    return Manifest(fields["space"], fields["seq"], entries)


def _entry(fields: dict[str, Any]) -> Entry:
    documents = tuple((document, count) for document, count in fields["documents"])
    return Entry(fields["file"], fields["bytes"], fields["sha256"], documents)


def read_shard(folder: Path, entry: Entry, dimension: int) -> Rows:
    """The rows of one user's file; Damaged when a single bit of it has changed."""
    path = folder / entry.file
    if not path.exists():
        raise Damaged(f"{entry.file} is missing")
    data = path.read_bytes()
    count = sum(rows for _, rows in entry.documents)
    if len(data) != entry.bytes or len(data) != count * (8 + 4 * dimension):
        raise Damaged(f"{entry.file} has {len(data)} bytes instead of {entry.bytes}")
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        raise Damaged(f"{entry.file} does not have its SHA-256")
    ids = np.frombuffer(data, "<i8", count).astype(np.int64)
    vectors = np.frombuffer(data, "<f4", offset=8 * count).reshape(count, dimension)
    rows: Rows = []
    start = 0
    for document, size in entry.documents:
        rows.append((document, ids[start : start + size], vectors[start : start + size].copy()))
        start += size
    return rows
