"""What a vendor itself counts for a window, where it says so for nothing: asked once, never waited for long."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

from core.errors import FootlightsError
from core.llm.provider import Counts
from core.types import ModelRequest

_SECONDS = 2.0
"""So much an answer may begin later for a count; it is an estimate then."""
_QUIET_SECONDS = 60.0
"""After a vendor did not count it is left alone for so long, so that not every answer waits in vain."""
_KEPT = 256


class VendorCounts:
    """Asks the providers that can count, by the name of a model's ref."""

    def __init__(
        self,
        providers: Mapping[str, object],
        *,
        seconds: float = _SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._providers = providers
        self._seconds = seconds
        self._clock = clock
        self._known: OrderedDict[tuple[str, int], int] = OrderedDict()
        self._quiet: dict[str, float] = {}

    def asks(self, ref: str) -> bool:
        """Whether there is anybody to ask."""
        return isinstance(self._providers.get(ref.partition(":")[0]), Counts)

    async def of(self, ref: str, request: ModelRequest) -> int | None:
        """The vendor's own count of the request; None when it says none, in good time or ever."""
        name = ref.partition(":")[0]
        provider = self._providers.get(name)
        if not isinstance(provider, Counts):
            return None
        # Of 64 bits and keyed by the process: nobody can make two requests that share one.
        key = (ref, hash((request.messages, repr(request.tools), repr(request.output))))
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        if self._clock() < self._quiet.get(name, 0.0):
            return None
        try:
            found = await provider.count_tokens(request, self._seconds)
        except FootlightsError:
            self._quiet[name] = self._clock() + _QUIET_SECONDS
            return None
        self._known[key] = found
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return found
