"""How a turn ends, in words: finished, stopped, cut, declined, failed."""

from dataclasses import replace
from decimal import Decimal
from typing import assert_never

from core.errors import FootlightsError
from core.events import Ending, StopReason, TurnDone, TurnFailed
from core.turns.live import LiveTurn
from core.types import Calls

NOT_SAVED = TurnFailed(
    "not_saved", "the answer could not be saved", "Check the disk and the log, then ask again."
)
INTERNAL = TurnFailed(
    "internal",
    "the app failed while it was answering",
    "Ask again; the log of the app has the details.",
)

NOT_FOUND = "not in your documents: no model was asked"


def done(live: LiveTurn, reason: StopReason, words: str) -> TurnDone:
    """The ending of a turn that said what it could; its cost and calls are filled in when it is settled."""
    return TurnDone(
        reason, words, live.model, live.usage, None, live.seconds, live.first_token_seconds
    )


def settled(ending: TurnDone, cost: Decimal | None, calls: Calls) -> TurnDone:
    """The ending with what all calls of the turn came to."""
    return replace(ending, cost=None if cost is None else f"{cost:f}", calls=calls)


def finished(live: LiveTurn) -> TurnDone:
    """The ending that the model's own reason for stopping amounts to."""
    if live.nothing_found:
        return done(live, "not_found", NOT_FOUND)
    if live.run_stopped:
        return done(live, live.run_stopped.reason, live.run_stopped.words)
    said = live.done
    fallen = live.fell_back
    by = f", answered by {fallen.to}: {fallen.reason}" if fallen else ""
    match said.finish if said else "stop":
        case "stop":
            return done(live, "finished", f"finished{by}")
        case "length":
            words = "cut at the length limit: ask for the rest, or allow a longer answer"
            return done(live, "length", f"{words}{by and f' (it was{by[1:]})'}")
        case "tool_calls":
            return done(live, "finished", "it ended by asking for a tool, and none was offered")
        case "refusal" | "content_filter":
            detail = f": {said.detail}" if said and said.detail else ""
            return done(live, "refused", f"the model's vendor declined to answer{detail}")
        case never:
            assert_never(never)


def failed(error: FootlightsError) -> TurnFailed:
    """The ending of a turn that an error of ours stopped."""
    return TurnFailed(error.code, str(error), error.hint)


def as_error(ending: Ending) -> dict[str, str] | None:
    """What is kept with a failed turn; None when it did not fail."""
    if isinstance(ending, TurnDone):
        return None
    return {"code": ending.code, "message": ending.message, "hint": ending.hint}
