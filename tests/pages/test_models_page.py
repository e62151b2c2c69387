"""The models page: who answers and why, what the others wait for, and keys that leave no trace."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.assets.weights import Weights
from core.errors import RateLimited
from core.llm.discovery import Listed
from core.types import TurnRequest
from tests.conftest import running

Open = Callable[..., AppTest]
GOOD, BAD = "sk-good-9f8e7d", "sk-bad-1a2b3c"


class Vendor(BaseHTTPRequestHandler):
    """Lists one model to whoever has the good key."""

    def do_GET(self) -> None:
        good = self.headers.get("Authorization") == f"Bearer {GOOD}"
        body = {"data": [{"id": "gpt-6-luna"}]} if good else {"error": {"message": "no such key"}}
        self.send_response(200 if good else 401)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        word = {"choices": [{"delta": {"content": "ready"}, "finish_reason": "stop"}]}
        usage = {"choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 1}}
        for chunk in (word, usage):
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(autouse=True)
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A vendor on this machine, in place of OpenAI; made before the workbench is."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Vendor)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "")
    yield
    server.shutdown()
    server.server_close()
    thread.join()


def texts(test: AppTest) -> str:
    kinds = (test.markdown, test.caption, test.error)
    return "\n".join(element.value for kind in kinds for element in kind)


def html(test: AppTest) -> str:
    return "\n".join(element.proto.body for element in test.get("html"))


def paste(test: AppTest, key: str) -> AppTest:
    test.text_input(key="key_openai").set_value(key)
    return test.button(key="keep_key_openai").click().run()


def remembered(test: AppTest) -> str:
    return repr(test.session_state._state)


def test_the_page_says_who_answers_and_why(app: Open) -> None:
    test = app("models")
    assert "**Scripted, no model** answers, because `FOOTLIGHTS_MODEL` asks for it." in texts(test)


def test_every_model_has_its_window_and_its_price(app: Open, bench: Any) -> None:
    test = app("models")
    shown = html(test)
    for state in bench.models.states():
        for info in state.models:
            assert info.ref in shown
            assert info.price is None or f"${info.price.input:.2f}" in shown or "$0" in shown
    assert "1,050,000" in shown


def test_a_server_elsewhere_has_its_address_and_an_unknown_price(app: Open, bench: Any) -> None:
    url = "https://models.example/v1"
    bench.models._servers["compatible"] = ("Compatible server", url, [Listed("big-<one>", 8192)])
    test = app("models")
    assert "models.example" in texts(test)
    assert "compatible:big-&lt;one&gt;" in html(test)
    assert "price unknown" in html(test)


def test_a_good_key_is_checked_kept_and_forgotten_by_the_page(app: Open, bench: Any) -> None:
    test = paste(app("models"), GOOD)
    assert "is good and kept" in test.toast[0].value
    assert GOOD not in remembered(test)
    assert GOOD not in texts(test) + html(test)
    [openai] = [state for state in bench.models.states() if state.name == "openai"]
    assert (openai.state, openai.key_origin) == ("ready", "page")
    test = paste(test, BAD)  # another one in its place: checked first, and the good one stays
    assert "Enter a valid key" in test.error[0].value
    [openai] = [state for state in bench.models.states() if state.name == "openai"]
    assert openai.state == "ready"
    test.button(key="remove_key_openai").click().run()
    [openai] = [state for state in bench.models.states() if state.name == "openai"]
    assert openai.state == "no_key"


def test_a_bad_key_is_refused_with_what_to_do_and_not_kept(app: Open, bench: Any) -> None:
    test = paste(app("models"), BAD)
    assert test.text_input(key="key_openai").value == ""
    assert "Enter a valid key" in test.error[0].value
    assert BAD not in remembered(test)
    assert BAD not in texts(test) + html(test)
    [openai] = [state for state in bench.models.states() if state.name == "openai"]
    assert openai.state == "no_key"
    test.run()
    assert not test.error


def test_an_empty_field_asks_nobody(app: Open) -> None:
    test = paste(app("models"), "  ")
    assert "Paste the key first" in test.error[0].value


def test_the_download_can_be_fetched_skipped_and_resumed(app: Open, bench: Any) -> None:
    weights = bench.models.weights
    weights._path = None
    weights.download = replace(weights.download, state="skipped", done=300_000_000)
    test = app("models")
    assert "Paused at 300 of 1,117 MB" in test.get("progress")[0].proto.text
    assert test.button(key="resume_weights").label == "Resume"
    weights.download = replace(weights.download, state="failed", note="no source has it")
    test.run()
    assert "no source has it" in texts(test)
    assert test.button(key="retry_weights").label == "Try again"


def test_looking_again_says_what_was_found(app: Open) -> None:
    test = app("models")
    test.button(key="look_again").click().run()
    assert test.toast[0].value == "No server was found."


def test_a_cap_is_set_shown_as_a_bar_and_taken_away(app: Open, bench: Any) -> None:
    test = app("models")
    assert "An empty field is no cap" in texts(test)
    test.number_input(key="cap_day").set_value(2.5).run()
    [cap] = bench.caps.list("local")
    assert (cap.scope, str(cap.limit), str(cap.left)) == ("day", "2.5", "2.5")
    assert "renews" in texts(test)
    test.button(key="remove_cap_day").click().run()
    assert bench.caps.list("local") == ()
    assert not test.exception


def test_a_model_is_tested_by_a_real_call_whose_row_is_in_the_ledger(app: Open, bench: Any) -> None:
    test = paste(app("models"), GOOD)
    test.button(key="test_openai").click().run()
    [row] = bench.ledger.rows("local")
    assert (row.purpose, row.model, row.state) == ("test", "openai:gpt-6-luna", "settled")
    assert row.usage
    assert row.usage.output_tokens == 1
    assert any("answered “ready”" in element.value for element in test.success)


def test_a_test_that_fails_says_why_and_costs_nothing(app: Open, bench: Any) -> None:
    test = paste(app("models"), GOOD)
    bench.caps.set("local", "day", Decimal(0))
    test.button(key="test_openai").click().run()
    assert "for today is reached" in texts(test)
    assert bench.ledger.rows("local") == []


def test_the_last_complaint_of_a_vendor_and_each_of_its_limits_are_shown(
    app: Open, bench: Any
) -> None:
    test = paste(app("models"), GOOD)
    ref = "openai:gpt-6-luna"
    with suppress(RateLimited), bench.client.breaker.guard(ref):
        raise RateLimited("openai asks for a slower pace", provider="openai")
    limits = {"anthropic-ratelimit-output-tokens-limit": "8000"}
    bench.client.limiter.learn(ref, limits)
    shown = texts(test.run())
    assert "GPT-6 Luna, the last time: openai asks for a slower pace" in shown
    assert "8,000 of 8,000 tokens to write left" in shown
    test.button(key="test_openai").click().run()
    assert "the last time" not in texts(test)


def test_a_price_of_ones_own_is_kept_shown_and_taken_away(app: Open, bench: Any) -> None:
    ref = "openai:gpt-6-luna"
    test = app("models")
    test.selectbox(key="terms_ref").set_value(ref).run()
    read, written = test.number_input[0], test.number_input[1]
    read.set_value(0.5)
    written.set_value(2.25)
    keep = next(button for button in test.button if button.label == "Keep")
    keep.click().run()
    assert bench.prices.get("local", ref).output == Decimal("2.25")
    assert "your price" in html(test)
    assert "$2.25" in html(test)
    test.selectbox(key="terms_ref").set_value(ref).run()
    test.button(key="terms_remove").click().run()
    assert bench.prices.get("local", ref) is None
    assert "your price" not in html(test)


def test_half_a_price_is_refused_in_words(app: Open, bench: Any) -> None:
    test = app("models")
    test.selectbox(key="terms_ref").set_value("openai:gpt-6-luna").run()
    test.number_input[0].set_value(0.5)
    next(button for button in test.button if button.label == "Keep").click().run()
    assert "at least two parts" in test.error[0].value
    assert bench.prices.list("local") == ()


def test_a_pace_of_ones_own_holds_from_now_on_and_after_a_start(app: Open, bench: Any) -> None:
    ref = "openai:gpt-6-luna"
    test = app("models")
    test.selectbox(key="terms_ref").set_value(ref).run()
    test.number_input[4].set_value(30)
    next(button for button in test.button if button.label == "Keep").click().run()
    assert bench.client.limiter.state(ref).requests == 30
    assert "30 of 30 requests left" in texts(test)
    with running(bench.settings) as again:
        assert again.client.limiter.state(ref).requests == 30


def test_the_order_of_fallbacks_is_chosen_on_the_page(app: Open, bench: Any) -> None:
    test = app("models")
    [order] = [each for each in test.multiselect if each.label.startswith("Ask instead")]
    order.set_value(["quotes", "openai:gpt-6-luna"]).run()
    assert bench.preferences.fallback("local") == ("quotes", "openai:gpt-6-luna")
    scripted = bench.models.resolve(None)
    found = bench.models.fallbacks(scripted, 10, bench.preferences.fallback("local"))
    assert [info.ref for info in found] == ["quotes"]  # the other has no key


def test_a_key_is_made_shown_once_and_revoked(app: Open, bench: Any) -> None:
    test = app("models")
    test.button(key="make_api_key").click().run()
    test.text_input(key="api_key_name").set_value("notebook")
    test.button(key="make_api_key").click()  # in a browser the dialog stays open by itself
    test.button(key="make_it").click().run()
    [key] = bench.api_keys.list("local")
    secret = test.code[0].value
    assert bench.api_keys.verify(secret).id == key.id
    # A second click finds no button: another key would take the place of the one that is to be copied.
    assert "make_it" not in {each.key for each in test.button}
    test = app("models")
    assert key.prefix in texts(test)
    assert secret not in texts(test) + html(test)
    test.button(key=f"revoke_{key.id}").click().run()
    assert bench.api_keys.verify(secret) is None
    assert key.prefix not in texts(test)


def test_what_a_program_asked_is_found_at_its_key_and_not_beside_the_chat(
    app: Open, bench: Any
) -> None:
    key, _ = bench.api_keys.make("local", "notebook", None)
    request = TurnRequest(prompt="/words 2", key_id=key.id, use_documents=False)
    bench.turns.start("local", request)
    bench.conversations.create("local", "mine", "Asked by myself")

    def links(page: str) -> set[str]:
        return {each.proto.label.replace("\\", "") for each in app(page).get("page_link")}

    assert "API: /words 2" in links("models")
    beside = links("costs")
    assert "API: /words 2" not in beside and any("Asked by myself" in each for each in beside)
    bench.api_keys.revoke("local", key.id)
    assert "API: /words 2" in links("models")


def test_a_cap_warns_from_its_own_level_on_and_says_what_happens_then(
    app: Open, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Weights, "file", None)  # the project's own folder may have them
    bench.caps.set("local", "day", Decimal(1))
    test = app("models")
    test.slider(key="warn_day").set_value(50).run()
    assert bench.caps.list("local")[0].warn_share == 0.5
    test.session_state["at_cap"] = "local"
    bench.preferences.set_at_cap("local", "local")
    bench.ledger.reserve("local", "r1", "t", "c", "openai:x", "answer", Decimal("0.6"))
    chat = app("chat")
    assert "Today's cap is near: $0.40 of $1.00 is left" in chat.warning[0].value.replace("\\", "")
    # No model of this machine is ready in this one.
    assert "refused, as the model of this machine is not ready" in chat.warning[0].value
    bench.caps.remove("local", "day")
    assert not app("chat").warning
