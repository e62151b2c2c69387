"""Shares: what the owner does with links: make, look, pause, revoke, prolong, raise."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from core.caller import LOCAL_USER
from core.errors import Conflict, Refused
from core.models import Models
from core.prompts.library import PromptLibrary
from core.sharing import passphrase as phrases
from core.sharing import wishes
from core.sharing.faring import Share, faring
from core.sharing.missing import missing
from core.sharing.scan import Finding, scan
from core.sharing.scope import Demo
from core.sharing.snapshot import freeze, texts
from core.sharing.wishes import Wish
from core.store.caps import Caps
from core.store.collections import Collections
from core.store.columns import now
from core.store.conversations import Conversations
from core.store.documents import Documents
from core.store.ids import new_id
from core.store.links import Link, Links
from core.store.price_overrides import PriceOverrides
from core.store.turns import Turns
from core.store.visitors import Visitor, Visitors
from core.tools.tool import Tool
from core.tools.toolbox import Toolbox
from core.types import ModelInfo, Turn

_ALL = 100_000
_SCANNED = 2_000
"""Passages of a document: some four hundred pages."""


@dataclass(frozen=True, slots=True)
class Shares:
    """The owner's side of sharing; every link is made of what was checked here."""

    links: Links
    visitors: Visitors
    conversations: Conversations
    turn_rows: Turns
    documents: Documents
    collections: Collections
    caps: Caps
    prices: PriceOverrides
    models: Models
    prompts: PromptLibrary
    toolbox: Toolbox

    # --- make -------------------------------------------------------------------------------------

    def make(self, user: str, wish: Wish) -> tuple[Link, str]:
        """A new link and its token, which nobody can read again. Raises Refused, Misuse and NotFound,
        and then nothing is made."""
        link = self.draft(user, wish)
        # Before the link, so that none is ever without its cap.
        if link.kind == "live":
            self.caps.set(user, "link", wish.cap, link.id)
        return link, self.links.make(user, link)

    def draft(self, user: str, wish: Wish) -> Link:
        """The link as it would be made, for a look before. Raises what `make` raises."""
        moment = now()
        base = Link(
            id=new_id(),
            kind=wish.kind,
            title=wishes.title(wish.title),
            description=wishes.description(wish.description),
            questions=wishes.questions(wish.questions),
            created_at=moment,
            expires_at=wishes.expiry(wish, moment),
            passphrase=phrases.kept(wish.passphrase),
            shows_cost=wish.shows_cost,
        )
        return (
            self._snapshot(user, wish, base)
            if wish.kind == "snapshot"
            else self._live(user, wish, base)
        )

    def _snapshot(self, user: str, wish: Wish, base: Link) -> Link:
        talk = self.conversations.get(user, wish.conversation_id)
        turns = self.turn_rows.list(user, _ALL, conversation_id=talk.id)[::-1]
        frozen = freeze(turns, shows_cost=wish.shows_cost)
        if not frozen["turns"]:
            raise Refused(
                "there is no finished answer in this conversation",
                hint="Ask something first, or wait for the answer.",
            )
        return replace(base, title=base.title or talk.title, questions=(), snapshot=frozen)

    def _live(self, user: str, wish: Wish, base: Link) -> Link:
        wishes.between("the cap", wish.cap, Decimal(0), wishes.MOST_CAP, "dollars")
        wishes.between(
            "the messages of a visitor", wish.messages, 1, wishes.MOST_MESSAGES, "messages"
        )
        wishes.between("the answer", wish.max_tokens, 50, wishes.MOST_TOKENS, "tokens")
        if wish.visitor_cap is not None:
            wishes.between("a visitor's cap", wish.visitor_cap, Decimal(0), wish.cap, "dollars")
        model = self.models.resolve(wish.model)
        self._check_price(model)
        tools = self._tools(wish, model)
        name = "agent" if tools and wish.prompt == "answer" else wish.prompt
        template = self.prompts.resolve(name)
        return replace(
            base,
            title=base.title or "A demo",
            model=model.ref,
            prompt=f"{template.name}@{template.version}",
            documents=self._documents(user, wish.documents),
            tools=tuple(tool.name for tool in tools),
            messages=wish.messages,
            max_tokens=wish.max_tokens,
            visitor_cap=wish.visitor_cap,
        )

    def _check_price(self, model: ModelInfo) -> None:
        own = self.prices.get(LOCAL_USER, model.ref)
        if model.is_model and model.price is None and own is None:
            raise Refused(
                f"the price of {model.label} is not known, so no cap can hold",
                hint="Enter its price on the Models page, or choose another model.",
            )

    def harmless_tools(self) -> list[Tool]:
        """The tools that a link may offer: those that compute, or read its documents."""
        return [tool for tool in self.toolbox.tools() if tool.harmless]

    def _tools(self, wish: Wish, model: ModelInfo) -> Sequence[Tool]:
        tools = self.toolbox.choose(wish.tools)
        for tool in tools:
            if not tool.harmless:
                raise Refused(
                    f"{tool.name} may do more than compute and read the link's documents",
                    hint="Strangers may not set it off: leave it out. A tool of your own that changes "
                    "nothing says so in its docstring: `Effects: none`.",
                )
        if tools and model.provider == "quotes":
            raise Refused("quotations call no tools", hint="Choose a model, or leave them out.")
        return tools

    def _documents(self, user: str, ids: Sequence[str]) -> tuple[str, ...]:
        """The ids as they are, each of which is there."""
        collections = {each.id for each in self.collections.list(user)}
        for each in ids:
            if each not in collections and self.documents.get(user, each).status == "refused":
                raise Refused("one of the documents could not be read", hint="Leave it out.")
        return tuple(dict.fromkeys(ids))

    # --- before it is made ------------------------------------------------------------------------

    def preview(self, link: Link) -> Demo:
        """What a visitor would be told of it."""
        return Demo(
            kind=link.kind,
            title=link.title,
            description=link.description,
            questions=link.questions,
            expires_at=link.expires_at,
            messages=link.messages,
            left=link.messages,
            spent=False,
            shows_cost=link.shows_cost,
            running=False,
        )

    def exposed(self, user: str, link: Link) -> Sequence[Finding]:
        """What looks like a secret in all that the link can show: its words, a snapshot's answers and
        excerpts, and the beginning of a live demo's documents."""
        shown = [("the title", link.title), ("the description", link.description)]
        shown += [("a suggested question", each) for each in link.questions]
        if link.snapshot is not None:
            shown += texts(link.snapshot)
        for document_id in self.collections.resolve(user, link.documents):
            name = self.documents.get(user, document_id).name
            passages = self.documents.passages(user, document_id, 0, _SCANNED)
            shown += [(f"{name}, page {each.page}", each.text) for each in passages]
        return scan(shown)

    # --- look -------------------------------------------------------------------------------------

    def list(self, user: str) -> list[Share]:
        """Every link, newest first, and how it fares."""
        return faring(self.links, self.caps, user, self.links.list(user))

    def page(self, user: str, query: str, start: int, count: int) -> tuple[Sequence[Share], int]:
        """Of the links whose title or description contains the query, newest first, `count` from
        `start` on and how they fare; and how many they all are."""
        wanted = query.strip().casefold()
        found = [
            each
            for each in self.links.list(user)
            if wanted in f"{each[0].title}\n{each[0].description}".casefold()
        ]
        shown = found[start : start + count]
        return faring(self.links, self.caps, user, shown), len(found)

    def get(self, user: str, link_id: str) -> Share:
        """One link and how it fares. Raises NotFound."""
        link = self.links.get(user, link_id)
        row = next(each for each in self.links.list(user) if each[0].id == link_id)
        [found] = faring(self.links, self.caps, user, [row])
        return replace(found, link=replace(link, paused=found.link.paused))

    def missing(self, user: str, link: Link) -> str:
        """Why no visitor of the link is answered now, in words; "" when nothing is known to be missing."""
        return missing(
            user, link, models=self.models, prompts=self.prompts, toolbox=self.toolbox,
            documents=self.documents, collections=self.collections,
        )  # fmt: skip

    def conversation(
        self, user: str, link_id: str, visitor_id: str
    ) -> tuple[Visitor, Sequence[Turn]]:
        """What a visitor asked and was answered, oldest first. Raises NotFound."""
        visitor = self.visitors.get(user, link_id, visitor_id)
        rows = self.turn_rows.list(user, _ALL, conversation_id=visitor.conversation_id)
        return visitor, rows[::-1]

    # --- change -----------------------------------------------------------------------------------

    def prolong(self, user: str, link_id: str, days: float) -> None:
        """It ends so many days from now. Raises Refused, NotFound, and Conflict when it is revoked."""
        link = self._unrevoked(user, link_id)
        wish = Wish(kind=link.kind, days=days)
        self.links.expire(user, link_id, wishes.expiry(wish, now()))

    def set_cap(self, user: str, link_id: str, cap: Decimal) -> None:
        """All its visitors together may cost this much; what was spent counts. Raises Refused,
        NotFound, and Conflict when it is revoked or costs nothing."""
        if self._unrevoked(user, link_id).kind != "live":
            raise Conflict("a snapshot costs nothing", hint="Only a live demo has a cap.")
        wishes.between("the cap", cap, Decimal(0), wishes.MOST_CAP, "dollars")
        self.caps.set(user, "link", cap, link_id)

    def _unrevoked(self, user: str, link_id: str) -> Link:
        link = self.links.get(user, link_id)
        if link.revoked_at:
            raise Conflict("this link is revoked", hint="Make a new one: revoking is for good.")
        return link
