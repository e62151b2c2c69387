"""Passphrases: kept as salted scrypt, checked in the same time whether there is one or not."""

import hashlib
import hmac
import secrets
import threading

from core.errors import Refused

LONGEST = 200
_N, _R, _P = 2**14, 8, 1
"""16 MB and about 50 ms (RFC 7914; the N that OWASP gives for interactive logins is 2**14 to 2**17)."""
_AT_ONCE = threading.BoundedSemaphore(2)


def kept(passphrase: str) -> str:
    """What is kept of it; "" for none. Refused for a short one."""
    if not passphrase:
        return ""
    if not 6 <= len(passphrase) <= LONGEST:
        raise Refused(
            f"a passphrase has 6 to {LONGEST} characters, and this has {len(passphrase)}",
            hint="Take a few words.",
        )
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}${_hash(passphrase, salt).hex()}"


def fits(passphrase: str, expected: str) -> bool:
    """Whether it is the one that was kept; where none was, anything fits, after the same time."""
    if not passphrase:
        return not expected
    salt, _, digest = (expected or f"{'00' * 16}$").partition("$")
    made = _hash(passphrase[:LONGEST], bytes.fromhex(salt))
    return not expected or hmac.compare_digest(made.hex(), digest)


def _hash(passphrase: str, salt: bytes) -> bytes:
    with _AT_ONCE:
        return hashlib.scrypt(passphrase.encode("utf-8", "replace"), salt=salt, n=_N, r=_R, p=_P)
