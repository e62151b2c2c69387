"""Which partials a template names, read without compiling it."""

import re

NAMED = 200
"""Partials that one template may need, those of its partials too."""
_NAMES = re.compile(
    r"\{%[-+]?\s{0,9}(?:include|import|from)\s{1,9}(?:\"([a-z0-9_-]{1,64})\"|'([a-z0-9_-]{1,64})')"
)


def used(source: str) -> set[str]:
    """The names in its include, import and from tags. A name that is written in any other way is not
    found here, and is then refused by the worker."""
    return {double or single for double, single in _NAMES.findall(source)}
