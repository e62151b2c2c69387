"""What the number format of a cell adds to its value: a percent sign, a currency, a unit, thousands left out."""

import re
from functools import lru_cache
from typing import Any, NamedTuple

_CURRENCY = re.compile(r"\[\$([^\]-]*)[^\]]*\]")
_LEFT_OUT = re.compile(r"\[[^\]]*\]|_.|\*.")  # colours and conditions, gaps and fillings
_LITERAL = re.compile(r'"([^"]*)"|\\(.)')
_DIGITS = re.compile(r"[0#?](?:[0#?.,/ ]*[0#?])?(,*)")
_SAYS_SOMETHING = re.compile(r"[^\W\d_]|[$€£¥₹₽₩₺₴₪฿₫₱₦₡°‰]")
_BARE = re.compile(r"[$€£¥₹₽₩₺₴₪฿₫₱₦₡°‰]")
_LONGEST = 200
# The built-in currencies are not here: which one they show is up to the machine.
_BUILT_IN = {9: "0%", 10: "0.00%"}


class Form(NamedTuple):
    """What stands before and behind the number, which is multiplied first."""

    before: str
    after: str
    factor: float


PLAIN = Form("", "", 1)


def forms(book: Any) -> dict[int, Form]:
    """The forms of a workbook's cell styles by their numbers; of those that add nothing none."""
    found = {}
    for number, style in enumerate(book._cell_styles):
        place = style.numFmtId - 164  # where the formats of a file itself begin
        own = book._number_formats[place] if 0 <= place < len(book._number_formats) else ""
        added = form(own or _BUILT_IN.get(style.numFmtId, ""))
        if added != PLAIN:
            found[number] = added
    return found


@lru_cache(maxsize=1_000)
def form(code: str) -> Form:
    """What this format code adds."""
    code = code[:_LONGEST].split(";")[0]
    bare = _LEFT_OUT.sub("", _CURRENCY.sub(lambda found: f'"{found[1]}"', code))
    signs = _LITERAL.sub(lambda found: " " * len(found[0]), bare)
    digits = _DIGITS.search(signs)
    if digits is None:
        return PLAIN
    factor = 100.0 if "%" in signs else 1.0
    factor /= 1000.0 ** len(digits[1])
    before, after = _said(bare[: digits.start()]), _said(bare[digits.end() :])
    unit = f" {after}" if after[:1].isalpha() else after
    return Form(before, f"{unit}{'%' if '%' in signs else ''}", factor)


def _said(part: str) -> str:
    literal = "".join(found[1] or found[2] or "" for found in _LITERAL.finditer(part))
    literal += "".join(_BARE.findall(_LITERAL.sub("", part)))
    return literal if _SAYS_SOMETHING.search(literal) else ""
