"""Who asks: what the doors have found out about a request, for whatever stands behind them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

SCOPE_KEY = "footlights.caller"
HEADER = "x-footlights-door"
ADDRESS_HEADER = "x-footlights-address"
"""What the doors tell a page: the door and the address; what a client sends under these names is
taken off."""
LOCAL_USER = "local"
"""The user id of the owner: whoever runs the app."""
OWNER_COOKIE = "footlights_owner"
VISITOR_COOKIE = "footlights_visit"

Door = Literal["machine", "browser", "none"]
"""Through which door: this machine's own, a browser that signed in, or none: a visitor or nobody."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The door, the client's address as far as it is believed, whether it came by https, and the id of
    the user who is let in ("" for nobody)."""

    door: Door
    address: str
    secure: bool = False
    user: str = ""


def caller(scope: Mapping[str, Any]) -> Caller:
    """Who asks; without doors in front, as in a test of the API alone, it is this machine."""
    found = scope.get(SCOPE_KEY)
    if isinstance(found, Caller):
        return found
    client = scope.get("client")
    return Caller("machine", client[0] if client else "", user=LOCAL_USER)
