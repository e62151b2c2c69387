"""What a live link rests on and is not there any more: its visitors can only be told to say so to its owner."""

from core.errors import Misuse
from core.models import Models
from core.prompts.library import PromptLibrary
from core.store.collections import Collections
from core.store.documents import Documents
from core.store.links import Link
from core.tools.toolbox import Toolbox


def missing(
    user: str,
    link: Link,
    *,
    models: Models,
    prompts: PromptLibrary,
    toolbox: Toolbox,
    documents: Documents,
    collections: Collections,
) -> str:
    """Why no visitor of the link is answered now, in words; "" when nothing is known to be missing."""
    if link.kind != "live":
        return ""
    try:
        models.resolve(link.model)
        prompts.resolve(link.prompt)
        tools = toolbox.choose(link.tools)
    except Misuse as error:
        return str(error)
    if harmful := [tool.name for tool in tools if not tool.harmless]:
        return f"{harmful[0]} may do more by now than strangers may set off"
    if not link.documents:
        return ""
    there = {each.id for each in collections.list(user)} | {
        each.id for each in documents.list(user)
    }
    gone = there.isdisjoint(link.documents)
    return "none of its documents and collections is there any more" if gone else ""
