"""How the links of the owner fare: open or not, who came, what was asked, what is spent."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from core.store.caps import Caps, CapState
from core.store.columns import now
from core.store.links import Link, Links


@dataclass(frozen=True, slots=True)
class Share:
    """A link and how it fares; `state` in one word is what a visitor finds."""

    link: Link
    state: str
    visitors: int
    asked: int
    cap: CapState | None


def faring(
    links: Links, caps: Caps, user: str, rows: Iterable[tuple[Link, int, int]]
) -> list[Share]:
    """The links of these rows and how they fare, in their order."""
    held, moment = links.all_paused(user), now()
    return [
        Share(
            link,
            _state(link, held, moment),
            visitors,
            asked,
            caps.state(user, "link", link.id) if link.kind == "live" else None,
        )
        for link, visitors, asked in rows
    ]


def _state(link: Link, held: bool, moment: datetime) -> str:
    if link.revoked_at:
        return "revoked"
    if link.expires_at is not None and link.expires_at <= moment:
        return "expired"
    return "paused" if link.paused or held else "open"
