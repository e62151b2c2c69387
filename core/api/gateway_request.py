"""What a client of OpenAI asks for, as a turn; what we cannot do is refused by its name."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.api.gateway_errors import WireError
from core.clean_text import clean
from core.types import Message, TurnRequest, message

DEFAULT_MODEL = "footlights"
"""The name under which the model that the owner uses by default is asked."""
MAX_BODY = 8 * 2**20
_MOST_STOPS = 4
# They change nothing that is answered.
_IGNORED = (
    "user",
    "metadata",
    "store",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "parallel_tool_calls",
)
# The values that ask for what is done anyway, and what is done.
_ONLY: Mapping[str, tuple[tuple[Any, ...], str]] = {
    "n": ((1,), "one answer is given to a request"),
    "temperature": ((1,), "every model answers at its own default: leave it out, or send 1"),
    "top_p": ((1,), "every model answers at its own default: leave it out, or send 1"),
    "presence_penalty": ((0,), "leave it out"),
    "frequency_penalty": ((0,), "leave it out"),
    "logit_bias": (({},), "leave it out"),
    "logprobs": ((False,), "no probabilities are given"),
    "top_logprobs": ((0,), "no probabilities are given"),
    "tools": (([],), "the tools of a client are not called"),
    "functions": (([],), "the tools of a client are not called"),
    "tool_choice": (("none", "auto"), "the tools of a client are not called"),
    "function_call": (("none", "auto"), "the tools of a client are not called"),
    "response_format": (({"type": "text"},), "the answer is text"),
    "modalities": ((["text"],), "the answer is text"),
    "service_tier": (("auto", "default"), "leave it out"),
}


class _Body(BaseModel):
    model_config = ConfigDict(strict=True)


class StreamOptions(_Body):
    """What OpenAI's `stream_options` may hold; other fields are ignored."""

    include_usage: bool | None = None


class Extras(_Body):
    """Our own field. `use_documents` is true, false, or the ids of the documents to look in."""

    model_config = ConfigDict(extra="forbid")

    use_documents: bool | list[str] = True


class ChatIn(_Body):
    """A chat completion as OpenAI defines it, as far as it is carried out here."""

    model_config = ConfigDict(extra="allow")

    model: str
    messages: list[dict[str, Any]] = Field(min_length=1)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    stop: str | list[str] | None = None
    footlights: Extras | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that can be carried out, and how its answer is to be sent."""

    request: TurnRequest
    stream: bool
    include_usage: bool


def parse(body: bytes, key_id: str) -> Asked:
    """The turn that is asked for; WireError with the name of the parameter when it cannot be done."""
    given = _read(body)
    _check_others(given.model_extra or {})
    question, history, instructions = _talk(given.messages)
    extras = given.footlights or Extras()
    documents = extras.use_documents
    request = TurnRequest(
        prompt=question,
        model=None if given.model == DEFAULT_MODEL else given.model,
        use_documents=documents if isinstance(documents, bool) else tuple(documents),
        max_tokens=given.max_completion_tokens or given.max_tokens,
        stop=_stops(given.stop),
        history=history,
        instructions=instructions,
        key_id=key_id,
    )
    options = given.stream_options
    return Asked(request, bool(given.stream), bool(options and options.include_usage))


def _read(body: bytes) -> ChatIn:
    try:
        return ChatIn.model_validate(json.loads(body))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        param = _path(fault["loc"])
        missing = fault["type"] == "missing"
        code = "missing_required_parameter" if missing else "invalid_value"
        raise WireError(400, f"{param or 'body'}: {fault['msg']}", code=code, param=param) from None
    except (ValueError, RecursionError) as error:
        raise WireError(400, f"The body is not JSON: {error}", code="invalid_json") from None


def _path(loc: Sequence[int | str]) -> str | None:
    # Behind these comes the branch of the union that did not fit, which is no part of the request.
    unions = ("stop", "use_documents")
    until = next((place + 1 for place, step in enumerate(loc) if step in unions), len(loc))
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc[:until]]
    return "".join(steps).lstrip(".") or None


def _check_others(others: Mapping[str, Any]) -> None:
    for name, value in others.items():
        if value is None or name in _IGNORED:
            continue
        if name not in _ONLY:
            _refuse(name, f"There is no parameter {name!r} here: leave it out.")
        accepted, why = _ONLY[name]
        if value not in accepted:
            _refuse(name, f"{name} cannot be set so: {why}.")


def _stops(given: str | list[str] | None) -> tuple[str, ...]:
    stops = (given,) if isinstance(given, str) else tuple(given or ())
    if len(stops) > _MOST_STOPS or not all(stops):
        words = f"stop: at most {_MOST_STOPS} sequences, and none of them empty."
        raise WireError(400, words, code="invalid_value", param="stop")
    return stops


# --- messages ---------------------------------------------------------------------------------


def _talk(messages: Sequence[Mapping[str, Any]]) -> tuple[str, tuple[Message, ...], str]:
    """The question, what was said before it, and the instructions."""
    said: list[Message] = []
    instructions: list[str] = []
    for place, given in enumerate(messages):
        text = clean(_text(given, f"messages[{place}]"))
        match given.get("role"):
            case "system" | "developer":
                instructions.append(text)
            case "user" | "assistant" as role:
                said.append(message(role, text))
            case other:
                _refuse(f"messages[{place}].role", f"A message of role {other!r} is not taken.")
    if not said or said[-1].role != "user":
        words = "The last message must be the user's: it is the question."
        raise WireError(400, words, code="invalid_value", param="messages")
    history = tuple(each for each in said[:-1] if each.text.strip())
    return said[-1].text, history, "\n\n".join(text for text in instructions if text.strip())


def _text(given: Mapping[str, Any], where: str) -> str:
    for name in ("tool_calls", "function_call", "audio"):
        if given.get(name):
            _refuse(f"{where}.{name}", f"Messages with {name} are not taken.")
    content = given.get("content")
    match content:
        case str():
            return content
        case None if given.get("role") == "assistant":
            return ""
        case list():
            parts = enumerate(content)
            return "".join(_part(part, f"{where}.content[{place}]") for place, part in parts)
        case _:
            words = f"{where}.content: a text, or a list of parts of type text."
            raise WireError(400, words, code="invalid_value", param=f"{where}.content")


def _part(part: Any, where: str) -> str:
    match part:
        case {"type": "text", "text": str(text)}:
            return text
        case {"type": str(kind)} if kind != "text":
            _refuse(f"{where}.type", f"Content of type {kind!r} is not taken: only text is.")
    words = f"{where}: a part of type text."
    raise WireError(400, words, code="invalid_value", param=where)


def _refuse(param: str, words: str) -> NoReturn:
    raise WireError(400, words, code="unsupported_parameter", param=param)
