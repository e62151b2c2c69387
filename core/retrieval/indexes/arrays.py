"""Arrays on the disk: files named by their content, mapped into memory, and a manifest, written last."""

import hashlib
import json
import math
import mmap
import os
from collections.abc import Iterable, Mapping, Sequence
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


class Rows:
    """The rows of a table of bytes in a file, read one by one when they are asked for.

    A mapping would do the same and count whole pages around each row as memory of the process.
    """

    def __init__(self, path: Path, offset: int, shape: Sequence[int]) -> None:
        # Open as long as it is used: the file may be replaced by a later snapshot.
        self._file = path.open("rb", buffering=0)
        self._offset = offset
        self._count, self._width = shape

    def __getitem__(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """A copy of these rows."""
        number, width = self._file.fileno(), self._width
        found = [os.pread(number, width, self._offset + width * row) for row in rows.tolist()]
        return np.frombuffer(b"".join(found), np.uint8).reshape(len(found), width)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """All of them."""
        return self[np.arange(self._count)]

    def __del__(self) -> None:
        self._file.close()


def write_arrays(folder: Path, owner: str, ending: str, arrays: Arrays) -> Stored:
    """The arrays one behind the other, in a file that nothing but its content gives a name to."""
    folder.mkdir(parents=True, exist_ok=True)
    # An owner may be called anything; a hash of it is a name that every file system takes.
    prefix = hashlib.sha256(owner.encode("utf-8", "surrogatepass")).hexdigest()[:24]
    new = folder / f"{prefix}{ending}{_NEW}"
    digest, size, shapes = hashlib.sha256(), 0, []
    with new.open("wb") as file:
        for key, given in arrays.items():
            array = np.ascontiguousarray(given)
            shapes.append((key, array.dtype.str, array.shape))
            data = array.reshape(-1).view(np.uint8).data
            filled = bytes(-len(data) % _ALIGNED)
            for part in (data, filled):
                digest.update(part)
                file.write(part)
            size += len(data) + len(filled)
        _to_disk(file)
    name = f"{prefix}-{digest.hexdigest()[:16]}{ending}"
    _move(new, folder / name)
    return Stored(name, size, digest.hexdigest(), tuple(shapes))


def read_arrays(folder: Path, stored: Stored, apart: str = "") -> dict[str, Any]:
    """The arrays, mapped and not to be written to, and the one that stays `apart` as Rows; Damaged
    when a single bit of the file changed.

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
    arrays: dict[str, Any] = {}
    offset = 0
    for key, kind, shape in stored.arrays:
        array = np.frombuffer(whole, kind, math.prod(shape), offset).reshape(shape)
        arrays[key] = Rows(path, offset, shape) if key == apart else array
        offset += array.nbytes + -array.nbytes % _ALIGNED
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
