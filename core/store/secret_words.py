"""Secrets that are shown once and kept as hashes: 256 random bits, so a bare SHA-256 gives nothing away."""

import hashlib
import secrets

_RANDOM_BYTES = 32
_LONGEST = 200


def new_secret() -> str:
    """256 random bits in letters that an address can hold."""
    return secrets.token_urlsafe(_RANDOM_BYTES)


def digest(secret: str) -> str:
    """What is kept of it, and looked up by it."""
    return hashlib.sha256(secret[:_LONGEST].encode("utf-8", "replace")).hexdigest()
