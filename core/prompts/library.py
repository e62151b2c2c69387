"""The folder of prompts: `<name>/v1.md`, `v2.md`, ... with `labels.yaml` and `history.jsonl`. The folder
is the truth."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from core.errors import NotFound, Refused
from core.prompts import history as records
from core.prompts.folder import LABELS, PromptFolder, named
from core.prompts.front_matter import with_key, with_message
from core.prompts.history import LABEL as LABEL
from core.prompts.labels import Labels, now
from core.prompts.sandbox import Sandbox
from core.prompts.template import PromptTemplate, parse

_NUMBER = re.compile(r"[1-9][0-9]{0,5}")


@dataclass(frozen=True, slots=True)
class Problem:
    """A file of the folder that cannot be used, or is not what was saved, and why."""

    file: str
    reason: str


class PromptLibrary(Labels):
    """Reads and adds versions; a version is never written twice, and none is ever changed."""

    def __init__(
        self, folder: Path, sandbox: Sandbox, *, clock: Callable[[], datetime] = now
    ) -> None:
        super().__init__(folder, clock=clock)
        self._sandbox = sandbox
        self._sound: set[tuple[str, ...]] = set()

    # --- reading ------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """The prompts that have a version and are not archived, in alphabetical order."""
        return [name for name in self._offered() if not self._versions.is_partial(name)]

    def partials(self) -> list[str]:
        """The partials that are not archived, in alphabetical order."""
        return [name for name in self._offered() if self._versions.is_partial(name)]

    def archived(self) -> list[str]:
        """The prompts and partials that were put away; their versions can still be read."""
        return [name for name in self._versions.names() if self._versions.is_archived(name)]

    def _offered(self) -> list[str]:
        return [name for name in self._versions.names() if not self._versions.is_archived(name)]

    def get(self, name: str, version: int | None = None) -> PromptTemplate:
        """That version; without one the labelled version, else the newest that can be read.

        Raises NotFound, or Refused with the reason if that file is broken.
        """
        return (
            self._versions.in_use(name) if version is None else self._versions.read(name, version)
        )

    def answering(self) -> list[str]:
        """The prompts that a question can be asked with as they are, `answer` first."""
        return self._that(lambda template: template.answers)

    def askable(self) -> list[str]:
        """The prompts that a question can be asked with when their small form is filled in too, `answer`
        first."""
        return self._that(lambda template: template.can_be_asked)

    def _that(self, suits: Callable[[PromptTemplate], bool]) -> list[str]:
        found = [name for name in self.names() if self._suits(name, suits)]
        return sorted(found, key=lambda name: (name != "answer", name))

    def resolve(self, ref: str) -> PromptTemplate:
        """What `name`, `name@version` or `name@label` means."""
        name, at, wanted = ref.partition("@")
        if not at:
            return self.get(name)
        if _NUMBER.fullmatch(wanted):
            return self.get(name, int(wanted))
        if (version := self.labels(name).get(wanted)) is None:
            raise self._versions.missing(ref)
        return self.get(name, version)

    def versions(self, name: str) -> list[PromptTemplate]:
        """Every version that can be read, oldest first; what cannot is told by `problems`."""
        found: list[PromptTemplate] = []
        for number in self._versions.home(name).numbers():
            try:
                found.append(self._versions.read(name, number))
            except (Refused, NotFound):
                continue  # told by `problems`, or deleted a moment ago
        if not found:
            raise self._versions.missing(name)
        return found

    def label(self, name: str) -> int:
        """The version that `get` gives."""
        return self.get(name).version

    def edited(self, name: str) -> dict[int, str]:
        """What is wrong with versions that are not what was saved: edited by hand, or gone."""
        return self._versions.edited(name)

    def users_of(self, partial: str) -> list[str]:
        """Which versions in use, as `name@version`, were pinned to a version of this partial."""
        return [each.ref for each in self._versions.all_in_use() if partial in dict(each.pins)]

    async def problems(
        self, told: Callable[[int, int], None] = lambda done, total: None
    ) -> tuple[Problem, ...]:
        """Every file that cannot be used or is not what was saved; an empty tuple when all is well. `told`
        hears how many versions are checked, of how many."""
        found: list[Problem] = []
        numbers = {name: self._versions.home(name).numbers() for name in self._versions.names()}
        total, done = sum(map(len, numbers.values())), 0
        for name, there in numbers.items():
            for number in there:
                told(done, total)
                done += 1
                try:
                    await self._check_once(self._versions.read(name, number))
                except (Refused, NotFound) as error:
                    found.append(Problem(f"{name}/v{number}.md", str(error)))
            found += [Problem(f"{name}/v{n}.md", why) for n, why in self.edited(name).items()]
            try:
                self.label(name)
            except (Refused, NotFound) as error:
                found.append(Problem(f"{name}/{LABELS}", str(error)))
        return tuple(found)

    async def _check_once(self, template: PromptTemplate) -> None:
        key = (template.sha256, *(each.sha256 for each in template.partials))
        if key not in self._sound:  # the same text stays sound
            await self._sandbox.check(template)
            self._sound.add(key)

    def draft(self, name: str, raw: str) -> PromptTemplate:
        """What this text would be as a version of the prompt, to be checked and tried before it is saved;
        a partial that it does not pin is the one in use.

        Refused, with line and column, when its head cannot be read.
        """
        return self._versions.bound(parse(name, 0, raw))

    def home(self, name: str) -> PromptFolder:
        """The folder of a prompt. Raises NotFound."""
        return self._known(name)

    def all_versions(self, name: str) -> list[PromptTemplate]:
        """Like `versions`, and an empty list where there is no such prompt."""
        return self.versions(name) if self._versions.home(name).numbers() else []

    async def check(
        self, template: PromptTemplate, among: Mapping[str, PromptTemplate] | None = None
    ) -> None:
        """Refused, with line and column, unless the version could be saved, with `among` as partials
        that are not here yet, by ref."""
        await self._sandbox.check(self._versions.bound(template, among or {}))

    # --- writing ------------------------------------------------------------------------------

    async def save(
        self, name: str, raw: str, message: str = "", *, who: str = "", new: bool = False
    ) -> PromptTemplate:
        """The next version of the prompt, on the disk when this returns; its partials are pinned.

        Two that are saved at once become two versions. Refused, with line and column, before
        anything is written, if it could not be rendered; with `new`, Conflict if it is there already.
        """
        named(name)
        template = self.draft(name, raw)
        if message.strip():
            template = self.draft(name, with_message(template.raw, message))
        await self._sandbox.check(template)
        if template.pins != parse(name, 0, template.raw).pins:
            template = self.draft(name, with_key(template.raw, "partials", dict(template.pins)))
        return self._write(template, who, new=new)

    async def revise(
        self, base: PromptTemplate, raw: str, message: str = "", *, who: str = ""
    ) -> PromptTemplate:
        """The next version out of the edited text of `base`, as `save` has it; what `base` gave as its
        own reason is none for the new one."""
        draft = self.draft(base.name, raw)
        if base.message and not message.strip() and draft.message == base.message:
            raw = with_key(draft.raw, "message", None)
        return await self.save(base.name, raw, message, who=who)

    async def duplicate(self, name: str, copy: str, *, who: str = "") -> PromptTemplate:
        """A new prompt whose first version is the one in use here. Conflict if its name is taken."""
        source = self.get(name)
        raw = with_key(source.raw, "used_by", None)
        return await self.save(copy, raw, f"Copied from {source.ref}", who=who, new=True)

    # --- files --------------------------------------------------------------------------------

    def _write(self, template: PromptTemplate, who: str, *, new: bool = False) -> PromptTemplate:
        home = self._versions.home(template.name)
        with home.locked(make=True):
            # A number that was given once stays given, whatever became of its file.
            beyond = max((each.version for each in records.read(home)), default=0)
            data = template.raw.encode("utf-8", "replace")
            number = home.add_version(data, beyond, first=new)
            try:
                self._record(
                    home,
                    "saved",
                    who=who,
                    why=template.message,
                    version=number,
                    sha256=parse(template.name, 0, data.decode()).sha256,
                )
            except OSError:
                home.remove(f"v{number}.md")  # what is told as not kept is not there
                raise
        return replace(template, version=number)

    def _suits(self, name: str, suits: Callable[[PromptTemplate], bool]) -> bool:
        try:
            return suits(self.get(name))
        except (Refused, NotFound):
            return False  # told by `problems`
