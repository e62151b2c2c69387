"""What is said of a prompt in a line: its labels, how often it was used, what that cost, how well it held."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from core.bootstrap import LABEL, PromptTemplate, PromptUse
from pages.ui import say, session
from pages.ui.markdown import label

_OWN = {
    "answer": "Chat: every answer without tools",
    "judge": "Playground: checks that a model judges",
}
"""What the app asks for by its name, where the file does not say it."""
_COLOURS = {LABEL: "green", "staging": "blue"}


def badges(labels: Mapping[str, int], version: int | None = None) -> str:
    """The labels as badges: those on one version, or all of them with the version they are on."""
    return " ".join(
        f":{_COLOURS.get(name, 'violet')}-badge[{label(name)}{'' if version else f' v{at}'}]"
        for name, at in sorted(labels.items(), key=lambda each: (each[0] != LABEL, each[0]))
        if version in (None, at)
    )


def where(template: PromptTemplate) -> str:
    """Where the app uses the prompt: as its file says, else as the app itself does; "" for nowhere."""
    chosen = "Chat, when it is chosen" if template.can_be_asked else ""
    return template.used_by or _OWN.get(template.name, chosen)


def use(used: PromptUse | None) -> list[str]:
    """How often, at what cost, and how many claims were borne out."""
    if not used:
        return ["not used yet"]
    times = "once" if used.turns == 1 else f"{used.turns:,} times"
    told = [f"used {times}", label(say.money(used.cost))]
    if used.claims:
        told.append(f"{used.supported} of {used.claims} claims supported")
    if used.last:
        told.append(f"last {say.when(used.last)}")
    return told


def total(uses: Iterable[PromptUse]) -> PromptUse | None:
    """All versions taken together; None when none was used."""
    found = list(uses)
    if not found:
        return None
    costs = [each.cost for each in found]
    moments: list[datetime] = [each.last for each in found if each.last]
    return PromptUse(
        turns=sum(each.turns for each in found),
        last=max(moments, default=None),
        cost=None if None in costs else sum((each for each in costs if each), Decimal(0)),
        claims=sum(each.claims for each in found),
        supported=sum(each.supported for each in found),
    )


def by(who: str) -> str:
    """Who it was, in words."""
    return "you" if who == session.user() else label(who or "somebody")
