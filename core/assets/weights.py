"""The weights of the local model: fetched once in the background, to be watched, skipped and resumed."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from core.assets import Asset, Assets
from core.errors import AssetUnavailable

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Download:
    """How far the weights have come, in bytes."""

    state: Literal["absent", "running", "skipped", "failed", "ready"]
    done: int = 0
    total: int = 0
    note: str = ""


class Weights:
    """One asset and its download; all methods are called on the bridge's loop but `download` and `path`."""

    def __init__(self, assets: Assets, asset: Asset, reads: Callable[[Path], object]) -> None:
        """`reads` is given the file of the weights, in a thread, once they are there."""
        self.asset = asset
        self._reads = reads
        self._assets = assets
        self._task: asyncio.Task[None] | None = None
        self._path = assets.find(asset)
        self.download = Download("ready" if self._path else "absent", 0, asset.bytes)

    @property
    def path(self) -> Path | None:
        """The folder of the verified weights, None until they are there."""
        return self._path

    @property
    def file(self) -> Path | None:
        """The file of the verified weights, None until it is there."""
        return next(self._path.glob("*.gguf")) if self._path else None

    async def read(self) -> None:
        """Let what they say of themselves be read, if they are there."""
        if file := self.file:
            await asyncio.to_thread(self._reads, file)

    def start(self) -> None:
        """Fetch the weights unless they are there or on their way; what had arrived is kept."""
        if self._path or (self._task and not self._task.done()):
            return
        self.download = replace(self.download, state="running", note="")
        self._task = asyncio.get_running_loop().create_task(self._fetch())

    async def skip(self) -> None:
        """Stop the download; `start` goes on from where it was."""
        if self._task and not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task})
            self.download = replace(self.download, state="skipped")

    async def _fetch(self) -> None:
        try:
            self._path = await self._assets.fetch(self.asset, self._advance)
        except AssetUnavailable as error:
            log.warning("%s", error)
            self.download = replace(self.download, state="failed", note=str(error))
        else:
            self.download = Download("ready", self.asset.bytes, self.asset.bytes)
            await self.read()

    def _advance(self, done: int, total: int) -> None:
        self.download = Download("running", done, total)
