"""The change of the embedder: what is due, and the work."""

from typing import Any

from fastapi import APIRouter

from core.api.bench import Bench, User
from core.export import plain

router = APIRouter(tags=["documents"])


@router.get("/embedding")
def due(bench: Bench, user: User) -> dict[str, Any]:
    """The passages that the embedder of the settings has not embedded, and how far its work has come;
    `due` is null when there are none."""
    return {"due": plain(bench.reembedder.due(user))}


@router.post("/embedding", status_code=202)
def start(bench: Bench, user: User) -> dict[str, Any]:
    """Embed them, or try again; asking twice changes nothing."""
    bench.reembedder.start(user)
    return {"due": plain(bench.reembedder.due(user))}


@router.delete("/embedding", status_code=204)
def cancel(bench: Bench, user: User) -> None:
    """Stop it; what was embedded is kept."""
    bench.reembedder.cancel(user)
