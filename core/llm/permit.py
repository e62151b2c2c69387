"""Leave for one call, and what of it is given back when it is known what the call took."""

from collections.abc import Callable

from core.llm.buckets import Wants, wants_of


class Permit:
    """Leave for one call, which took what it wanted from the buckets that were known then."""

    __slots__ = ("_give", "_taken")

    def __init__(self, taken: Wants, give: Callable[[Wants], None]) -> None:
        self._taken, self._give = taken, give

    def settle(self, tokens: float, *, output: float = 0.0) -> None:
        """Give back what was reserved too much, or take what was too little; the first time only."""
        self._end({**self._taken, **_tokens_of(max(tokens, 0.0), max(output, 0.0))})

    def cancel(self) -> None:
        """Give everything back: nothing was sent."""
        self._end({})

    def _end(self, used: Wants) -> None:
        taken, self._taken = self._taken, {}
        self._give({name: amount - used.get(name, 0.0) for name, amount in taken.items()})


def _tokens_of(tokens: float, output: float) -> Wants:
    wants = wants_of(tokens, output)
    return {name: amount for name, amount in wants.items() if not name.endswith("requests")}
