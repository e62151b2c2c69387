"""The inputs of a prompt as a call takes them: its own variables, and passages that have all that found ones have."""

from collections.abc import Mapping
from typing import Any

from core.prompts.template import PromptTemplate, Variable
from core.types import Chunk, Hit, Source


def given_to(template: PromptTemplate, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs that the template takes; passages of which only the text was given get a number, a
    name and a place, as those that were found have them."""
    found: dict[str, Any] = {}
    for variable in template.variables:
        if variable.name not in inputs:
            continue
        value = inputs[variable.name]
        if _holds_passages(variable) and isinstance(value, list):
            value = [_completed(place, each) for place, each in enumerate(value, 1)]
        found[variable.name] = value
    return found


def sources_of(template: PromptTemplate, inputs: Mapping[str, Any]) -> tuple[Source, ...]:
    """The passages among the inputs as an answer may cite them, by their numbers."""
    given = given_to(template, inputs)
    passages = [
        each
        for variable in template.variables
        if _holds_passages(variable) and isinstance(given.get(variable.name), list)
        for each in given[variable.name]
    ]
    return tuple(
        _source(place, each)
        for place, each in enumerate(passages, 1)
        if isinstance(each, dict) and "text" in each
    )


def _holds_passages(variable: Variable) -> bool:
    return variable.trust == "retrieved" and variable.type == "list"


def _completed(place: int, passage: Any) -> Any:
    if not isinstance(passage, dict) or "text" not in passage:
        return passage
    usual = {"number": place, "name": f"passage {place}", "page": 1, "unit": "page", "heading": ""}
    return {**usual, **passage}


def _source(place: int, passage: Mapping[str, Any]) -> Source:
    text = str(passage["text"])
    page = _number(passage["page"], 1)
    chunk = Chunk(place, text, 0, len(text), page, str(passage["heading"] or ""))
    hit = Hit(place, f"given-{place}", str(passage["name"]), chunk, 0.0, str(passage["unit"]))
    return Source(_number(passage["number"], place), hit)


def _number(value: Any, otherwise: int) -> int:
    return value if type(value) is int else otherwise
