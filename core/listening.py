"""Whether the app can listen where it is told to, before anything is fetched or started."""

import errno
import socket

from core.errors import Misuse


def look(host: str, port: int) -> None:
    """Raises Misuse, with what to do, when nobody can listen at this address now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        why = str(error.strerror).partition(" (while")[0]  # the library adds the address again
        raise Misuse(
            f"it cannot listen at {host}, port {port} ({why})", hint=_way_on(error, port)
        ) from None


def _way_on(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"If it runs there already, open http://localhost:{port}. Else stop what does, or take "
            f"another port: FOOTLIGHTS_PORT={(port + 1) % 65536} make run"
        )
    if error.errno == errno.EACCES:
        return f"Only root may use a port below 1024: set FOOTLIGHTS_PORT to one above, not {port}."
    return (
        "FOOTLIGHTS_HOST is an address of this machine: 127.0.0.1, or 0.0.0.0 for all that it has."
    )
