"""Arrays on the disk: files named by their content, mapped into memory, and a manifest, written last."""

import hashlib
import json
import math
import mmap
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = Mapping[str, npt.NDArray[Any]]

_MANIFEST = "manifest.json"
_NEW = ".new"
_ALIGNED = 64
_BLOCK = 1 << 22


class Damaged(Exception):
    """A file cannot be trusted; read by an index, which is then rebuilt from the rows."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A file: its name, size and SHA-256, and of each array in it the name, type and shape."""

    file: str
    bytes: int
    sha256: str
    arrays: tuple[tuple[str, str, tuple[int, ...]], ...]


def write_arrays(folder: Path, owner: str, ending: str, arrays: Arrays) -> Stored:
    """The arrays one behind the other, in a file that nothing but its content gives a name to."""
    folder.mkdir(parents=True, exist_ok=True)
    # An owner may be called anything; a hash of it is a name that every file system takes.
    prefix = hashlib.sha256(owner.encode("utf-8", "surrogatepass")).hexdigest()[:24]
    new = folder / f"{prefix}{ending}{_NEW}"
    digest, size = hashlib.sha256(), 0
    with new.open("wb") as file:
        for array in arrays.values():
            data = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
            filled = bytes(-len(data) % _ALIGNED)
            for part in (data, filled):
                digest.update(part)
                file.write(part)
            size += len(data) + len(filled)
        _to_disk(file)
    name = f"{prefix}-{digest.hexdigest()[:16]}{ending}"
    _move(new, folder / name)
    shapes = tuple((key, each.dtype.str, each.shape) for key, each in arrays.items())
    return Stored(name, size, digest.hexdigest(), shapes)


def read_arrays(folder: Path, stored: Stored) -> dict[str, npt.NDArray[Any]]:
    """The arrays, mapped and not to be written to; Damaged when a single bit of the file changed.

    The file is read once, in blocks, for its hash (1.5 GB/s): nothing is used before it is checked,
    and what was only checked takes no memory.
    """
    path = folder / stored.file
    if not path.is_file():
        raise Damaged(f"{stored.file} is missing")
    with path.open("rb") as file:
        if (size := os.fstat(file.fileno()).st_size) != stored.bytes:
            raise Damaged(f"{stored.file} has {size} bytes instead of {stored.bytes}")
        digest = hashlib.sha256()
        while block := file.read(_BLOCK):
            digest.update(block)
        if digest.hexdigest() != stored.sha256:
            raise Damaged(f"{stored.file} does not have its SHA-256")
        whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
    arrays, offset = {}, 0
    for key, kind, shape in stored.arrays:
        count = math.prod(shape)
        arrays[key] = np.frombuffer(whole, kind, count, offset).reshape(shape)
        offset += arrays[key].nbytes + -arrays[key].nbytes % _ALIGNED
    return arrays


def stored_from(fields: Mapping[str, Any]) -> Stored:
    """As it stands in a manifest."""
    arrays = tuple((key, kind, tuple(shape)) for key, kind, shape in fields["arrays"])
    return Stored(fields["file"], fields["bytes"], fields["sha256"], arrays)


def write_manifest(folder: Path, version: int, fields: Mapping[str, Any]) -> None:
    """Whole or not at all: a crash leaves the former one."""
    folder.mkdir(parents=True, exist_ok=True)
    body = json.dumps(fields, ensure_ascii=True)
    digest = hashlib.sha256(body.encode()).hexdigest()
    new = folder / (_MANIFEST + _NEW)
    with new.open("wb") as file:
        file.write(f"{version} {digest}\n{body}".encode())
        _to_disk(file)
    _move(new, folder / _MANIFEST)


def read_manifest(folder: Path, version: int) -> dict[str, Any] | None:
    """None when there never was one; Damaged when it is not as it was written."""
    path = folder / _MANIFEST
    if not path.exists():
        return None
    head, _, body = path.read_bytes().partition(b"\n")
    if head.split(b" ")[0] != str(version).encode():
        raise Damaged("it was written by another version of the app")
    if head != f"{version} {hashlib.sha256(body).hexdigest()}".encode():
        raise Damaged("its manifest is damaged")
    fields: dict[str, Any] = json.loads(body)
    return fields


def sweep(folder: Path, ending: str, named: Iterable[str]) -> None:
    """Delete the files that the manifest does not name."""
    kept = set(named)
    for path in [*folder.glob(f"*{ending}"), *folder.glob(f"*{_NEW}")]:
        if path.name not in kept:
            path.unlink(missing_ok=True)


def packed(texts: Iterable[str]) -> dict[str, npt.NDArray[Any]]:
    """Texts as two arrays: their bytes, and how many each has."""
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    sizes = np.array([len(each) for each in encoded], dtype=np.int32)
    return {"texts": np.frombuffer(b"".join(encoded), np.uint8), "sizes": sizes}


def unpacked(arrays: Arrays) -> list[str]:
    """The texts of `packed`."""
    whole = arrays["texts"].tobytes()
    ends = np.cumsum(arrays["sizes"]).tolist()
    return [
        whole[start:end].decode("utf-8", "surrogatepass")
        for start, end in zip([0, *ends], ends, strict=False)
    ]


def _to_disk(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())


def _move(new: Path, path: Path) -> None:
    """Into place: never half of a file."""
    os.replace(new, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
