"""The line to a vendor: requests in the form that its SDK gives them, and refusals as its SDK reads them.

An SDK spends half a millisecond on the headers and the address of each request, which are the same
every time: it is asked for them once.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from core.llm.exchange import body_text

if TYPE_CHECKING:
    import httpx2

    from core.llm.transport import Headers, Response, Transport

_LONGEST_REFUSAL = 2**16
# Nobody waits longer for the words of a complaint.
_COMPLAINT_SECONDS = 3.0
# Of the body as it was sent, which is read here.
_OF_THE_WAY = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class UnfitKey(ValueError):
    """A key holds a character that no header can hold."""


class Line:
    """Sends to one vendor by `transport`, and closes it; `sdk` makes the vendor's SDK over a client
    that reaches nobody. `secret` is taken out of the headers that the SDK is shown, since it logs them."""

    def __init__(
        self,
        transport: "Transport",
        sdk: Callable[["httpx2.AsyncClient"], Any],
        secret: str,
    ) -> None:
        import httpx2

        self._transport = transport
        self._secret = secret
        stage = httpx2.MockTransport(self._answer)
        self._sdk = sdk(httpx2.AsyncClient(transport=stage, trust_env=False))
        self._turn = asyncio.Lock()
        self._forms: dict[str, tuple[str, Headers]] = {}
        self._asked: httpx2.Request | None = None
        self._refusal: httpx2.Response | None = None

    async def open(self, path: str, body: Mapping[str, Any]) -> "Response":
        """The response, whose body is not read yet; raises the SDK's error for one that is no success,
        and what the network raises."""

        url, headers = self._forms.get(path) or await self._form(path)
        content = body_text(body).encode(errors="replace")
        response = await self._transport.post(url, headers, content)
        if 200 <= response.status_code < 300:
            return response
        raise await self._refused(path, response)

    async def close(self) -> None:
        """Close the connections."""
        await self._sdk.close()
        await self._transport.aclose()

    async def _form(self, path: str) -> "tuple[str, Headers]":
        """The address of the path, and the headers of all that goes there."""
        async with self._turn:
            await self._rehearse(path)
            assert self._asked
            headers = self._asked.headers.multi_items()
            if not all(value.isprintable() for _, value in headers):
                raise UnfitKey  # the network would only say that a header cannot be sent
            form = str(self._asked.url), [each for each in headers if each[0] != "content-length"]
            self._forms[path] = form
        return form

    async def _refused(self, path: str, response: "Response") -> Exception:
        import httpx2

        try:
            said = await words(response.aiter_bytes())
        finally:
            await response.aclose()
        headers = [
            (name.encode(), self._shown(value).encode(errors="surrogateescape"))
            for name, value in response.headers.items()
            if name.lower() not in _OF_THE_WAY
        ]
        async with self._turn:
            self._refusal = httpx2.Response(response.status_code, headers=headers, content=said)
            try:
                await self._rehearse(path)
            except Exception as error:  # the SDK's own, whatever its class: the caller raises it
                return error
            finally:
                self._refusal = None
        raise AssertionError(f"the SDK takes a status of {response.status_code} for a success")

    def _shown(self, value: str) -> str:
        return value.replace(self._secret, "[key]") if self._secret else value

    async def _rehearse(self, path: str) -> None:
        import httpx2

        await self._sdk.post(path, cast_to=httpx2.Response, body={}, stream=True, stream_cls=object)

    def _answer(self, request: "httpx2.Request") -> "httpx2.Response":
        import httpx2

        self._asked = request
        return self._refusal or httpx2.Response(200, json={})


async def beginning(response: "Response") -> bytes:
    """As much of a short answer as anybody reads."""
    said = bytearray()
    await _gather(response.aiter_bytes(), said)
    return bytes(said)


async def words(pieces: AsyncIterator[bytes], begun: bytes = b"") -> bytes:
    """What comes of a body that is only a complaint, however it ends: it is one without it, too."""
    import httpx2

    said = bytearray(begun)
    with suppress(TimeoutError, httpx2.HTTPError):
        async with asyncio.timeout(_COMPLAINT_SECONDS):
            await _gather(pieces, said)
    return bytes(said)


async def _gather(pieces: AsyncIterator[bytes], said: bytearray) -> None:
    async for piece in pieces:
        said += piece[: max(_LONGEST_REFUSAL - len(said), 0)]
        if len(said) >= _LONGEST_REFUSAL:
            return
