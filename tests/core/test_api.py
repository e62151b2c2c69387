"""The API over real HTTP: uvicorn in a thread, because a stream cannot be tested without a socket."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest


@pytest.fixture
def client(api: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=api, timeout=100, trust_env=False) as made:
        yield made


def events(client: httpx2.Client, turn_id: str, last: int | None = None) -> list[dict[str, Any]]:
    """The server-sent events of a turn as `{id, event, data}`."""
    headers = {"Last-Event-ID": str(last)} if last is not None else {}
    with client.stream("GET", f"/turns/{turn_id}/events", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        text = answer.read().decode()
    frames = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "data" in fields:
            frames.append({**fields, "data": json.loads(fields["data"])})
    return frames


def ask(client: httpx2.Client, prompt: str, **more: Any) -> dict[str, str]:
    answer = client.post("/turns", json={"prompt": prompt, **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def indexed(client: httpx2.Client, *files: tuple[str, bytes]) -> list[dict[str, Any]]:
    """Upload and wait until every file is indexed or refused: a turn waits for exactly that."""
    answer = client.post("/documents", files=[("files", file) for file in files])
    assert answer.status_code == 202
    events(client, ask(client, "/words 1")["turn_id"])
    return [client.get(f"/documents/{row['id']}").json() for row in answer.json()]


def test_a_turn_is_started_followed_and_looked_into(client: httpx2.Client) -> None:
    started = ask(client, "/words 8")
    seen = events(client, started["turn_id"])
    assert [int(frame["id"]) for frame in seen] == list(range(1, len(seen) + 1))
    assert all(frame["event"] == frame["data"]["type"] for frame in seen)
    assert seen[-1]["event"] == "turn_done"
    assert seen[-1]["data"]["cost"] == "0"
    turn = client.get(f"/turns/{started['turn_id']}").json()
    assert turn["status"] == "done"
    assert turn["answer"] == "".join(
        frame["data"]["text"] for frame in seen if frame["event"] == "text_delta"
    )
    window = client.get(f"/turns/{started['turn_id']}/window").json()
    assert window["used"] == sum(part["tokens"] for part in window["slices"]) <= window["window"]
    trace = client.get(f"/turns/{started['turn_id']}/trace").json()
    assert {"turn", "model"} <= {span["kind"] for span in trace}
    talk = client.get(f"/conversations/{started['conversation_id']}").json()
    assert [turn["request"]["prompt"] for turn in talk["turns"]] == ["/words 8"]
    [row] = client.get("/ledger", params={"turn_id": started["turn_id"]}).json()
    assert (row["state"], row["cost"]) == ("settled", "0")


def test_the_ledger_of_a_time_takes_one_without_a_zone_for_utc(client: httpx2.Client) -> None:
    events(client, ask(client, "/words 3")["turn_id"])
    for zone in ("", "Z", "+14:00"):
        found = client.get("/ledger", params={"since": f"2020-01-01T00:00:00{zone}"})
        assert len(found.json()) == 1
        assert client.get("/ledger", params={"until": f"2020-01-01T00:00:00{zone}"}).json() == []


def test_a_reader_resumes_after_the_last_event_that_it_saw(client: httpx2.Client) -> None:
    turn_id = ask(client, "/words 30 pace 2ms")["turn_id"]
    everything = events(client, turn_id)
    assert events(client, turn_id, last=2) == everything[2:]
    assert events(client, turn_id, last=len(everything)) == []


def test_a_number_that_no_event_can_have_is_refused(client: httpx2.Client) -> None:
    address = f"/turns/{ask(client, '/words 1')['turn_id']}/events"
    for asked in ({"headers": {"Last-Event-ID": "9" * 30}}, {"params": {"after": "9" * 30}}):
        answer = client.get(address, **asked)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_a_turn_goes_on_when_its_reader_leaves_and_ends_when_it_is_stopped(
    client: httpx2.Client,
) -> None:
    turn_id = ask(client, "/words 5000 pace 5ms")["turn_id"]
    with client.stream("GET", f"/turns/{turn_id}/events") as answer:
        for line in answer.iter_lines():
            if line == "event: text_delta":
                break
    assert client.get(f"/turns/{turn_id}").json()["status"] == "running"
    assert client.post(f"/turns/{turn_id}/stop").status_code == 202
    ending = events(client, turn_id)[-1]
    assert ending["event"] == "turn_done"
    assert ending["data"]["stop_reason"] == "stopped"
    turn = client.get(f"/turns/{turn_id}").json()
    assert turn["status"] == "stopped"
    assert turn["answer"]


def test_a_file_is_indexed_found_cited_and_deleted(client: httpx2.Client) -> None:
    text = b"# Rider\n\nThe notice period is sixty days.\n\n# Lights\n\nThe lamps are tungsten.\n"
    [document] = indexed(client, ("rider.md", text))
    assert document["status"] == "indexed"
    assert document["passages"] >= 1
    hits = client.post("/search", json={"query": "How long is the notice?", "k": 2}).json()["hits"]
    assert "sixty days" in hits[0]["text"]
    assert hits[0]["document_id"] == document["id"]
    assert set(hits[0]) == {"document_id", "name", "page", "start", "end", "text", "score"}
    seen = events(client, ask(client, "How long is the notice?")["turn_id"])
    ready = next(frame["data"] for frame in seen if frame["event"] == "context_ready")
    assert ready["sources"][0]["hit"]["name"] == "rider.md"
    assert client.delete(f"/documents/{document['id']}").status_code == 204
    assert client.get(f"/documents/{document['id']}").status_code == 404
    assert client.post("/search", json={"query": "notice"}).json() == {"hits": []}


def test_what_cannot_be_read_is_refused_with_its_reason_and_the_others_go_on(
    client: httpx2.Client,
) -> None:
    good, fake, empty = indexed(
        client,
        ("../../etc/good.txt", b"The lamps are tungsten."),
        ("fake.pdf", b"this is plain text, not a PDF at all"),
        ("empty.txt", b""),
    )
    assert (good["name"], good["status"]) == ("good.txt", "indexed")
    assert fake["status"] == "refused"
    assert "not a PDF" in fake["reason"]
    assert empty["status"] == "refused"
    assert empty["reason"]


def test_the_same_file_twice_is_recognised(client: httpx2.Client) -> None:
    [first] = indexed(client, ("a.txt", b"The lamps are tungsten."))
    again = client.post("/documents", files=[("files", ("b.txt", b"The lamps are tungsten."))])
    assert again.json()[0]["id"] == first["id"]
    assert again.json()[0]["already_there"] is True
    assert len(client.get("/documents").json()) == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/turns/no-such-turn", None, 404, "not_found"),
        ("GET", "/turns/no-such-turn/events", None, 404, "not_found"),
        ("GET", "/turns/no-such-turn/window", None, 404, "not_found"),
        ("GET", "/turns/no-such-turn/trace", None, 404, "not_found"),
        ("POST", "/turns/no-such-turn/stop", None, 404, "not_found"),
        ("GET", "/documents/no-such-document", None, 404, "not_found"),
        ("DELETE", "/documents/no-such-document", None, 404, "not_found"),
        ("GET", "/conversations/no-such-talk", None, 404, "not_found"),
        ("GET", "/no-such-route", None, 404, "not_found"),
        ("POST", "/turns", {"prompt": ""}, 422, "refused"),
        ("POST", "/turns", {}, 422, "invalid_request"),
        ("POST", "/turns", {"prompt": "hi", "nonsense": 1}, 422, "invalid_request"),
        ("POST", "/turns", {"prompt": "hi", "max_tokens": 0}, 422, "invalid_request"),
        ("POST", "/turns", {"prompt": "hi", "tools": ["x"]}, 400, "misuse"),
        ("POST", "/turns", {"prompt": "hi", "model": "nobody:x"}, 404, "not_found"),
        ("POST", "/turns", {"prompt": "hi", "conversation_id": "none"}, 404, "not_found"),
        ("POST", "/search", {"query": " "}, 422, "refused"),
    ],
)
def test_bad_input_is_a_problem_with_a_code_and_a_hint(
    client: httpx2.Client, method: str, path: str, body: Any, status: int, code: str
) -> None:
    answer = client.request(method, path, json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == code
    assert problem["hint"]
    assert problem["detail"]


def test_text_that_no_database_can_hold_is_cleaned_and_not_lost(client: httpx2.Client) -> None:
    body = '{"prompt": "a\\ud800b\\u0000c /words 2"}'
    answer = client.post("/turns", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201
    events(client, answer.json()["turn_id"])
    turn = client.get(f"/turns/{answer.json()['turn_id']}").json()
    assert turn["request"]["prompt"].startswith("a�b") and turn["status"] == "done"


@pytest.mark.parametrize("odd", ["\\ud800", "\\u0000"], ids=["half", "nul"])
def test_an_id_that_no_database_can_hold_is_nobodys(client: httpx2.Client, odd: str) -> None:
    for fields in (
        f'"conversation_id": "{odd}"',
        f'"use_documents": ["{odd}"]',
        f'"collection": "{odd}"',
    ):
        body = f'{{"prompt": "hi", {fields}}}'
        answer = client.post("/turns", content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), answer.text


def test_conversations_are_named_renamed_searched_and_deleted(client: httpx2.Client) -> None:
    started = ask(client, "/words 3 and the theatre")
    events(client, started["turn_id"])
    [talk] = client.get("/conversations", params={"query": "THEATRE"}).json()
    assert talk["title"] == "/words 3 and the theatre"
    renamed = client.patch(f"/conversations/{talk['id']}", json={"title": "Lights"})
    assert renamed.json()["title"] == "Lights"
    assert "# Lights" in client.get(f"/conversations/{talk['id']}/markdown").text
    assert client.delete(f"/conversations/{talk['id']}").status_code == 204
    assert client.get("/conversations").json() == []
    assert len(client.get("/ledger").json()) == 1


def test_the_app_says_that_it_is_well_and_describes_itself(client: httpx2.Client) -> None:
    health = client.get("/health").json()
    assert health["status"] == "ok"
    assert health["model"] == "scripted"
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/turns", "/turns/{turn_id}/events", "/documents", "/search", "/ledger"} <= set(paths)


def test_a_text_is_taken_in_and_a_page_of_the_inside_is_not(client: Any) -> None:
    taken = client.post("/documents/text", json={"text": "Sixty days.", "name": "notice"})
    assert (taken.status_code, taken.json()["name"]) == (202, "notice.md")
    refused = client.post("/documents/page", json={"url": "http://10.1.2.3/"})
    assert (refused.status_code, refused.json()["code"]) == (422, "refused")
    assert "open internet" in refused.json()["detail"]


def test_a_collection_is_listed_and_narrows_a_search_and_a_turn(
    client: httpx2.Client, bench: Any
) -> None:
    lamp, _ = indexed(client, ("lamp.md", b"The lamp is on bar one."), ("sun.md", b"The lamp too."))
    made = bench.collections.make("local", "Bars")
    bench.collections.put("local", made.id, [lamp["id"]])
    [listed] = client.get("/collections").json()
    assert (listed["id"], listed["name"], listed["documents"]) == (made.id, "Bars", 1)
    for collection in (made.id, "bARS"):
        found = client.post("/search", json={"query": "lamp", "k": 9, "collection": collection})
        assert [hit["document_id"] for hit in found.json()["hits"]] == [lamp["id"]]
    body = {"prompt": "Which bar?", "collection": "bars"}
    turn_id = client.post("/turns", json=body).json()["turn_id"]
    events(client, turn_id)
    turn = client.get(f"/turns/{turn_id}").json()
    assert {source["hit"]["document_id"] for source in turn["sources"]} == {lamp["id"]}
    assert client.post("/search", json={"query": "x", "collection": "none"}).status_code == 404
    both = client.post("/turns", json={**body, "use_documents": False})
    assert (both.status_code, both.json()["code"]) == (400, "misuse")


def test_a_question_is_estimated_without_being_asked(client: httpx2.Client) -> None:
    found = client.post("/estimate", json={"prompt": "How long?"}).json()
    assert found["sent"] >= found["prompt"] > 0 and found["over"] == 0
    assert client.get("/conversations").json() == []
    assert (
        client.post("/estimate", json={"prompt": "x", "conversation_id": "no"}).status_code == 404
    )


@pytest.mark.parametrize(
    ("field", "name"),
    [("files", ""), ("file", '; filename="a.txt"')],
    ids=["a file without a name", "under another field"],
)
def test_an_upload_that_cannot_be_taken_is_told_in_our_own_words(
    client: httpx2.Client, field: str, name: str
) -> None:
    edge = "e" * 20
    body = f'--{edge}\r\nContent-Disposition: form-data; name="{field}"{name}\r\n\r\nhi\r\n--{edge}--\r\n'
    answer = client.post(
        "/documents",
        content=body.encode(),
        headers={"content-type": f"multipart/form-data; boundary={edge}"},
    )
    assert answer.status_code == 422, answer.text
    told = answer.json()
    assert told["code"] == "invalid_request"
    assert told["detail"] == "no file with a name in the field 'files'"
    assert told["hint"] == "Send each file as multipart/form-data in 'files', with its file name."


def test_the_page_of_the_api_has_every_route_and_asks_nobody_else(client: httpx2.Client) -> None:
    answer = client.get("/docs")
    page = answer.text
    assert not re.search(r"<script|<img|url\(|@import", page)
    assert all(re.match(r"#|/api/|data:,", to) for to in re.findall(r'(?:src|href)="([^"]*)', page))
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    told = client.get("/openapi.json").json()
    for path, methods in told["paths"].items():
        for method in methods:
            assert f"<b>{method.upper()}</b><code>/api{path}</code>" in page
    anchors = set(re.findall(r' id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= anchors >= {"TurnIn", "Turn", "ProblemOut"}
    assert "The names of those that the model may call; GET /api/tools has them." in page


def test_an_error_is_described_in_the_form_that_is_sent(client: httpx2.Client) -> None:
    told = client.get("/openapi.json").json()
    sent = client.post("/turns", json={})
    responses = told["paths"]["/turns"]["post"]["responses"]
    [[kind, form]] = responses["default"]["content"].items()
    assert kind == sent.headers["content-type"]
    assert "422" not in responses and "HTTPValidationError" not in told["components"]["schemas"]
    shape = told["components"]["schemas"][form["schema"]["$ref"].rsplit("/", 1)[-1]]
    assert set(shape["required"]) == set(sent.json())
