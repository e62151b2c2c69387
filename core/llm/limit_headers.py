"""What a vendor's response says of its rate limits, as far as it can be true."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

LimitName = Literal["requests", "tokens", "input", "output", "own_requests", "own_tokens"]
"""What is counted; `own_` are the limits that the user has set, whatever the vendor allows."""

_MOST = 10**9
_DAY = 86_400.0
_NAMES: tuple[tuple[LimitName, str], ...] = (
    ("requests", "x-ratelimit-{}-requests"),
    ("tokens", "x-ratelimit-{}-tokens"),
    ("requests", "anthropic-ratelimit-requests-{}"),
    ("tokens", "anthropic-ratelimit-tokens-{}"),
    ("input", "anthropic-ratelimit-input-tokens-{}"),
    ("output", "anthropic-ratelimit-output-tokens-{}"),
)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": _DAY}
_STEP = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h|d)", re.ASCII)
_DURATION = re.compile(rf"(?:{_STEP.pattern}){{1,5}}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class SeenLimit:
    """One limit in a response: what it allows, what is left, and in how many seconds it is whole
    again; None where the response does not say, or says what cannot be."""

    name: LimitName
    limit: float | None
    left: float | None
    reset: float | None


def seen_limits(headers: Mapping[str, str], now: datetime) -> list[SeenLimit]:
    """The limits that the response tells of, OpenAI's and Anthropic's names alike."""
    found = (
        SeenLimit(
            name,
            _allowed(headers.get(header.format("limit"))),
            _number(headers.get(header.format("remaining"))),
            _reset(headers.get(header.format("reset"), ""), now),
        )
        for name, header in _NAMES
    )
    return [seen for seen in found if seen.limit is not None or seen.left is not None]


def _reset(text: str, now: datetime) -> float | None:
    """Seconds by a duration ("6m0s", "120ms", "1.5") or an RFC 3339 moment, at most a day."""
    text = text.strip()
    if _DURATION.fullmatch(text):
        seconds = sum(float(number) * _UNITS[unit] for number, unit in _STEP.findall(text))
    elif (plain := _number(text)) is not None:
        seconds = plain
    elif (moment := _moment(text)) is not None:
        seconds = max(0.0, (moment - now).total_seconds())
    else:
        return None
    return seconds if seconds <= _DAY else None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _allowed(text: str | None) -> float | None:
    # A limit below one lets nothing through, and then no response could correct it.
    number = _number(text)
    return number if number is not None and number >= 1 else None


def _number(text: str | None) -> float | None:
    if text is None or not _NUMBER.fullmatch(text.strip()):
        return None
    number = float(text)
    return number if number <= _MOST else None
