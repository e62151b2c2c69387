"""The JSON form of an event: one line, tagged by its type."""

from typing import Annotated

from pydantic import Discriminator, TypeAdapter

from core.events.turn import StreamEvent

_adapter: TypeAdapter[StreamEvent] = TypeAdapter(Annotated[StreamEvent, Discriminator("type")])


def dump(event: StreamEvent) -> str:
    """The event as one line of JSON, tagged by `type`."""
    return _adapter.dump_json(event).decode()


def load(data: str | bytes) -> StreamEvent:
    """The event that `dump` wrote."""
    return _adapter.validate_json(data)
