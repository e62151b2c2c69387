"""Turns: from the question, with its tools, to the answer, and what is done with them later."""

from functools import cached_property, partial
from typing import Any

from core.admission import Admission
from core.agent.loop import Agent
from core.agent.rules import Bounds
from core.agent.runs import Runs
from core.caller import LOCAL_USER
from core.chat.answerer import Answerer
from core.chat.composing import Composer
from core.chat.finding import Finder
from core.chat.service import ChatService
from core.chat.upcoming import Upcoming
from core.chat.vendor_calibration import VendorCalibration
from core.llm.json_text import read
from core.llm.shape import shape
from core.mcp.servers import McpServers
from core.parts.reading import Reading
from core.prompts.neutral import neutralise
from core.replays import Replays
from core.samples import Samples
from core.settings import ROOT, Settings
from core.store.mcp_servers import McpRows
from core.store.tool_uses import tool_uses
from core.tool_bench import Tools
from core.tools.dispatcher import Dispatcher
from core.tools.toolbox import Toolbox
from core.traces.otlp import Outlet
from core.turns.runner import TurnRunner
from core.unseen import strip_invisible
from core.windows.context import ContextBuilder
from core.windows.vendor_counts import VendorCounts
from core.windows.whatif import WhatIf


class Answering(Reading):
    """Tools, turns, and what looks at them again."""

    @cached_property
    def _toolbox(self) -> Toolbox:
        settings = self.settings
        return Toolbox(
            folder=settings.tools_folder,
            shape=shape,
            fetch=settings.fetch,
            served=self.mcp.tools,
        )

    @cached_property
    def mcp(self) -> McpServers:
        secrets = self.settings.data / "mcp_secrets.json"
        return McpServers(McpRows(self.engine), secrets, shape=shape, clean=_harmless)

    @cached_property
    def _dispatcher(self) -> Dispatcher:
        return Dispatcher(parse=_arguments, count=self.counter.count, clean=_harmless)

    @cached_property
    def tools(self) -> Tools:
        uses = partial(tool_uses, self.engine)
        return Tools(self._toolbox, self._dispatcher, self.documents, uses, self.counter.count)

    @cached_property
    def _runs(self) -> Runs:
        return Runs(
            Agent(self._dispatcher),
            self.documents,
            self.approvals,
            self.turn_rows,
            self.client,
            self.counter,
            self._bounds,
        )

    @property
    def _bounds(self) -> Bounds:
        settings = self.settings
        return Bounds(settings.run_steps, settings.run_seconds, settings.run_dollars)

    @cached_property
    def replays(self) -> Replays:
        return Replays(
            turns=self.turn_rows,
            runner=self.turns,
            models=self.models,
            meter=self._meter,
            count=self.counter.count,
            bounds=self._bounds,
            window=self._runs.window,
        )

    @cached_property
    def _composer(self) -> Composer:
        return Composer(
            conversations=self.conversations,
            summaries=self.summaries,
            documents=self.documents,
            context=ContextBuilder(self.counter, self.sandbox),
            errands=self.errands,
            runs=self._runs,
            calibration=VendorCalibration(
                self.turn_counts, self.counter, VendorCounts(self.models.providers), self._runs
            ),
        )

    @cached_property
    def _chat(self) -> ChatService:
        return ChatService(
            runs=self._runs,
            finder=Finder(self.documents, self.errands),
            conversations=self.conversations,
            composer=self._composer,
            answerer=self._answerer,
            meter=self._meter,
        )

    @cached_property
    def _answerer(self) -> Answerer:
        return Answerer(
            preferences=self.preferences,
            models=self.models,
            client=self.client,
            count=self.counter.count,
            runs=self._runs,
        )

    @cached_property
    def _admission(self) -> Admission:
        return Admission(
            documents=self.documents,
            collections=self.collections,
            conversations=self.conversations,
            prompts=self.prompts,
            models=self.models,
            toolbox=self._toolbox,
        )

    @cached_property
    def turns(self) -> TurnRunner:
        return TurnRunner(
            admission=self._admission,
            chat=self._chat,
            turns=self.turn_rows,
            ledger=self.ledger,
            process=self.process,
            bridge=self.bridge,
            outlet=_outlet(self.settings),
        )

    @cached_property
    def samples(self) -> Samples:
        folder = ROOT / "data" / "samples"
        return Samples(folder, self.documents, self.conversations, self.turns, self.turn_rows)

    @cached_property
    def whatif(self) -> WhatIf:
        return WhatIf(self.conversations, self.turn_rows, self.counter)

    @cached_property
    def upcoming(self) -> Upcoming:
        return Upcoming(
            admission=self._admission,
            composer=self._composer,
            conversations=self.conversations,
            documents=self.documents,
            turns=self.turn_rows,
            priced=partial(self.prices.priced, LOCAL_USER),
        )


def _arguments(text: str) -> Any:
    """The object that a model wrote as the arguments of a call: strictly, nothing is mended."""
    return read(text, "object", mend=False)[0]


def _harmless(text: str) -> str:
    """What a tool returned, without what no reader sees and what only looks like a fence."""
    return neutralise(strip_invisible(text)[0])


def _outlet(settings: Settings) -> Outlet | None:
    if not settings.otlp_endpoint:
        return None
    headers = settings.otlp_headers
    return Outlet(settings.otlp_endpoint, headers.get_secret_value() if headers else "")
