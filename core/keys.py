"""The vendors' keys: from the environment or `.env`, or pasted on the page and kept in the data folder."""

import json
import os
from pathlib import Path

from pydantic import SecretStr


class Keys:
    """Holds keys and never shows them. A pasted key wins over one of the environment until it is removed."""

    def __init__(self, file: Path, environment: dict[str, SecretStr | None]) -> None:
        self._file = file
        self._environment = environment

    def get(self, provider: str) -> str | None:
        """The key for this provider, if there is one; a file that holds one often ends its line."""
        given = self._environment.get(provider)
        pasted = self._pasted().get(provider)
        key = pasted or (given.get_secret_value() if given else "")
        return key.strip() or None

    def origin(self, provider: str) -> str:
        """Where the key comes from: `page`, `environment` or "" when there is none."""
        if provider in self._pasted():
            return "page"
        return "environment" if self.get(provider) else ""

    def put(self, provider: str, key: str | None) -> None:
        """Keep a pasted key, readable by the owner of the process alone; None removes it."""
        kept = {**self._pasted(), provider: key}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(f".{os.getpid()}.tmp")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump({name: value for name, value in kept.items() if value}, file)
        os.replace(fresh, self._file)

    def _pasted(self) -> dict[str, str]:
        if not self._file.exists():
            return {}
        kept: dict[str, str] = json.loads(self._file.read_text())
        return kept
