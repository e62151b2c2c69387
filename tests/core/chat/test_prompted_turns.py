"""What a prompt says of its answers, obeyed by the chat: its model, its length, its shape, its variables."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import Misuse, Refused
from core.events import AnswerReplaced, TurnDone
from core.export import plain
from core.llm.scripted import Reply
from core.prompts.template import parse
from tests.conftest import running, settings_for
from tests.core.turns.test_turns import ask, followed

HEAD = """---
description: An order.
model: {{name: {model}, max_tokens: 77}}
{output}variables:
  - {{name: question, type: long_text, required: true}}
  - {{name: customer, required: {required}, description: Who orders.}}
  - {{name: pieces, type: number, default: 3}}
  - {{name: kind, type: choice, choices: [rent, sale]}}
  - {{name: before, type: list}}
---
{{% message "system" %}}For {{{{ customer }}}}: {{{{ pieces }}}} to {{{{ kind }}}}.{{{{ before | length }}}}{{% endmessage %}}
{{% message "user" %}}{{{{ question }}}}{{% endmessage %}}
"""
SHAPE = """output:
  type: object
  properties: {lamp: {type: string}, watts: {type: number}}
  required: [lamp, watts]
  additionalProperties: false
"""


def order(model: str = "quotes", output: str = "", required: str = "false") -> str:
    return HEAD.format(model=model, output=output, required=required)


def nested(levels: int) -> list[Any]:
    made: list[Any] = []
    for _ in range(levels - 1):
        made = [made]
    return made


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Any]:
    prompts = {
        "order": order(),
        "named": order(required="true"),
        "shaped": order(model="anthropic:claude-opus-5-5", output=SHAPE),
    }
    for name, raw in prompts.items():
        (tmp_path / "prompts" / name).mkdir(parents=True)
        (tmp_path / "prompts" / name / "v1.md").write_text(raw)
    with running(settings_for(tmp_path, FOOTLIGHTS_PROMPTS=tmp_path / "prompts")) as made:
        yield made


def turned(bench: Any, **given: Any) -> tuple[Any, list[Any]]:
    started = ask(bench, "Which lamp?", use_documents=False, **given)
    events = followed(bench, started.turn_id)
    return bench.turn_rows.get("local", started.turn_id), events


def test_the_model_of_the_prompt_answers_until_somebody_chooses_another(bench: Any) -> None:
    assert turned(bench, template="order")[0].model.startswith("quotes")
    chosen, _ = turned(bench, template="order", model="scripted")
    assert chosen.model.startswith("scripted")
    assert bench.models.providers["scripted"].requests[-1].max_tokens == 77


def test_a_model_of_the_prompt_that_cannot_be_asked_here_gives_way_to_the_first(bench: Any) -> None:
    bench.models.providers["scripted"].script.append(Reply('{"lamp": "Fresnel", "watts": 1200}'))
    turn, _ = turned(bench, template="shaped")
    assert turn.model.startswith("scripted")


def test_the_answer_comes_in_the_shape_of_the_prompt_and_is_asked_for_again_if_not(
    bench: Any,
) -> None:
    provider = bench.models.providers["scripted"]
    provider.script.extend([Reply('{"lamp": 7}'), Reply('{"lamp": "Fresnel", "watts": 1200}')])
    turn, events = turned(bench, template="shaped")
    assert isinstance(events[-1], TurnDone)
    assert json.loads(turn.answer) == {"lamp": "Fresnel", "watts": 1200}
    [again, final] = [event for event in events if isinstance(event, AnswerReplaced)]
    assert (again.text, final.text) == ("", turn.answer)
    told = "\n".join(said.text for said in provider.requests[-1].messages)
    assert '"additionalProperties":false' in told and "cannot be used" in told


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"model": "quotes"}, "quotations have no shape"),
        ({"tools": ("calculator",)}, "made without tools"),
    ],
)
def test_an_answer_of_a_shape_needs_a_model_and_no_tools(
    bench: Any, given: dict[str, Any], told: str
) -> None:
    with pytest.raises(Misuse, match=told):
        ask(bench, "Which lamp?", template="shaped", **given)


def test_what_the_form_asks_for_is_what_nobody_else_gives(bench: Any) -> None:
    template = bench.prompts.get("order")
    assert [each.name for each in template.asks] == ["customer", "pieces", "kind"]
    assert bench.prompts.askable() == ["named", "order", "shaped"]
    assert bench.prompts.answering() == ["order", "shaped"]


def test_variables_are_sent_and_kept_with_the_turn(bench: Any) -> None:
    given = {"customer": "Ada", "kind": "sale"}
    turn, _ = turned(bench, template="order", model="scripted", variables=given)
    assert turn.request.variables == given
    sent = bench.models.providers["scripted"].requests[-1].messages[0].text
    assert sent.startswith("For Ada: 3 to sale.")


def test_half_a_character_in_a_question_or_a_variable_is_sent_and_kept_as_a_sign_for_it(
    bench: Any,
) -> None:
    given = {"customer": "A\ud800da\x00", "before": [{"\udfff": "x"}]}
    started = ask(bench, "Which \ud800 lamp?", template="order", model="scripted", variables=given)
    assert isinstance(followed(bench, started.turn_id)[-1], TurnDone)
    turn = bench.turn_rows.get("local", started.turn_id)
    assert turn.request.variables == {"customer": "A\ufffdda", "before": [{"\ufffd": "x"}]}
    sent = bench.models.providers["scripted"].requests[-1].messages
    assert sent[0].text.startswith("For A\ufffdda:") and sent[-1].text == "Which \ufffd lamp?"


def test_half_a_character_that_a_template_makes_is_sent_and_kept_as_a_sign_for_it(
    bench: Any, tmp_path: Path
) -> None:
    (tmp_path / "prompts" / "half").mkdir()
    made = """{{ '%c' | format(55296) }}a{{ "\\udfff|" }}{{ question }}"""
    raw = order().replace("{{ question }}", made)
    (tmp_path / "prompts" / "half" / "v1.md").write_text(raw)
    started = ask(bench, "Why?", template="half", model="scripted", variables={"customer": "Ada"})
    assert isinstance(followed(bench, started.turn_id)[-1], TurnDone)
    sent = bench.models.providers["scripted"].requests[-1].messages
    assert sent[-1].text == "\ufffda\ufffd|Why?"


def test_a_value_as_deep_as_it_may_be_is_kept_and_read_again(bench: Any) -> None:
    given = {"before": nested(64)}
    turn, _ = turned(bench, template="order", model="scripted", variables=given)
    assert turn.request.variables == given
    assert plain(bench.turn_rows.list("local", 5))[0]["request"]["variables"] == given


@pytest.mark.parametrize(
    ("name", "variables", "told"),
    [
        ("order", {"pieces": "many"}, "order@1: the variable 'pieces' is not a number"),
        ("order", {"pieces": 10**400}, "order@1: the variable 'pieces' is not a number"),
        ("order", {"before": nested(65)}, "order@1: the variable 'before' is nested more than 64"),
        ("order", {"kind": "theft"}, "order@1: the variable 'kind' is none of rent, sale"),
        ("order", {"colour": "red"}, "order@1 takes no variable 'colour'"),
        ("order", {"question": "x"}, "order@1 takes no variable 'question'"),
        ("named", {}, "named@1 needs 'customer'"),
    ],
)
def test_wrong_variables_are_refused_before_anything_is_asked(
    bench: Any, name: str, variables: dict[str, Any], told: str
) -> None:
    with pytest.raises(Misuse, match=told):
        ask(bench, "Which lamp?", template=name, variables=variables)
    assert bench.conversations.list("local") == []


def test_a_hint_that_names_no_model_is_refused_at_its_line() -> None:
    with pytest.raises(Refused, match="line 3, column 1: model: 'gpt 6' names no model"):
        parse("order", 1, order(model="gpt 6"))
    with pytest.raises(Refused, match="line 3, column 1: model: unknown key 'speed'"):
        parse("order", 1, order().replace("max_tokens", "speed"))
