"""A bill as it lies in a CSV file: its lines, or why they cannot be read."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from itertools import islice

from core.bills.forms import CACHE, Form, form_of, mapped, plain_name
from core.errors import Refused

MOST_BYTES = 20_000_000
_MOST_LINES = 500_000
_MOST_DOLLARS = Decimal(10_000_000)
_MOST_TOKENS = 10**15
_MOST_COLUMNS = 500
_SEPARATORS = ",;\t|"
_FIRST, _LAST = date(2000, 1, 1), date(2099, 12, 31)


@dataclass(frozen=True, slots=True)
class BillLine:
    """What a vendor says of one UTC day and one model ("" where it names none): US dollars, tokens sent
    and received, None for what it does not say. `slack` is how far its rounding may be off."""

    day: date
    model: str
    amount: Decimal | None
    sent: int | None
    received: int | None
    slack: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Bill:
    """A file that was read: its form, its lines, and how many rows held nothing."""

    form: Form
    lines: tuple[BillLine, ...]
    empty: int


def header_of(data: bytes) -> list[str]:
    """The names of the columns. Refused when it is no CSV."""
    return _table(data)[0]


def read(data: bytes, columns: Mapping[str, str] | None = None, vendor: str = "") -> Bill:
    """The bill in one of the known forms, or by the `columns` that a person chose. Refused, with the row
    and the reason, when it cannot be read without guessing."""
    header, rows, separator = _table(data)
    form = mapped(header, columns, vendor) if columns else form_of(header)
    lines: list[BillLine] = []
    empty = 0
    for number, cells in enumerate(rows, 2):
        if number > _MOST_LINES:
            raise Refused(
                f"more than {_MOST_LINES:,} rows", hint="Export fewer days, or by day, not minute."
            )
        row = dict(zip(header, cells, strict=False))
        try:
            line = _line(form, row, comma=separator != ",")
        except ValueError as error:
            raise Refused(
                f"row {number}: {error}", hint="Correct the row, or export the file anew."
            ) from error
        if line is None:
            empty += 1
        else:
            lines.append(line)
    if not lines:
        raise Refused("the file has no row with an amount or tokens", hint="Export other days.")
    return Bill(form, tuple(lines), empty)


def _table(data: bytes) -> tuple[list[str], Iterator[list[str]], str]:
    text = _text(data)
    first = text.lstrip("\r\n").partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        header = [cell.strip() for cell in next((row for row in rows if any(row)), [])]
    except csv.Error as error:
        raise Refused(f"this is no CSV: {error}", hint="Export the file anew.") from error
    while header and not header[-1]:
        header.pop()  # a spreadsheet writes them
    if len(header) < 2 or len(header) > _MOST_COLUMNS or len(set(header)) < len(header):
        raise Refused(
            "the first row must name the columns, each once",
            hint="Open the file: is it the CSV that the vendor gave out?",
        )
    return header, _safely(rows), separator


def _safely(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    try:
        yield from islice((row for row in rows if any(cell.strip() for cell in row)), _MOST_LINES)
    except csv.Error as error:
        raise Refused(f"this is no CSV: {error}", hint="Export the file anew.") from error


def _text(data: bytes) -> str:
    if len(data) > MOST_BYTES:
        raise Refused(
            f"{len(data) / 1e6:,.0f} MB: at most {MOST_BYTES / 1e6:.0f} MB can be compared",
            hint="Export fewer days, or by day instead of by minute.",
        )
    if not data.strip():
        raise Refused("the file is empty", hint="Export it anew.")
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF")):
        raise Refused("this is no CSV but another kind of file", hint="Save it as CSV.")
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Refused(
            f"the file is not in {encoding.removesuffix('-sig').upper()}, from byte {error.start:,} on",
            hint="Save it as UTF-8.",
        ) from error
    if "\0" in text:
        raise Refused("the file holds what is no text", hint="Save it as CSV in UTF-8.")
    return text


def _line(form: Form, row: Mapping[str, str], *, comma: bool) -> BillLine | None:
    amount, slack = _amount(row.get(form.amount, ""), comma=comma) if form.amount else (None, _NONE)
    cached = CACHE if form.name == "Anthropic usage" else ()
    sent, received = _tokens(row, (*form.sent, *cached)), _tokens(row, form.received)
    if amount is None and sent is None and received is None:
        return None
    currency = row.get(form.currency, "").strip().lower() if form.currency else ""
    if currency not in ("", "usd"):
        raise ValueError(
            f"the amount is in {currency.upper()[:9]}, and the ledger is in US dollars"
        )
    model = plain_name(row.get(form.model, "")) if form.model else ""
    return BillLine(_day(row.get(form.day, "")), model, amount, sent, received, slack)


_NONE = Decimal(0)


def _amount(cell: str, *, comma: bool) -> tuple[Decimal | None, Decimal]:
    """The amount, and half of its last digit: a sum in whole cents was rounded."""
    text = cell.strip().removeprefix("$").strip()
    if not text:
        return None, _NONE
    if comma and "," in text and "." not in text:
        text = text.replace(",", ".")
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{cell[:30]!r} is no amount") from None
    if not amount.is_finite() or abs(amount) > _MOST_DOLLARS:
        raise ValueError(f"{cell[:30]!r} is no amount that one model can cost on one day")
    if amount < 0:
        raise ValueError(f"{cell[:30]!r} is below zero: leave credits and refunds out")
    exponent = amount.as_tuple().exponent
    assert isinstance(exponent, int)
    return amount, Decimal(5).scaleb(min(0, exponent) - 1)


def _tokens(row: Mapping[str, str], columns: Sequence[str]) -> int | None:
    cells = [row.get(name, "").strip() for name in columns]
    if not any(cells):
        return None
    return sum(_whole(cell) for cell in cells if cell)


def _whole(cell: str) -> int:
    try:
        number = Decimal(cell)
    except InvalidOperation:
        raise ValueError(f"{cell[:30]!r} is no number of tokens") from None
    if not number.is_finite() or number != number.to_integral_value() or number < 0:
        raise ValueError(f"{cell[:30]!r} is no number of tokens")
    if number > _MOST_TOKENS:
        raise ValueError(f"{cell[:30]!r} tokens are more than a day can hold")
    return int(number)


def _day(cell: str) -> date:
    """The UTC day of seconds since 1970, of a date, or of a moment; one without a zone is in UTC."""
    text = cell.strip()
    try:
        if text.replace(".", "", 1).isdigit() and len(text.partition(".")[0]) >= 9:
            moment = datetime.fromtimestamp(float(text), UTC)
        else:
            moment = datetime.fromisoformat(text)
        day = moment.astimezone(UTC).date() if moment.tzinfo else moment.date()
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{cell[:30]!r} is no day: write it as 2026-11-24") from None
    if not _FIRST <= day <= _LAST:
        raise ValueError(f"{cell[:30]!r} is no day of a bill: write it as 2026-11-24")
    return day
