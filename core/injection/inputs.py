"""A case as the values of a template: the document where retrieved text goes, the question where one is
asked."""

from typing import Any

from core.attacks import Case
from core.errors import Refused
from core.prompts.template import PromptTemplate, Variable

_TEXTS = ("text", "long_text")
_ASKED = ("question", "request", "prompt", "text")


def inputs(template: PromptTemplate, case: Case) -> dict[str, Any]:
    """The values for the case. Refused for a template that takes no retrieved text: it has nothing that
    could attack it."""
    quoted = next((each for each in template.variables if each.trust == "retrieved"), None)
    if quoted is None or template.kind == "partial":
        raise Refused(
            f"{template.name} takes no text from documents: there is nothing that could attack it",
            hint="Open a prompt with a variable of the trust `retrieved`.",
        )
    values = {each.name: _something(each) for each in template.variables if each.required}
    values[quoted.name] = _document(quoted, case)
    if asked := _asked(template):
        values[asked.name] = case.question
    return values


def _asked(template: PromptTemplate) -> Variable | None:
    mine = [each for each in template.variables if each.trust == "user" and each.type in _TEXTS]
    named = (each for name in _ASKED for each in mine if each.name == name)
    return next(named, mine[0] if mine else None)


def _document(variable: Variable, case: Case) -> Any:
    if variable.type == "list":
        return [{"text": text, "name": "document.txt"} for text in case.passages]
    if variable.type in _TEXTS:
        return "\n\n".join(case.passages)
    return {"text": "\n\n".join(case.passages)}


def _something(variable: Variable) -> Any:
    match variable.type:
        case "number":
            return 5
        case "choice":
            return variable.choices[0]
        case "yes_no":
            return True
        case "list" | "messages":
            return []
        case "json":
            return {}
        case _:
            return "anything"
