"""Streamlit's scripts and styles, compressed: it sends them as they are, 3 MB before a first page stands."""

import asyncio
import gzip
import re
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import file_util

_PATH = re.compile(r"/static/((?:js|css)/[\w.-]+\.(js|css))")
_KINDS = {"js": "text/javascript", "css": "text/css"}
# Their names hold a hash of what is in them, so a browser asks for each once.
_HEADERS = {
    "content-encoding": "gzip",
    "vary": "accept-encoding",
    "cache-control": "public, immutable, max-age=31536000",
}


class Packed:
    """Answers for these files, each compressed once for the life of the process; passes all else on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._folder = Path(file_util.get_static_dir()) / "static"
        self._packed: dict[str, bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = _PATH.fullmatch(scope["path"]) if _takes_packed(scope) else None
        if found is None or not (path := self._folder / found[1]).is_file():
            await self._app(scope, receive, send)
            return
        if found[1] not in self._packed:
            self._packed[found[1]] = await asyncio.to_thread(_pack, path)
        answer = Response(self._packed[found[1]], headers=_HEADERS, media_type=_KINDS[found[2]])
        await answer(scope, receive, send)


def _takes_packed(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    headers = Headers(scope=scope)
    return "gzip" in headers.get("accept-encoding", "") and "range" not in headers


def _pack(path: Path) -> bytes:
    return gzip.compress(path.read_bytes(), compresslevel=6)
