"""A small OpenID provider: real HTTP, an RS256 key, discovery, JWKS, codes with PKCE; whose answers can be bent."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.conftest import served

CLIENT, SECRET = "footlights", "a secret of the client"


@dataclass
class OpenIdServer:
    """Signs in `person` at once; `claims` are laid over those of the ID token, None takes one away."""

    address: str = ""
    person: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    in_userinfo: bool = False
    algorithm: str = "RS256"
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    signs_with: Any = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def be(self, email: str, subject: str = "", **more: Any) -> None:
        """From now on this person is the one who signs in."""
        self.person = {"sub": subject or email, "email": email, "email_verified": True, **more}

    def discovery(self, request: Request) -> Response:
        self.asked.append("discovery")
        return JSONResponse(
            {
                "issuer": self.address,
                "authorization_endpoint": f"{self.address}/authorize",
                "token_endpoint": f"{self.address}/token",
                "userinfo_endpoint": f"{self.address}/me",
                "jwks_uri": f"{self.address}/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            }
        )

    def keys(self, request: Request) -> Response:
        self.asked.append("keys")
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    def authorize(self, request: Request) -> Response:
        query = dict(request.query_params)
        assert query["client_id"] == CLIENT and query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256" and "openid" in query["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        back = {"code": code, "state": query["state"], "iss": self.address}
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode(back)}", 303)

    async def token(self, request: Request) -> Response:
        form = {name: each[0] for name, each in parse_qs((await request.body()).decode()).items()}
        login = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        query = self.codes.pop(form.get("code", ""), None)  # a code is good once
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        fine = query and query["code_challenge"] == proof and login == f"{CLIENT}:{SECRET}"
        if not fine or query["redirect_uri"] != form["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse(
            {
                "id_token": self.id_token(query["nonce"]),
                "access_token": "opaque",
                "token_type": "Bearer",
            }
        )

    def id_token(self, nonce: str) -> str:
        moment = int(time.time())
        told = {"sub": self.person["sub"]} if self.in_userinfo else self.person
        claims = {
            "iss": self.address, "aud": CLIENT, "iat": moment, "exp": moment + 300, "nonce": nonce,
            **told, **self.claims,
        }  # fmt: skip
        header = {"alg": self.algorithm, "kid": "one"}
        kept = {name: each for name, each in claims.items() if each is not None}
        key = self.signs_with or self.key
        if self.algorithm in ("HS256", "none"):
            return by_hand(header, kept, key)
        return jwt.encode(header, kept, key, algorithms=[self.algorithm])

    def userinfo(self, request: Request) -> Response:
        assert request.headers["authorization"] == "Bearer opaque"
        return JSONResponse(self.person)


def by_hand(header: dict[str, Any], claims: dict[str, Any], key: RSAKey) -> str:
    """A token that no library would make: unsigned, or with the public key taken for a shared secret."""
    parts = [json.dumps(each).encode() for each in (header, claims)]
    signed = b".".join(_encoded(each) for each in parts)
    mac = hmac.digest(key.as_pem(private=False), signed, "sha256")
    return (signed + b"." + (b"" if header["alg"] == "none" else _encoded(mac))).decode()


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


@contextmanager
def provider() -> Iterator[OpenIdServer]:
    """A running provider on loopback."""
    made = OpenIdServer()
    app = Starlette(
        routes=[
            Route("/.well-known/openid-configuration", made.discovery),
            Route("/keys", made.keys),
            Route("/authorize", made.authorize),
            Route("/token", made.token, methods=["POST"]),
            Route("/me", made.userinfo),
        ]
    )
    with served(app) as address:
        made.address = address
        yield made
