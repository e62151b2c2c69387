"""The folder of prompts: `<name>/v1.md`, `v2.md`, ... and `labels.yaml`. The folder is the truth."""

import os
import re
import secrets
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from core.errors import NotFound, Refused
from core.prompts.front_matter import with_message
from core.prompts.sandbox import Sandbox
from core.prompts.template import MAX_SOURCE, PromptTemplate, parse

LABEL = "production"
"""The label of the version that is used."""
_NAME = re.compile(r"[a-z0-9_-]{1,64}")
_VERSION = re.compile(r"v([1-9][0-9]{0,5})\.md")
_LABELS = "labels.yaml"


@dataclass(frozen=True, slots=True)
class Problem:
    """A file of the folder that cannot be used, and why."""

    file: str
    reason: str


class PromptLibrary:
    """Reads and adds versions; a version is never written twice, and none is ever changed."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self._folder = folder
        self._sandbox = sandbox
        self._read_before: dict[Path, tuple[tuple[int, int], PromptTemplate]] = {}

    # --- reading ------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """The prompts that have at least one version, in alphabetical order."""
        if not self._folder.is_dir():
            return []
        found = (path.name for path in self._folder.iterdir() if _NAME.fullmatch(path.name))
        return sorted(name for name in found if self._numbers(name))

    def get(self, name: str, version: int | None = None) -> PromptTemplate:
        """That version; without one the labelled version, else the newest that can be read.

        Raises NotFound, or Refused with the reason if that file is broken.
        """
        if version is not None:
            return self._read(name, version)
        if (labelled := self._labelled(name)) is not None:
            return self._read(name, labelled)
        return self._newest(name)

    def answering(self) -> list[str]:
        """The prompts that a question can be asked with as they are, `answer` first."""
        found = [name for name in self.names() if self._answers(name)]
        return sorted(found, key=lambda name: (name != "answer", name))

    def _answers(self, name: str) -> bool:
        try:
            return self.get(name).answers
        except (Refused, NotFound):
            return False  # told by `problems`

    def resolve(self, ref: str) -> PromptTemplate:
        """What `name` or `name@version` means."""
        name, at, number = ref.partition("@")
        if not at:
            return self.get(name)
        if not re.fullmatch(r"[1-9][0-9]{0,5}", number):
            raise self._missing(ref)
        return self.get(name, int(number))

    def versions(self, name: str) -> list[PromptTemplate]:
        """Every version that can be read, oldest first; what cannot is told by `problems`."""
        found: list[PromptTemplate] = []
        for number in self._numbers(name):
            try:
                found.append(self._read(name, number))
            except (Refused, NotFound):
                continue  # told by `problems`, or deleted a moment ago
        if not found:
            raise self._missing(name)
        return found

    def label(self, name: str) -> int:
        """The version that `get` gives."""
        return self.get(name).version

    async def problems(self) -> tuple[Problem, ...]:
        """Every file that cannot be used, with the reason; an empty tuple when all is well."""
        found: list[Problem] = []
        for name in self.names():
            for number in self._numbers(name):
                try:
                    await self._sandbox.check(self._read(name, number))
                except (Refused, NotFound) as error:
                    found.append(Problem(f"{name}/v{number}.md", str(error)))
            try:
                self.label(name)
            except (Refused, NotFound) as error:
                found.append(Problem(f"{name}/{_LABELS}", str(error)))
        return tuple(found)

    def draft(self, name: str, raw: str) -> PromptTemplate:
        """What this text would be as a version of the prompt, to be checked and tried before it is saved.

        Refused, with line and column, when its head cannot be read.
        """
        return parse(name, 0, raw)

    # --- writing ------------------------------------------------------------------------------

    async def save(self, name: str, raw: str, message: str = "") -> PromptTemplate:
        """The next version of the prompt, on the disk when this returns.

        Two that are saved at once become two versions. Refused, with line and column, before
        anything is written, if it could not be rendered.
        """
        if not _NAME.fullmatch(name):
            raise Refused(
                f"{name!r} cannot be the name of a prompt",
                hint="Use small letters, digits, - and _, at most 64.",
            )
        template = parse(name, 0, raw)
        if message.strip():
            template = parse(name, 0, with_message(template.raw, message))
        await self._sandbox.check(template)
        return self._write(template)

    def set_label(self, name: str, version: int) -> None:
        """Make this version the one that is used; it must be there and readable."""
        self._read(name, version)
        labels = {**self._labels(name), LABEL: version}
        text = yaml.safe_dump(labels, sort_keys=True).encode()
        fresh = self._fresh(name, text)
        os.replace(fresh, self._folder / name / _LABELS)

    # --- files --------------------------------------------------------------------------------

    def _write(self, template: PromptTemplate) -> PromptTemplate:
        home = self._folder / template.name
        home.mkdir(parents=True, exist_ok=True)
        fresh = self._fresh(template.name, template.raw.encode("utf-8", "replace"))
        try:
            while True:
                number = max(self._numbers(template.name), default=0) + 1
                try:
                    # A link is made whole or not at all, and never over another version.
                    os.link(fresh, home / f"v{number}.md")
                    return replace(template, version=number)
                except FileExistsError:
                    continue
        finally:
            fresh.unlink()

    def _fresh(self, name: str, data: bytes) -> Path:
        path = self._folder / name / f".{secrets.token_hex(8)}.tmp"
        with open(path, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return path

    def _numbers(self, name: str) -> list[int]:
        if not _NAME.fullmatch(name) or not (self._folder / name).is_dir():
            return []
        files = (_VERSION.fullmatch(path.name) for path in (self._folder / name).iterdir())
        return sorted(int(found[1]) for found in files if found)

    def _read(self, name: str, version: int) -> PromptTemplate:
        if not _NAME.fullmatch(name):
            raise self._missing(name)
        path = self._folder / name / f"v{version}.md"
        try:
            status = path.stat()
            seen = (status.st_mtime_ns, status.st_size)
            if (known := self._read_before.get(path)) and known[0] == seen:
                return known[1]
            if status.st_size > MAX_SOURCE * 4:
                raise Refused(
                    f"{name}@{version} has {status.st_size:,} bytes: too many for a prompt"
                )
            text = path.read_bytes().decode()
        except IsADirectoryError:
            raise Refused(f"{name}@{version} is a folder, not a file") from None
        except (FileNotFoundError, NotADirectoryError):
            raise self._missing(f"{name}@{version}") from None
        except UnicodeDecodeError:
            raise Refused(f"{name}@{version} is not UTF-8 text") from None
        template = parse(name, version, text)
        self._read_before[path] = (seen, template)
        return template

    def _newest(self, name: str) -> PromptTemplate:
        broken: Refused | None = None
        for number in reversed(self._numbers(name)):
            try:
                return self._read(name, number)
            except Refused as error:
                broken = broken or error
        raise broken or self._missing(name)

    def _labels(self, name: str) -> dict[str, int]:
        path = self._folder / name / _LABELS
        try:
            labels = yaml.safe_load(path.read_bytes()[:MAX_SOURCE]) or {}
        except FileNotFoundError:
            return {}
        except (yaml.YAMLError, ValueError, RecursionError):
            labels = None
        if not isinstance(labels, dict) or not all(type(v) is int for v in labels.values()):
            raise Refused(
                f"{name}/{_LABELS} is not a list of `label: version`",
                hint=f"Write `{LABEL}: 1`, or delete the file: then the newest version is used.",
            )
        return labels

    def _labelled(self, name: str) -> int | None:
        if not self._numbers(name):
            raise self._missing(name)
        return self._labels(name).get(LABEL)

    def _missing(self, ref: str) -> NotFound:
        names = ", ".join(self.names()) or "none"
        return NotFound(f"there is no prompt {ref[:80]!r}", hint=f"There are: {names}.")
