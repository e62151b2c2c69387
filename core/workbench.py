"""Workbench: everything that a page or the API may ask, and what runs in the background."""

import asyncio
import gc
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine

from core.agent.approvals import Approvals
from core.bridge import Bridge, contained
from core.caller import LOCAL_USER as LOCAL_USER
from core.chat.errands import Errands
from core.chat.summariser import Summariser
from core.chat.upcoming import Upcoming
from core.documents.atlas import Atlas
from core.documents.passages import Passages
from core.documents.reembedding import Reembedder
from core.documents.service import DocumentService
from core.documents.viewing import Viewer
from core.goldens.questions import GoldenBench
from core.injection.ranges import InjectionRange
from core.llm.client import LLMClient
from core.llm.pricing import price
from core.mcp.servers import McpServers
from core.models import Models
from core.people.provider import Provider
from core.people.team import Team
from core.playground.races import Playground
from core.playground.results import Book
from core.playground.suites import Suites
from core.previews import Previews
from core.prompts.library import PromptLibrary
from core.prompts.sandbox import Sandbox
from core.replays import Replays
from core.samples import Samples
from core.settings import Settings
from core.sharing.shares import Shares
from core.sharing.visits import Visits
from core.store.api_keys import ApiKeys
from core.store.caps import Caps
from core.store.collections import Collections
from core.store.conversations import Conversations
from core.store.leases import Process
from core.store.ledger import Ledger
from core.store.preferences import Limit, Preferences
from core.store.price_overrides import PriceOverride, PriceOverrides
from core.store.prompt_drafts import PromptDrafts
from core.store.prompt_uses import PromptUse, errand_uses, prompt_uses
from core.store.sign_ins import SignIns
from core.store.spending import Spending
from core.store.summaries import Summaries
from core.store.trace_keeping import TraceKeeping
from core.store.trace_list import TraceList
from core.store.traces import Traces
from core.store.turn_counts import TurnCounts
from core.store.turns import Turns
from core.tokens.calibration import learn
from core.tokens.counter import Counter
from core.tool_bench import Tools
from core.trial import Trials
from core.turns.runner import TurnRunner
from core.types import ModelInfo, Turn, Usage
from core.windows.whatif import WhatIf

_ENDING_SECONDS = 2.0  # without a word of the one that is stopped; it is deleted then all the same
_FIRST_LOOK_SECONDS = 0.5
_ALL = 100_000


