"""The model on this machine: a child process, started when it is first asked, ended with the app."""

import asyncio
import json
import os
import secrets
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any

from core.errors import ModelMisbehaved, StreamCut, Unreachable
from core.events import ModelEvent, Progress
from core.llm.exchange import Exchange
from core.llm.openai import OpenAIProvider
from core.llm.reading import Answer
from core.llm.tool_form import in_schema_form
from core.processes import child
from core.types import ModelRequest

_START_SECONDS = 120.0
_END_SECONDS = 3.0
_LAST_BREATH_SECONDS = 1.0
# Reading a prompt is slow on two cores, and its progress is no content: patience is for that.
_FIRST_BYTE_SECONDS = 300.0
# A small model answers a second question with its first answer, word for word. Without one before it
# nothing is dearer: a first answer is to repeat what its passages say, and the numbers in brackets.
_UNLIKE_BEFORE = {"repeat_penalty": 1.05, "repeat_last_n": 1 << 20}


class _Server(OpenAIProvider):
    """The server of the child, told how dear a repetition is."""

    def _body(self, request: ModelRequest) -> tuple[str, dict[str, Any]]:
        path, body = super()._body(request)
        return path, body | (_UNLIKE_BEFORE if _is_follow_up(request) else {})


def _is_follow_up(request: ModelRequest) -> bool:
    """Whether it has an answer in words before it; steps of a schema are alike by right."""
    return request.output is None and any(said.role == "assistant" for said in request.messages)


class LocalProvider:
    """Answers with the weights at `model_path`, one request at a time; `window` is in tokens.

    A child that died is started again by the next request.
    """

    name = "local"

    def __init__(self, model_path: Path, *, threads: int | None, window: int) -> None:
        self._model_path = model_path
        self._threads = threads or min(8, os.cpu_count() or 1)
        self._window = window
        self._child: Process | None = None
        self._client: OpenAIProvider | None = None
        self._asked = 0
        self._starting = asyncio.Lock()

    def stream(self, request: ModelRequest) -> Answer:
        """The answer as it comes; raises one of core.errors. Its models know no tools: they are given
        in the form of a schema."""
        exchange = Exchange()
        ask = partial(self._answer, exchange)
        asked = in_schema_form(request, ask) if request.tools else ask(request)
        return Answer(asked, None, exchange)

    async def _answer(
        self, exchange: Exchange, request: ModelRequest
    ) -> AsyncGenerator[ModelEvent, None]:
        if self._client is None or not self._alive():
            yield Progress("loading", "starting the local model")
        client, mine, spoken = await self.warm(), self._child, False
        try:
            async with aclosing(self._listen(client, mine, request, exchange)) as events:
                async for event in events:
                    spoken = spoken or not isinstance(event, Progress)
                    yield event
            return
        except (Unreachable, StreamCut) as error:
            if not await _ended(mine):
                raise
            if spoken:
                raise StreamCut(
                    "the process of the local model ended in mid-answer", provider=self.name
                ) from error
        # It died unnoticed between two requests, or before its first word: nothing is said twice.
        yield Progress("loading", "starting the local model again")
        client = await self.warm()
        async with aclosing(self._listen(client, self._child, request, exchange)) as events:
            async for event in events:
                yield event

    async def _listen(
        self,
        client: OpenAIProvider,
        mine: Process | None,
        request: ModelRequest,
        exchange: Exchange,
    ) -> AsyncGenerator[ModelEvent, None]:
        """What the child says; a child that still reads the prompt is ended when nobody listens."""
        spoken = False
        self._asked += 1
        try:
            async with aclosing(client.stream(request, exchange)) as events:
                async for event in events:
                    spoken = spoken or not isinstance(event, Progress)
                    yield event
        except (asyncio.CancelledError, GeneratorExit):
            # It hears of a stop only between two batches of the prompt, seconds apart.
            if mine and not spoken and self._asked == 1:
                mine.kill()
            raise
        finally:
            self._asked -= 1

    async def warm(self) -> OpenAIProvider:
        """Start the child unless it runs; the client that speaks with it."""
        async with self._starting:
            if self._client is None or not self._alive():
                await self._end()
                self._client = await self._start()
            return self._client

    async def close(self) -> None:
        """End the child; it is gone when this returns."""
        async with self._starting:
            await self._end()

    def _alive(self) -> bool:
        return self._child is not None and self._child.returncode is None

    async def _start(self) -> OpenAIProvider:
        key = secrets.token_urlsafe(24)
        environment = {**child.environment(), "OMP_WAIT_POLICY": "PASSIVE"}
        self._child = await asyncio.create_subprocess_exec(
            *child.command("core.llm.local_server"),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env=environment,
            start_new_session=True,  # Ctrl-C reaches the app, and the app ends its child
        )
        try:
            address = await self._address(self._child, key)
        except (ModelMisbehaved, asyncio.CancelledError):
            await asyncio.shield(self._end())
            raise
        return _Server(
            name=self.name,
            base_url=f"{address}/v1",
            api_key=key,
            # Greedy: a small model keeps closer to its passages, and answers the same twice.
            extra_body={"return_progress": True, "cache_prompt": True, "temperature": 0},
            first_byte_seconds=_FIRST_BYTE_SECONDS,
        )

    async def _address(self, started: Process, key: str) -> str:
        assert started.stdin and started.stdout
        order = {
            "model": str(self._model_path),
            "name": self._model_path.stem,
            "key": key,
            "window": self._window,
            "threads": self._threads,
        }
        started.stdin.write(json.dumps(order).encode() + b"\n")
        try:
            await started.stdin.drain()
            line = await asyncio.wait_for(started.stdout.readline(), _START_SECONDS)
        except (TimeoutError, ConnectionError) as error:
            line = json.dumps({"failed": type(error).__name__}).encode()
        answer = json.loads(line or b"{}")
        if "address" not in answer:
            raise ModelMisbehaved(
                f"the local model did not start: {answer.get('failed') or 'its process ended'}",
                hint="Choose another model, or remove its file from the models folder to fetch it anew.",
            )
        return str(answer["address"])

    async def _end(self) -> None:
        client, self._client = self._client, None
        process, self._child = self._child, None
        if client:
            await client.close()
        if process is None or process.returncode is not None:
            return
        if process.stdin:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _END_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _ended(process: Process | None) -> bool:
    """Whether the child is gone; the system says so a moment after its connection broke."""
    if process is None:
        return True
    try:
        await asyncio.wait_for(process.wait(), _LAST_BREATH_SECONDS)
    except TimeoutError:
        return False
    return True
