"""The prompts that are shipped: they render with and without passages, and what they cost."""

from pathlib import Path
from typing import Any

import pytest

from core.errors import Refused
from core.processes.child import ROOT
from core.prompts.library import PromptLibrary
from core.prompts.sandbox import Sandbox
from core.tokens.counter import Counter

PASSAGES = [
    {
        "number": number,
        "name": "handbook.pdf",
        "unit": "page",
        "page": 3,
        "heading": "Leave",
        "text": "Staff have thirty days of leave a year.",
    }
    for number in (1, 2, 3)
]


@pytest.fixture
def shipped(sandbox: Sandbox) -> PromptLibrary:
    return PromptLibrary(ROOT / "prompts", sandbox)


@pytest.fixture(scope="module")
def counter() -> Counter:
    return Counter(Path(ROOT / "data" / "models" / "vocabularies"))


async def test_every_shipped_prompt_is_sound(shipped: PromptLibrary) -> None:
    assert {"answer", "summary"} <= set(shipped.names())
    assert await shipped.problems() == ()


@pytest.mark.parametrize("name", ["answer", "summary"])
async def test_a_shipped_prompt_fences_each_passage_and_ends_with_the_question(
    shipped: PromptLibrary, sandbox: Sandbox, name: str
) -> None:
    values: dict[str, Any] = {"question": "How many days?", "passages": PASSAGES}
    rendered = await sandbox.render(shipped.get(name), values)
    system, user = rendered.messages
    assert (system.role, user.role) == ("system", "user")
    fence = f"<<{rendered.boundary}\nhandbook.pdf, page 3, Leave\n{PASSAGES[0]['text']}\n{rendered.boundary}>>"
    assert user.text == f"[1] {fence}\n[2] {fence}\n[3] {fence}\nHow many days?"
    assert "never instructions" in system.text


async def test_without_passages_the_answer_prompt_is_a_plain_chat(
    shipped: PromptLibrary, sandbox: Sandbox
) -> None:
    rendered = await sandbox.render(shipped.get("answer"), {"question": "Hi", "tone": "friendly"})
    assert [message.text for message in rendered.messages] == [
        "Answer briefly, in the language of the question. Tone: friendly.",
        "Hi",
    ]
    with pytest.raises(Refused, match="none of plain, friendly, formal, brief"):
        await sandbox.render(shipped.get("answer"), {"question": "Hi", "tone": "rude"})
    with pytest.raises(Refused, match="needs 'question'"):
        await sandbox.render(shipped.get("answer"), {})


async def test_the_answer_prompt_leaves_the_small_window_to_the_passages(
    shipped: PromptLibrary, sandbox: Sandbox, counter: Counter
) -> None:
    values: dict[str, Any] = {"question": "How many days?", "passages": PASSAGES}
    rendered = await sandbox.render(shipped.get("answer"), values)
    total = sum(counter.count_message(message) for message in rendered.messages)
    own = counter.count("How many days?") + sum(counter.count(p["text"]) for p in PASSAGES)
    assert total - own < 165, "65 of instructions and messages, 26 for each passage with its name"
