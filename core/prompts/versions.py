"""The version files as templates: read once until they change, with the partials that they are pinned to."""

import stat
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from core.errors import NotFound, Refused
from core.prompts import history as records
from core.prompts.folder import ARCHIVED, NAME, PromptFolder
from core.prompts.history import LABEL
from core.prompts.pinning import NAMED, used
from core.prompts.template import MAX_SOURCE, PromptTemplate, parse


class Versions:
    """Every version of every prompt in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read_before: dict[Path, tuple[tuple[int, int], PromptTemplate]] = {}

    def home(self, name: str) -> PromptFolder:
        """The folder of this prompt; of a name that none can have, one that is never there."""
        return PromptFolder(self._folder / (name if NAME.fullmatch(name) else "-/-"))

    def names(self) -> list[str]:
        """Whatever has a version, in alphabetical order."""
        if not self._folder.is_dir():
            return []
        found = (path.name for path in self._folder.iterdir() if NAME.fullmatch(path.name))
        return sorted(name for name in found if self.home(name).numbers())

    def is_archived(self, name: str) -> bool:
        """Whether it was put away."""
        return self.home(name).read(ARCHIVED, 1) is not None

    def is_partial(self, name: str) -> bool:
        """Whether its newest version that can be read is one."""
        for number in reversed(self.home(name).numbers()):
            try:
                return self.parsed(name, number).kind == "partial"
            except (Refused, NotFound):
                continue  # told by `problems`
        return False

    def read(self, name: str, version: int) -> PromptTemplate:
        """The version with its partials. Raises NotFound, or Refused with the reason."""
        return self.bound(self.parsed(name, version))

    def in_use(self, name: str) -> PromptTemplate:
        """The labelled version, else the newest that can be read. Raises NotFound and Refused."""
        home = self.home(name)
        if not home.numbers():
            raise self.missing(name)
        if (labelled := records.labels(home).get(LABEL)) is not None:
            if labelled not in home.numbers():
                raise NotFound(
                    f"{name}@{labelled} has the label {LABEL}, and its file is gone",
                    hint="Put the label on another version, or bring the file back.",
                )
            return self.read(name, labelled)
        broken: Refused | None = None
        for number in reversed(home.numbers()):
            try:
                return self.read(name, number)
            except Refused as error:
                broken = broken or error
        raise broken or self.missing(name)

    def all_in_use(self) -> Iterator[PromptTemplate]:
        """Of each prompt the version in use, where it can be read."""
        for name in self.names():
            try:
                yield self.in_use(name)
            except (Refused, NotFound):
                continue  # told by `problems`

    def edited(self, name: str) -> dict[int, str]:
        """What is wrong with versions that are not what was saved."""
        changes = records.read(self.home(name))
        saved = {each.version: each.sha256 for each in changes if each.what == "saved"}
        there, found = set(self.home(name).numbers()), dict[int, str]()
        for version, sha256 in sorted(saved.items()):
            if version not in there:
                found[version] = "its file is gone"
            elif self._sha256(name, version) != sha256:
                found[version] = "its file was changed by hand after it was saved"
        return found

    def _sha256(self, name: str, version: int) -> str:
        try:
            return self.parsed(name, version).sha256
        except (Refused, NotFound):
            return ""

    def parsed(self, name: str, version: int) -> PromptTemplate:
        """The version as its file is, without its partials."""
        if not NAME.fullmatch(name):
            raise self.missing(name)
        path = self._folder / name / f"v{version}.md"
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                raise Refused(
                    f"{name}@{version} is not a file", hint="Put a text file in its place."
                )
            seen = (status.st_mtime_ns, status.st_size)
            if (known := self._read_before.get(path)) and known[0] == seen:
                return known[1]
            if status.st_size > MAX_SOURCE * 4:
                raise Refused(
                    f"{name}@{version} has {status.st_size:,} bytes: too many for a prompt"
                )
            text = path.read_bytes().decode()
        except (FileNotFoundError, NotADirectoryError):
            raise self.missing(f"{name}@{version}") from None
        except OSError as error:
            raise Refused(f"{name}@{version} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise Refused(f"{name}@{version} is not UTF-8 text") from None
        template = parse(name, version, text)
        self._read_before[path] = (seen, template)
        return template

    def bound(
        self, template: PromptTemplate, among: Mapping[str, PromptTemplate] | None = None
    ) -> PromptTemplate:
        """The template with every partial that it needs, and for a draft with its pins; `among` are
        partials that are not in the folder, by ref."""
        names = used(template.source)
        if not names and not template.pins:
            return template
        pins = self._pins(template, names)
        found: dict[str, PromptTemplate] = {}
        waiting = list(pins.items())
        while waiting:
            name, version = waiting.pop()
            if f"{name}@{version}" not in found and len(found) < NAMED:
                partial = (among or {}).get(f"{name}@{version}") or self.parsed(name, version)
                if partial.kind != "partial":
                    raise Refused(
                        f"{template.ref} uses {partial.ref}, which is no partial",
                        hint="Only a prompt whose front matter says `kind: partial` is shared.",
                    )
                found[partial.ref] = partial
                waiting += partial.pins
        return replace(template, pins=tuple(sorted(pins.items())), partials=tuple(found.values()))

    def _pins(self, template: PromptTemplate, names: set[str]) -> Mapping[str, int]:
        pins = {name: version for name, version in template.pins if name in names}
        for name in sorted(names - set(pins)):
            if template.version:
                raise Refused(
                    f"{template.ref} does not say which version of {name!r} it uses",
                    hint=f"Write `partials: {{{name}: 1}}` into its front matter.",
                )
            if self.home(name).numbers():
                pins[name] = self.in_use(name).version
        return pins

    def missing(self, ref: str) -> NotFound:
        """What to say of a prompt that is not there."""
        name, _, version = ref.partition("@")
        if version and NAME.fullmatch(name) and (there := self.home(name).numbers()):
            told = ", ".join(map(str, there[-20:]))
            return NotFound(
                f"there is no version {version[:20]!r} of the prompt {name}",
                hint=f"{name} has {'version' if len(there) == 1 else 'versions'} {told}.",
            )
        shown = (n for n in self.names() if not self.is_archived(n) and not self.is_partial(n))
        names = ", ".join(shown) or "none"
        return NotFound(f"there is no prompt {ref[:80]!r}", hint=f"There are: {names}.")
