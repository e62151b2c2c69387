"""What a browser keeps while its user is at the provider: it proves that he who comes back is he who left."""

import base64
import hashlib
import hmac
import json
import re
import secrets
from dataclasses import asdict, dataclass

_PAGE = re.compile(r"/[a-z-]*")
_LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Ticket:
    """One attempt: `state` binds the answer to this browser, `nonce` the identity to this attempt, and
    `verifier` the code to this app (PKCE, RFC 7636). `page` is where he goes on."""

    state: str
    nonce: str
    verifier: str
    page: str

    @classmethod
    def new(cls, page: str) -> "Ticket":
        """A ticket of fresh random words."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(state, nonce, verifier, own_page(page))

    @classmethod
    def read(cls, cookie: str) -> "Ticket | None":
        """The ticket of a cookie; None for anything that is none."""
        try:
            found = json.loads(base64.urlsafe_b64decode(cookie[:_LONGEST].encode()))
            ticket = cls(**{name: str(found[name]) for name in cls.__slots__})
        except (ValueError, KeyError, TypeError):
            return None
        return cls(ticket.state, ticket.nonce, ticket.verifier, own_page(ticket.page))

    @property
    def cookie(self) -> str:
        """What the browser keeps."""
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    @property
    def challenge(self) -> str:
        """What the provider is told of the verifier."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def fits(self, state: str) -> bool:
        """Whether the provider's answer belongs to this attempt."""
        return bool(state) and hmac.compare_digest(self.state.encode(), state.encode())


def own_page(page: str) -> str:
    """The page of this app that was asked for; the first one for any other address."""
    return page if _PAGE.fullmatch(page) else "/"
