"""ChatService: one question, from the documents that are still being read to the checked citations."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from core.context import Context, ContextBuilder
from core.documents import MAX_QUERY, DocumentService
from core.errors import Conflict, Misuse, Refused
from core.events import (
    CitationsChecked,
    ContextReady,
    ModelEvent,
    Progress,
    StreamEvent,
    TextDelta,
    clean,
)
from core.llm.client import LLMClient, Meter
from core.models import Models
from core.prompts.library import PromptLibrary
from core.prompts.template import PromptTemplate
from core.retrieval.citations import check
from core.store.conversations import Conversations
from core.trace import OpenSpan, Trace
from core.types import Hit, ModelInfo, ModelRequest, TurnRequest

MAX_PROMPT = 200_000
"""Characters of one question: far more than anyone types, far less than what hurts."""
_TITLE = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was checked: who asks, which model answers, which version of the prompt is used."""

    user: str
    turn_id: str
    conversation_id: str
    title: str
    request: TurnRequest
    model: ModelInfo
    template: PromptTemplate

    @property
    def prompt_version(self) -> str:
        return f"{self.template.name}@{self.template.version}"


class ChatService:
    """The one use case; it writes nothing but the ledger, its events are kept by whoever reads them."""

    def __init__(
        self,
        *,
        documents: DocumentService,
        conversations: Conversations,
        prompts: PromptLibrary,
        models: Models,
        context: ContextBuilder,
        client: LLMClient,
        meter: Callable[[str, str, str, str], Meter],
    ) -> None:
        self._documents = documents
        self._conversations = conversations
        self._prompts = prompts
        self._models = models
        self._context = context
        self._client = client
        self._meter = meter

    def check(
        self, user: str, turn_id: str, conversation_id: str, request: TurnRequest, *, new: bool
    ) -> Asked:
        """The request with its model and prompt resolved. Raises Misuse and its kin, in words."""
        prompt = clean(request.prompt).strip()
        if not prompt:
            raise Refused("the question is empty", hint="Type a question.")
        if len(prompt) > MAX_PROMPT:
            raise Refused(
                f"a question of {len(prompt):,} characters: at most {MAX_PROMPT:,} can be asked",
                hint="Attach long texts as a file instead.",
            )
        if request.max_tokens is not None and request.max_tokens < 1:
            raise Refused("max_tokens must be 1 or more")
        template = self._prompts.resolve(request.template)
        _check_variables(template, request)
        self._check_documents(user, request)
        if not new:
            self._check_conversation(user, conversation_id)
        model = self._models.resolve(request.model)
        name = f"API: {title(prompt)}" if request.key_id else title(prompt)
        return Asked(user, turn_id, conversation_id, name, request, model, template)

    def _check_documents(self, user: str, request: TurnRequest) -> None:
        if isinstance(request.use_documents, bool):
            return
        for document_id in request.use_documents:
            document = self._documents.get(user, document_id)
            if document.status == "refused":
                raise Misuse(
                    f"{document.name} could not be read: {document.reason}",
                    hint="Choose other documents.",
                )

    def _check_conversation(self, user: str, conversation_id: str) -> None:
        self._conversations.get(user, conversation_id)
        if any(
            turn.status == "running" for turn in self._conversations.history(user, conversation_id)
        ):
            raise Conflict(
                "the last question of this conversation is still being answered",
                hint="Wait for the answer, or stop it.",
            )

    # --- the stream ---------------------------------------------------------------------------

    async def stream(self, asked: Asked, trace: Trace) -> AsyncGenerator[StreamEvent, None]:
        """Everything that happens from the question to the checked citations.

        Raises core.errors; what was yielded until then stands.
        """
        with trace.span(
            "turn", "turn", question=asked.request.prompt[:500], model=asked.model.ref
        ) as root:
            async for waiting in self._wait(asked, trace, root):
                yield waiting
            hits = await self._search(asked, trace, root)
            context = await self._compose(asked, hits, trace, root)
            yield ContextReady(context.budget, context.sources, asked.model.ref)
            said: list[str] = []
            async with aclosing(self._ask(asked, context, trace, root)) as events:
                async for event in events:
                    if isinstance(event, TextDelta):
                        said.append(event.text)
                    yield event
            with trace.span("check citations", "citations", parent=root) as span:
                citations = check("".join(said), context.sources)
                span.set(citations=len(citations), sources=len(context.sources))
            yield CitationsChecked(citations)

    async def _wait(self, asked: Asked, trace: Trace, root: OpenSpan) -> AsyncIterator[Progress]:
        wanted = asked.request.use_documents
        if wanted is False or not self._documents.pending(asked.user, _ids(wanted)):
            return
        with trace.span("wait for documents", "wait", parent=root):
            async for progress in self._documents.settled(asked.user, _ids(wanted)):
                yield progress

    async def _search(self, asked: Asked, trace: Trace, root: OpenSpan) -> list[Hit]:
        wanted = asked.request.use_documents
        if wanted is False:
            return []
        with trace.span("search passages", "retrieval", parent=root) as span:
            hits = await self._documents.search(
                # A pasted page is searched with its beginning; the model is sent the whole.
                asked.user,
                asked.request.prompt[:MAX_QUERY],
                asked.model.passages,
                _ids(wanted),
            )
            span.set(
                query=asked.request.prompt[:2000],
                k=asked.model.passages,
                hits=[
                    {
                        "document": hit.name,
                        "page": hit.chunk.page,
                        "score": round(hit.score, 4),
                        "text": hit.chunk.text,
                    }
                    for hit in hits
                ],
            )
        return hits

    async def _compose(
        self, asked: Asked, hits: list[Hit], trace: Trace, root: OpenSpan
    ) -> Context:
        history = await asyncio.to_thread(
            self._conversations.history, asked.user, asked.conversation_id, asked.turn_id
        )
        with trace.span("compose the window", "window", parent=root) as span:
            context = await self._context.build(
                asked.template, asked.request, asked.model, hits, history
            )
            budget = context.budget
            span.set(
                prompt=asked.prompt_version,
                window=budget.window,
                used=budget.used,
                regions={part.region: part.tokens for part in budget.slices},
                dropped=sum(not item.kept for part in budget.slices for item in part.items),
            )
        return context

    def _ask(
        self, asked: Asked, context: Context, trace: Trace, root: OpenSpan
    ) -> AsyncGenerator[ModelEvent, None]:
        request = ModelRequest(
            model=asked.model.id,
            messages=context.messages,
            max_tokens=context.max_tokens,
            sources=context.sources,
            question=asked.request.prompt,
            stop=asked.request.stop,
            stable=len(context.messages) - 1,  # all but the question with its passages
        )
        others = self._models.fallbacks(asked.model, context.budget.used)
        key_id = asked.request.key_id
        return self._client.stream(
            asked.model.ref,
            request,
            meter=self._meter(asked.user, asked.turn_id, asked.conversation_id, key_id),
            trace=trace,
            parent=root,
            input_tokens=context.budget.input_tokens,
            fallbacks=[(other.ref, replace(request, model=other.id)) for other in others],
        )


def title(prompt: str) -> str:
    """The first words of a question, as the name of the conversation that it opens."""
    line = " ".join(prompt.split())
    if len(line) <= _TITLE:
        return line
    return line[:_TITLE].rsplit(" ", 1)[0].rstrip(",.;:") + "…"


def _ids(wanted: bool | tuple[str, ...]) -> tuple[str, ...] | None:
    return None if isinstance(wanted, bool) else wanted


def _check_variables(template: PromptTemplate, request: TurnRequest) -> None:
    declared = {variable.name for variable in template.variables}
    ours = {"question", "passages"}
    for name in request.variables:
        if name not in declared or name in ours:
            settable = ", ".join(sorted(declared - ours)) or "none"
            raise Misuse(
                f"{template.name}@{template.version} takes no variable {name!r}",
                hint=f"It can be given: {settable}.",
            )
    for variable in template.variables:
        if variable.required and variable.name not in ours | set(request.variables):
            raise Misuse(
                f"{template.name}@{template.version} needs {variable.name!r}",
                hint="Add it to the variables, or give it a default in the front matter.",
            )
