"""What made the spending so as CSV, and the days that a drag over the chart means."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from statistics import median

from core.bootstrap import Sent, Spend
from pages.costs.ledger_table import plain
from pages.ui import say

_COLUMNS = (
    "name", "id", "cost_usd", "calls", "unpriced_calls", "estimated_calls", "tokens_in", "cached",
    "written_to_cache", "tokens_out", "reasoning",
)  # fmt: skip


def as_csv(found: Sequence[Spend]) -> str:
    """The sums as CSV; money as exact decimals, empty where no price is known."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(_COLUMNS)
    told = names(found)
    for each in found:
        writer.writerow(
            [
                plain(told[each.key]),
                plain(each.key),
                "" if each.cost is None else f"{each.cost:f}",
                each.calls,
                each.unpriced,
                each.estimated,
                each.input_tokens,
                each.cached_tokens,
                each.cache_write_tokens,
                each.output_tokens,
                each.reasoning_tokens,
            ]
        )
    return written.getvalue()


def names(found: Sequence[Spend]) -> dict[str, str]:
    """By key what each is called; of those that have one name the second has its number, and so on."""
    told: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for each in found:
        name = each.name or "none"
        seen[name] += 1
        told[each.key] = name if seen[name] == 1 else f"{name} · {seen[name]}"
    return told


def of_counts(sent: Sequence[Sent]) -> str:
    """How near what we had counted before sending came to what was reported; "" where nothing was."""
    off = [
        abs(each.budget.input_tokens / each.usage.input_tokens - 1)
        for each in sent
        if each.usage.input_tokens
    ]
    if not off:
        return ""
    most = f"Before sending, we had counted to within {say.share(max(off))} of what was reported"
    if len(off) == 1:
        return f"{most} for the newest answer."
    return (
        f"{most} for the newest {len(off)} answers of one call, half of them to within "
        f"{say.share(median(off))}."
    )


def days_of(edges: Sequence[str], first: date, last: date) -> tuple[date, date] | None:
    """The days whose middle lies between the edges, within the first and the last; None without one."""
    low, high = sorted(datetime.fromisoformat(str(edge)[:19].replace(" ", "T")) for edge in edges)
    noon = timedelta(hours=12)
    begin = max(first, (low + noon).date())
    end = min(last, (high - noon).date())
    return (begin, end) if begin <= end else None
