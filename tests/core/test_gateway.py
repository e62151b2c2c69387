"""The gateway as the official openai SDK sees it, over real HTTP, with a key of ours."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.api import create_api
from core.api.gateway_errors import WireError
from core.api.gateway_request import parse
from core.people.allowed import Allowed
from tests.conftest import running, served, settings_for
from tests.core.test_paying import paid as paid  # a bench whose model costs money
from tests.core.test_paying import vendor as vendor

RIDER = b"# Rider\n\nThe notice period is sixty days.\n\n# Lights\n\nThe lamps are tungsten.\n"
SECONDS = 100.0


@pytest.fixture
def secret(bench: Any) -> str:
    return str(bench.api_keys.make("local", "notebook", None)[1])


def sdk(api: str, secret: str, **given: Any) -> openai.OpenAI:
    return openai.OpenAI(
        base_url=f"{api}/openai/v1",
        api_key=secret,
        max_retries=given.pop("max_retries", 0),
        timeout=SECONDS,
        http_client=httpx2.Client(trust_env=False),
        **given,
    )


@pytest.fixture
def client(api: str, secret: str) -> Iterator[openai.OpenAI]:
    with sdk(api, secret) as made:
        yield made


def ask(client: openai.OpenAI, prompt: str, **given: Any) -> Any:
    messages = given.pop("messages", [{"role": "user", "content": prompt}])
    model = given.pop("model", "footlights")
    return client.chat.completions.create(model=model, messages=messages, **given)


def indexed(bench: Any, name: str, text: bytes) -> str:
    """The id of a document that has been read."""
    document, _ = bench.documents.add("local", name, text)

    async def settled() -> None:
        async for _ in bench.documents.settled("local", (document.id,)):
            pass

    bench.bridge.run(settled())
    return str(document.id)


def turns(bench: Any) -> list[Any]:
    return list(bench.turn_rows.list("local"))


def ended(bench: Any, turn_id: str) -> Any:
    """The turn once it is over."""
    for _ in bench.bridge.iterate(bench.turns.follow("local", turn_id), SECONDS):
        pass
    return bench.turn_rows.get("local", turn_id)


# --- answers ----------------------------------------------------------------------------------


def test_the_sdk_chats_with_the_documents_and_gets_citations(
    bench: Any, client: openai.OpenAI
) -> None:
    document_id = indexed(bench, "rider.md", RIDER)
    answer = ask(client, "How long is the notice period?")
    [choice] = answer.choices
    assert choice.finish_reason == "stop"
    assert "sixty days" in choice.message.content
    [turn] = turns(bench)
    assert (answer.id, answer.object) == (f"chatcmpl-{turn.id}", "chat.completion")
    assert answer.model == "scripted"
    extras = choice.message.footlights
    assert (extras["turn_id"], extras["cost_usd"]) == (turn.id, "0")
    cited = extras["citations"][0]
    assert set(cited) == {
        "number",
        "document_id",
        "name",
        "page",
        "start",
        "end",
        "quote",
        "verdict",
        "found_in",
    }
    assert (cited["document_id"], cited["name"], cited["page"]) == (document_id, "rider.md", 1)
    assert choice.message.content[cited["start"] : cited["end"]] == f"[{cited['number']}]"
    assert cited["quote"] in RIDER.decode()
    assert cited["quote"]
    assert answer.usage.prompt_tokens == turn.usage.input_tokens > 0
    assert answer.usage.completion_tokens == turn.usage.output_tokens > 0
    assert answer.usage.total_tokens == turn.usage.input_tokens + turn.usage.output_tokens


def test_a_stream_says_the_same_in_pieces_and_ends_with_usage_and_citations(
    bench: Any, client: openai.OpenAI
) -> None:
    indexed(bench, "rider.md", RIDER)
    chunks = list(
        ask(
            client,
            "How long is the notice period?\n/pace 40ms",
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    said = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    [turn] = turns(bench)
    assert "".join(said) == turn.answer
    assert len([text for text in said if text]) > 3
    assert chunks[0].choices[0].delta.role == "assistant"
    assert {chunk.id for chunk in chunks} == {f"chatcmpl-{turn.id}"}
    assert {chunk.model for chunk in chunks} == {"scripted"}
    *_, finish, last = chunks
    assert finish.choices[0].finish_reason == "stop"
    assert last.choices == []
    assert last.usage.completion_tokens == turn.usage.output_tokens
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert last.footlights == finish.footlights
    assert last.footlights["citations"][0]["name"] == "rider.md"


def test_without_include_usage_the_last_chunk_says_why_it_ended_and_then_done(
    api: str, secret: str
) -> None:
    body = {
        "model": "footlights",
        "stream": True,
        "messages": [{"role": "user", "content": "/words 3"}],
    }
    headers = {"Authorization": f"Bearer {secret}"}
    with httpx2.Client(base_url=api, timeout=SECONDS, trust_env=False) as raw:
        answer = raw.post("/openai/v1/chat/completions", json=body, headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream")
    frames = [line for line in answer.text.split("\n\n") if line]
    assert frames[-1] == "data: [DONE]"
    last = json.loads(frames[-2].removeprefix("data: "))
    assert last["choices"][0]["finish_reason"] == "stop"
    assert last["footlights"]["citations"] == []
    assert "usage" not in last


async def test_the_asynchronous_sdk_streams_too(api: str, secret: str) -> None:
    async with openai.AsyncOpenAI(
        base_url=f"{api}/openai/v1",
        api_key=secret,
        http_client=httpx2.AsyncClient(trust_env=False),
    ) as client:
        stream = await client.chat.completions.create(
            model="scripted", messages=[{"role": "user", "content": "/words 9"}], stream=True
        )
        said = [c.choices[0].delta.content or "" async for c in stream if c.choices]
    assert len("".join(said).split()) == 9


def test_documents_are_left_out_or_chosen_when_the_request_says_so(
    bench: Any, client: openai.OpenAI
) -> None:
    rider = indexed(bench, "rider.md", RIDER)
    indexed(bench, "menu.md", b"# Menu\n\nThe notice board shows the menu of the day.\n")
    for wanted, names in ((False, set()), ([rider], {"rider.md"}), (True, {"rider.md", "menu.md"})):
        ask(client, "notice", extra_body={"footlights": {"use_documents": wanted}})
        assert {source.hit.name for source in turns(bench)[0].sources} == names


def test_what_was_said_before_and_the_clients_instructions_reach_the_model(
    bench: Any, client: openai.OpenAI
) -> None:
    ask(
        client,
        "",
        messages=[
            {"role": "system", "content": "Speak like a pirate."},
            {"role": "user", "content": "Who lights the stage?"},
            {"role": "assistant", "content": "The gaffer."},
            {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]},
            {"role": "user", "content": [{"type": "text", "text": "And who "}, {"type": "text", "text": "paints it?"}]},
        ],
    )  # fmt: skip
    request = bench.models.providers["scripted"].requests[-1]
    roles = [message.role for message in request.messages]
    assert roles == ["system", "system", "user", "assistant", "user"]
    ours, theirs, asked, said, question = (message.text for message in request.messages)
    assert "Answer briefly" in ours
    assert theirs == "Speak like a pirate.\n\nBe brief."
    assert (asked, said) == ("Who lights the stage?", "The gaffer.")
    assert question.strip() == request.question == "And who paints it?"
    [turn] = turns(bench)
    budget = bench.turn_rows.budget("local", turn.id)
    history = next(part for part in budget.slices if part.region == "history")
    assert [item.role for item in history.items] == ["user", "assistant"]
    assert "Speak like a pirate." in [
        line
        for part in budget.slices
        if part.region == "system"
        for item in part.items
        for line in item.text.splitlines()
    ]


def test_old_history_makes_room_as_a_whole_exchange(bench: Any, client: openai.OpenAI) -> None:
    long = "word " * (bench.models.resolve("scripted").window // 4)
    talk = [
        message
        for number in range(8)
        for message in (
            {"role": "user", "content": f"question {number} {long}"},
            {"role": "assistant", "content": f"answer {number}"},
        )
    ]
    ask(client, "", messages=[*talk, {"role": "user", "content": "/words 2"}])
    said = [m.text[:10] for m in bench.models.providers["scripted"].requests[-1].messages]
    asked = [text for text in said if text.startswith("question")]
    answered = [text for text in said if text.startswith("answer")]
    assert 0 < len(asked) < 4
    assert [text[-1] for text in asked] == [text[-1] for text in map(str.strip, answered)]
    assert asked[-1].startswith("question 7")


def test_a_turn_of_a_key_is_seen_with_a_conversation_and_a_trace_of_its_own(
    bench: Any, client: openai.OpenAI
) -> None:
    for _ in range(2):
        ask(client, "/words 3")
    first, second = turns(bench)
    [key] = bench.api_keys.list("local")
    assert first.request.key_id == second.request.key_id == key.id
    assert first.conversation_id != second.conversation_id
    talks = bench.conversations.list("local")
    assert {talk.title for talk in talks} == {"API: /words 3"}
    assert {talk.id for talk in bench.conversations.list("local", key=key.id)} == {
        talk.id for talk in talks
    }
    assert bench.conversations.list("local", key="") == []  # what the owner asked himself
    assert bench.traces.read("local", first.id)
    assert bench.ledger.rows("local", turn_id=first.id)[0].state == "settled"
    assert key.last_used_at is not None


def test_length_and_refusal_are_told_as_finish_reasons(bench: Any, client: openai.OpenAI) -> None:
    from core.llm.scripted import Reply

    script = bench.models.providers["scripted"].script
    script.append(Reply("half an", finish="length"))
    answer = ask(client, "hello", max_completion_tokens=7)
    assert (answer.choices[0].finish_reason, answer.choices[0].message.content) == (
        "length",
        "half an",
    )
    assert bench.models.providers["scripted"].requests[-1].max_tokens == 7
    script.append(Reply("", finish="refusal", detail="no"))
    assert ask(client, "hello").choices[0].finish_reason == "content_filter"


def test_stop_sequences_reach_the_model(client: openai.OpenAI) -> None:
    for stop in ("word4", ["never", "word4"]):
        answer = ask(client, "/words 9", stop=stop)
        assert answer.choices[0].message.content.split() == ["word1", "word2", "word3"]


def test_the_models_are_listed_and_found(client: openai.OpenAI) -> None:
    listed = {model.id: model.owned_by for model in client.models.list()}
    assert listed["footlights"] == "footlights"
    assert {"scripted", "quotes"} <= set(listed)
    for ref in listed:
        assert client.models.retrieve(ref).id == ref


# --- errors -----------------------------------------------------------------------------------


def test_a_missing_an_unknown_and_a_revoked_key_look_the_same(
    bench: Any, api: str, secret: str
) -> None:
    [key] = bench.api_keys.list("local")
    body = {"model": "footlights", "messages": [{"role": "user", "content": "/words 3"}]}
    shown = {
        "none": {},
        "empty": {"Authorization": "Bearer"},
        "basic": {"Authorization": f"Basic {secret}"},
        "unknown": {"Authorization": "Bearer fl-" + "A" * 43},
        "longer": {"Authorization": f"Bearer {secret}A"},
        "not ascii": {"Authorization": "Bearer fl-é".encode()},
        "revoked": {"Authorization": f"Bearer {secret}"},
    }
    with httpx2.Client(base_url=f"{api}/openai/v1", timeout=SECONDS, trust_env=False) as raw:
        good = raw.post("/chat/completions", json=body, headers=shown["revoked"])
        assert good.status_code == 200
        bench.api_keys.revoke("local", key.id)
        answers = [
            *(raw.post("/chat/completions", json=body, headers=each) for each in shown.values()),
            *(raw.get("/models", headers=each) for each in shown.values()),
            *(raw.get("/models/footlights", headers=each) for each in shown.values()),
        ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["error"]["code"] == "invalid_api_key"
    assert secret not in answers[0].text
    with sdk(api, secret) as client, pytest.raises(openai.AuthenticationError):
        client.models.list()
    assert len(turns(bench)) == 1


FAILURES = (
    ("/fail rate_limited", openai.RateLimitError, "rate_limit_exceeded"),
    ("/fail too_fast", openai.RateLimitError, "rate_limit_exceeded"),
    ("/fail quota_spent", openai.RateLimitError, "quota_spent"),
    ("/fail key_rejected", openai.InternalServerError, "key_rejected"),
    ("/fail model_misbehaved", openai.InternalServerError, "model_misbehaved"),
    ("/fail request_rejected", openai.BadRequestError, "request_rejected"),
    ("/cut", openai.InternalServerError, "stream_cut"),
)


@pytest.mark.parametrize("stream", [False, True])
def test_a_failure_before_the_first_word_is_the_sdks_own_error(
    client: openai.OpenAI, stream: bool
) -> None:
    for prompt, kind, code in FAILURES[stream::2]:  # what is worth a retry takes its time
        with pytest.raises(kind) as caught:  # half-way through one word nothing was said
            ask(client, f"{prompt}\n/words 1", stream=stream)
        error: Any = caught.value
        assert error.code == code
        assert error.type
        assert "." in error.message


def test_a_failure_after_the_first_word_is_an_event_of_the_stream(client: openai.OpenAI) -> None:
    said = []
    with pytest.raises(openai.APIError) as caught:
        for chunk in ask(client, "/cut\n/words 20 pace 5ms", stream=True):
            said.append(chunk.choices[0].delta.content or "")
    assert "".join(said).split()[:2] == ["word1", "word2"]
    assert caught.value.code == "stream_cut"
    assert "scripted broke off" in caught.value.message


def test_without_a_stream_the_same_failure_is_a_status(client: openai.OpenAI) -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        ask(client, "/cut\n/words 20")
    assert (caught.value.status_code, caught.value.code) == (502, "stream_cut")


def test_a_client_is_told_not_to_ask_again_what_we_have_asked_as_often_as_makes_sense(
    bench: Any, api: str, secret: str
) -> None:
    with sdk(api, secret, max_retries=2) as client, pytest.raises(openai.InternalServerError):
        ask(client, "/cut\n/words 20")
    assert len(turns(bench)) == 1


def test_a_turn_that_somebody_stops_is_an_error_and_no_whole_answer(
    bench: Any, client: openai.OpenAI
) -> None:
    with pytest.raises(openai.APIError) as caught:
        for chunk in ask(client, "/words 5000 pace 5ms", stream=True):
            if chunk.choices[0].delta.content:
                [turn] = turns(bench)
                bench.bridge.run(bench.turns.stop("local", turn.id))
    assert caught.value.code == "stopped"


@pytest.mark.parametrize("stream", [True, False])
def test_a_key_that_is_revoked_ends_the_answer_that_is_under_way(
    bench: Any, api: str, secret: str, monkeypatch: pytest.MonkeyPatch, stream: bool
) -> None:
    monkeypatch.setattr("core.api.gateway.LOOK_SECONDS", 0.01)
    [key] = bench.api_keys.list("local")
    other = bench.api_keys.make("local", "another", None)[1]
    long = "/words 50000 pace 5ms"
    with half_asked(api, other, True, long), half_asked(api, secret, stream, long) as revoked:
        both = until(lambda: len(found := [t for t in turns(bench) if t.answer]) == 2 and found)
        bench.api_keys.revoke("local", key.id)
        said = b""
        while b'"stopped"' not in said:
            said += (piece := revoked.recv(65536))
            assert piece, said
        states = [bench.turn_rows.get("local", turn.id).status for turn in both]
        assert sorted(states) == ["running", "stopped"]


def test_a_conversation_that_is_deleted_meanwhile_is_an_error_event(
    bench: Any, client: openai.OpenAI
) -> None:
    deleted = False
    with pytest.raises(openai.APIError):
        for chunk in ask(client, "/words 40 pace 20ms", stream=True):
            if chunk.choices and chunk.choices[0].delta.content and not deleted:
                [turn] = turns(bench)
                bench.conversations.delete("local", turn.conversation_id)
                deleted = True


def test_a_model_that_cannot_be_asked_is_not_found(bench: Any, client: openai.OpenAI) -> None:
    for model in ("nobody:gpt", "gpt-4o", "openai:gpt-6-luna", "local:x", ""):
        for stream in (False, True):
            with pytest.raises(openai.NotFoundError) as caught:
                ask(client, "hi", model=model, stream=stream)
            assert (caught.value.code, caught.value.param) == ("model_not_found", "model")
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve(model or " ")
    assert turns(bench) == []


def test_a_spent_cap_of_the_key_is_a_spent_quota_that_is_not_tried_again(
    paid: Any, vendor: Any
) -> None:
    _, poor = paid.api_keys.make("local", "poor", Decimal("0.0001"))
    _, rich = paid.api_keys.make("local", "rich", Decimal(1))
    with served(create_api(lambda: paid)) as api:
        for stream in (False, True):
            client = sdk(api, poor, max_retries=2)
            with client, pytest.raises(openai.RateLimitError) as caught:
                ask(client, "Hello", stream=stream)
            assert (caught.value.type, caught.value.code) == (
                "insufficient_quota",
                "budget_exceeded",
            )
            assert "of this API key" in caught.value.message
            assert "It does not renew. Raise the cap" in caught.value.message
        assert vendor.calls == 0
        assert len(turns(paid)) == 2  # the SDK was told not to retry
        with sdk(api, rich) as client:
            answer = ask(client, "Hello")
    assert answer.choices[0].message.content == "Hello there"
    assert answer.choices[0].message.footlights["cost_usd"] == "0.000105"
    assert answer.usage.prompt_tokens == 1000
    spent = {cap.limit: cap.spent for cap in paid.caps.list("local")}
    assert spent == {Decimal("0.0001"): Decimal(0), Decimal(1): Decimal("0.000105")}


REFUSED: tuple[tuple[str, Any], ...] = (
    ("n", {"n": 2}),
    ("temperature", {"temperature": 0.2}),
    ("top_p", {"top_p": 0.5}),
    ("tools", {"tools": [{"type": "function", "function": {"name": "f"}}]}),
    ("tool_choice", {"tool_choice": "required"}),
    ("logprobs", {"logprobs": True}),
    ("seed", {"seed": 7}),
    ("audio", {"audio": {"voice": "x", "format": "mp3"}}),
    ("modalities", {"modalities": ["text", "audio"]}),
    ("response_format", {"response_format": {"type": "json_object"}}),
    ("reasoning_effort", {"reasoning_effort": "high"}),
    ("nonsense", {"extra_body": {"nonsense": 1}}),
    ("footlights.nonsense", {"extra_body": {"footlights": {"nonsense": 1}}}),
    ("footlights.use_documents", {"extra_body": {"footlights": {"use_documents": 3}}}),
    ("stop", {"stop": ["a", "b", "c", "d", "e"]}),
    ("stop", {"stop": ""}),
    ("stop", {"stop": [1]}),
    ("max_tokens", {"max_tokens": 0}),
    ("max_completion_tokens", {"max_completion_tokens": -1}),
    ("messages", {"messages": []}),
    ("messages", {"messages": [{"role": "system", "content": "x"}]}),
    ("messages", {"messages": [{"role": "assistant", "content": "x"}]}),
    ("messages[0].role", {"messages": [{"role": "tool", "content": "x", "tool_call_id": "1"}]}),
    ("messages[0].content", {"messages": [{"role": "user", "content": None}]}),
    ("messages[0].content[1]", {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, 7]}]}),
    ("messages[0].content[0].type", {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]}]}),
    ("messages[0].content[0].type", {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "", "format": "mp3"}}]}]}),
    ("messages[0].tool_calls", {"messages": [{"role": "assistant", "tool_calls": [{"id": "1"}]}, {"role": "user", "content": "x"}]}),
)  # fmt: skip


def test_what_is_not_done_is_refused_by_its_name(bench: Any, client: openai.OpenAI) -> None:
    for param, given_ in REFUSED:
        with pytest.raises(openai.BadRequestError) as caught:
            ask(client, "hi", **given_)
        assert caught.value.param == param
        assert caught.value.type == "invalid_request_error"
    assert turns(bench) == []


def test_what_asks_for_nothing_else_is_taken(client: openai.OpenAI) -> None:
    answer = ask(
        client,
        "/words 3",
        n=1,
        temperature=1.0,
        top_p=1,
        presence_penalty=0,
        logprobs=False,
        tool_choice="none",
        response_format={"type": "text"},
        user="ada",
        metadata={"a": "b"},
        store=False,
        seed=None,
        stop=None,
        max_tokens=None,
        extra_body={"footlights": None},
    )
    assert len(answer.choices[0].message.content.split()) == 3


NO_BODIES = (
    (b"", 400, "invalid_json"),
    (b"{", 400, "invalid_json"),
    (b"[" * 100_000, 400, "invalid_json"),
    (b"\xff\xfe\x00", 400, "invalid_json"),
    (b"[]", 400, "invalid_value"),
    (b"{}", 400, "missing_required_parameter"),
    (b'{"model": "footlights", "messages": [{"role": "user", "content": " "}]}', 400, "refused"),
    (b'{"model": "\\ud800:x", "messages": [{"role": "user", "content": "hi"}]}', 404, "model_not_found"),
    (b'{"model": "footlights", "messages": [{"role": "user", "content": "hi"}], "footlights": {"use_documents": ["\\ud800"]}}', 404, "not_found"),
    (b'{"x": "' + b"a" * 9 * 2**20 + b'"}', 413, "request_too_large"),
)  # fmt: skip


def test_a_body_that_is_none_is_refused_in_openais_form(api: str, secret: str) -> None:
    headers = {"Authorization": f"Bearer {secret}"}
    with httpx2.Client(base_url=api, timeout=SECONDS, trust_env=False) as raw:
        for body, status, code in NO_BODIES:
            answer = raw.post("/openai/v1/chat/completions", content=body, headers=headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_document_that_is_not_there_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        ask(client, "hi", extra_body={"footlights": {"use_documents": ["no-such-id"]}})
    assert "no-such-id" in caught.value.message


def test_half_of_a_surrogate_pair_is_cleaned_and_answered(api: str, secret: str) -> None:
    body = b'{"model": "footlights", "messages": [{"role": "system", "content": "\\udc00"}, {"role": "user", "content": "a\\ud800b\\u0000c"}]}'
    headers = {"Authorization": f"Bearer {secret}"}
    with httpx2.Client(base_url=api, timeout=SECONDS, trust_env=False) as raw:
        answer = raw.post("/openai/v1/chat/completions", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert "a\ufffdb" in answer.json()["choices"][0]["message"]["content"]


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_field = st.sampled_from(
    ["model", "messages", "stream", "stream_options", "stop", "max_tokens", "footlights", "n"]
)


@given(
    st.dictionaries(_field, _json)
    | st.fixed_dictionaries(
        {
            "model": st.text(),
            "messages": st.lists(
                st.fixed_dictionaries(
                    {
                        "role": st.sampled_from(["user", "system", "assistant"]) | _json,
                        "content": _json,
                    }
                )
            ),
        }
    )
)
def test_any_json_is_a_turn_or_a_refusal_in_words(body: Any) -> None:
    try:
        asked = parse(json.dumps(body).encode(), "k")
    except WireError as error:
        assert error.status == 400
        assert str(error)
    else:
        assert asked.request.key_id == "k"
        assert all(message.role in ("user", "assistant") for message in asked.request.history)


# --- clients who leave ------------------------------------------------------------------------


def half_asked(api: str, secret: str, stream: bool, prompt: str) -> socket.socket:
    """A connection on which the request was sent and nothing read."""
    at = urlsplit(api)
    body = json.dumps(
        {"model": "footlights", "stream": stream, "messages": [{"role": "user", "content": prompt}]}
    )
    assert at.hostname and at.port
    connection = socket.create_connection((at.hostname, at.port), timeout=SECONDS)
    connection.sendall(
        (
            f"POST /openai/v1/chat/completions HTTP/1.1\r\nHost: {at.netloc}\r\n"
            f"Authorization: Bearer {secret}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()
    )
    return connection


def until(holds: Callable[[], Any]) -> Any:
    """What it gives as soon as it is true; a test that waits too long fails by its time limit."""
    pause = threading.Event()
    while not (found := holds()):
        pause.wait(0.02)
    return found


def test_a_client_who_leaves_in_mid_stream_stops_the_turn(
    bench: Any, api: str, secret: str
) -> None:
    connection = half_asked(api, secret, True, "/words 50000 pace 5ms")
    assert b"200 OK" in connection.recv(1000)
    connection.close()
    [turn] = turns(bench)
    assert ended(bench, turn.id).status == "stopped"


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_who_leaves_before_the_first_word_stops_the_turn(
    bench: Any, api: str, secret: str, stream: bool
) -> None:
    connection = half_asked(api, secret, stream, "/stall\n/words 1")
    [turn] = until(lambda: turns(bench))
    assert turn.status == "running"
    connection.close()
    assert ended(bench, turn.id).status == "stopped"
    rows = bench.ledger.rows("local", turn_id=turn.id)
    assert {row.state for row in rows} <= {"settled", "released"}


def test_a_client_who_waits_for_the_whole_and_leaves_stops_the_turn(
    bench: Any, api: str, secret: str
) -> None:
    connection = half_asked(api, secret, False, "/words 50000 pace 5ms")
    turn = until(lambda: next((t for t in turns(bench) if t.answer), None))
    connection.close()
    assert ended(bench, turn.id).status == "stopped"


def test_a_client_who_took_everything_leaves_a_turn_that_is_done(
    bench: Any, client: openai.OpenAI
) -> None:
    chunks = list(ask(client, "/words 30 pace 2ms", stream=True))
    [turn] = turns(bench)
    assert turn.status == "done"
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_silence_is_filled_with_comments_that_the_sdk_does_not_see(
    bench: Any, api: str, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.api.gateway.HEARTBEAT_SECONDS", 0.01)
    with sdk(api, secret) as client:
        chunks = list(ask(client, "/stall 400ms\n/words 6", stream=True))
    assert "".join(c.choices[0].delta.content or "" for c in chunks).split()[-1] == "word6"
    body = {
        "model": "footlights",
        "stream": True,
        "messages": [{"role": "user", "content": "/stall 400ms\n/words 6"}],
    }
    headers = {"Authorization": f"Bearer {secret}"}
    with httpx2.Client(base_url=api, timeout=SECONDS, trust_env=False) as raw:
        answer = raw.post("/openai/v1/chat/completions", json=body, headers=headers)
    assert answer.text.count(": still here") >= 3


def test_a_second_users_key_sees_none_of_the_first_users_documents(
    bench: Any, api: str, secret: str
) -> None:
    document_id = indexed(bench, "rider.md", RIDER)
    bench.team.people.arrive("bob", "bob@example.org", "Bob")
    object.__setattr__(bench.team, "allowed", Allowed(["bob@example.org"]))
    _, other = bench.api_keys.make("bob", "bob's", None)
    with sdk(api, other) as client:
        answer = ask(client, "How long is the notice period?")
        assert answer.choices[0].message.footlights["citations"] == []
        assert "sixty" not in answer.choices[0].message.content
        with pytest.raises(openai.NotFoundError):
            ask(client, "hi", extra_body={"footlights": {"use_documents": [document_id]}})
    assert turns(bench) == []
    assert len(bench.turn_rows.list("bob")) == 1


def test_a_model_that_only_quotes_answers_too(tmp_path: Path) -> None:
    with running(settings_for(tmp_path, FOOTLIGHTS_MODEL="quotes")) as bench:
        indexed(bench, "rider.md", RIDER)
        _, secret = bench.api_keys.make("local", "k", None)
        with served(create_api(lambda: bench)) as api, sdk(api, secret) as client:
            answer = ask(client, "How long is the notice period?")
            stopped = ask(client, "How long is the notice period?", stop="documents")
    assert "sixty days" in answer.choices[0].message.content
    assert answer.choices[0].message.footlights["citations"]
    assert answer.usage.total_tokens == 0
    assert stopped.choices[0].message.content == "Quoted from your "
