"""Test cases of a prompt: what it is given, what is expected of the answer, and what came of it."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, get_args

from pydantic import TypeAdapter

from core.errors import Refused
from core.types import Usage

CheckKind = Literal["contains", "lacks", "matches", "json_schema", "no_canary", "cites", "judged"]
KINDS: tuple[CheckKind, ...] = get_args(CheckKind)
OutcomeState = Literal["done", "failed", "stopped"]
Change = Literal["better", "same", "worse", "new", "unanswered"]

MOST_CASES = 200
MOST_CHECKS = 20
MOST_INPUT = 400_000
"""Characters of a case's inputs as JSON."""
_LONGEST_NAME = 120
_LONGEST: dict[CheckKind, int] = {"matches": 1_000, "json_schema": 20_000}
_LONGEST_WORDS = 4_000


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is expected of an answer. `value` is the text, the regular expression, the JSON
    schema ("" for that of the prompt), the canary, the number or name of a passage, or the rubric."""

    kind: CheckKind
    value: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a check holds, and why; `passed` is None where it could not be decided."""

    check: Check
    passed: bool | None
    reason: str


@dataclass(frozen=True, slots=True)
class Case:
    """Inputs of a prompt that are kept: a value for each variable, passages as they were found, and
    what is expected of the answer."""

    id: str
    prompt: str
    name: str
    inputs: dict[str, Any]
    checks: tuple[Check, ...]
    created_at: datetime

    @property
    def digest(self) -> str:
        """The same for cases that ask and expect the same, whatever they are called."""
        content = _CONTENT.dump_python((self.inputs, self.checks), mode="json")
        written = json.dumps(content, sort_keys=True).encode()
        return hashlib.sha256(written).hexdigest()[:32]

    @property
    def is_judged(self) -> bool:
        """Whether a model must be asked to judge the answer."""
        return any(check.kind == "judged" for check in self.checks)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one call: the answer, the tokens and the cost of all its attempts (US dollars, None
    when a price is unknown), and how long it took; `error` has `code`, `message` and `hint`."""

    state: OutcomeState
    text: str = ""
    usage: Usage | None = None
    cost: Decimal | None = Decimal(0)
    first_token_seconds: float | None = None
    seconds: float = 0.0
    stop_reason: str = ""
    error: dict[str, str] | None = None
    schema: Verdict | None = None
    """Whether the answer is the JSON that was asked for; None where none was."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What a case came to with one version (`prompt@version`, its text by `template`) and one model;
    `judge` is the model that judged it, "" for none, and `judge_cost` what that cost besides."""

    id: str
    case_id: str
    digest: str
    prompt: str
    version: str
    template: str
    model: str
    judge: str
    outcome: Outcome
    verdicts: tuple[Verdict, ...]
    judge_cost: Decimal | None
    created_at: datetime

    @property
    def cost(self) -> Decimal | None:
        """What answer and judgement cost together; None when either price is unknown."""
        if self.outcome.cost is None or self.judge_cost is None:
            return None
        return self.outcome.cost + self.judge_cost

    @property
    def passed(self) -> bool | None:
        """Whether every check holds; None when one could not be decided, or there is none."""
        held = [verdict.passed for verdict in self.verdicts]
        if False in held:
            return False
        return None if None in held or not held else True


@dataclass(frozen=True, slots=True)
class Compared:
    """A case with its newest result, and that of the version it is compared with."""

    case: Case
    result: CaseResult | None = None
    baseline: CaseResult | None = None

    @property
    def change(self) -> Change | None:
        """How the result stands against the baseline: `worse` when a check fails that held before,
        whatever else got better; None when there is no result yet."""
        if self.result is None:
            return None
        if self.result.outcome.state != "done":
            return "unanswered"
        if self.baseline is None or self.baseline.outcome.state != "done":
            return "new"
        pairs = list(zip(self.result.verdicts, self.baseline.verdicts, strict=True))
        if any(now.passed is False and was.passed for now, was in pairs):
            return "worse"
        if any(now.passed and was.passed is False for now, was in pairs):
            return "better"
        return "same"


@dataclass(frozen=True, slots=True)
class Totals:
    """What several results come to; `cost` is None when one of them has no known price."""

    results: int = 0
    passed: int = 0
    checks: int = 0
    held: int = 0
    tokens: int = 0
    cost: Decimal | None = Decimal(0)
    seconds: float = 0.0


def totals(results: "list[CaseResult]") -> Totals:
    """The sums over these results."""
    costs = [each.cost for each in results]
    verdicts = [verdict for each in results for verdict in each.verdicts]
    usages = [each.outcome.usage for each in results if each.outcome.usage]
    return Totals(
        results=len(results),
        passed=sum(each.passed is True for each in results),
        checks=len(verdicts),
        held=sum(verdict.passed is True for verdict in verdicts),
        tokens=sum(usage.input_tokens + usage.output_tokens for usage in usages),
        cost=None if None in costs else sum((cost for cost in costs if cost), Decimal(0)),
        seconds=sum(each.outcome.seconds for each in results),
    )


# --- what is taken in -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case as it travels: without ids and moments, so that a file changes only with its content."""

    name: str
    inputs: dict[str, Any] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()


_CONTENT: TypeAdapter[Any] = TypeAdapter(tuple[dict[str, Any], tuple[Check, ...]])
_INPUTS: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


def checked(line: CaseLine) -> CaseLine:
    """The same with its name trimmed. Refused for what is no case; that patterns and schemas can be
    used is seen elsewhere."""
    name = " ".join(line.name.split())
    if not 0 < len(name) <= _LONGEST_NAME:
        raise Refused(
            f"the name of a case has 1 to {_LONGEST_NAME} characters, and this has {len(name)}",
            hint="Give it a short name: what is special about these inputs.",
        )
    if len(line.checks) > MOST_CHECKS:
        raise Refused(f"a case has at most {MOST_CHECKS} checks, and this has {len(line.checks)}")
    if (size := len(_INPUTS.dump_json(line.inputs))) > MOST_INPUT:
        raise Refused(
            f"the inputs are {size:,} bytes: at most {MOST_INPUT:,} are kept",
            hint="Take shorter values or fewer passages.",
        )
    for check in line.checks:
        _check(check)
    return CaseLine(name, line.inputs, line.checks)


def _check(check: Check) -> None:
    most = _LONGEST.get(check.kind, _LONGEST_WORDS)
    if len(check.value) > most:
        raise Refused(
            f"the value of “{check.kind}” has {len(check.value):,} characters: at most {most:,}"
        )
    if not check.value.strip() and check.kind != "json_schema":
        raise Refused(
            f"the check “{check.kind}” says nothing",
            hint="Fill in its value, or remove the check.",
        )
    if check.kind == "no_canary" and sum(map(str.isalnum, check.value)) < 6:
        raise Refused(
            f"{check.value!r} is too short for a canary: it would be found by chance",
            hint="Take a word of at least six letters or digits that nobody would write.",
        )
