"""A model that judges an answer against a rubric: yes or no, with the reason, booked by itself."""

from collections.abc import AsyncIterator, Callable

from core.cases import Check, Verdict
from core.errors import FootlightsError
from core.events import ModelEvent
from core.llm.client import LLMClient
from core.llm.meter import Meter
from core.llm.structured import extract
from core.playground.calls import Call, Calls, Estimate, together
from core.prompts.library import PromptLibrary
from core.prompts.sandbox import Sandbox
from core.table_answer import is_native
from core.tokens.counter import Counter
from core.trace import Trace
from core.types import Message, ModelInfo, ModelRequest, OutputSchema

PROMPT = "judge"
_ROOM = 300
_ATTEMPTS = 2
_OVERHEAD = 160
"""Tokens of the schema in words, and of a complaint about an answer that was none."""
_SCHEMA = {
    "title": "judgement",
    "type": "object",
    "properties": {
        "reason": {"type": "string", "description": "Why it passes or fails, in one sentence."},
        "passes": {"type": "boolean"},
    },
    "required": ["reason", "passes"],
}
NOBODY = "nobody judged it: choose a model as the judge"


class Judge:
    """Asks a model whether an answer does what its rubric says."""

    def __init__(
        self,
        *,
        prompts: PromptLibrary,
        sandbox: Sandbox,
        client: LLMClient,
        counter: Counter,
        calls: Calls,
        meter: Callable[..., Meter],
    ) -> None:
        self._prompts = prompts
        self._sandbox = sandbox
        self._client = client
        self._counter = counter
        self._calls = calls
        self._meter = meter

    async def verdict(
        self, user: str, call_id: str, model: ModelInfo | None, check: Check, asked: str, said: str
    ) -> Verdict:
        """Whether the answer passes; not decided when the model cannot be asked, or gives no verdict."""
        if model is None or model.provider == "quotes":
            return Verdict(check, None, NOBODY)
        try:
            messages = await self._messages(check, asked, said)
            found = await extract(
                _SCHEMA,
                messages,
                ask=self._ask(user, call_id, model),
                native=is_native([model.ref]),
                attempts=_ATTEMPTS,
            )
        except FootlightsError as error:
            return Verdict(check, None, f"not judged: {error}")
        return Verdict(check, bool(found["passes"]), str(found["reason"])[:500])

    async def estimate(
        self, user: str, model: ModelInfo | None, check: Check, asked: str, longest: int, usual: int
    ) -> Estimate:
        """What a judgement will cost of an answer of `usual` tokens, and of `longest` when the judge
        has to be asked again."""
        if model is None or model.provider == "quotes":
            return Estimate()
        messages = await self._messages(check, asked, "")
        own = self._tokens(messages, model)
        likely, most = (
            self._calls.estimate(
                user, Call(model, ModelRequest(model.id, messages, _ROOM), own + more), _ROOM // 4
            )
            for more in (usual, longest + _ROOM + _OVERHEAD)
        )
        return Estimate(
            1,
            likely.input_tokens,
            together([most] * _ATTEMPTS).worst,
            likely.expected,
        )

    async def _messages(self, check: Check, asked: str, said: str) -> tuple[Message, ...]:
        values = {"question": asked, "answer": said, "rubric": check.value}
        return (await self._sandbox.render(self._prompts.get(PROMPT), values)).messages

    def _tokens(self, messages: tuple[Message, ...], model: ModelInfo) -> int:
        own = sum(self._counter.count_message(each, model.ref) for each in messages)
        return own + self._counter.reply_overhead + _OVERHEAD

    def _ask(
        self, user: str, call_id: str, model: ModelInfo
    ) -> Callable[[tuple[Message, ...], OutputSchema | None], AsyncIterator[ModelEvent]]:
        meter = self._meter(user, call_id, "", purpose="judge")

        def ask(
            messages: tuple[Message, ...], output: OutputSchema | None
        ) -> AsyncIterator[ModelEvent]:
            room = min(_ROOM, model.max_output)
            return self._client.stream(
                model.ref,
                ModelRequest(model.id, messages, room, output=output),
                meter=meter,
                trace=Trace(call_id),
                input_tokens=self._tokens(messages, model),
            )

        return ask
