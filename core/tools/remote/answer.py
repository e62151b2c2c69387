"""The result of a call as a model is told it: texts as they are, everything else by what it is."""

from collections.abc import Mapping
from typing import Any

from core.tools.remote.pipe import Way
from core.tools.results import NotReadable, Told, told
from core.tools.user import Raised


def read(way: Way, result: Mapping[str, Any]) -> Told:
    """The result in words. Raises Raised with what the server says when the call failed, and NotReadable
    when it asks for something instead of answering."""
    result = way.redacted(result) if way.secrets else result
    if result.get("resultType", "complete") != "complete" or "inputRequests" in result:
        raise NotReadable(
            "the server asks for something itself (a model, a file, the user): refused"
        )
    blocks = result.get("content")
    texts = [_block(each) for each in blocks] if isinstance(blocks, list) else []
    text = "\n".join(texts)
    if result.get("isError"):
        raise Raised(text[:2_000] or "the server does not say why")
    structured = _structured(result.get("structuredContent"))
    if not text and structured:
        return structured
    return Told(told(text or None).text, structured.shown if structured else None)


def _structured(value: Any) -> Told | None:
    if value is None:
        return None
    alone = isinstance(value, dict) and list(value) == ["result"]
    try:
        return told(value["result"] if alone else value)
    except NotReadable:
        return None


def _block(block: Any) -> str:
    if not isinstance(block, dict):
        return ""
    match block.get("type"):
        case "text":
            return str(block.get("text", ""))
        case "resource" if isinstance(inside := block.get("resource"), dict):
            return str(inside.get("text") or f"[a file, {inside.get('mimeType')}: not shown]")
        case "resource_link":
            return f"[{block.get('name')}: {block.get('uri')}]"
        case kind:
            return f"[{kind}, {block.get('mimeType')}: not shown]"
