"""Prompts as a zip of the folder as git has it, and back from a zip or a folder, as versions that are
added and never replaced."""

import io
import itertools
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.errors import Refused
from core.prompts.folder import ARCHIVED, HISTORY, LABELS, VERSION, named
from core.prompts.front_matter import with_key
from core.prompts.history import MOST as MOST_HISTORY
from core.prompts.library import PromptLibrary
from core.prompts.template import MAX_SOURCE, PromptTemplate, parse

MAX_ZIP = 10_000_000
"""Bytes of a zip that is taken in."""
MAX_FILES = 2_000
MAX_BYTES = 50_000_000
"""Bytes of all that is in a zip or a folder."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
_FILE = re.compile(r"(?:prompts/)?([^/]+)/([^/]+)")
_ANYWHERE = re.compile(r"(?:.*/)?([^/]+)/([^/]+)", re.S)
_HINT = "It has to hold folders with v1.md, v2.md and so on, as the export writes them."


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a version of the zip or folder: the ref that it has here, and whether it was here already."""

    source: str
    ref: str
    known: bool


def export(library: PromptLibrary, names: Sequence[str]) -> bytes:
    """A zip of these prompts with their versions, labels and history; the same prompts, the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(set(names)):
            home = library.home(name)
            files = [f"v{number}.md" for number in home.numbers()]
            for file in [*files, LABELS, HISTORY, ARCHIVED]:
                data = home.read(file, MOST_HISTORY)
                if data is not None:
                    archive.writestr(zipfile.ZipInfo(f"{name}/{file}", _EPOCH), data)
    return out.getvalue()


async def take_in(
    library: PromptLibrary, data: bytes | Mapping[str, bytes], *, who: str = ""
) -> tuple[Imported, ...]:
    """Every version of a zip, or of a folder (its files by their paths), becomes the next version of its
    prompt, unless the same text is there.

    Refused, before anything is written, when the zip is not what the export writes or one of the
    versions could not be saved. What a partial was pinned to stays what it is pinned to.
    """
    what, found = (
        ("zip", _versions(data)) if isinstance(data, bytes) else ("folder", _of_folder(data))
    )
    versions = _in_order(list(found))
    if not versions:
        raise Refused(f"there is no prompt in this {what}", hint=_HINT)
    given = {each.ref: each for each in versions}
    for each in versions:
        try:
            await library.check(each, given)
        except Refused as error:
            raise Refused(f"{each.name}/v{each.version}.md: {error}", hint=error.hint) from None
    here: dict[str, int] = {}
    done = []
    for each in versions:
        pins = {name: here.get(f"{name}@{version}", version) for name, version in each.pins}
        raw = with_key(each.raw, "partials", pins) if pins != dict(each.pins) else each.raw
        known = _same(library, each.name, raw)
        kept = known or await library.save(each.name, raw, who=who)
        here[each.ref] = kept.version
        done.append(Imported(f"{each.name}/v{each.version}.md", kept.ref, known is not None))
    return tuple(done)


def _same(library: PromptLibrary, name: str, raw: str) -> PromptTemplate | None:
    sha256 = parse(name, 0, raw).sha256
    return next((each for each in library.all_versions(name) if each.sha256 == sha256), None)


def _in_order(versions: list[PromptTemplate]) -> list[PromptTemplate]:
    """Each behind the versions before it, so that the newest stays the newest, and behind the partials
    that it is pinned to. Refused when they go in a circle."""
    waiting = sorted(versions, key=lambda each: (each.name, each.version))
    refs, done, order = {each.ref for each in versions}, set[str](), list[PromptTemplate]()
    before = {two.ref: one.ref for one, two in itertools.pairwise(waiting) if one.name == two.name}
    while waiting:
        ready = [
            each
            for each in waiting
            if all(f"{n}@{v}" in done or f"{n}@{v}" not in refs for n, v in each.pins)
        ]
        if not ready:
            raise Refused(f"{waiting[0].ref}: its partials include each other in a circle")
        # A hand may have pinned a version to a newer one of its partial's users: then pins go first.
        in_turn = [each for each in ready if before.get(each.ref, "") in done | {""}]
        order.append((in_turn or ready)[0])
        done.add(order[-1].ref)
        waiting.remove(order[-1])
    return order


def _of_folder(files: Mapping[str, bytes]) -> Iterator[PromptTemplate]:
    """The versions among these files; a folder may hold others, and lie in any other folder."""
    if len(files) > MAX_FILES:
        raise Refused(f"the folder holds {len(files):,} files: at most {MAX_FILES:,}")
    if sum(map(len, files.values())) > MAX_BYTES:
        raise Refused(f"the folder holds more than {MAX_BYTES:,} bytes")
    seen: set[str] = set()
    for path, data in files.items():
        found = _ANYWHERE.fullmatch(path)
        number = VERSION.fullmatch(found[2]) if found else None
        if not found or not number:
            continue
        file = f"{named(found[1])}/{found[2]}"
        if file in seen:
            raise Refused(f"{file!r} is in the folder twice", hint="Choose one folder of prompts.")
        seen.add(file)
        yield _parsed(file, found[1], int(number[1]), data)


def _versions(data: bytes) -> Iterator[PromptTemplate]:
    if len(data) > MAX_ZIP:
        raise Refused(f"the zip has {len(data):,} bytes: at most {MAX_ZIP:,}")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in _entries(archive):
                yield from _version(archive, entry)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError) as error:
        raise Refused(f"this is not a zip that can be read: {error}", hint=_HINT) from None
    except (
        OSError,
        RuntimeError,
        ValueError,
        zlib.error,
    ) as error:  # damaged, encrypted, an impossible offset
        raise Refused(f"this is not a zip that can be read: {error}", hint=_HINT) from None


def _entries(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files of the zip, once all of them are of a name, a kind and a size that an export has."""
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MAX_FILES:
        raise Refused(f"the zip holds {len(entries):,} files: at most {MAX_FILES:,}")
    if sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise Refused(f"the zip would unfold to more than {MAX_BYTES:,} bytes")
    seen: set[str] = set()
    for entry in entries:
        _check(entry)
        name = entry.filename.removeprefix("prompts/")
        if name in seen:
            raise Refused(f"{entry.filename[:80]!r} is in the zip twice")
        seen.add(name)
    return entries


