"""The cases of prompts with their results: kept, compared with the labelled version, taken along."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean
from typing import Any

from core import case_lines
from core.cases import MOST_CASES, Case, CaseLine, CaseResult, Check, Compared, checked
from core.checks import bounded
from core.errors import NotFound, Refused
from core.prompts.layers import USUAL
from core.prompts.library import PromptLibrary
from core.prompts.template import PromptTemplate, Variable
from core.store.columns import now
from core.store.ids import new_id
from core.store.prompt_cases import PromptCases


@dataclass(frozen=True, slots=True)
class Pair:
    """What is run and what it is compared with: a version or a draft, and the labelled version (None
    when they are the same text), both with one model; `judge` is the model that judges, "" for none."""

    template: PromptTemplate
    model: str
    judge: str = ""
    labelled: PromptTemplate | None = None


class Book:
    """The test cases of a user's prompts, and what they came to."""

    def __init__(self, rows: PromptCases, prompts: PromptLibrary) -> None:
        self._rows = rows
        self._prompts = prompts

    # --- cases --------------------------------------------------------------------------------

    def cases(self, user: str, prompt: str) -> list[Case]:
        """The cases of a prompt by name."""
        return self._rows.list(user, prompt)

    def keep(
        self,
        user: str,
        prompt: str,
        name: str,
        inputs: Mapping[str, Any],
        checks: Sequence[Check],
        case_id: str = "",
    ) -> Case:
        """Keep the inputs as a case, or as what the case of this id is from now on.

        Refused for checks that could never be made, Conflict when the name is taken.
        """
        line = checked(CaseLine(name, dict(inputs), tuple(checks)))
        bounded.prove(line.checks)
        if case_id:
            before = self._rows.get(user, case_id)
            case = Case(case_id, prompt, line.name, line.inputs, line.checks, before.created_at)
            self._rows.change(user, case)
            return case
        self._room(user, prompt, 1)
        case = Case(new_id(), prompt, line.name, line.inputs, line.checks, now())
        self._rows.add(user, [case])
        return case

    def delete(self, user: str, case_id: str) -> None:
        """Delete a case with its results. Raises NotFound."""
        self._rows.delete(user, case_id)

    def export(self, user: str, prompt: str) -> str:
        """Every case of the prompt as a line of JSON."""
        return case_lines.dump(
            CaseLine(case.name, case.inputs, case.checks) for case in self.cases(user, prompt)
        )

    def load(self, user: str, prompt: str, text: str) -> int:
        """Take in what `export` wrote, all or nothing; how many were new. A case that is there already
        with the same content stays; Refused where the same name has another."""
        there = {case.name: case.digest for case in self.cases(user, prompt)}
        new: list[Case] = []
        for line in case_lines.load(text):
            case = Case(new_id(), prompt, line.name, line.inputs, line.checks, now())
            if there.get(case.name) == case.digest:
                continue
            if case.name in there:
                raise Refused(
                    f"there is a case named {case.name!r} with other content",
                    hint="Delete or rename one of the two. Nothing was taken in.",
                )
            there[case.name] = case.digest
            new.append(case)
        self._room(user, prompt, len(new))
        bounded.prove([check for case in new for check in case.checks])
        self._rows.add(user, new)
        return len(new)

    def _room(self, user: str, prompt: str, more: int) -> None:
        if (would_be := len(self.cases(user, prompt)) + more) > MOST_CASES:
            raise Refused(
                f"a prompt has at most {MOST_CASES} cases: these would be {would_be}",
                hint="Delete some first.",
            )

    # --- results ------------------------------------------------------------------------------

    def pair(self, template: PromptTemplate, model: str, judge: str = "") -> Pair:
        """The version with the one it is compared with: the labelled one, if its text is another."""
        try:
            labelled = self._prompts.get(template.name)
        except (NotFound, Refused):
            return Pair(template, model, judge)  # nothing is labelled, or it cannot be read
        same = self.digest(labelled) == self.digest(template)
        return Pair(template, model, judge, None if same else labelled)

    def note(self, user: str, result: CaseResult) -> None:
        """Keep a result."""
        self._rows.note(user, result)

    def compare(self, user: str, pair: Pair) -> list[Compared]:
        """Each case with its newest result for this text and model, and that of the labelled version;
        results of other inputs, other checks or another judge do not count."""
        results = self._rows.results(user, pair.template.name)
        old = self.digest(pair.labelled) if pair.labelled else None
        digest = self.digest(pair.template)
        return [
            Compared(
                case,
                _newest(results, case, digest, pair),
                _newest(results, case, old, pair, answered=True) if old else None,
            )
            for case in self.cases(user, pair.template.name)
        ]

    def usual(self, user: str, pair: Pair, otherwise: int) -> int:
        """The tokens that this model's answers to this prompt have had on average."""
        found = [
            each.outcome.usage.output_tokens
            for each in self._rows.results(user, pair.template.name)
            if each.model == pair.model and each.outcome.usage and each.outcome.state == "done"
        ]
        return round(mean(found)) if found else otherwise

    @staticmethod
    def version(template: PromptTemplate) -> str:
        """`name@version`, and `name@draft` for what is not saved."""
        return template.ref if template.version else f"{template.name}@draft"

    @staticmethod
    def digest(template: PromptTemplate) -> str:
        """The same for texts that send the same: neither number nor message of a version count."""
        said = (
            template.source,
            _declared(template),
            template.model,
            json.dumps(template.output, sort_keys=True) if template.output else "",
            sorted((each.name, each.source, _declared(each)) for each in template.partials),
            *([template.layers] if template.layers != USUAL else []),
        )
        return hashlib.sha256(repr(said).encode("utf-8", "replace")).hexdigest()[:32]


def _declared(template: PromptTemplate) -> list[Variable]:
    """The variables, wherever in the file they are declared."""
    return [replace(each, line=0) for each in template.variables]


def _newest(
    results: Sequence[CaseResult],
    case: Case,
    template: str,
    pair: Pair,
    *,
    answered: bool = False,
) -> CaseResult | None:
    judge = pair.judge if case.is_judged else ""
    wanted = (case.id, case.digest, template, pair.model, judge)
    return next(
        (
            each
            for each in results
            if (each.case_id, each.digest, each.template, each.model, each.judge) == wanted
            and (each.outcome.state == "done" or not answered)
        ),
        None,
    )
