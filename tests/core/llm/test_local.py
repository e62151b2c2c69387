"""The local model for real: SmolLM2 in a child process, asked through the official SDK."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import httpx2
import psutil
import pytest

from core.assets import SMOLLM2, Assets
from core.errors import ModelMisbehaved, Refused, StreamCut
from core.events import ModelDone, ModelEvent, Progress, TextDelta
from core.llm.local import LocalProvider
from core.tokens.counter import Counter
from core.tokens.gguf import vocabulary
from core.types import ModelRequest, OutputSchema, message

ROOT = Path(__file__).resolve().parents[3]


def weights() -> Path:
    folder = Assets(ROOT / "data" / "models").find(SMOLLM2)
    assert folder, "run `make test`: it fetches SmolLM2 first"
    return next(folder.glob("*.gguf"))


@pytest.fixture
async def local() -> AsyncIterator[LocalProvider]:
    provider = LocalProvider(weights(), threads=2, window=2048)
    yield provider
    await provider.close()


def request(text: str, max_tokens: int = 24) -> ModelRequest:
    said = (message("system", "You are brief."), message("user", text))
    return ModelRequest("smollm2-135m", said, max_tokens)


async def answer(provider: LocalProvider, asked: ModelRequest) -> list[ModelEvent]:
    return [event async for event in provider.stream(asked)]


def children() -> list[psutil.Process]:
    return [each for each in psutil.Process().children(recursive=True) if serves(each)]


def serves(process: psutil.Process) -> bool:
    try:
        return "core.llm.local_server" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # it ended while we looked, or is a zombie
        return False


async def test_a_real_model_streams_an_answer_with_its_usage(local: LocalProvider) -> None:
    answered = local.stream(request("What is the capital of France?"))
    events = [event async for event in answered]
    assert isinstance(events[0], Progress)
    wire = answered.exchange.noted(())
    assert '"content":"What is the capital of France?"' in "".join(wire["sent"])
    assert '"usage"' in "".join(wire["received"])
    said = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert len(said.split()) >= 3
    done = events[-1]
    assert isinstance(done, ModelDone)
    assert done.usage
    assert done.usage.source == "reported"
    assert 20 < done.usage.input_tokens < 40
    assert 0 < done.usage.output_tokens <= 24
    assert str(ROOT) not in done.model


async def test_only_after_an_answer_in_words_is_a_repetition_dearer(local: LocalProvider) -> None:
    first = request("Which boat has six seats?", 4)
    before = (*first.messages, message("assistant", "The Swan."))
    second = replace(first, messages=(*before, message("user", "And what does it cost?")))
    step = replace(second, output=OutputSchema("step", {"type": "object"}))
    dearer = []
    for asked in (first, second, step):
        answered = local.stream(asked)
        assert isinstance([event async for event in answered][-1], ModelDone)
        dearer.append('"repeat_penalty":1.05' in "".join(answered.exchange.noted(())["sent"]))
    assert dearer == [False, True, False]


async def test_it_is_started_once_and_tells_how_far_it_has_read(local: LocalProvider) -> None:
    await answer(local, request("Hello"))
    [first] = children()
    events = await answer(local, request("A lamp hangs on a bar. " * 60))
    assert [each.pid for each in children()] == [first.pid]
    reading = [event for event in events if isinstance(event, Progress)]
    assert {event.stage for event in reading} == {"reading"}
    assert len(reading) >= 2
    assert [event.done for event in reading] == sorted(event.done for event in reading)


async def test_leaving_an_answer_frees_the_model_for_the_next_one(local: LocalProvider) -> None:
    async with aclosing(local.stream(request("Count to a thousand.", 2000))) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                break
    events = await asyncio.wait_for(answer(local, request("Say hello.", 4)), 5)
    assert isinstance(events[-1], ModelDone)


async def test_a_stop_while_it_still_reads_is_heard_at_once(local: LocalProvider) -> None:
    async with aclosing(local.stream(request("A lamp hangs on a bar. " * 200))) as events:
        async for event in events:
            if isinstance(event, Progress) and event.stage == "reading":
                [reading] = children()
                break
    await asyncio.to_thread(reading.wait, 1)  # raises when it still works after a second
    assert isinstance((await answer(local, request("Say hello.", 4)))[-1], ModelDone)


async def test_a_stop_while_it_still_reads_leaves_the_question_of_somebody_else_alone(
    local: LocalProvider,
) -> None:
    async with aclosing(local.stream(request("Count to a thousand.", 100))) as others:
        said = [await anext(others) for _ in range(3)]
        waiting = asyncio.create_task(answer(local, request("A lamp hangs on a bar. " * 200)))
        said += [await anext(others) for _ in range(3)]  # the other is on its way meanwhile
        waiting.cancel()
        said += [event async for event in others]
    assert isinstance(said[-1], ModelDone)
    assert waiting.cancelled()


TEXTS = (
    "It's 12345 o'clock,\n\n  and   5 lamps.\t\tTabs   ",
    "Straße über Köln — 中文字符测试 العربية हिन्दी 日本語テスト",
    "def f(x):\n    return x**2 + 10  # comment\n\n\nclass A:\n\tpass\r\n",
    "😀👩‍👩‍👧 a\u00a0b\u2003c  5   6 <|im_end|> DON'T we'LL",
)


async def test_our_count_is_the_servers_own_to_the_token(local: LocalProvider) -> None:
    encoding = vocabulary(weights())
    assert encoding
    client = await local.warm()
    head = {"authorization": f"Bearer {client._api_key}"}
    async with httpx2.AsyncClient(trust_env=False, headers=head) as http:
        for text in (*TEXTS, *(path.read_text() for path in (ROOT / "docs").glob("f*.md"))):
            asked = {"content": text, "add_special": False, "parse_special": False}
            told = await http.post(client._base_url.replace("/v1", "/tokenize"), json=asked)
            assert told.json()["tokens"] == encoding.encode_ordinary(text)


@pytest.mark.parametrize("text", TEXTS[:3])
async def test_the_server_reports_as_many_tokens_as_we_have_counted(
    local: LocalProvider, text: str
) -> None:
    counter, asked = Counter(ROOT / "data" / "models" / "vocabularies"), request(text, 1)
    assert counter.read_vocabulary("local:smollm2-135m", weights())
    ours = sum(counter.count_message(each, "local:smollm2-135m") for each in asked.messages)
    [done] = [event for event in await answer(local, asked) if isinstance(event, ModelDone)]
    assert done.usage
    # The answer begins with <|im_start|> and "assistant", which is two tokens to this model.
    begun = 1 + counter.count("assistant\n", "local:smollm2-135m")
    assert done.usage.input_tokens == ours + begun


async def test_a_child_that_was_killed_is_started_again(local: LocalProvider) -> None:
    await answer(local, request("Hello"))
    [child] = children()
    child.kill()
    assert local._child
    await asyncio.wait_for(local._child.wait(), 60)
    events = await answer(local, request("Hello"))
    assert isinstance(events[-1], ModelDone)
    assert [each.pid for each in children()] != [child.pid]


async def test_an_answer_that_its_death_cut_is_an_error_and_the_next_question_works_at_once(
    local: LocalProvider,
) -> None:
    with pytest.raises(StreamCut, match="ended in mid-answer"):
        async with aclosing(local.stream(request("Count to a thousand.", 1500))) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    for child in children():  # words that were on their way may still come
                        child.kill()
    assert isinstance((await answer(local, request("Hello")))[-1], ModelDone)
    children()[0].kill()
    assert isinstance((await answer(local, request("Hello")))[-1], ModelDone)


async def test_closing_ends_the_child(local: LocalProvider) -> None:
    await answer(local, request("Hello"))
    await local.close()
    assert children() == []


async def test_weights_that_are_damaged_are_refused_in_words(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(weights().read_bytes()[:100_000])
    provider = LocalProvider(damaged, threads=1, window=512)
    with pytest.raises(ModelMisbehaved, match="did not start") as failed:
        await answer(provider, request("Hello"))
    assert failed.value.hint
    assert children() == []
    await provider.close()


async def test_nothing_to_send_is_refused_by_us(local: LocalProvider) -> None:
    with pytest.raises(Refused):
        await answer(local, ModelRequest("smollm2-135m", (), 8))


PARENT = """
import asyncio, os, sys
from pathlib import Path
from core.llm.local import LocalProvider
async def main():
    provider = LocalProvider(Path(sys.argv[1]), threads=1, window=512)
    await provider.warm()
    print(provider._child.pid, flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def test_the_child_goes_with_an_app_that_was_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(weights())],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert parent.stdout
    child = psutil.Process(int(parent.stdout.readline()))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    child.wait(60)
    assert not child.is_running()
