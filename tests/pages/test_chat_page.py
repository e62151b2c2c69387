"""The chat page: ask, see the answer with what is behind it, and find it again."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import errors
from core.llm.scripted import Reply
from core.types import TurnRequest
from pages.ui import ways_on

Open = Callable[..., AppTest]


def texts(test: AppTest) -> str:
    return "\n".join(element.value for element in [*test.markdown, *test.caption, *test.title])


def test_an_empty_chat_invites_a_first_question(app: Open) -> None:
    test = app()
    assert "Ask your documents" in texts(test)
    assert "Drop a file below" in texts(test)
    assert not test.chat_message
    # A Makefile may be dropped, too: what is not read is refused with what to do about it.
    assert list(test.chat_input[0].proto.file_type) == []


def test_questions_about_the_samples_are_offered_while_the_answers_are_about_them(
    app: Open, bench: Any, asked: Callable[[str], Any]
) -> None:
    def offered(conversation: str) -> list[str]:
        test = app(c=conversation)
        return [each.label for each in test.button if str(each.key).startswith("suggestion_")]

    diary = Path("data/samples/production-diary.md").read_bytes()
    bench.documents.add("local", "production-diary.md", diary)
    about_them = asked("Why did dimmer 31 open?").conversation_id
    assert len(offered("new")) == len(offered(about_them)) == 3
    bench.documents.add("local", "lease.txt", b"The tenant may keep one dog and two cats.")
    about_mine = asked("How many dogs and cats may the tenant keep?").conversation_id
    assert offered("new") == offered(about_mine) == []
    assert len(offered(about_them)) == 3


def test_a_question_is_answered_on_the_page_and_the_address_names_the_conversation(
    app: Open, bench: Any
) -> None:
    test = app()
    test.chat_input[0].set_value("/words 6").run()
    [talk] = bench.conversations.list("local")
    assert test.query_params["c"] == talk.id
    [turn] = bench.conversations.history("local", talk.id)
    assert turn.answer in texts(test)
    assert "6 out" in texts(test)
    assert "$0" in texts(test)


def test_the_answer_stands_there_when_the_conversation_is_opened_again(
    app: Open, asked: Callable[[str], Any]
) -> None:
    turn = asked("/words 6")
    test = app(c=turn.conversation_id)
    assert [message.name for message in test.chat_message] == ["user", "assistant"]
    assert turn.answer in texts(test)


def test_a_cited_passage_opens_with_its_words_marked(
    app: Open, bench: Any, asked: Callable[[str], Any]
) -> None:
    bench.documents.add("local", "rider.txt", b"The notice period is sixty days.")
    turn = asked("How long is the notice period?")
    assert turn.citations
    shown = "\n".join(element.proto.body for element in app(c=turn.conversation_id).get("html"))
    assert "<mark" in shown
    assert "sixty days" in shown


def test_a_quotation_is_not_quoted_twice(app: Open, bench: Any, asked: Callable[..., Any]) -> None:
    bench.documents.add("local", "rider.txt", b"The notice period is sixty days.")
    turn = asked("How long is the notice period?", model="quotes")
    shown = texts(app(c=turn.conversation_id))
    assert "“The notice period is sixty days.”" in shown and "““" not in shown


def test_a_failed_answer_says_what_happened_and_what_to_do(
    app: Open, asked: Callable[[str], Any]
) -> None:
    turn = asked("/fail key_rejected")
    [error] = app(c=turn.conversation_id).error
    assert turn.error["message"].split()[0] in error.value
    assert "Models page" in error.value


def test_a_failed_answer_leads_to_the_page_that_its_hint_names_and_can_be_asked_again(
    app: Open, bench: Any, asked: Callable[[str], Any]
) -> None:
    turn = asked("/fail key_rejected 1")
    test = app(c=turn.conversation_id)
    assert "Models" in [link.proto.label for link in test.get("page_link")]
    test.button(key=f"again_{turn.id}").click().run()
    first, second = bench.turns_of("local", turn.conversation_id)
    assert second.request.prompt == first.request.prompt


@pytest.mark.parametrize(
    ("error", "named", "asks"),
    [
        (errors.KeyRejected, ["Models"], True),
        (errors.QuotaSpent, [], True),
        (errors.RequestRejected, ["Models"], False),
        (errors.Overloaded, [], True),
        (errors.Unreachable, [], True),
        (errors.StreamCut, [], True),
        (errors.TooFast, [], True),
        (errors.CircuitOpen, [], True),
        (errors.DeadlineExceeded, [], True),
        (errors.BudgetExceeded, ["Models"], True),
        (errors.NeedsEmbedding, ["Documents"], False),
        (errors.ToolServerFailed, ["Tools"], False),
        (errors.ModelMisbehaved, [], True),
        (errors.Interrupted, [], True),
        (errors.DiskFull, [], True),
        (errors.DatabaseAway, [], True),
        (errors.Conflict, [], False),
    ],
)
def test_what_an_error_tells_to_do_is_a_control_where_one_does_it(
    error: type[errors.FootlightsError], named: list[str], asks: bool
) -> None:
    assert (ways_on.pages(error.hint), ways_on.again(error.hint)) == (named, asks)


@pytest.fixture
def keyed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of OpenAI's, at an address where nobody listens."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")


def test_of_a_question_that_a_cap_refused_nothing_is_said_to_have_been_sent(
    keyed: None, app: Open, bench: Any, asked: Callable[..., Any]
) -> None:
    bench.documents.add("local", "rider.txt", b"The notice period is sixty days.")
    bench.caps.set("local", "day", Decimal("0.0000001"))
    turn = asked("How long is the notice period?", model="openai:gpt-6-luna")
    assert turn.error["code"] == "budget_exceeded" and turn.unsent
    test = app(c=turn.conversation_id)
    said = texts(test) + "".join(each.proto.body for each in test.get("html"))
    assert "tokens of the window were ready, and nothing was sent" in said
    assert "Found for the question; nothing was sent." in said
    trace = app("traces", turn=turn.id)
    assert {"renews on" in each.value for each in trace.error} == {True}  # above, and at its step
    window = app("tokens", turn=turn.id)
    assert [each.label for each in window.metric] == ["Tokens, not sent"]
    assert "nothing was sent, so nothing was reported" in texts(window)


def test_of_what_is_not_in_the_documents_no_model_and_no_tokens_are_said_to_have_been_asked(
    keyed: None, app: Open, bench: Any, asked: Callable[..., Any]
) -> None:
    bench.documents.add("local", "rider.txt", b"The notice period is sixty days.")
    asking = "Who won the football world cup in Mexico?"
    turn = asked(asking, guess=False, model="openai:gpt-6-luna")
    assert "no model was asked" in turn.stop_reason and turn.unsent
    test = app(c=turn.conversation_id)
    said = texts(test) + "".join(each.proto.body for each in test.get("html"))
    assert "tokens of the window were ready, and nothing was sent" in said
    assert "gpt-6-luna" not in said.replace("\\", "")


def test_a_quotation_is_made_of_what_was_sent_to_nobody_and_is_no_failure(
    app: Open, bench: Any, asked: Callable[..., Any]
) -> None:
    bench.documents.add("local", "rider.txt", b"The notice period is sixty days.")
    turn = asked("How long is the notice period?", model="quotes")
    assert turn.calls.count == 1 and not turn.unsent
    assert "quotes · " in texts(app(c=turn.conversation_id))


def test_a_conversation_that_is_not_there_says_so_and_leads_on(app: Open) -> None:
    test = app(c="no-such-conversation")
    assert "no conversation" in test.error[0].value
    assert not test.exception


def given_back(test: AppTest) -> str:
    """What stands in the field without having been typed there."""
    field = test.chat_input[0].proto
    return str(field.value) if field.set_value else ""


def test_a_question_that_cannot_be_asked_stands_in_the_field_again_below_the_reason(
    app: Open, asked: Callable[[str], Any]
) -> None:
    test = app(c=asked("/words 3").conversation_id)
    test.chat_input[0].set_value("x" * 1_000_000).run()
    assert "at most" in test.error[0].value
    assert given_back(test) == "x" * 1_000_000
    assert given_back(test.run()) == ""  # once, and whoever clears it is not given it again


def test_what_is_asked_in_another_tab_while_an_answer_comes_is_not_lost(
    app: Open, bench: Any, asked: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = asked("/words 3").conversation_id
    second = app(c=talk)
    first = bench.turns.start("local", TurnRequest("/stall"), conversation_id=talk)

    def until_stopped(*_: Any) -> None:
        bench.bridge.run(bench.turns.stop("local", first.turn_id))
        for _ in bench.bridge.iterate(bench.turns.follow("local", first.turn_id), 60):
            pass

    monkeypatch.setattr("pages.ui.live.follow", until_stopped)
    second.chat_input[0].set_value("Asked in the second tab").run()
    assert [turn.request.prompt for turn in bench.turns_of("local", talk)] == ["/words 3", "/stall"]
    assert given_back(second) == "Asked in the second tab"
    assert "not sent" in second.toast[0].value


def test_a_question_to_a_conversation_that_was_deleted_elsewhere_waits_in_a_new_chat(
    app: Open, bench: Any, asked: Callable[[str], Any]
) -> None:
    talk = asked("/words 3").conversation_id
    test = app(c=talk)
    bench.conversations.delete("local", talk)
    test.chat_input[0].set_value("Is anybody there?").run()
    assert "no conversation" in test.error[0].value
    test.query_params["c"] = "new"
    assert given_back(test.run()) == "Is anybody there?"


def test_a_title_made_of_markdown_fetches_nothing(
    app: Open, bench: Any, asked: Callable[[str], Any]
) -> None:
    turn = asked("![x](https://evil.example/a.png) /words 2")
    test = app(c=turn.conversation_id)
    assert "![x]" not in "\n".join(element.value for element in [*test.subheader, *test.markdown])


def test_an_answer_is_asked_for_as_a_table_and_taken_away(app: Open, bench: Any) -> None:
    bench.models.providers["scripted"].script.append(
        Reply(
            '{"rows": [{"item": "Fresnel", "watts": 1200}, {"item": "=HYPERLINK(1)", "watts": null}]}'
        )
    )
    test = app()
    test.text_input(key="table_fields").set_value("item, watts: number").run()
    test.chat_input[0].set_value("What draws how much?").run()
    [frame] = test.dataframe
    assert frame.value.astype(object).fillna("").to_numpy().tolist() == [
        ["Fresnel", 1200],
        ["=HYPERLINK(1)", ""],
    ]
    assert "2 rows" in texts(test)
    assert [each.proto.label for each in test.get("download_button")] == ["CSV", "JSON"]


def test_columns_that_make_no_table_are_said_where_they_are_typed(app: Open) -> None:
    test = app()
    test.text_input(key="table_fields").set_value("watts: many").run()
    assert "is no kind of field" in test.error[0].value


# --- what the prompt says of its answers ---------------------------------------------------------

_ORDER = """---
description: An order.
model: {name: quotes}
variables:
  - {name: question, type: long_text, required: true}
  - {name: customer, required: true, description: Who orders.}
  - {name: pieces, type: number, default: 3}
---
{% message "system" %}For {{ customer }}: {{ pieces }}.{% endmessage %}
{% message "user" %}{{ question }}{% endmessage %}
"""


def test_a_prompt_asks_for_its_variables_and_its_model_answers_until_one_is_chosen(
    app: Open, bench: Any
) -> None:
    bench.bridge.run(bench.prompts.save("order", _ORDER, "", who="local"))
    test = app()
    test.radio(key="prompt_choice").set_value("order").run()
    assert "First fill in what the prompt asks for: customer" in test.chat_input[0].placeholder
    assert test.chat_input[0].disabled
    test.text_input(key="ask_order_customer_text").set_value("Ada").run()
    assert not test.chat_input[0].disabled
    model = next(each for each in test.radio if each.label == "Who answers")
    assert (model.value, model.options[0]) == ("", "Model of the prompt")
    model.set_value("scripted").run()
    test.chat_input[0].set_value("Which lamp?").run()
    [talk] = bench.conversations.list("local")
    [turn] = bench.conversations.history("local", talk.id)
    assert turn.request.variables == {"customer": "Ada"}
    assert (turn.request.template, turn.request.model) == ("order", "scripted")
