"""What a text would send while it is written: parts, whose words, tokens, price, faults at their place."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from core.llm import pricing
from core.previews import Preview, Previews, Run
from core.prompts.library import PromptLibrary
from core.prompts.sandbox import Sandbox
from core.settings import ROOT
from core.store.price_overrides import PriceOverride
from core.tokens.counter import Counter

TEXT = """---
description: A test.
variables:
  - {name: question, type: text, trust: user, required: true}
  - {name: passages, type: list, trust: retrieved, default: []}
  - {name: tone, type: choice, trust: trusted, choices: [plain, formal]}
---
{% message "system" %}Be {{ tone }}.{% endmessage %}
{% message "user" %}{% for each in passages %}{{ each.text }}
{% endfor %}{{ question }}{% endmessage %}
"""
VALUES = {"question": "Is it <b>late</b>?", "passages": [{"text": "At\u200b six."}]}


PAID = "openai:gpt-6.1-sol"


class Written:
    """Texts as somebody writes them, without an app around."""

    def __init__(self, folder: Path) -> None:
        self.sandbox = Sandbox()
        self.library = PromptLibrary(folder, self.sandbox)
        counter = Counter(ROOT / "data" / "models" / "vocabularies")
        self.previews = Previews(self.library, self.sandbox, counter)

    async def shown(self, text: str = TEXT, values: dict[str, Any] = VALUES) -> Preview:
        return await self.previews.of("plain", text, values, pricing.info("scripted", "scripted"))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    made = Written(tmp_path_factory.mktemp("prompts"))
    yield made
    made.sandbox.close()


async def test_a_text_is_shown_as_it_would_be_sent_with_whose_words_are_where(
    written: Written,
) -> None:
    sent = (await written.shown()).sent
    assert sent
    system, user = sent.parts
    assert (system.role, user.role) == ("system", "user")
    assert Run("plain", "tone", "trusted") in system.runs
    assert Run("Is it <b>late</b>?", "question", "user") in user.runs
    assert Run("At six.", "passages", "retrieved") in user.runs
    assert sent.hidden == 1
    assert {each.variable for each in sent.shares} == {"question", "passages", "tone"}
    assert sent.tokens > system.tokens + user.tokens > 0
    assert (sent.exact, sent.per_call, sent.answer) == (False, 0, 0)


def test_the_api_shows_it_with_the_price_of_the_model_in_decimals(api: str, bench: Any) -> None:
    def sent(**body: Any) -> dict[str, Any]:
        asked = {"text": TEXT, "values": VALUES, "model": PAID, **body}
        answer = httpx2.post(f"{api}/prompts/plain/preview", json=asked, timeout=60)
        assert answer.status_code == 200 and answer.json()["fault"] is None
        return dict(answer.json()["sent"])

    # It has no key here: it cannot be asked, and what it would cost is known.
    paid = sent()
    assert Decimal(paid["per_thousand"]) == Decimal(paid["per_call"]) * 1000 > 0
    assert "E" not in paid["per_call"]
    bench.prices.set("local", PriceOverride(PAID, Decimal(1000), Decimal(2000)))
    own = sent()
    assert Decimal(own["per_call"]) == own["tokens"] * Decimal("0.001")
    assert Decimal(own["answer"]) == 2
    assert sent(model=None)["per_call"] == "0"
    assert bench.drafts.refs("local") == [], "it keeps nothing"
    wrong = httpx2.post(f"{api}/prompts/plain/preview", json={"text": "no head"}, timeout=60)
    assert (wrong.status_code, wrong.json()["sent"]) == (200, None)
    assert wrong.json()["fault"]["words"] == "the file does not begin with ---"


def test_half_a_character_that_a_template_makes_is_shown_as_a_sign_for_it(api: str) -> None:
    made = """{{ '%c' | format(55296) }}a{{ "\\udfff|\\x00|" }}{{ question }}"""
    text = TEXT.replace("{{ question }}", made)
    asked = {"text": text, "values": {"question": "Why?"}}
    answer = httpx2.post(f"{api}/prompts/plain/preview", json=asked, timeout=60)
    assert answer.status_code == 200, answer.text
    runs = answer.json()["sent"]["parts"][1]["runs"]
    assert "".join(run["text"] for run in runs) == "\ufffda\ufffd|\x00|Why?"
    assert runs[-1]["text"] == "Why?"


async def test_values_of_a_text_before_are_taken_as_far_as_this_one_takes_them(
    written: Written,
) -> None:
    stale = {**VALUES, "gone": 1, "tone": "shrill", "passages": "no list"}
    sent = (await written.shown(values=stale)).sent
    assert sent and sent.parts[0].runs[1].text == "plain"
    assert sent.parts[1].runs == (Run("Is it <b>late</b>?", "question", "user"),)
    assert (await written.shown(values={"question": "Now?"})).fault is None


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("{{ question }}", "{{ questoin }}", (10, 16), "'questoin' is used, but not declared"),
        ("type: text", "type: txt", (4, 1), "txt"),
        ("description: A test.", "description: [", (4, 3), "not valid YAML"),
    ],
)
async def test_what_is_wrong_is_told_with_its_line_and_column(
    written: Written, old: str, new: str, place: tuple[int, int], words: str
) -> None:
    found = await written.shown(TEXT.replace(old, new))
    assert found.sent is None and found.fault and not found.fault.only_values
    assert (found.fault.line, found.fault.column) == place
    assert words in found.fault.words
    assert found.fault.text == f"line {place[0]}, column {place[1]}: {found.fault.words}"


async def test_what_is_wrong_with_these_values_alone_is_told_apart(written: Written) -> None:
    fault = (await written.shown(TEXT.replace("{{ question }}", "{{ question / 2 }}"))).fault
    assert fault and (fault.line, fault.column, fault.only_values) == (10, 1, True)
    assert "unsupported operand" in fault.words


async def test_a_fault_in_a_partial_has_no_place_in_the_text(written: Written) -> None:
    macro = "---\nkind: partial\n---\n{% macro half(x) %}{{ x / 2 }}{% endmacro %}\n"
    await written.library.save("halves", macro, new=True)
    text = TEXT.replace("{{ question }}", '{% from "halves" import half %}{{ half(question) }}')
    fault = (await written.shown(text)).fault
    assert fault and fault.only_values and fault.text.startswith("in halves@1, line ")
    assert (fault.line, fault.column, fault.words) == (0, 0, fault.text)


async def test_a_text_of_a_million_characters_is_refused_for_its_size_before_it_is_read(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.prompts.template.split", lambda raw: pytest.fail("it was read"))
    fault = (await written.shown(TEXT + "{{ question }}\n" * 66_000)).fault
    assert fault and "characters: at most 65,536" in fault.text
    assert fault.hint == "Give long texts as variables."


async def test_of_a_long_message_the_beginning_is_shown_and_how_much_more_there_is(
    written: Written,
) -> None:
    sent = (await written.shown(TEXT.replace("{{ question }}", "{{ question * 5000 }}"))).sent
    assert sent and sum(len(run.text) for run in sent.parts[1].runs) == 50_000
    assert sent.parts[1].more > 30_000


async def test_a_fault_of_the_text_is_found_by_one_look_so_that_a_slow_one_is_stopped_once(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    answer = written.sandbox._pool.ask

    async def told(request: dict[str, Any]) -> dict[str, Any]:
        asked.append(request["op"])
        return await answer(request)

    monkeypatch.setattr(written.sandbox._pool, "ask", told)
    fault = (await written.shown(TEXT.replace("Be", "{{ nobody }}"))).fault
    assert fault and not fault.only_values and asked == ["validate"]
