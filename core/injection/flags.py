"""How many documents of the range the detector flags, the poisoned and the harmless ones."""

from collections.abc import Iterable

from core.attacks import Case, Rate
from core.prompts.detector import FLAG, suspicion


def flagged(case: Case) -> bool:
    """Whether a passage of the case reads like an instruction."""
    return any(suspicion(text) >= FLAG for text in case.passages)


def flags(found: Iterable[Case]) -> tuple[Rate, Rate]:
    """The attacks that are flagged, and the false alarms: harmless documents that are."""
    cases = list(found)
    attacks = [case for case in cases if case.is_attack]
    harmless = [case for case in cases if not case.is_attack]
    return (
        Rate(sum(map(flagged, attacks)), len(attacks)),
        Rate(sum(map(flagged, harmless)), len(harmless)),
    )
