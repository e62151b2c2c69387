"""The switches under `defence` in the front matter: read, written, and told in words."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.errors import Refused
from core.prompts.front_matter import split, with_key
from core.prompts.layers import MARK, USUAL, Layers


@dataclass(frozen=True, slots=True)
class Switch:
    """A layer that a prompt may switch: its key under `defence`, the field, and it in words."""

    key: str
    layer: str
    title: str
    does: str
    """What it does, in one sentence for somebody who writes a prompt."""


# Neutralising is no switch: without it a value could close its fence, or end its message.
SWITCHES: tuple[Switch, ...] = (
    Switch(
        "fence",
        "fence",
        "Fence",
        "Text from documents stands between two lines with a boundary that nobody can guess.",
    ),
    Switch(
        "datamarking",
        "marked",
        "Datamarking",
        f"The words of such text are joined by {MARK}, so that the model can tell it apart; it costs tokens "
        "and makes quotations harder.",
    ),
    Switch(
        "invisible",
        "visible",
        "Invisible characters removed",
        "Characters that no reader sees, and those that turn the direction of writing, are taken out.",
    ),
    Switch(
        "canary",
        "canary",
        "Canary",
        "The system prompt holds a random word; you are told when an answer gives it away.",
    ),
    Switch(
        "detector",
        "detector",
        "Detector",
        "A passage that reads like an order to the model is flagged on its citation; it stops nothing.",
    ),
)
_BY_KEY = {each.key: each for each in SWITCHES}


class UnknownLayer(Refused):
    """Something under `defence` that is no switch of ours, for whoever writes the prompt."""

    def __init__(self, name: str, problem: str) -> None:
        hint = f"Write some of {', '.join(_BY_KEY)} with yes or no: {{datamarking: yes}}."
        super().__init__(f"defence: {problem}", hint=hint)
        self.name = name


def read(given: Mapping[Any, Any]) -> Layers:
    """The usual layers but for those that are named, yes or no. Raises UnknownLayer."""
    for key, is_on in given.items():
        if key not in _BY_KEY:
            raise UnknownLayer(str(key), f"unknown layer {key!r}")
        if not isinstance(is_on, bool):
            raise UnknownLayer(str(key), f"`{key}` is yes or no")
    return replace(USUAL, **{_BY_KEY[key].layer: is_on for key, is_on in given.items()})


def written(layers: Layers) -> dict[str, bool] | None:
    """What stands under `defence` for these: the switches that differ from the usual, None without any."""
    own = {
        each.key: getattr(layers, each.layer)
        for each in SWITCHES
        if getattr(layers, each.layer) != getattr(USUAL, each.layer)
    }
    return own or None


def on(layers: Layers) -> tuple[str, ...]:
    """The names of those that stand, as a prompt writes them, and neutralising."""
    named = tuple(each.key for each in SWITCHES if getattr(layers, each.layer))
    return (*named, "neutralising") if layers.neutral else named


def differs(layers: Layers) -> str:
    """How these differ from the usual ones, "with datamarking, without canary"; "" when they do not."""
    told = [
        f"{'with' if is_on else 'without'} {key}" for key, is_on in (written(layers) or {}).items()
    ]
    return ", ".join(told)


def with_switch(raw: str, key: str, is_on: bool) -> str:
    """The prompt file with the switch set; what is as usual is not written."""
    now = split(raw).data.get("defence")
    layers = replace(read(now if isinstance(now, dict) else {}), **{_BY_KEY[key].layer: is_on})
    return with_key(raw, "defence", written(layers))
