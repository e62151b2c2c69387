"""What is asked again after a change: golden questions, cases of a prompt, attacks on it; and how it went."""

from typing import Any

from sqlalchemy import BigInteger, Column, Index, Table

from core.attacks import RangeRun
from core.cases import Check, Outcome, Verdict
from core.store.columns import Dollars, Json, Moment, Words
from core.store.tables.schema import belongs, filled, key, metadata
from core.types import Right

# It names its passages by their words and the hash of their file, so it outlives both rows of them.
golden_questions = Table(
    "golden_questions",
    metadata,
    key("user_id"),
    key("id"),
    filled("question", Words),
    filled("collection_id", Words),
    filled("right", Json(tuple[Right, ...])),
    filled("created_at", Moment),
)

golden_runs = Table(
    "golden_runs",
    metadata,
    key("user_id"),
    key("id"),
    filled("created_at", Moment),
    filled("seq", BigInteger),
    filled("space", Words),
    filled("scope", Words),
    Index("ix_golden_runs_recent", "user_id", "created_at", "id"),
)

golden_results = Table(
    "golden_results",
    metadata,
    key("user_id"),
    key("run_id"),
    key("golden_id"),
    filled("ranks", Json(tuple[int, ...])),
    belongs(("user_id", "run_id"), "golden_runs", "fk_golden_results_run"),
    belongs(("user_id", "golden_id"), "golden_questions", "fk_golden_results_golden"),
    Index("ix_golden_results_golden", "user_id", "golden_id"),
)

prompt_cases = Table(
    "prompt_cases",
    metadata,
    key("user_id"),
    key("id"),
    filled("prompt", Words),
    filled("name", Words),
    filled("inputs", Json(dict[str, Any])),
    filled("checks", Json(tuple[Check, ...])),
    filled("created_at", Moment),
    Index("ix_prompt_cases_name", "user_id", "prompt", "name", unique=True),
)

# Of an outcome the money is in columns of its own, so that no sum of it is ever a float.
prompt_results = Table(
    "prompt_results",
    metadata,
    key("user_id"),
    key("id"),
    filled("case_id", Words),
    filled("digest", Words),
    filled("prompt", Words),
    filled("version", Words),
    filled("template", Words),
    filled("model", Words),
    filled("judge", Words),
    filled("outcome", Json(Outcome)),
    filled("verdicts", Json(tuple[Verdict, ...])),
    Column("cost", Dollars),
    Column("judge_cost", Dollars),
    filled("created_at", Moment),
    belongs(("user_id", "case_id"), "prompt_cases"),
    Index("ix_prompt_results_case", "user_id", "case_id", "template", "model"),
)

# Runs of the injection range, each whole: it is read as one and has no other use.
range_runs = Table(
    "range_runs",
    metadata,
    key("user_id"),
    key("id"),
    filled("prompt", Words),
    filled("created_at", Moment),
    filled("run", Json(RangeRun)),
    Index("ix_range_runs_prompt", "user_id", "prompt", "created_at"),
)
