"""create_api(workbench) -> FastAPI: the same turns, documents and ledger for programs.

Errors are `application/problem+json` with `code` and `hint`. Everything asynchronous of core runs on
the bridge's loop; reads of the database run on FastAPI's own threads.
"""

from collections.abc import Callable

from fastapi import FastAPI

from core.api import (
    demo,
    described,
    documents,
    embedding,
    gateway,
    mcp,
    people,
    problems,
    prompts,
    ranges,
    reads,
    shares,
    sign_in,
    tools,
    turns,
)
from core.bootstrap import Workbench


def create_api(workbench: Callable[[], Workbench]) -> FastAPI:
    """The API; `workbench` is asked at each request."""
    api = FastAPI(
        title="Footlights",
        version="0.1.0",
        summary="Chat with your documents, and see what is behind every answer.",
        docs_url=None,  # FastAPI's own pages ask a server elsewhere for their scripts
        redoc_url=None,
    )
    api.state.workbench = workbench
    problems.add_to(api)
    described.add_to(api)
    for routes in (
        documents,
        embedding,
        turns,
        prompts,
        ranges,
        tools,
        mcp,
        reads,
        gateway,
        shares,
        demo,
        sign_in,
        people,
    ):
        # As they are: a router that is included makes every route anew, 0.1 s at the first request.
        api.router.routes.extend(routes.router.routes)
    return api
