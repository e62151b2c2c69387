"""What is said of versions: their labels, the archive, and the history of both."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from core.errors import Refused
from core.prompts import history as records
from core.prompts.folder import ARCHIVED, HISTORY, LABELS, NAME, PromptFolder
from core.prompts.history import LABEL, Change, What
from core.prompts.versions import Versions

_LABEL = re.compile(r"[a-z][a-z0-9_.-]{0,31}")


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)


class Labels:
    """Moves labels between versions that are there, and keeps who did it, when and why."""

    def __init__(self, folder: Path, *, clock: Callable[[], datetime] = now) -> None:
        self._versions = Versions(folder)
        self._clock = clock

    def labels(self, name: str) -> dict[str, int]:
        """The version of each label. Refused when their file is broken."""
        return records.labels(self._versions.home(name)) if NAME.fullmatch(name) else {}

    def history(self, name: str) -> tuple[Change, ...]:
        """Every change of versions and labels that the app made, oldest first."""
        return records.read(self._versions.home(name)) if NAME.fullmatch(name) else ()

    def set_label(
        self, name: str, version: int, label: str = LABEL, *, who: str = "", why: str = ""
    ) -> None:
        """Put the label on this version; it must be there and readable."""
        if not _LABEL.fullmatch(label):
            raise Refused(
                f"{label[:40]!r} cannot be a label",
                hint="Use small letters, digits, - and _, beginning with a letter, at most 32.",
            )
        self._versions.read(name, version)
        self._move(name, label, version, "label", who, why)

    def remove_label(self, name: str, label: str, *, who: str = "", why: str = "") -> None:
        """No version has the label any more."""
        self._move(name, label, 0, "label", who, why)

    def roll_back(self, name: str, label: str = LABEL, *, who: str = "") -> int:
        """Put the label back to where it was before; that version. Refused when it was nowhere."""
        version = records.version_before(self.history(name), label)
        if version is None:
            raise Refused(
                f"the label {label!r} of {name!r} was on no other version before",
                hint="Put it on the version that you want.",
            )
        self._versions.read(name, version)
        self._move(name, label, version, "rolled back", who, "")
        return version

    def is_archived(self, name: str) -> bool:
        """Whether it was put away."""
        return self._versions.is_archived(name)

    def archive(self, name: str, *, who: str = "", why: str = "") -> None:
        """Put the prompt away: it is offered nowhere, and every version of it stays."""
        home = self._known(name)
        with home.locked():
            self._record(home, "archived", who=who, why=why)
            home.replace(ARCHIVED, json.dumps({"who": who, "why": why}).encode())

    def restore(self, name: str, *, who: str = "") -> None:
        """Take the prompt back from the archive."""
        home = self._known(name)
        with home.locked():
            self._record(home, "restored", who=who)
            home.remove(ARCHIVED)

    def _move(self, name: str, label: str, version: int, what: What, who: str, why: str) -> None:
        home = self._known(name)
        with home.locked():
            labels = records.labels(home)
            before = labels.pop(label, 0)
            if version:
                labels[label] = version
            if before == version:
                return
            self._record(home, what, who=who, why=why, version=version, label=label, before=before)
            home.replace(LABELS, records.labels_file(labels))

    def _record(self, home: PromptFolder, what: What, **told: object) -> None:
        home.append(HISTORY, records.written(Change(what, self._clock(), **told)))  # type: ignore[arg-type]

    def _known(self, name: str) -> PromptFolder:
        if not NAME.fullmatch(name) or not self._versions.home(name).numbers():
            raise self._versions.missing(name)
        return self._versions.home(name)
