"""Ids that are made by the caller, so that a write can be repeated without harm."""

import secrets
import time
from uuid import UUID

_NS_PER_MS = 1_000_000


def new_id() -> str:
    """A UUIDv7 (RFC 9562): 36 characters that sort by the time they were made.

    The twelve bits behind the milliseconds are the fraction of the millisecond (method 3 of the RFC).
    """
    ms, ns = divmod(time.time_ns(), _NS_PER_MS)
    fraction = ns * 4096 // _NS_PER_MS
    value = (
        (ms & (2**48 - 1)) << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | secrets.randbits(62)
    )
    return str(UUID(int=value))