def _check(entry: zipfile.ZipInfo) -> None:
    shown = repr(entry.filename[:80])
    found = _FILE.fullmatch(entry.filename)
    if not found or found[1] in (".", ".."):
        raise Refused(f"{shown} does not belong into a zip of prompts", hint=_HINT)
    named(found[1])
    if not VERSION.fullmatch(found[2]) and found[2] not in (LABELS, HISTORY, ARCHIVED):
        raise Refused(f"{shown} does not belong into a zip of prompts", hint=_HINT)
    if (entry.external_attr >> 16) & 0o170000 == 0o120000:
        raise Refused(f"{shown} is a link, not a file")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refused(f"{shown} is packed in a way that is not read here", hint=_HINT)


def _version(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[PromptTemplate]:
    found = _FILE.fullmatch(entry.filename)
    number = VERSION.fullmatch(found[2]) if found else None
    if not found or not number:
        return
    with archive.open(entry) as file:
        data = file.read(MAX_SOURCE * 4 + 1)  # whatever size its header told
    yield _parsed(entry.filename, found[1], int(number[1]), data)


def _parsed(file: str, name: str, version: int, data: bytes) -> PromptTemplate:
    if len(data) > MAX_SOURCE * 4:
        raise Refused(f"{file}: too many bytes for a prompt")
    try:
        return parse(name, version, data.decode())
    except UnicodeDecodeError:
        raise Refused(f"{file} is not UTF-8 text") from None
    except Refused as error:
        raise Refused(f"{file}: {error}", hint=error.hint) from None
