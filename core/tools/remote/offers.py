"""What a server says of its tools, made harmless: bounded, cut, without references, and pinned."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.tools.remote.schemas import Clean, Unusable, parameters
from core.types.mcp import McpOffer

MOST_TOOLS = 100
MOST_NAME = 64
_MOST_DESCRIPTION = 1_000
_ODD = re.compile(r"[^a-zA-Z0-9_-]")


def offers(said: Sequence[Mapping[str, Any]], clean: Clean) -> tuple[McpOffer, ...]:
    """The tools as they may be shown to a model and to the owner; the first of two with one name.

    `clean` takes out of a text what may not stand in a window.
    """
    found: dict[str, McpOffer] = {}
    for each in said:
        made = _offer(each, clean)
        found.setdefault(made.name, made)
    return tuple(found.values())


def pin_of(found: Sequence[McpOffer]) -> str:
    """One hash for a whole list of tools, whatever its order."""
    return _hash(sorted((each.name, each.pin) for each in found))


def called(server: str, offer: str) -> str:
    """The name under which a model calls it: `server__tool`, in letters that every vendor takes."""
    plain = _ODD.sub("_", offer)
    room = MOST_NAME - len(server) - 2
    if plain == offer and len(plain) <= room:
        return f"{server}__{plain}"
    return f"{server}__{plain[: room - 7]}_{_hash(offer)[:6]}"


def _offer(said: Mapping[str, Any], clean: Clean) -> McpOffer:
    pin = _hash([said["name"], said["description"], said["schema"]])
    name = str(said["name"])[:200]
    told = clean(str(said["description"] or "")).strip()[:_MOST_DESCRIPTION]
    description = told or "The server says nothing about it."
    try:
        if clean(name) != name:
            raise Unusable("its name holds characters that cannot be seen")
        return McpOffer(name, description, parameters(said["schema"], clean), pin)
    except Unusable as error:
        return McpOffer(clean(name), description, {}, pin, str(error))


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
