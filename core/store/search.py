"""Text as it is searched: the same folding for what is stored and for what is looked for."""

import unicodedata

from sqlalchemy import Column, ColumnElement

_LONGEST = 1_000


def folded(*texts: str) -> str:
    """The texts without the differences of case and width that nobody means; no database folds all of Unicode."""
    return unicodedata.normalize("NFKC", "\n".join(texts)).casefold()


def contains(column: Column[str], query: str) -> ColumnElement[bool]:
    """Whether the folded column contains the query as it stands: % and _ mean themselves."""
    return column.contains(folded(query.strip())[:_LONGEST], autoescape=True)
