"""How the sandbox and its worker talk: JSON with its length before it, over two pipes."""

import json
import struct
from typing import IO, Any

HEADER = struct.Struct(">I")
MAX_FRAME = 64_000_000
"""Bytes of one message; whoever sends more is not believed."""


def pack(message: dict[str, Any]) -> bytes:
    """The message as it is sent; lone surrogates travel as escapes."""
    body = json.dumps(message).encode("ascii")
    return HEADER.pack(len(body)) + body


def read(stream: IO[bytes]) -> dict[str, Any] | None:
    """The next message, None at the end of the stream."""
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    (size,) = HEADER.unpack(header)
    message: dict[str, Any] = json.loads(stream.read(size))
    return message
