"""Golden questions as JSON lines, to keep beside the files they are about or to take elsewhere."""

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from core.errors import Refused
from core.types import Right

MOST_CHARACTERS = 20 * 2**20


@dataclass(frozen=True, slots=True)
class Line:
    """A golden question as it travels: its collection by name, "" for all documents."""

    question: str
    right: tuple[Right, ...]
    collection: str = ""


_LINE = TypeAdapter(Line)


def dump(lines: Iterable[Line]) -> str:
    """One line of JSON a question."""
    return "".join(f"{_LINE.dump_json(line).decode()}\n" for line in lines)


def load(text: str) -> list[Line]:
    """The questions of such a text, empty lines left out. Refused with the number of the first line
    that is none."""
    if len(text) > MOST_CHARACTERS:
        raise Refused(f"a file of golden questions has at most {MOST_CHARACTERS // 2**20} MB")
    found: list[Line] = []
    for number, line in enumerate(text.lstrip("\ufeff").split("\n"), 1):
        if line.strip():
            found.append(_read(number, line))
    return found


def _read(number: int, line: str) -> Line:
    try:
        return _LINE.validate_json(line)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(each) for each in fault["loc"])
        raise Refused(
            f"line {number} is no golden question: {f'{where}: ' * bool(where)}{fault['msg']}",
            hint='A line is {"question": "...", "right": [{"sha256": "...", "text": "..."}]}, '
            "as the export writes it. Nothing was taken in.",
        ) from error
