"""The arms of the range: which layers of the defence stand in each, by name."""

from dataclasses import dataclass, replace

from core.prompts.layers import BARE, USUAL, Layers


@dataclass(frozen=True, slots=True)
class Arm:
    """A set of layers, and what it is called."""

    label: str
    layers: Layers


# The canary stands in each: it changes nothing about an attack, and without it no leak is seen.
ARMS: dict[str, Arm] = {
    "usual": Arm("As every answer is made", USUAL),
    "no_fence": Arm("Without the fence", replace(USUAL, fence=False)),
    "none": Arm("No layer at all", replace(BARE, canary=True)),
    "fence": Arm("The fence alone", replace(BARE, canary=True, fence=True)),
    "neutral": Arm("Neutralising alone", replace(BARE, canary=True, neutral=True)),
    "visible": Arm("Invisible characters removed, alone", replace(BARE, canary=True, visible=True)),
    "marked": Arm("With datamarking besides", replace(USUAL, marked=True)),
    "no_canary": Arm("Without the canary", replace(USUAL, canary=False)),
}
FIRST = ("usual", "no_fence", "none")
"""What is run unless others are chosen."""
