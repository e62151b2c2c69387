"""Every check of a case, decided: at once, in a process that can be killed, or by a model."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from core.cases import Case, Check, Outcome, Verdict
from core.checks import bounded
from core.checks.plain import Subject, cites, contains, lacks, no_canary
from core.playground.inputs import sources_of
from core.playground.judging import Judge
from core.playground.races import schema_of
from core.prompts.template import PromptTemplate
from core.types import ModelInfo

_PLAIN = {"contains": contains, "lacks": lacks, "no_canary": no_canary, "cites": cites}
_LONGEST_ASKED = 4_000


async def decided(
    judge: Judge,
    user: str,
    call_id: str,
    model: ModelInfo | None,
    case: Case,
    template: PromptTemplate,
    outcome: Outcome,
) -> tuple[Verdict, ...]:
    """The verdict on each check of the case, in their order; `model` judges, booked under the id."""
    if outcome.state != "done":
        return tuple(Verdict(check, None, "there is no answer") for check in case.checks)
    subject = Subject(outcome.text, sources_of(template, case.inputs))
    found = await asyncio.to_thread(unjudged, case.checks, subject, schema_of(template))
    for check in case.checks:
        if check.kind == "judged":
            found[check] = await judge.verdict(
                user, call_id, model, check, asked_in(case), outcome.text
            )
    return tuple(found[check] for check in case.checks)


def unjudged(checks: Sequence[Check], subject: Subject, schema: str) -> dict[Check, Verdict]:
    """The verdict on each check that needs no model; `schema` is the prompt's own. It may wait for a
    process."""
    found = {each: _PLAIN[each.kind](each, subject) for each in checks if each.kind in _PLAIN}
    some = [each for each in checks if each.kind in bounded.BOUNDED]
    given = [replace(each, value=each.value or schema) for each in some]
    usable = [each for each in given if each.value]
    told = dict(zip(usable, bounded.judge(usable, subject.text), strict=True))
    for check, as_given in zip(some, given, strict=True):
        verdict = told.get(as_given)
        missing = Verdict(check, None, "the prompt has no JSON schema")
        found[check] = replace(verdict, check=check) if verdict else missing
    return found


def asked_in(case: Case) -> str:
    """What was asked, for a judge: the question, else every text among the inputs."""
    question = case.inputs.get("question")
    if isinstance(question, str) and question:
        return question
    texts = [f"{name}: {value}" for name, value in case.inputs.items() if isinstance(value, str)]
    return "\n".join(texts)[:_LONGEST_ASKED] or "(nothing)"
