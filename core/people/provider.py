"""The OpenID provider: found by its address, asked with a code and PKCE, believed by its signature."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlencode, urlsplit

from core.errors import NotSignedIn
from core.people.identity import Identity, check, claims_of, verified_email
from core.people.ticket import Ticket

_SECONDS = 10.0
_KEPT = 3600.0
"""Seconds for which what the provider says of itself is kept; its keys are asked anew for an unknown one."""
_BETWEEN = 30.0
_SCOPE = "openid email profile"


@dataclass(slots=True)
class Provider:
    """One OpenID provider, and this app as its client; `redirect` is where it sends people back."""

    issuer: str
    client_id: str
    secret: str
    redirect: str
    clock: Callable[[], float] = time.time
    _known: dict[str, Any] = field(default_factory=dict)
    _keys: dict[str, Any] = field(default_factory=dict)
    _found_at: float = 0.0
    _keys_at: float = 0.0

    async def address(self, ticket: Ticket) -> str:
        """Where the browser is sent to sign in. Raises NotSignedIn when the provider is not there."""
        known = await self._discovered()
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect,
            "scope": _SCOPE,
            "state": ticket.state,
            "nonce": ticket.nonce,
            "code_challenge": ticket.challenge,
            "code_challenge_method": "S256",
        }
        start = known["authorization_endpoint"]
        return f"{start}{'&' if urlsplit(start).query else '?'}{urlencode(query)}"

    async def identity(self, ticket: Ticket, answer: Mapping[str, str]) -> Identity:
        """Who came back with this answer. Raises NotSignedIn, with the reason in one word."""
        if not ticket.fits(answer.get("state", "")):
            raise NotSignedIn("expired", "the answer belongs to another attempt")
        if answer.get("error"):
            raise NotSignedIn("refused", "the provider let nobody in")
        known = await self._discovered()
        # Against a second provider that is mixed in (RFC 9207).
        if answer.get("iss", known["issuer"]) != known["issuer"]:
            raise NotSignedIn("provider", "the answer is of another provider")
        tokens = await self._tokens(known, answer.get("code", ""), ticket)
        claims = await self._claims(str(tokens.get("id_token", "")))
        subject = check(
            claims,
            issuer=known["issuer"],
            client_id=self.client_id,
            nonce=ticket.nonce,
            clock=self.clock,
        )
        if "email" not in claims:
            claims |= await self._userinfo(known, str(tokens.get("access_token", "")), subject)
        name = claims.get("name")
        shown = name[:100] if isinstance(name, str) else ""
        return Identity(known["issuer"], subject, verified_email(claims), shown)

    # --- asked of the provider ------------------------------------------------------------------

    async def _discovered(self) -> dict[str, Any]:
        """What the provider says of itself (OpenID Connect Discovery)."""
        if self._known and self.clock() - self._found_at < _KEPT:
            return self._known
        base = self.issuer.rstrip("/")
        _safe(base)
        found = await self._ask("GET", f"{base}/.well-known/openid-configuration")
        if str(found.get("issuer", "")).rstrip("/") != base:
            raise NotSignedIn("provider", "the provider has another name than the settings say")
        for each in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            _safe(str(found.get(each, "")))
        self._known, self._found_at = found, self.clock()
        return found

    async def _tokens(self, known: Mapping[str, Any], code: str, ticket: Ticket) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect,
            "code_verifier": ticket.verifier,
            "client_id": self.client_id,
        }
        ways = known.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        basic = bool(self.secret) and "client_secret_basic" in ways
        if self.secret and not basic:
            form["client_secret"] = self.secret
        login = (self.client_id, self.secret) if basic else None
        return await self._ask("POST", known["token_endpoint"], data=form, auth=login)

    async def _claims(self, token: str) -> dict[str, Any]:
        """What the ID token says, by a key of the provider; keys are changed, so twice."""
        for _ in range(2):
            if self._keys and (claims := claims_of(token, self._keys)) is not None:
                return claims
            if self._keys and self.clock() - self._keys_at < _BETWEEN:
                break
            self._keys = await self._ask("GET", (await self._discovered())["jwks_uri"])
            self._keys_at = self.clock()
        if self._keys and (claims := claims_of(token, self._keys)) is not None:
            return claims
        raise NotSignedIn("provider", "the provider's token is not signed by a key of its own")

    async def _userinfo(self, known: Mapping[str, Any], token: str, subject: str) -> dict[str, Any]:
        """What a provider that keeps its ID tokens short says of him."""
        where = str(known.get("userinfo_endpoint", ""))
        if not where or not token:
            return {}
        _safe(where)
        said = await self._ask("GET", where, headers={"Authorization": f"Bearer {token}"})
        if said.get("sub") != subject:
            raise NotSignedIn("provider", "the provider speaks of somebody else")
        return {each: said[each] for each in ("email", "email_verified", "name") if each in said}

    async def _ask(self, method: str, url: str, **more: Any) -> dict[str, Any]:
        import httpx2

        try:
            async with httpx2.AsyncClient(timeout=_SECONDS, trust_env=False) as client:
                answer = await client.request(
                    method, url, **{name: each for name, each in more.items() if each is not None}
                )
                answer.raise_for_status()
                said = answer.json()
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            why = f"{urlsplit(url).hostname} did not answer as it should: {type(error).__name__}"
            raise NotSignedIn("provider", why) from error
        if not isinstance(said, dict):
            raise NotSignedIn("provider", f"{urlsplit(url).hostname} sent no object")
        return said


def _safe(url: str) -> None:
    """Refuse an address that others could read along or stand in for."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https" and host:
        return
    try:
        here = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        here = False
    if parts.scheme != "http" or not here:
        raise NotSignedIn("provider", f"{url[:80]!r} is not an https address")
