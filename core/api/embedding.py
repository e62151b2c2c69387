"""The change of the embedder: what is due, and the work."""

from typing import Any

from fastapi import APIRouter

from core.api.bench import Bench
from core.bootstrap import LOCAL_USER
from core.export import plain

router = APIRouter(tags=["documents"])


@router.get("/embedding")
def due(bench: Bench) -> dict[str, Any]:
    """The passages that the embedder of the settings has not embedded, and how far its work has come;
    `due` is null when there are none."""
    return {"due": plain(bench.reembedder.due(LOCAL_USER))}


@router.post("/embedding", status_code=202)
def start(bench: Bench) -> dict[str, Any]:
    """Embed them, or try again; asking twice changes nothing."""
    bench.reembedder.start(LOCAL_USER)
    return {"due": plain(bench.reembedder.due(LOCAL_USER))}


@router.delete("/embedding", status_code=204)
def cancel(bench: Bench) -> None:
    """Stop it; what was embedded is kept."""
    bench.reembedder.cancel(LOCAL_USER)
