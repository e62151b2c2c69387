"""The arms of the range: which layers of the defence stand in each, by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from core.prompts.layers import BARE, Layers

# The canary stands in each: it changes nothing about an attack, and without it no leak is seen.
_BARE = replace(BARE, canary=True)


@dataclass(frozen=True, slots=True)
class Arm:
    """A set of layers and what it is called: the prompt's own, or none, but for some."""

    label: str
    but: Mapping[str, bool] = field(default_factory=dict)
    is_bare: bool = False

    def layers(self, own: Layers) -> Layers:
        """The set for a prompt with these layers of its own."""
        return replace(_BARE if self.is_bare else own, **self.but)


ARMS: dict[str, Arm] = {
    "usual": Arm("As every answer is made"),
    "no_fence": Arm("Without the fence", {"fence": False}),
    "marked": Arm("With datamarking besides", {"marked": True}),
    "none": Arm("No layer at all", is_bare=True),
    "no_visible": Arm("With invisible characters left in", {"visible": False}),
    "no_neutral": Arm("Without neutralising", {"neutral": False}),
    "no_canary": Arm("Without the canary", {"canary": False}),
    "fence": Arm("The fence alone", {"fence": True}, is_bare=True),
    "neutral": Arm("Neutralising alone", {"neutral": True}, is_bare=True),
    "visible": Arm("Invisible characters removed, alone", {"visible": True}, is_bare=True),
}
FIRST = ("usual", "no_fence", "marked", "none")
"""What is run unless others are chosen."""
