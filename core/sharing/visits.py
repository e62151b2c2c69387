"""Visits: a token becomes a cookie, and behind the cookie one question at a time is asked."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from core.errors import BudgetExceeded, NotOpen, Spent, TooFast
from core.sharing import passphrase as phrases
from core.sharing import shown
from core.sharing.looking import looking_up
from core.sharing.pace import Paces, neighbourhood
from core.sharing.scope import HARMLESS, Demo, Scope
from core.sharing.shown import Shower, Told
from core.store.caps import Caps
from core.store.conversations import Conversations
from core.store.ids import new_id
from core.store.links import Link, Links
from core.store.secret_words import digest
from core.store.turns import Turns
from core.store.visitors import Visitors
from core.tools.toolbox import Toolbox
from core.turns import TurnRunner
from core.types import Turn

LOOK_SECONDS = 0.25
"""How often it is looked whether a link is still open, while something of it runs or is read."""
_LONGEST_TOKEN = 200


class Visits:
    """What visitors may do; each call compiles the scope from the link's row."""

    def __init__(
        self,
        *,
        links: Links,
        visitors: Visitors,
        conversations: Conversations,
        turn_rows: Turns,
        turns: TurnRunner,
        caps: Caps,
        toolbox: Toolbox,
        paces: Paces | None = None,
    ) -> None:
        self._links = links
        self._visitors = visitors
        self._conversations = conversations
        self._turn_rows = turn_rows
        self._turns = turns
        self._caps = caps
        self._toolbox = toolbox
        self.paces = paces or Paces()
        self._running: dict[str, tuple[str, str]] = {}
        self._looked: dict[str, tuple[float, bool]] = {}

    # --- in -----------------------------------------------------------------------------------

    def enter(self, token: str, passphrase: str, address: str, cookie: str = "") -> str:
        """The secret that the visitor is known by from now on; the one that he shows, if it is of this
        link. Raises NotOpen, the same for whatever reason, and TooFast."""
        near = neighbourhood(address)
        self._slow(self.paces.entries.take(near))
        user, link = self._opened(token[:_LONGEST_TOKEN], passphrase, near)
        if cookie and (known := self._visitors.known(cookie)) and known[1].id == link.id:
            return cookie
        self._slow(self.paces.link_entries.take(link.id))
        visitor, secret = self._visitors.mint(user, link.id)
        if link.visitor_cap is not None:
            self._caps.set(user, "visitor", link.visitor_cap, visitor.id)
        return secret

    def _opened(self, token: str, passphrase: str, near: str) -> tuple[str, Link]:
        found = self._links.opened_by(token)
        if found is not None and not found[1].passphrase:
            return found  # nobody guesses 256 bits: who has them need not wait for who tries
        link_key = digest(token)
        self._slow(self.paces.guesses.wait(near))
        if passphrase:  # by what was sent and not by what there is, so that nothing is told by it
            self._slow(self.paces.link_guesses.wait(link_key))
        fitting = phrases.fits(passphrase, found[1].passphrase if found else "")
        if found is not None and fitting:
            return found
        self.paces.guesses.take(near)
        if passphrase:
            self.paces.link_guesses.take(link_key)
        if found is not None:
            self._links.note_refused(found[0], found[1].id)
        raise NotOpen

    def scope(self, cookie: str) -> Scope:
        """Whose cookie it is and what he may do now. Raises NotOpen, the same for whatever reason."""
        found = self._visitors.known(cookie) if cookie else None
        if found is None:
            raise NotOpen
        return Scope(*found)

    async def check(self, cookie: str) -> None:
        """Raise NotOpen unless the cookie opens something, before anything is sent."""
        await asyncio.to_thread(self.scope, cookie)

    def demo(self, cookie: str) -> Demo:
        """What the visitor is told of the link. Raises NotOpen."""
        scope = self.scope(cookie)
        link, last = scope.link, self._last(scope)
        return Demo(
            kind=link.kind,
            title=link.title,
            description=link.description,
            questions=link.questions,
            expires_at=link.expires_at,
            messages=link.messages,
            left=scope.left,
            spent=self._spent(scope, last),
            shows_cost=link.shows_cost,
            running=last is not None and last.status == "running",
        )

    # --- ask, follow, stop ----------------------------------------------------------------------

    def ask(self, cookie: str, prompt: str, address: str) -> Scope:
        """Ask the question as the link has it asked; the answer is read with `follow`.

        Raises NotOpen, TooFast, Spent, and what a question that cannot be asked raises.
        """
        self._slow(self.paces.address.take(neighbourhood(address)))
        self._slow(self.paces.visitor.take(digest(cookie)))
        scope = self.scope(cookie)
        user, link, visitor = scope.user, scope.link, scope.visitor
        if link.kind != "live":
            raise NotOpen
        self._slow(self.paces.link.take(link.id))
        request = scope.request(prompt)
        self._check_tools(scope)
        if not self._visitors.take_message(user, link.id, visitor.id, link.messages):
            raise Spent(f"all {link.messages} questions of this demo are asked")
        turn_id = new_id()
        try:
            self._conversations.create(user, visitor.conversation_id, link.title, link.id)
            self._turns.start(
                user, request, conversation_id=visitor.conversation_id, turn_id=turn_id
            )
        except BaseException:
            self._visitors.give_back(user, link.id, visitor.id)
            raise
        self._running[turn_id] = (user, link.id)
        self._visitors.asks(user, link.id, visitor.id, turn_id)
        return scope

    async def follow(
        self, cookie: str, after: int = 0
    ) -> AsyncGenerator[list[tuple[int, Told]], None]:
        """What is told of the visitor's last question behind `after`, until its ending, or until the
        link lets nobody in any more. Raises NotOpen."""
        scope = await asyncio.to_thread(self.scope, cookie)
        turn_id = scope.visitor.turn_id
        if not turn_id:
            return
        shower, seq = Shower(scope.link.shows_cost), 0
        async with aclosing(self._turns.follow(scope.user, turn_id)) as batches:
            async for batch in looking_up(batches, LOOK_SECONDS):
                if not await self._is_open(scope.user, scope.link.id):
                    yield [(max(seq, after) + 1, shown.CLOSED)]
                    return
                if batch and (told := shower.told(batch, after)):
                    seq = told[-1][0]
                    yield told

    async def stop(self, cookie: str) -> None:
        """Stop the answer that the visitor waits for. Raises NotOpen."""
        scope = await asyncio.to_thread(self.scope, cookie)
        if scope.visitor.turn_id:
            await self._turns.stop(scope.user, scope.visitor.turn_id)

    def history(self, cookie: str) -> list[Told]:
        """The visitor's own questions with their answers, oldest first. Raises NotOpen."""
        scope = self.scope(cookie)
        costs = scope.link.shows_cost
        return [shown.turn(each, shows_cost=costs) for each in self._turns_of(scope)]

    # --- what ends --------------------------------------------------------------------------------

    async def watch(self) -> None:
        """Stop, in this process, what runs for links that let nobody in any more."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for turn_id, (user, link_id) in list(self._running.items()):
                if not self._turns.runs_here(user, turn_id):
                    self._running.pop(turn_id, None)
                elif not await self._is_open(user, link_id):
                    await self._turns.stop(user, turn_id)

    async def _is_open(self, user: str, link_id: str) -> bool:
        """Whether the link lets somebody in, asked at most every 250 ms for all who wait on it."""
        at, known = self._looked.get(link_id, (0.0, True))
        if time.monotonic() - at < LOOK_SECONDS:
            return known
        self._looked[link_id] = (time.monotonic(), known)
        found = await asyncio.to_thread(self._links.open_ones, user, [link_id])
        if len(self._looked) > 1_000:
            self._looked.clear()
        self._looked[link_id] = (time.monotonic(), link_id in found)
        return link_id in found

    # --- within -----------------------------------------------------------------------------------

    def _check_tools(self, scope: Scope) -> None:
        """A tool of the user's own may have changed since the link was made."""
        tools = self._toolbox.choose(scope.link.tools)
        if any(tool.access not in HARMLESS for tool in tools):
            raise NotOpen

    def _spent(self, scope: Scope, last: Turn | None) -> bool:
        """Whether his last question found no money left, or there is none now."""
        if last and last.error and last.error["code"] == BudgetExceeded.code:
            return True
        of_link = self._caps.state(scope.user, "link", scope.link.id)
        of_visitor = self._caps.state(scope.user, "visitor", scope.visitor.id)
        return any(state and state.left == 0 for state in (of_link, of_visitor))

    def _last(self, scope: Scope) -> Turn | None:
        """His last question; None before the first, and when the owner has deleted it."""
        found = self._turn_rows.list(scope.user, 1, conversation_id=scope.visitor.conversation_id)
        return found[0] if found else None

    def _turns_of(self, scope: Scope) -> list[Turn]:
        rows = self._turn_rows.list(
            scope.user, scope.link.messages + 1, conversation_id=scope.visitor.conversation_id
        )
        return rows[::-1]

    @staticmethod
    def _slow(seconds: float) -> None:
        if seconds:
            raise TooFast(
                f"too many attempts: wait {seconds:.0f} s" if seconds >= 1 else "a little slower",
                retry_after=seconds,
                hint="Try again after that time.",
            )