@dataclass
class Workbench:
    """Everything that a page or the API may ask, built once for the process."""

    settings: Settings
    bridge: Bridge
    engine: Engine
    process: Process
    models: Models
    prompts: PromptLibrary
    drafts: PromptDrafts
    sandbox: Sandbox
    counter: Counter
    documents: DocumentService
    viewer: Viewer
    passages: Passages
    reembedder: Reembedder
    collections: Collections
    golden: GoldenBench
    conversations: Conversations
    summaries: Summaries
    summariser: Summariser
    turn_rows: Turns
    turn_counts: TurnCounts
    turns: TurnRunner
    strategy_problems: tuple[str, ...]
    """What is wrong with the files of strategies of one's own, a line each."""
    replays: Replays
    ledger: Ledger
    spending: Spending
    caps: Caps
    api_keys: ApiKeys
    prices: PriceOverrides
    preferences: Preferences
    client: LLMClient
    errands: Errands
    whatif: WhatIf
    upcoming: Upcoming
    previews: Previews
    playground: Playground
    cases: Book
    suites: Suites
    range: InjectionRange
    trials: Trials
    traces: Traces
    trace_keeping: TraceKeeping
    trace_list: TraceList
    samples: Samples
    tools: Tools
    mcp: McpServers
    approvals: Approvals
    atlas: Atlas
    shares: Shares
    visits: Visits
    sign_ins: SignIns
    team: Team
    provider: Provider | None
    _running: list[Future[Any]] = field(default_factory=list)
    _warming: bool = False
    _started: float = 0.0

    def start(self) -> None:
        """Begin what runs in the background: the queue, the journal of turns, the search for models."""
        self.bridge.run(self._hold_limits(self.preferences.limits(LOCAL_USER)))
        works = (
            self._look_for_models(),
            self.turns.keep(),
            self.documents.work(),
            self.reembedder.work(),
            self.visits.watch(),
            self._clear_traces(),
        )
        self._running = [self.bridge.submit(contained(work)) for work in works]
        self._started = time.monotonic()

    def first_look(self) -> None:
        """Wait for the models that are found at once, so that the first page has them; a slow address
        may come later. At most half a second from the start."""
        left = self._started + _FIRST_LOOK_SECONDS - time.monotonic()
        wait(self._running[:1], timeout=max(0.0, left))

    async def _clear_traces(self) -> None:
        for user in await asyncio.to_thread(self.team.users):
            rule = await asyncio.to_thread(self.preferences.keep_traces, user)
            await asyncio.to_thread(self.trace_keeping.clear, user, rule)

    async def _look_for_models(self) -> None:
        await self.models.discover()
        if self.settings.samples:
            marker = self.settings.data / "samples.done"
            await asyncio.to_thread(self.samples.set_up, LOCAL_USER, marker)
        wanted = self.settings.model
        if wanted.startswith("local:") if wanted else self.models.resolve(None).ref == "quotes":
            self.models.weights.start()

    async def _hold_limits(self, limits: Mapping[str, Limit]) -> None:
        for ref, limit in limits.items():
            self.client.limiter.set(ref, limit.requests, limit.tokens)

    def set_limit(self, user: str, ref: str, limit: Limit) -> None:
        """Keep a model's limit and hold to it from now on. Raises Refused."""
        self.preferences.set_limit(user, ref, limit)
        self.bridge.run(self._hold_limits({ref: limit}))

    def set_price(self, user: str, ref: str, override: PriceOverride | None) -> None:
        """Charge the model by this price from its next call on; None charges by the table again."""
        if override is None:
            self.prices.remove(user, ref)
        else:
            self.prices.set(user, override)

    def price(self, _user: str, ref: str, usage: Usage) -> Decimal | None:
        """What this usage costs in US dollars, by the owner's own price where there is one."""
        return price(ref, usage, self.prices.get(LOCAL_USER, ref))

    def priced(self, _user: str, infos: Sequence[ModelInfo]) -> list[ModelInfo]:
        """The same models, with the owner's own price where he has entered one."""
        return self.prices.priced(LOCAL_USER, infos)

    def turns_of(self, user: str, conversation_id: str) -> list[Turn]:
        """Every turn of a conversation, oldest first, failed ones included."""
        return self.turn_rows.list(user, _ALL, conversation_id=conversation_id)[::-1]

    def delete_conversation(self, user: str, conversation_id: str) -> None:
        """Delete it with its turns; one that is being answered is stopped before. Raises NotFound."""
        for turn in self.turns_of(user, conversation_id):
            if turn.status == "running":
                self.bridge.run(self.turns.stop(user, turn.id))
                ending = self.bridge.iterate(self.turns.follow(user, turn.id), _ENDING_SECONDS)
                next((batch for batch in ending if batch is None), None)
        self.conversations.delete(user, conversation_id)

    def prompt_uses(self, user: str) -> dict[str, PromptUse]:
        """How each prompt was used, by `name@version`."""
        return prompt_uses(self.engine, user)

    def errand_uses(self, user: str) -> dict[str, PromptUse]:
        """How the prompts beside the answer were used, by name."""
        return errand_uses(self.engine, user)

    def warm(self) -> None:
        """Begin to load what the first question needs; said when somebody has come, and done once."""
        if not self._warming:
            self._warming = True
            self.bridge.submit(contained(self._warm()))

    async def _warm(self) -> None:
        await self.sandbox.warm()
        await asyncio.to_thread(self.counter.warm)
        await asyncio.to_thread(self._recall_counts)
        await asyncio.to_thread(self.passages.warm)
        await self.models.weights.read()
        # Half a million objects of the libraries now live as long as the app. Streamlit collects after
        # every run of a page, and would look through them for a third of a second each time.
        gc.collect()
        gc.freeze()

    def _recall_counts(self) -> None:
        """Count as the answers of earlier days have taught, before the first question of this one."""
        for state in self.models.states():
            for info in state.models:
                found = learn(self.turn_counts.counted(LOCAL_USER, info.ref))
                if found and self.counter.basis(info.ref) == "estimate":
                    self.counter.calibrate(info.ref, found)

    def close(self) -> None:
        """End everything in order: turns are kept, children end, the database is closed."""
        self.bridge.run(self.turns.close())
        self.bridge.run(self.mcp.close())
        self.bridge.run(self.suites.close())
        self.bridge.run(self.range.close())
        self.bridge.run(self.playground.close())
        self.reembedder.close()
        for task in self._running:
            task.cancel()
        self.bridge.run(self.models.close())
        self.sandbox.close()
        self.passages.close()
        self.bridge.close()
        self.process.close()
        self.engine.dispose()
        gc.unfreeze()  # what it loaded may go with it, where the process goes on
