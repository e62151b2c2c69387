"""The forms of CSV in which vendors give out what was used and what it cost."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import Refused


@dataclass(frozen=True, slots=True)
class Form:
    """Which column says what; several columns of tokens are added up, "" is none. `vendor` is whose
    models the file is about, "" for all."""

    name: str
    vendor: str
    day: str
    model: str = ""
    amount: str = ""
    currency: str = ""
    sent: tuple[str, ...] = ()
    received: tuple[str, ...] = ()

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns without which a file is not of this form."""
        return tuple(each for each in (self.day, self.amount, *self.sent, *self.received) if each)


FORMS = (
    Form("OpenAI costs", "openai", "start_time", "line_item", "amount_value", "amount_currency"),
    Form(
        "OpenAI usage",
        "openai",
        "start_time",
        "model",
        sent=("input_tokens",),
        received=("output_tokens",),
    ),
    Form("Anthropic costs", "anthropic", "usage_date_utc", "model", "cost_usd"),
    Form(
        "Anthropic usage",
        "anthropic",
        "usage_date_utc",
        "model_version",
        sent=("usage_input_tokens_no_cache",),
        received=("usage_output_tokens",),
    ),
)
# In the Anthropic usage export beside those without the cache; older files lack some of them.
CACHE = (
    "usage_input_tokens_cache_write_5m",
    "usage_input_tokens_cache_write_1h",
    "usage_input_tokens_cache_read",
)
_DATED = re.compile(r"-(20\d{6}|20\d\d-\d\d-\d\d|latest)$")
_FILLING = re.compile(r"[^a-z0-9]+")


def form_of(header: Sequence[str]) -> Form:
    """The form of a file with this header. Refused when it is none of ours."""
    for form in FORMS:
        if all(name in header for name in form.needed):
            return form
    shown = ", ".join(header[:12]) or "none"
    raise Refused(
        f"the columns are those of no form that is known: {shown}",
        hint="Say below which column holds the day, the model and the amount.",
    )


def mapped(header: Sequence[str], columns: Mapping[str, str], vendor: str = "") -> Form:
    """The form that a person chose: `day`, `model`, `amount`, `sent` and `received` by their columns.
    Refused without a day, or without anything to compare."""
    chosen = {key: name for key, name in columns.items() if name}
    if missing := [name for name in chosen.values() if name not in header]:
        raise Refused(f"the file has no column {missing[0]!r}", hint="Choose one that it has.")
    if "day" not in chosen or not chosen.keys() & {"amount", "sent", "received"}:
        raise Refused(
            "a day, and an amount or tokens, are needed to compare anything",
            hint="Choose a column for each.",
        )
    return Form(
        "your columns",
        vendor,
        chosen["day"],
        chosen.get("model", ""),
        chosen.get("amount", ""),
        sent=(chosen["sent"],) if "sent" in chosen else (),
        received=(chosen["received"],) if "received" in chosen else (),
    )


def plain_name(model: str) -> str:
    """The name of a model as bills and refs share it: without vendor, date, case and filling; what
    follows a comma is what of it was charged."""
    name = model.partition(",")[0].strip().lower()
    name = name.rpartition(":")[2] if ":" in name and " " not in name else name
    name = name.rpartition("/")[2]
    name = _DATED.sub("", re.sub(r"[\s_]+", "-", name))
    return _FILLING.sub("-", name).strip("-")
