"""What may be asked: a request is checked, in words, before anything is written or paid for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.clean_text import clean, cleaned
from core.documents.service import DocumentService
from core.errors import Conflict, Misuse, Refused
from core.llm.shape import shape
from core.models import Models
from core.prompts.library import PromptLibrary
from core.prompts.template import PromptTemplate, fault
from core.retrieval.embed import Payer
from core.store.collections import Collections
from core.store.conversations import Conversations
from core.table_answer import instructions
from core.table_fields import Field, parse_fields
from core.tools.tool import Tool
from core.tools.toolbox import Toolbox
from core.types import ModelInfo, TurnRequest

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
    fields: tuple[Field, ...] = ()
    """The columns, when the answer shall be a table."""
    tools: tuple[Tool, ...] = ()
    """What the model may call."""
    output: Mapping[str, Any] | None = None
    """The JSON schema of the answer, when the prompt has one."""

    @property
    def prompt_version(self) -> str:
        return f"{self.template.name}@{self.template.version}"

    @property
    def payer(self) -> Payer:
        """Who pays for what is embedded for it."""
        wanted = self.request
        return Payer(
            self.user,
            self.turn_id,
            self.conversation_id,
            wanted.key_id,
            wanted.link_id,
            wanted.visitor_id,
        )


class Admission:
    """Checks requests against what there is: documents, conversations, prompts and models."""

    def __init__(
        self,
        *,
        documents: DocumentService,
        collections: Collections,
        conversations: Conversations,
        prompts: PromptLibrary,
        models: Models,
        toolbox: Toolbox,
    ) -> None:
        self._toolbox = toolbox
        self._documents = documents
        self._collections = collections
        self._conversations = conversations
        self._prompts = prompts
        self._models = models

    def check(
        self, user: str, turn_id: str, conversation_id: str, request: TurnRequest, *, new: bool
    ) -> Asked:
        """The request with its model and prompt resolved, where it may be asked now. Raises Misuse and its kin,
        in words."""
        asked = self.resolve(user, turn_id, conversation_id, request)
        if not new:
            self._check_conversation(user, conversation_id)
        return asked

    def resolve(self, user: str, turn_id: str, conversation_id: str, request: TurnRequest) -> Asked:
        """The same, whatever else the conversation is doing. Raises Misuse and its kin, in words."""
        # What no database holds goes now, so that what is sent is what will be kept.
        request = replace(
            request,
            prompt=clean(request.prompt),
            instructions=clean(request.instructions),
            table=clean(request.table),
        )
        prompt = request.prompt.strip()
        if not prompt:
            raise Refused("the question is empty", hint="Type a question.")
        if len(prompt) > MAX_PROMPT:
            raise Refused(
                f"a question of {len(prompt):,} characters: at most {MAX_PROMPT:,} can be asked",
                hint="Attach long texts as a file instead.",
            )
        if request.max_tokens is not None and request.max_tokens < 1:
            raise Refused("max_tokens must be 1 or more")
        template = self._template(request)
        _check_variables(template, request)
        request = replace(request, variables=cleaned(dict(request.variables)))
        request = self._where(user, request)
        model = self._model(request, template)
        fields = _fields(request, model)
        tools = self._tools(user, request, model)
        output = _output(template, fields, tools, model)
        if fields:  # what is kept is the request as it was made
            told = f"{request.instructions}\n\n{instructions(fields)}".strip()
            request = replace(request, instructions=told)
        whose = "API: " if request.key_id else "Replay: " if request.replay else ""
        name = f"{whose}{title(prompt)}"
        return Asked(
            user, turn_id, conversation_id, name, request, model, template, fields, tools, output
        )

    def _model(self, request: TurnRequest, template: PromptTemplate) -> ModelInfo:
        """The model that was chosen, else that of the prompt if it can be asked now, else the first."""
        if request.model is None and template.model.name:
            try:
                return self._models.resolve(template.model.name)
            except Misuse:
                pass  # a prompt comes from elsewhere, where there are other keys: a hint is no order
        return self._models.resolve(request.model)

    def _template(self, request: TurnRequest) -> PromptTemplate:
        """The prompt; where none was chosen, that for working with tools when there are some."""
        plain = request.template == "answer" and request.tools
        return self._prompts.resolve("agent" if plain else request.template)

    def _tools(self, user: str, request: TurnRequest, model: ModelInfo) -> tuple[Tool, ...]:
        tools = tuple(self._toolbox.choose(request.tools, user))
        if tools and model.provider == "quotes":
            raise Misuse(
                "quotations call no tools", hint="Choose a model for it, or leave the tools out."
            )
        if tools and request.table.strip():
            raise Misuse(
                "an answer as a table is made without tools",
                hint="Leave the tools out, or ask for an answer in words.",
            )
        return tools

    def _where(self, user: str, request: TurnRequest) -> TurnRequest:
        """The request with the documents that are in its collections now."""
        chosen = request.use_documents
        if isinstance(chosen, bool):
            return request
        inside = self._collections.resolve(user, chosen)
        if chosen and not inside:
            raise Misuse(
                "there is no document in what was chosen",
                hint="Put documents into the collection, or choose where else to look.",
            )
        there = {each.id: each for each in self._documents.list(user)}
        readable = []
        for document_id in inside:
            document = there.get(document_id) or self._documents.get(user, document_id)
            if document.status != "refused":
                readable.append(document_id)
            elif document_id in chosen:
                raise Misuse(
                    f"{document.name} could not be read: {document.reason}",
                    hint="Choose other documents.",
                )
        return replace(request, use_documents=tuple(readable))

    def _check_conversation(self, user: str, conversation_id: str) -> None:
        self._conversations.get(user, conversation_id)
        if any(
            turn.status == "running" for turn in self._conversations.history(user, conversation_id)
        ):
            raise Conflict(
                "the last question of this conversation is still being answered",
                hint="Wait for the answer, or stop it.",
            )


def title(prompt: str) -> str:
    """The first words of a question, as the name of the conversation that it opens."""
    line = " ".join(prompt.split())
    if len(line) <= _TITLE:
        return line
    return line[:_TITLE].rsplit(" ", 1)[0].rstrip(",.;:") + "…"


def _fields(request: TurnRequest, model: ModelInfo) -> tuple[Field, ...]:
    if not request.table.strip():
        return ()
    if model.provider == "quotes":
        raise Misuse(
            "quotations cannot be made into a table",
            hint="Choose a model for it, or ask for an answer in words.",
        )
    return parse_fields(request.table)


def _output(
    template: PromptTemplate,
    fields: Sequence[Field],
    tools: Sequence[Tool],
    model: ModelInfo,
) -> Mapping[str, Any] | None:
    """The schema of the prompt; a table that is asked for goes before it."""
    if template.output is None or fields:
        return None
    if model.provider == "quotes" or tools:
        why = "made without tools" if tools else "made by a model: quotations have no shape"
        raise Misuse(
            f"{template.ref} wants an answer of the shape of its schema, and such an answer is {why}",
            hint="Leave the tools out." if tools else "Choose a model for it, or another prompt.",
        )
    shape(template.output)
    return template.output


def _check_variables(template: PromptTemplate, request: TurnRequest) -> None:
    declared = {variable.name: variable for variable in template.variables}
    ours = {"question", "passages", *(("tools", "steps") if request.tools else ())}
    for name, value in request.variables.items():
        if name not in declared or name in ours:
            settable = ", ".join(sorted(set(declared) - ours)) or "none"
            raise Misuse(
                f"{template.ref} takes no variable {name!r}", hint=f"It can be given: {settable}."
            )
        if wrong := fault(declared[name], value):
            kind = declared[name].type.replace("_", " ")
            raise Misuse(
                f"{template.ref}: the variable {name!r} {wrong}",
                hint=f"It is of the type {kind}: send such a value, or leave it out.",
            )
    for variable in template.variables:
        if variable.required and variable.name not in ours | set(request.variables):
            raise Misuse(
                f"{template.ref} needs {variable.name!r}",
                hint="Add it to the variables, or give it a default in the front matter.",
            )
