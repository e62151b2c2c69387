"""Who changed what of a prompt, when and why: a line for each change, never rewritten, and the labels."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import yaml

from core.errors import Refused
from core.prompts.folder import HISTORY, LABELS, PromptFolder

LABEL = "production"
"""The label of the version that is used."""
MOST = 8_000_000
"""Bytes that are read of a history."""
_MOST_LABELS = 65_536

What = Literal["saved", "label", "rolled back", "archived", "restored"]


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a prompt's history. Version 0 of a label is none; `sha256` is of a version saved."""

    what: What
    at: datetime
    who: str = ""
    why: str = ""
    version: int = 0
    label: str = ""
    before: int = 0
    sha256: str = ""


def written(change: Change) -> bytes:
    """The change as a line of JSON."""
    told = {
        "at": change.at.isoformat(timespec="milliseconds"),
        "what": change.what,
        "who": change.who,
        "why": change.why,
        "version": change.version,
        "label": change.label,
        "before": change.before,
        "sha256": change.sha256,
    }
    kept = {key: value for key, value in told.items() if value not in ("", None)}
    return json.dumps(kept, ensure_ascii=False).encode("utf-8", "replace")


def read(folder: PromptFolder) -> tuple[Change, ...]:
    """Every change, oldest first; a line that is none is passed over, because somebody may have
    merged the file by hand."""
    data = folder.read(HISTORY, MOST) or b""
    found = (_change(line) for line in data.decode("utf-8", "replace").splitlines())
    return tuple(change for change in found if change)


def _change(line: str) -> Change | None:
    try:
        told: Any = json.loads(line)
        at = datetime.fromisoformat(told["at"])
        change = Change(
            what=told["what"],
            at=at if at.tzinfo else at.replace(tzinfo=UTC),
            who=str(told.get("who", "")),
            why=str(told.get("why", "")),
            version=int(told.get("version", 0)),
            label=str(told.get("label", "")),
            before=int(told.get("before", 0)),
            sha256=str(told.get("sha256", "")),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return change if change.what in get_args(What) else None


def labels(folder: PromptFolder) -> dict[str, int]:
    """The version of each label. Refused when the file is not such a list."""
    data = folder.read(LABELS, _MOST_LABELS)
    if data is None:
        return {}
    try:
        found = yaml.safe_load(data) or {}
    except (yaml.YAMLError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(
        isinstance(label, str) and type(version) is int for label, version in found.items()
    ):
        raise Refused(
            f"{folder.name}/{LABELS} is not a list of `label: version`",
            hint=f"Write `{LABEL}: 1`, or delete the file: then the newest version is used.",
        )
    return found


def labels_file(found: Mapping[str, int]) -> bytes:
    """The labels as they are written."""
    return yaml.safe_dump(dict(found), sort_keys=True).encode()


def version_before(changes: Sequence[Change], label: str) -> int | None:
    """The version to which a label goes back: that before the last move which was not taken back;
    None when there is none."""
    moves: list[int] = []
    for change in changes:
        if change.label == label and change.what == "label":
            moves.append(change.before)
        elif change.label == label and change.what == "rolled back" and moves:
            moves.pop()
    return moves[-1] if moves and moves[-1] else None
