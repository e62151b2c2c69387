"""How a prompt wants to be answered: what stands under `model` in its front matter."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import Refused
from core.prompts.variables import one_of

_MAX_TOKENS = 1_000_000
_MAX_TEMPERATURE = 2.0
_KEYS = frozenset({"name", "max_tokens", "temperature"})
_MODEL = re.compile(r"[a-z_]{1,40}(:\S{1,200})?")


@dataclass(frozen=True, slots=True)
class ModelHints:
    """How a prompt wants to be answered; None leaves it to whoever asks."""

    max_tokens: int | None = None
    temperature: float | None = None
    name: str = field(default="", repr=False)  # kept results are known by what this prints
    """The model that answers while nobody chose another, `provider:id`; "" for the first that is there."""


NONE = ModelHints()


def read(given: Mapping[Any, Any]) -> ModelHints:
    """The hints. Refused for what is none."""
    if unknown := sorted(str(key) for key in set(given) - _KEYS):
        raise Refused(f"model: unknown key {unknown[0]!r}", hint=one_of(_KEYS))
    tokens, heat, name = given.get("max_tokens"), given.get("temperature"), given.get("name", "")
    if tokens is not None and (type(tokens) is not int or not 0 < tokens <= _MAX_TOKENS):
        raise Refused(f"model: `max_tokens` is 1 to {_MAX_TOKENS:,}")
    if heat is not None and not _is_between(heat, _MAX_TEMPERATURE):
        raise Refused("model: `temperature` is a number from 0 to 2")
    if not isinstance(name, str) or (name and not _MODEL.fullmatch(name)):
        raise Refused(
            f"model: {name!r} names no model",
            hint="Write it as provider:id, such as openai:gpt-6-luna; the Models page lists them.",
        )
    return ModelHints(tokens, heat, name)


def _is_between(value: object, highest: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= highest
