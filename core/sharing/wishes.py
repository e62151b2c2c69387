"""What the owner wants of a link, and the bounds within which he may."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from core.errors import Refused
from core.store.links import LinkKind

MOST_DAYS = 90
MOST_CAP = Decimal(1_000)
MOST_MESSAGES = 500
MOST_TOKENS = 8_000
_MOST_QUESTIONS, _LONGEST_QUESTION = 6, 200
_LONGEST_TITLE, _LONGEST_DESCRIPTION = 100, 1_000


@dataclass(frozen=True, slots=True)
class Wish:
    """A link as the owner wants it. A snapshot needs its conversation; a live demo the rest: `documents`
    are ids of documents and collections, `cap` and `visitor_cap` US dollars."""

    kind: LinkKind = "snapshot"
    title: str = ""
    description: str = ""
    questions: tuple[str, ...] = ()
    conversation_id: str = ""
    days: float | None = 7
    passphrase: str = ""
    cap: Decimal = Decimal(1)
    visitor_cap: Decimal | None = None
    messages: int = 20
    max_tokens: int = 600
    model: str | None = None
    prompt: str = "answer"
    documents: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    shows_cost: bool = False


def title(given: str) -> str:
    """The title on one line. Raises Refused."""
    line = " ".join(given.split())
    if len(line) > _LONGEST_TITLE:
        raise Refused(f"a title of {len(line)} characters: at most {_LONGEST_TITLE}")
    return line


def description(given: str) -> str:
    """The description. Raises Refused."""
    text = given.strip()
    if len(text) > _LONGEST_DESCRIPTION:
        raise Refused(
            f"a description of {len(text):,} characters: at most {_LONGEST_DESCRIPTION:,}"
        )
    return text


def questions(given: Sequence[str]) -> tuple[str, ...]:
    """The suggested questions, each once. Raises Refused."""
    found = tuple(dict.fromkeys(text for each in given if (text := " ".join(each.split()))))
    if len(found) > _MOST_QUESTIONS or any(len(each) > _LONGEST_QUESTION for each in found):
        raise Refused(
            f"at most {_MOST_QUESTIONS} suggested questions of {_LONGEST_QUESTION} characters each"
        )
    return found


def expiry(wish: Wish, moment: datetime) -> datetime | None:
    """When the link ends; None for a snapshot that does not. Raises Refused."""
    if wish.days is None:
        if wish.kind == "live":
            raise Refused("a live demo ends", hint=f"Give it 1 to {MOST_DAYS} days.")
        return None
    if not 0 < wish.days <= MOST_DAYS:
        raise Refused(
            f"{wish.days:g} days: a link is open for more than 0 and at most {MOST_DAYS} days"
        )
    return moment + timedelta(days=wish.days)


def between(
    what: str, value: int | Decimal, least: int | Decimal, most: int | Decimal, unit: str
) -> None:
    """Raise Refused unless the value is within the bounds."""
    if not least <= value <= most:
        raise Refused(f"{what} is {least} to {most:,} {unit}, and this is {value}")
