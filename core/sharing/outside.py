"""Whether the public address of the app leads to it: asked once, when a link was made."""

from dataclasses import dataclass
from urllib.parse import urlsplit

_SECONDS = 6.0
_LONGEST = 4_096


@dataclass(frozen=True, slots=True)
class Reached:
    """What came back from the public address, in words, and what to do about it."""

    works: bool
    words: str
    hint: str = ""


async def reached(base: str) -> Reached:
    """Ask as a stranger would, from this machine; another network may still see it otherwise."""
    import httpx2

    shown = base.partition("://")[2].partition("/")[0] or base
    url = f"{base.rstrip('/')}/api/demo"
    try:
        async with (
            httpx2.AsyncClient(timeout=_SECONDS, follow_redirects=False) as client,
            client.stream("GET", url) as answer,
        ):
            begin = b""
            async for piece in answer.aiter_bytes():
                begin += piece
                if len(begin) > _LONGEST:
                    break
            return _read(shown, answer.status_code, begin, answer.headers.get("location", ""))
    except httpx2.TimeoutException:
        return Reached(False, f"{shown} did not answer in {_SECONDS:.0f} s.", _START)
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, OSError) as error:
        why = " ".join(str(error).split())[:120] or type(error).__name__
        return Reached(False, f"{shown} cannot be reached from here: {why}.", _START)


_START = "Start the tunnel or the web server, and look at FOOTLIGHTS_PUBLIC_URL."


def _read(shown: str, status: int, begin: bytes, location: str) -> Reached:
    if status == 404 and b'"code":"not_open"' in begin.replace(b" ", b""):
        return Reached(True, f"Footlights answers at {shown}.")
    if 300 <= status < 400:
        to = urlsplit(location)
        where = f"{to.scheme}://{to.netloc}" if to.netloc else "another page of its own"
        return Reached(
            False, f"{shown} leads on to {where}.", "Set FOOTLIGHTS_PUBLIC_URL to where it leads."
        )
    if status in (502, 503, 504):
        return Reached(
            False,
            f"{shown} answers, but what stands there does not reach Footlights (status {status}).",
            "Have it pass requests on to the port of this app.",
        )
    return Reached(
        False,
        f"Something else than Footlights answers at {shown} (status {status}).",
        "Look at FOOTLIGHTS_PUBLIC_URL, and at what the tunnel or web server passes on to.",
    )
