"""Who somebody is, read from what his provider has signed; anything amiss is a refusal."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import NotSignedIn

ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
)  # fmt: skip
"""Signatures by a key that the provider alone has; never `none`, and no shared secret."""
SKEW = 60
"""Seconds by which two clocks may differ."""


@dataclass(frozen=True, slots=True)
class Identity:
    """One person at one provider: `subject` is what stays when his address changes."""

    issuer: str
    subject: str
    email: str
    name: str


def claims_of(token: str, keys: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the token says, if one of the keys has signed it; None when none of them fits it."""
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    try:
        # The kind is the key's own affair: a key that we do not know must not hide those we do.
        usable = [each for each in keys.get("keys", []) if each.get("kty") in ("RSA", "EC", "OKP")]
        found = jwt.decode(token, KeySet.import_key_set({"keys": usable}), algorithms=ALGORITHMS)
    except (JoseError, ValueError, KeyError, TypeError):
        return None
    return dict(found.claims)


def check(
    claims: Mapping[str, Any],
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    clock: Callable[[], float] = time.time,
) -> str:
    """The subject of an ID token that is for this app, of this attempt, and of now (OpenID Connect
    Core 3.1.3.7). Raises NotSignedIn."""
    moment = clock()
    audience = claims.get("aud")
    meant = audience if isinstance(audience, list) else [audience]
    party = claims.get("azp")
    subject = claims.get("sub")
    faults = {
        "it is of another provider": claims.get("iss") != issuer,
        "it is for another app": client_id not in meant,
        "it was issued to another app": (
            party != client_id if party is not None else len(meant) > 1
        ),
        "it is of another attempt": not nonce or claims.get("nonce") != nonce,
        "it has expired": not _number(claims.get("exp")) > moment - SKEW,
        "it is from the future": not _number(claims.get("iat"), moment * 2) <= moment + SKEW
        or not _number(claims.get("nbf", 0), moment * 2) <= moment + SKEW,
        "it names nobody": not isinstance(subject, str) or not subject,
    }
    for fault, there in faults.items():
        if there:
            raise NotSignedIn("provider", f"the provider's token is refused: {fault}")
    return str(subject)


def verified_email(claims: Mapping[str, Any]) -> str:
    """The address that the provider says is his. Raises NotSignedIn."""
    email, verified = claims.get("email"), claims.get("email_verified")
    # Some providers send the word instead of the value.
    if not isinstance(email, str) or not email or verified not in (True, "true"):
        raise NotSignedIn("unverified", "the provider does not say that the e-mail address is his")
    return email


def _number(value: object, otherwise: float = 0.0) -> float:
    """A moment of a claim; one that is none counts as `otherwise`, which is never in order."""
    fine = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if fine else otherwise  # type: ignore[arg-type]
