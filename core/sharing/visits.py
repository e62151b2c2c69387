"""Visits: a token becomes a cookie, and behind the cookie one question at a time is asked."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace

from core.errors import BudgetExceeded, Conflict, Misuse, NotOpen, Refused, Spent
from core.lasting import lasting
from core.sharing import shown
from core.sharing.entrance import Entrance, slow
from core.sharing.looking import looking_up
from core.sharing.pace import Paces, neighbourhood
from core.sharing.scope import Demo, Scope
from core.sharing.shown import Shower, Told
from core.store.caps import Caps
from core.store.collections import Collections
from core.store.conversations import Conversations
from core.store.documents import Documents
from core.store.ids import new_id
from core.store.links import Links
from core.store.secret_words import digest
from core.store.turns import Turns
from core.store.visitors import Visitors
from core.tools.toolbox import Toolbox
from core.turns.runner import TurnRunner
from core.types import Turn

LOOK_SECONDS = 0.1
"""How often it is looked whether a link is still open, while something of it runs or is read."""


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
        documents: Documents,
        collections: Collections,
        toolbox: Toolbox,
        paces: Paces | None = None,
        may: Callable[[str], bool] = lambda user: True,
    ) -> None:
        self._links = links
        self._visitors = visitors
        self._conversations = conversations
        self._turn_rows = turn_rows
        self._turns = turns
        self._caps = caps
        self._documents = documents
        self._collections = collections
        self._toolbox = toolbox
        self.paces = paces or Paces()
        self._may = may
        self._entrance = Entrance(links, visitors, caps, self.paces, may)
        self._running: dict[str, tuple[str, str]] = {}
        self._looked: dict[str, tuple[float, bool]] = {}

    # --- in -----------------------------------------------------------------------------------

    def enter(self, token: str, passphrase: str, address: str, cookie: str = "") -> str:
        """The secret that the visitor is known by from now on; the one that he shows, if it is of this
        link. Raises NotOpen, the same for whatever reason, and TooFast."""
        return self._entrance.enter(token, passphrase, address, cookie)

    def scope(self, cookie: str) -> Scope:
        """Whose cookie it is and what he may do now. Raises NotOpen, the same for whatever reason."""
        found = self._visitors.known(cookie) if cookie else None
        if found is None or not self._may(found[0]):
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
        slow(self.paces.address.take(neighbourhood(address)))
        slow(self.paces.visitor.take(digest(cookie)))
        scope = self.scope(cookie)
        user, link, visitor = scope.user, scope.link, scope.visitor
        if link.kind != "live":
            raise NotOpen
        slow(self.paces.link.take(link.id))
        request = replace(scope.request(prompt), use_documents=self._there(scope))
        self._check_tools(scope)
        if not self._visitors.take_message(user, link.id, visitor.id, link.messages):
            raise Spent(f"all {link.messages} questions of this demo are asked")
        turn_id = new_id()
        try:
            self._conversations.create(user, visitor.conversation_id, link.title, link.id)
            self._turns.start(
                user, request, conversation_id=visitor.conversation_id, turn_id=turn_id
            )
        except BaseException as error:
            self._visitors.give_back(user, link.id, visitor.id)
            # What is wrong with the link is the owner's to know, ids and names included.
            if isinstance(error, Misuse) and not isinstance(error, Refused | Conflict):
                raise _unable() from error
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
        # The inner one is closed first: it still waits for a batch of the outer one.
        async with (
            aclosing(self._turns.follow(scope.user, turn_id)) as batches,
            aclosing(looking_up(batches, LOOK_SECONDS)) as seen,
        ):
            async for batch in seen:
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
        await lasting(self._watch, LOOK_SECONDS)

    async def _watch(self) -> None:
        await asyncio.sleep(LOOK_SECONDS)
        for turn_id, (user, link_id) in list(self._running.items()):
            if not self._turns.runs_here(user, turn_id):
                self._running.pop(turn_id, None)
            elif not await self._is_open(user, link_id):
                await self._turns.stop(user, turn_id)

    async def _is_open(self, user: str, link_id: str) -> bool:
        """Whether the link lets somebody in, asked at most every 100 ms for all who wait on it."""
        at, known = self._looked.get(link_id, (0.0, True))
        if time.monotonic() - at < LOOK_SECONDS:
            return known
        self._looked[link_id] = (time.monotonic(), known)
        found = await asyncio.to_thread(self._open_now, user, link_id)
        if len(self._looked) > 1_000:
            self._looked.clear()
        self._looked[link_id] = (time.monotonic(), found)
        return found

    def _open_now(self, user: str, link_id: str) -> bool:
        return self._may(user) and link_id in self._links.open_ones(user, [link_id])

    # --- within -----------------------------------------------------------------------------------

    def _there(self, scope: Scope) -> tuple[str, ...] | bool:
        """Those of the link's documents and collections that are still there; False for a link that
        has none. Refused when all are gone."""
        wanted, user = scope.link.documents, scope.user
        if not wanted:
            return False
        there = {each.id for each in self._documents.list(user)}
        there |= {each.id for each in self._collections.list(user)}
        kept = tuple(each for each in wanted if each in there)
        if not kept:
            raise _unable()
        return kept

    def _check_tools(self, scope: Scope) -> None:
        """A tool of the user's own may have changed since the link was made."""
        tools = self._toolbox.choose(scope.link.tools)
        if any(not tool.harmless for tool in tools):
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


def _unable() -> Refused:
    return Refused("this demo cannot answer now", hint="Tell whoever shared it with you.")
