"""What answers at an address: the models a server lists, and whether a key is taken."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from core.errors import KeyRejected, Malformed, Unreachable
from core.llm.connection import is_this_machine
from core.llm.wire import decoded

# (name, label, base URL) of the servers that people run on their own machine, at their default ports.
LOCAL_SERVERS = (
    ("ollama", "Ollama", "http://127.0.0.1:11434/v1"),
    ("lmstudio", "LM Studio", "http://127.0.0.1:1234/v1"),
    ("vllm", "vLLM", "http://127.0.0.1:8000/v1"),
)
_MOST = 50
_MOST_BYTES = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Listed:
    """A model that a server offers; `window` is None when the server does not say."""

    id: str
    window: int | None


def bearer(key: str) -> dict[str, str]:
    """The headers by which OpenAI and compatible servers know a caller."""
    return {"Authorization": f"Bearer {key}"} if key else {}


def anthropic(key: str) -> dict[str, str]:
    """The headers by which Anthropic knows a caller."""
    return {"x-api-key": key, "anthropic-version": "2023-06-01"}


async def models_at(
    provider: str,
    base_url: str,
    headers: Mapping[str, str],
    *,
    seconds: float = 10.0,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> list[Listed]:
    """The models that the server lists, chat or not, at most fifty.

    Raises Unreachable when nothing answers in time, KeyRejected for 401 and 403, and Malformed for
    anything that is not the list of an API.
    """
    if not all(value.isascii() and value.isprintable() for value in headers.values()):
        raise KeyRejected(
            f"{provider} does not take this key: it holds a character that no key has",
            provider=provider,
        )
    try:
        async with asyncio.timeout(seconds):
            status, said = await _asked(f"{base_url.rstrip('/')}/models", headers, transport)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        raise Unreachable(
            f"{provider} does not answer at {base_url} ({type(error).__name__})", provider=provider
        ) from None  # the cause may hold the headers, and with them the key
    if status in (401, 403):
        raise KeyRejected(f"{provider} does not take this key", provider=provider)
    return _parsed(provider, base_url, status, said)


async def _asked(
    url: str, headers: Mapping[str, str], transport: httpx2.AsyncBaseTransport | None
) -> tuple[int, bytes]:
    """The status, and as much of the body as a list of models has."""
    # Servers of one's own machine are asked directly: a proxy of the environment cannot see them. And
    # without TLS: to read the certificates of the system holds up the loop for 30 ms.
    here, said = is_this_machine(url), bytearray()
    client = httpx2.AsyncClient(
        timeout=None,
        transport=transport,
        trust_env=not here,
        verify=not (here and url.startswith("http:")),
    )
    async with client, client.stream("GET", url, headers=dict(headers)) as answer:
        async for piece in answer.aiter_bytes():
            said += piece
            if len(said) > _MOST_BYTES:
                break
        return answer.status_code, bytes(said)


def _parsed(provider: str, base_url: str, status: int, said: bytes) -> list[Listed]:
    try:
        body: Any = decoded(said) if 200 <= status < 300 else None
    except ValueError:
        body = None
    rows = body.get("data") if isinstance(body, dict) else None
    if not isinstance(rows, list):
        raise Malformed(
            f"{base_url} answered {status}, but not with a list of models", provider=provider
        )
    listed = [row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)]
    return [Listed(row["id"], _window(row)) for row in listed[:_MOST]]


def _window(row: Mapping[str, Any]) -> int | None:
    value = row.get("max_model_len") or row.get("context_length")
    return value if isinstance(value, int) and value > 0 else None
