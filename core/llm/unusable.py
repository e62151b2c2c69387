"""Every way in which an answer that should be data can fail to be it.

UnusableOutput                  a ModelMisbehaved: .text (the last answer) · .attempts (how often it was asked)
├── OutputCut                   the answer did not fit: asking again in the same room cuts it again
├── OutputRefused               the model will not answer; never asked again
├── OutputFiltered              the vendor's filter took the answer away; never asked again
├── OutputEmpty                 nothing was said
├── OutputNotJson               prose, or JSON that cannot be mended without guessing
├── OutputBareValue             a string or a number where an object or a list was asked for
├── OutputWrongShape            a list where an object was asked for, or the other way round
├── OutputSeveral               more than one JSON value, and no way to know which is meant
├── OutputDuplicateKey          the same key twice in one object
├── OutputNumber                NaN, infinity, or more digits than any figure has
├── OutputTooDeep               nested beyond what anybody would draw
├── OutputBrokenText            half a character, or a NUL: no database or JSON reader can hold it
├── OutputUnchecked             its schema takes too long to be checked by; never asked again
└── OutputInvalid               JSON that does not fit the schema: .problems
"""

from typing import ClassVar

from core.errors import ModelMisbehaved


class UnusableOutput(ModelMisbehaved):
    """Read by the user: the model answered, but not with the data that was asked for."""

    code = "output_unusable"
    hint = "Ask again, or choose a stronger model."
    asked_again: ClassVar[bool] = True
    """Whether the model may do better when it is told what was wrong."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.text = ""
        self.attempts = 1


class OutputCut(UnusableOutput):
    code = "output_cut"
    hint = "Ask for more room: raise the limit of the answer, or ask for fewer rows or fields."
    asked_again = False


class OutputRefused(UnusableOutput):
    code = "output_refused"
    hint = "Change the question; the model will not answer this one, however often it is asked."
    asked_again = False


class OutputFiltered(UnusableOutput):
    code = "output_filtered"
    hint = "Change the question or the passages, or choose a model of another vendor."
    asked_again = False


class OutputEmpty(UnusableOutput):
    code = "output_empty"
    hint = "Ask again, raise the limit of the answer, or choose another model."


class OutputNotJson(UnusableOutput):
    code = "output_not_json"
    hint = "Ask for fewer fields, or choose a model that can be held to a schema."


class OutputBareValue(UnusableOutput):
    code = "output_bare_value"
    hint = "Ask for fields by name, or choose a model that can be held to a schema."


class OutputWrongShape(UnusableOutput):
    code = "output_wrong_shape"
    hint = "Ask again, or choose a model that can be held to a schema."


class OutputSeveral(UnusableOutput):
    code = "output_several"
    hint = "Ask for one answer only, or choose a model that can be held to a schema."


class OutputDuplicateKey(UnusableOutput):
    code = "output_duplicate_key"
    hint = "Ask for a list where there may be several values, or choose a stronger model."


class OutputNumber(UnusableOutput):
    code = "output_number"
    hint = "Ask for the value as text, or say what to give when it is unknown."


class OutputTooDeep(UnusableOutput):
    code = "output_too_deep"
    hint = "Ask for a flat table instead of a tree, or choose a stronger model."


class OutputBrokenText(UnusableOutput):
    code = "output_broken_text"
    hint = "Ask again, or choose another model; this one wrote half a character."


class OutputUnchecked(UnusableOutput):
    code = "output_unchecked"
    hint = "Simplify the schema: its patterns, its references to itself, its lists without doubles."
    asked_again = False


class OutputInvalid(UnusableOutput):
    code = "output_invalid"
    hint = "Describe the fields better, allow them to be empty, or choose a stronger model."

    def __init__(self, problems: tuple[str, ...], *, hint: str | None = None) -> None:
        super().__init__("The answer does not fit: " + "; ".join(problems) + ".", hint=hint)
        self.problems = problems
