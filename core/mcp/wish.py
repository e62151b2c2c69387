"""A server that somebody wants to add: checked, in words, before anything of it is run or asked."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from core.errors import Refused
from core.tools.remote.pipe import QUERY, Way

_NAME = re.compile(r"[a-z](?:[a-z0-9]|[-_](?![-_])){0,23}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_TAKEN = frozenset(
    {"host", "content-length", "content-type", "transfer-encoding", "connection", "accept-encoding"}
)
_LONGEST = 4_000
_MOST_SECRETS = 30


@dataclass(frozen=True, slots=True)
class McpWish:
    """A server as it is entered: a command line, or an address. `secrets` are the environment of the
    command, or the headers of the address."""

    name: str
    command: str = ""
    url: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    loopback: bool = False

    def way(self) -> Way:
        """How it is reached. Raises Refused with what is wrong."""
        if not _NAME.fullmatch(self.name) or self.name.endswith(("_", "-")):
            raise Refused(
                f"{self.name[:40]!r} is no name for a server",
                hint="Up to 24 small letters and digits, with - or _ between them: files, my-notes.",
            )
        if bool(self.command.strip()) == bool(self.url.strip()):
            raise Refused("a server has a command or an address", hint="Enter one of the two.")
        if len(self.command) + len(self.url) > _LONGEST or len(self.secrets) > _MOST_SECRETS:
            raise Refused(
                f"a command or an address has at most {_LONGEST:,} characters, and {_MOST_SECRETS} secrets"
            )
        return self._by_command() if self.command.strip() else self._by_url()

    def _by_command(self) -> Way:
        try:
            command = tuple(shlex.split(self.command))
        except ValueError as error:
            raise Refused(
                "the command has a quotation mark without its other", hint="Close it."
            ) from error
        for name, value in self.secrets.items():
            if not _VARIABLE.fullmatch(name) or "\0" in value:
                raise Refused(f"{name[:40]!r} is no name of an environment variable")
        if "\0" in self.command:
            raise Refused("the command holds a character that none can hold")
        return Way(self.name, command, secrets=dict(self.secrets))

    def _by_url(self) -> Way:
        try:
            parts = urlsplit(self.url.strip())
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise _no_address() from error
        if parts.scheme not in ("http", "https") or not host:
            raise _no_address()
        if parts.username or parts.password:
            raise Refused(
                "the address holds a name or a password", hint="Send them as a header instead."
            )
        if parts.scheme == "http" and not self.loopback:
            raise Refused(
                "what is sent over http:// can be read on the way",
                hint="Use https://, or say that the server runs on this machine.",
            )
        for name, value in self.secrets.items():
            bad = not _HEADER.fullmatch(name) or not value.isascii() or not value.isprintable()
            if bad or name.lower() in _TAKEN:
                raise Refused(f"{name[:40]!r} cannot be sent as a header")
        if not parts.query.isascii() or not parts.query.isprintable():
            raise _no_address()
        query = {QUERY: parts.query} if parts.query else {}
        url = parts._replace(query="", fragment="").geturl()
        return Way(self.name, (), url, {**self.secrets, **query}, self.loopback)


def secrets(text: str) -> dict[str, str]:
    """NAME=value or Name: value, one a line. Raises Refused for a line that is neither."""
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, sign, value = line.partition(next((each for each in line if each in "=:"), "="))
        if not sign or not name.strip() or not value.strip():
            raise Refused(
                "a line of the secrets has no name or no value",
                hint="Write each as NAME=value, or as Name: value for a header.",
            )
        found[name.strip()] = value.strip()
    return found


def _no_address() -> Refused:
    return Refused(
        "this is not an address of the web",
        hint="It begins with https://, as https://example.org/mcp.",
    )
