"""A server that is there when it is asked: connected at the first call, again after it died, ended when idle."""

import asyncio
import importlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from core.errors import FootlightsError, ToolServerFailed
from core.tools.remote.offers import MOST_TOOLS, offers
from core.tools.remote.pipe import Pipe, Way
from core.tools.scrub import scrubbed
from core.types.mcp import McpOffer

if TYPE_CHECKING:
    from core.tools.remote.session import Session

T = TypeVar("T")
CONNECT_SECONDS = 45.0
IDLE_SECONDS = 600.0
MOST_WAIT = 60.0
_SLOW = "it did not answer within {:g} s"


class Link:
    """One server of a user. All of it runs on one event loop.

    `clean` makes a text harmless, and `changed` is called when the server says that its tools are others. After failing to connect it is
    left alone for a while, twice as long each time.
    """

    def __init__(
        self,
        way: Way,
        clean: Callable[[str], str],
        changed: Callable[[], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.way = way
        self._clean = clean
        self._tell = changed
        self._clock = clock
        self._opening = asyncio.Lock()
        self._owner: asyncio.Task[None] | None = None
        self._session: Session | None = None
        self._pipe = Pipe()
        self._asks = 0
        self._used = clock()
        self._listed: tuple[float, tuple[McpOffer, ...]] | None = None
        self._failures = 0
        self._not_before = 0.0

    @property
    def words(self) -> str:
        """The last of what the server said to nobody, for its owner alone."""
        said = self._pipe.words.decode(errors="replace")
        return scrubbed(self.way.without_secrets(said).strip()[-400:])

    async def offers(self, *, age: float = 0.0) -> tuple[McpOffer, ...]:
        """Its tools as they are now, or were at most `age` seconds ago. Raises ToolServerFailed."""
        if self._listed and self._owner and not self._owner.done():
            when, known = self._listed
            if self._clock() - when <= age:
                return known
        said = await self._asked(lambda session: session.tools(MOST_TOOLS))
        found = offers(said, self._clean)
        self._listed = (self._clock(), found)
        return found

    def _changed(self) -> None:
        self._listed = None
        self._tell()

    async def call(self, name: str, arguments: Any) -> dict[str, Any]:
        """The result of a call, as it was sent. Raises ToolServerFailed. Cancelling it ends the server."""
        return await self._asked(lambda session: session.call(name, arguments))

    def forgive(self) -> None:
        """Forget that it could not be connected to: its owner tries it."""
        self._failures, self._not_before = 0, 0.0

    def end(self) -> None:
        """End the server at once, with everything that it started."""
        self._pipe.kill()
        if self._owner:
            self._owner.cancel()
        self._owner = self._session = self._listed = None

    async def close(self) -> None:
        """End it and wait until it is gone."""
        owner = self._owner
        self.end()
        if owner:
            await asyncio.gather(owner, return_exceptions=True)

    # --- asking -------------------------------------------------------------------------------

    async def _asked(self, work: Callable[["Session"], Awaitable[T]]) -> T:
        session, owner = await self._opened()
        asking = asyncio.ensure_future(work(session))
        self._asks += 1
        try:
            await asyncio.wait({asking, owner}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                raise self._failed(owner, _error_of(owner))
            if error := asking.exception():
                raise self._failed(owner, error) from error
            return asking.result()
        except asyncio.CancelledError:
            # Whoever asked has stopped, or waited long enough: nothing may go on in his name.
            self._ended(owner)
            raise
        finally:
            asking.cancel()
            self._asks -= 1
            self._used = self._clock()

    def _ended(self, owner: asyncio.Task[None]) -> None:
        """End this connection, and not one that took its place in the meantime."""
        if self._owner is owner:
            self.end()

    def _failed(self, owner: asyncio.Task[None], error: BaseException | None) -> FootlightsError:
        """The error as one of ours; the session is ended where it is of no use any more."""
        from core.tools.remote.session import is_over, words

        leaf = _leaf(error)
        if leaf is None or is_over(leaf):
            self._ended(owner)
        if isinstance(leaf, FootlightsError):
            return leaf
        why = self._pipe.ended or ("its connection ended" if leaf is None else words(leaf))
        if self._pipe.status and not self._pipe.ended:
            why = f"{why} (HTTP status {self._pipe.status})"
        said = scrubbed(self.way.without_secrets(why))
        return ToolServerFailed(f"the MCP server {self.way.name} failed: {said}")

    # --- being connected ----------------------------------------------------------------------

    async def _opened(self) -> tuple["Session", asyncio.Task[None]]:
        async with self._opening:
            if self._owner and not self._owner.done() and self._session:
                return self._session, self._owner
            if (wait := self._not_before - self._clock()) > 0:
                raise ToolServerFailed(
                    f"the MCP server {self.way.name} could not be connected to {self._failures} times, "
                    f"and is left alone for {wait:.0f} s"
                )
            try:
                return await self._open()
            except FootlightsError:
                self._failures += 1
                if self._failures > 1:
                    wait = min(MOST_WAIT, 2.0 ** (self._failures - 1))
                    self._not_before = self._clock() + wait
                raise

    async def _open(self) -> tuple["Session", asyncio.Task[None]]:
        await asyncio.to_thread(importlib.import_module, "core.tools.remote.session")
        # The package logs what servers send, whole: it may be anything.
        logging.getLogger("mcp").setLevel(logging.CRITICAL)
        self._pipe = Pipe()
        ready = asyncio.get_running_loop().create_future()
        owner = self._owner = asyncio.create_task(self._own(self._pipe, ready))
        owner.add_done_callback(_error_of)  # heard, though nobody may wait for it
        try:
            await asyncio.wait(
                {ready, owner}, timeout=CONNECT_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
        except asyncio.CancelledError:
            self.end()
            raise
        if owner.done():
            raise self._failed(owner, _error_of(owner))
        if not ready.done():
            self._pipe.ended = _SLOW.format(CONNECT_SECONDS)
            raise self._failed(owner, None)
        self.forgive()
        session = self._session = ready.result()
        return session, owner

    async def _own(self, pipe: Pipe, ready: asyncio.Future["Session"]) -> None:
        """The one task in which the session is entered and left."""
        from core.tools.remote.session import session

        async with session(self.way, pipe, self._changed) as made:
            ready.set_result(made)
            left = IDLE_SECONDS
            while left > 0 or self._asks:
                await asyncio.sleep(max(left, 1.0))
                left = self._used + IDLE_SECONDS - self._clock()


def _error_of(task: "asyncio.Task[None]") -> BaseException | None:
    return None if not task.done() or task.cancelled() else task.exception()


def _leaf(error: BaseException | None) -> BaseException | None:
    """The error inside of groups: one of ours, else the first."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    leaves = [leaf for each in error.exceptions if (leaf := _leaf(each))]
    ours = [leaf for leaf in leaves if isinstance(leaf, FootlightsError)]
    return (ours or leaves or [None])[0]
