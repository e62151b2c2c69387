"""One attempt of a call: what was asked, what was heard, and what it came to."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import FootlightsError, Misuse, ProviderError
from core.events import ModelDone, ModelEvent, ReasoningDelta, TextDelta
from core.llm import names
from core.types import ModelRequest, Usage

Count = Callable[[str], int]


@dataclass(slots=True)
class Attempt:
    """Listens to one stream and knows at every moment what it would cost to leave it now."""

    ref: str
    request: ModelRequest
    number: int
    input_tokens: int
    count: Count
    clock: Callable[[], float]
    began: float = field(init=False)
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    first_token_seconds: float | None = None
    done: ModelDone | None = None
    failure: FootlightsError | None = None

    def __post_init__(self) -> None:
        self.began = self.clock()

    def hear(self, event: ModelEvent) -> ModelEvent:
        """The event as it goes on: an ending without usage is given an estimate."""
        if isinstance(event, ModelDone):
            self.done = event if event.usage else replace(event, usage=self.estimate())
            return self.done
        if isinstance(event, TextDelta | ReasoningDelta):
            if self.first_token_seconds is None:
                self.first_token_seconds = self.clock() - self.began
            (self.text if isinstance(event, TextDelta) else self.reasoning).append(event.text)
        return event

    def estimate(self) -> Usage:
        """What the vendor will bill for what was heard, as far as we can tell."""
        heard = self.count("".join((*self.reasoning, *self.text)))
        # A delta is at least one token, whatever our count makes of its characters.
        deltas = len(self.text) + len(self.reasoning)
        output = min(max(heard, deltas), max(self.request.max_tokens, 0))
        return Usage(self.input_tokens, output, source="estimated")

    def spent(self) -> Usage | None:
        """What is to be booked; None when nothing can have been billed."""
        if self.done is not None:
            return self.done.usage
        refused = isinstance(self.failure, Misuse) or (
            isinstance(self.failure, ProviderError) and not self.failure.billable
        )
        return None if refused and not (self.text or self.reasoning) else self.estimate()

    def asked(self) -> dict[str, Any]:
        """The attributes of the span that are known before the answer."""
        messages = [{"role": item.role, "content": item.text} for item in self.request.messages]
        return {
            names.PROVIDER: self.ref.partition(":")[0],
            names.REQUEST_MODEL: self.request.model,
            names.MAX_TOKENS: self.request.max_tokens,
            names.MESSAGES: len(messages),
            names.ATTEMPT: self.number,
            names.REQUEST: messages,
        }

    def heard(self) -> dict[str, Any]:
        """The attributes of the span that are known after it."""
        found: dict[str, Any] = {names.RESPONSE: "".join(self.text)}
        if self.reasoning:
            found[names.REASONING] = "".join(self.reasoning)
        if self.first_token_seconds is not None:
            found[names.FIRST_TOKEN_SECONDS] = round(self.first_token_seconds, 4)
        if self.failure is not None:
            found[names.ERROR] = self.failure.code
        if self.done is not None:
            found[names.FINISH_REASONS] = [self.done.finish]
            found[names.RESPONSE_MODEL] = self.done.model
        if (usage := self.spent()) is not None:
            found[names.INPUT_TOKENS] = usage.input_tokens
            found[names.OUTPUT_TOKENS] = usage.output_tokens
            found[names.CACHED_TOKENS] = usage.cached_tokens
            found[names.USAGE_SOURCE] = usage.source
        return found
