"""A window in which messages were rewritten: sent, counted and refused like any other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from core.errors import Misuse
from core.tokens.budget import within
from core.types import Budget, Item, Message, Region, Slice, Text, message
from core.windows.context import Context


def can_be_rewritten(was: Message) -> bool:
    """Whether it is text alone."""
    return all(isinstance(part, Text) for part in was.parts)


def rewritten(context: Context, texts: Mapping[int, str], count: Callable[[str], int]) -> Context:
    """The window with these texts instead, by the place of their message, each counted where the old one
    was. Misuse when there is no text at a place, Refused when the window is too small for the new ones."""
    messages, budget = list(context.messages), context.budget
    for place, text in texts.items():
        if place not in range(len(messages)) or not can_be_rewritten(messages[place]):
            raise Misuse(
                f"the window of this run has no text at place {place}",
                hint=f"Its messages are numbered from 0 to {len(messages) - 1}.",
            )
        was, messages[place] = messages[place], message(messages[place].role, text)
        more = count(text) - count(was.text)
        budget = _counted(budget, was.text, _regions(was, place == len(messages) - 1), text, more)
    return replace(context, messages=tuple(messages), budget=within(budget))


def _regions(was: Message, is_last: bool) -> Sequence[Region]:
    """Where a message is counted: by its role, and passages may stand in it."""
    if was.role == "system":
        return "system", "sources"
    return ("prompt", "sources") if is_last else ("history", "summary")


def _counted(budget: Budget, was: str, regions: Sequence[Region], text: str, tokens: int) -> Budget:
    """With so many tokens more for this message; fewer are taken from one item after the other."""
    slices = {part.region: part for part in budget.slices}
    for region in regions:
        if tokens and (part := slices.get(region)):
            slices[region], tokens = _grown(part, was, text, tokens)
    return replace(budget, slices=tuple(slices.values()))


def _grown(part: Slice, was: str, text: str, tokens: int) -> tuple[Slice, int]:
    """The region with them, and how many of them are left over."""
    items, left = list(part.items), tokens
    there = [place for place, item in enumerate(items) if item.kept]
    for place in sorted(there, key=lambda place: items[place].text != was):
        taken = max(left, -items[place].tokens)
        items[place] = _changed(items[place], was, text, taken)
        left -= taken
    return replace(part, items=tuple(items), tokens=part.tokens + tokens - left), left


def _changed(item: Item, was: str, text: str, tokens: int) -> Item:
    said = text if item.text == was else item.text
    return replace(item, text=said, tokens=item.tokens + tokens)
