"""Server-sent events from bytes: where one ends and the next begins, whatever the network cut."""

import json
from codecs import BOM_UTF8
from typing import Any

import orjson

MOST_BYTES = 8 * 2**20
"""Of one event. The largest that a vendor sends, a whole answer repeated at its end, is far below."""


class EventTooLong(ValueError):
    """One event is longer than anybody would send."""


class EventSplitter:
    """Takes the bytes of a stream as they come and gives back the data of each event that is whole.

    LF, CRLF and CR end a line; comments, other fields than `data`, and a byte order mark at the
    beginning are passed over.
    """

    def __init__(self) -> None:
        self._begun = False
        self._rest: list[bytes] = []
        self._held = 0
        self._taken = 0
        self._data: list[bytes] = []
        self._after_cr = False

    def feed(self, piece: bytes) -> list[bytes]:
        """The data of the events that end in this piece; raises EventTooLong."""
        if b"\r" in piece or self._after_cr:
            piece = self._plain(piece)
        if b"\n" not in piece:
            self._hold(piece)
            return []
        lines = piece.split(b"\n")
        if self._rest:
            lines[0] = b"".join((*self._rest, lines[0]))
            self._rest.clear()
            self._held = 0
        last = lines.pop()
        found: list[bytes] = []
        for line in lines:
            self._line(line, found)
        if last:
            self._hold(last)
        return found

    def end(self) -> list[bytes]:
        """What stands at the end of the stream without the blank line that should follow it."""
        found: list[bytes] = []
        self._line(b"".join(self._rest), found)
        self._line(b"", found)
        self._rest.clear()
        return found

    def _line(self, line: bytes, found: list[bytes]) -> None:
        if not self._begun:
            self._begun, line = True, line.removeprefix(BOM_UTF8)
        if line.startswith(b"data:"):
            self._data.append(line[6:] if line[5:6] == b" " else line[5:])
            self._taken += len(line)
            self._bound()
        elif not line and self._data:
            data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
            if not data.isspace() and data:  # some servers keep a connection awake so
                found.append(data)
            self._data.clear()
            self._taken = 0

    def _hold(self, piece: bytes) -> None:
        self._rest.append(piece)
        self._held += len(piece)
        self._bound()

    def _bound(self) -> None:
        if self._held + self._taken > MOST_BYTES:
            raise EventTooLong(f"one event of more than {MOST_BYTES // 2**20} MB")

    def _plain(self, piece: bytes) -> bytes:
        """The piece with LF alone; a CR at its end may be the first half of a CRLF."""
        if self._after_cr and piece.startswith(b"\n"):
            piece = piece[1:]
            if not piece:
                self._after_cr = False
                return b""
        self._after_cr = piece.endswith(b"\r")
        return piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def decoded(data: bytes) -> Any:
    """The JSON of one event; raises ValueError.

    The fast reader knows no half of a surrogate pair, which vendors do send; the slow one does.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("nested beyond what anybody would send") from None
