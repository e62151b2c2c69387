"""The entrance: a token becomes a visitor with a secret of his own, and guessing is slow."""

from collections.abc import Callable
from dataclasses import dataclass

from core.errors import NotOpen, TooFast
from core.sharing import passphrase as phrases
from core.sharing.pace import Paces, neighbourhood
from core.store.caps import Caps
from core.store.links import Link, Links
from core.store.secret_words import digest
from core.store.visitors import Visitors

_LONGEST_TOKEN = 200


@dataclass(frozen=True, slots=True)
class Entrance:
    """Lets in who has the token of an open link, and its passphrase if it has one."""

    links: Links
    visitors: Visitors
    caps: Caps
    paces: Paces
    may: Callable[[str], bool] = lambda user: True

    def enter(self, token: str, passphrase: str, address: str, cookie: str = "") -> str:
        """The secret that the visitor is known by from now on; the one that he shows, if it is of this
        link. Raises NotOpen, the same for whatever reason, and TooFast."""
        near = neighbourhood(address)
        slow(self.paces.entries.take(near))
        user, link = self._opened(token[:_LONGEST_TOKEN], passphrase, near)
        if cookie and (known := self.visitors.known(cookie)) and known[1].id == link.id:
            return cookie
        slow(self.paces.link_entries.take(link.id))
        visitor, secret = self.visitors.mint(user, link.id)
        if link.visitor_cap is not None:
            self.caps.set(user, "visitor", link.visitor_cap, visitor.id)
        return secret

    def _opened(self, token: str, passphrase: str, near: str) -> tuple[str, Link]:
        found = self.links.opened_by(token)
        if found is not None and not self.may(found[0]):
            found = None  # whose link it is may come in no more, so nobody does by it
        if found is not None and not found[1].passphrase:
            return found  # nobody guesses 256 bits: who has them need not wait for who tries
        link_key = digest(token)
        slow(self.paces.guesses.wait(near))
        if passphrase:  # by what was sent and not by what there is, so that nothing is told by it
            slow(self.paces.link_guesses.wait(link_key))
        fitting = phrases.fits(passphrase, found[1].passphrase if found else "")
        if found is not None and fitting:
            return found
        self.paces.guesses.take(near)
        if passphrase:
            self.paces.link_guesses.take(link_key)
        self.links.note_refused(token)
        raise NotOpen


def slow(seconds: float) -> None:
    """Raise TooFast when there are seconds to wait."""
    if seconds:
        raise TooFast(
            f"too many attempts: wait {seconds:.0f} s" if seconds >= 1 else "a little slower",
            retry_after=seconds,
            hint="Try again after that time.",
        )
