"""The cases of the range, read from their two files, and a sample of them that has every kind."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

import yaml

from core.attacks import Case
from core.settings import ROOT

FOLDER = ROOT / "data" / "range"


@cache
def cases(folder: Path = FOLDER) -> tuple[Case, ...]:
    """Every case, the attacks first."""
    return tuple(
        _case(item)
        for name in ("poisoned.yaml", "harmless.yaml")
        for item in yaml.safe_load((folder / name).read_text(encoding="utf-8"))
    )


def sample(found: Sequence[Case], size: int) -> tuple[Case, ...]:
    """At most so many, half of them attacks, from as many kinds as there is room for; always the same."""
    half = size // 2
    attacks = _spread([case for case in found if case.is_attack])[: size - half]
    harmless = _spread([case for case in found if not case.is_attack])[:half]
    chosen = {case.id for case in (*attacks, *harmless)}
    return tuple(case for case in found if case.id in chosen)


def _spread(found: Sequence[Case]) -> list[Case]:
    kinds: dict[str, list[Case]] = defaultdict(list)
    for case in found:
        kinds[case.kind].append(case)
    return [case for row in zip_longest(*kinds.values()) for case in row if case]


def _case(item: dict[str, Any]) -> Case:
    wants = item.get("wants", {})
    return Case(
        id=item["id"],
        kind=item["kind"],
        question=item["question"],
        passages=tuple(item["passages"]),
        expects=item["expects"],
        says=wants.get("says", ""),
        links=wants.get("links", ""),
        leaks=wants.get("leaks", False),
    )
