"""Who is asked, and with which prompts."""

from collections.abc import Callable
from functools import cached_property, partial

from core.assets.weights import Weights
from core.chat.errands import Errands
from core.chat.summariser import Summariser
from core.injection.ranges import InjectionRange
from core.keys import Keys
from core.llm.client import LLMClient
from core.metering import TurnMeter
from core.models import Models
from core.parts.kept import Kept
from core.playground.calls import Calls
from core.playground.judging import Judge
from core.playground.races import Playground
from core.playground.results import Book
from core.playground.suites import Suites
from core.prompts.beginning import begin
from core.prompts.library import PromptLibrary
from core.prompts.sandbox import Sandbox
from core.settings import ROOT, Settings
from core.store.prompt_cases import PromptCases
from core.store.range_runs import RangeRuns
from core.trial import Trials


class Asking(Kept):
    """Models, prompts, and what tries them."""

    @cached_property
    def models(self) -> Models:
        reads = partial(self.counter.read_vocabulary, f"local:{self._wanted.name}")
        weights = Weights(self._assets, self._wanted, reads)
        return self.bridge.run(_models(self.settings, weights))

    @cached_property
    def client(self) -> LLMClient:
        return LLMClient(self.models.providers, count=self.counter.count)

    @cached_property
    def _meter(self) -> Callable[..., TurnMeter]:
        return partial(TurnMeter, self.ledger, override=self._override)

    @cached_property
    def sandbox(self) -> Sandbox:
        return Sandbox()

    @cached_property
    def prompts(self) -> PromptLibrary:
        begin(self.settings.prompts, ROOT / "prompts")
        return PromptLibrary(self.settings.prompts, self.sandbox)

    @cached_property
    def trials(self) -> Trials:
        return Trials(self.client, self.models, self.ledger, self._meter, self.counter.count)

    @cached_property
    def errands(self) -> Errands:
        return Errands(
            prompts=self.prompts,
            sandbox=self.sandbox,
            models=self.models,
            client=self.client,
            counter=self.counter,
            meter=self._meter,
        )

    @cached_property
    def summariser(self) -> Summariser:
        return Summariser(
            prompts=self.prompts,
            errands=self.errands,
            summaries=self.summaries,
            turns=self.turn_rows,
        )

    @cached_property
    def _calls(self) -> Calls:
        return Calls(
            sandbox=self.sandbox,
            client=self.client,
            counter=self.counter,
            ledger=self.ledger,
            meter=self._meter,
            override=self._override,
        )

    @cached_property
    def playground(self) -> Playground:
        return Playground(self._calls, self.models)

    @cached_property
    def cases(self) -> Book:
        return Book(PromptCases(self.engine), self.prompts)

    @cached_property
    def suites(self) -> Suites:
        judge = Judge(
            prompts=self.prompts,
            sandbox=self.sandbox,
            client=self.client,
            counter=self.counter,
            calls=self._calls,
            meter=self._meter,
        )
        return Suites(
            playground=self.playground,
            calls=self._calls,
            judge=judge,
            models=self.models,
            book=self.cases,
        )

    @cached_property
    def range(self) -> InjectionRange:
        return InjectionRange(calls=self._calls, models=self.models, rows=RangeRuns(self.engine))


async def _models(settings: Settings, weights: Weights) -> Models:
    """On the loop, because the vendors' clients belong to the loop that made them."""
    keys = Keys(
        settings.data / "keys.json",
        {"openai": settings.openai_api_key, "anthropic": settings.anthropic_api_key},
    )
    return Models(settings, keys, weights)
