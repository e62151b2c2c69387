"""Cookies that hold a secret: out of reach of scripts, sent to this app alone."""

from fastapi import Response

from core.caller import Caller


def put(
    response: Response, name: str, secret: str, caller: Caller, *, days: float, path: str = "/"
) -> None:
    """Have the browser keep the secret for so many days."""
    response.set_cookie(
        name,
        secret,
        max_age=int(days * 86_400),
        path=path,
        httponly=True,
        samesite="lax",
        secure=caller.secure,
    )
