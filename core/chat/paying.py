"""Who pays for what is asked of a model for a turn: its answer, and the small calls beside it."""

from collections.abc import Callable
from typing import TypeVar

from core.admission import Asked

Meter = TypeVar("Meter")


def paid(asked: Asked, meter: Callable[..., Meter], **more: str) -> Meter:
    """The meter of the turn, which charges its user, key, link and visitor; `more` is its purpose."""
    return meter(
        asked.user,
        asked.turn_id,
        asked.conversation_id,
        key_id=asked.request.key_id,
        link_id=asked.request.link_id,
        visitor_id=asked.request.visitor_id,
        **more,
    )
