"""Tools over the API: listed, tried, asked with, allowed; every refusal in words."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest


@pytest.fixture
def folder(bench: Any) -> Path:
    found: Path = bench.tools.folder
    found.mkdir(parents=True)
    return found


def test_tools_are_listed_with_their_schemas_and_problems_with_their_lines(
    api: str, folder: Path
) -> None:
    (folder / "mine.py").write_text('def look(city) -> str:\n    """Look."""\n    return ""\n')
    found = {each["name"]: each for each in httpx2.get(f"{api}/tools").json()}
    assert found["calculator"]["parameters"]["required"] == ["expression"]
    assert (found["calculator"]["touches"], found["calculator"]["on"]) == ("pure", True)
    assert (found["fetch_url"]["touches"], found["fetch_url"]["on"]) == ("network", False)
    assert found["now"]["calls"] == 0
    assert found["now"]["p50_seconds"] is None
    [problem] = httpx2.get(f"{api}/tools/problems").json()
    assert (problem["file"], problem["line"]) == ("mine.py", 1)


def test_a_tool_is_tried_without_a_model(api: str) -> None:
    tried = httpx2.post(
        f"{api}/tools/calculator/try", json={"arguments": {"expression": "6*7"}}
    ).json()
    assert (tried["text"], tried["failed"]) == ("6*7 = 42", False)
    wrong = httpx2.post(f"{api}/tools/calculator/try", json={"arguments": {}}).json()
    assert (wrong["failed"], wrong["code"]) == (True, "arguments")
    unknown = httpx2.post(f"{api}/tools/rm/try", json={"arguments": {}})
    assert unknown.status_code == 400
    assert "calculator" in unknown.json()["hint"]


def test_a_turn_with_tools_streams_its_steps_and_leaves_its_tape(api: str) -> None:
    refused = httpx2.post(f"{api}/turns", json={"prompt": "x", "tools": ["now", "rm"]})
    assert (refused.status_code, refused.json()["code"]) == (400, "misuse")
    assert "search_documents, read_document" in refused.json()["hint"]
    body = {"prompt": '/call calculator {"expression": "6*7"}', "tools": ["calculator"]}
    started = httpx2.post(f"{api}/turns", json=body).json()
    told = httpx2.get(f"{api}/turns/{started['turn_id']}/events", timeout=60).text
    kinds = [line[7:] for line in told.splitlines() if line.startswith("event: ")]
    order = ["step_started", "tool_called", "tool_returned", "step_started", "turn_done"]
    assert [kind for kind in kinds if kind in order] == order
    tape = httpx2.get(f"{api}/turns/{started['turn_id']}/tape").json()
    assert [(each["step"], each["kind"]) for each in tape] == [
        (0, "begin"),
        (1, "model"),
        (1, "tool"),
        (2, "model"),
    ]
    assert tape[2]["data"]["text"] == "6*7 = 42"
    spans = httpx2.get(f"{api}/turns/{started['turn_id']}/trace").json()
    assert [span["name"] for span in spans if span["kind"] == "tool"] == ["calculator"]


def test_a_tool_that_waits_is_allowed_over_the_api(api: str, folder: Path) -> None:
    (folder / "mine.py").write_text(
        'def ring(n: int) -> str:\n    """Ring.\n\n    Effects: rings the bell."""\n    return f"rang {n}"\n'
    )
    body = {"prompt": '/call ring {"n": 3}', "tools": ["ring"], "use_documents": False}
    turn = httpx2.post(f"{api}/turns", json=body).json()["turn_id"]
    with httpx2.stream("GET", f"{api}/turns/{turn}/events", timeout=60) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: ") and '"approval_asked"' in line:
                asked = json.loads(line[6:])
                assert asked["why"] == "Rings the bell."
                place = f"{api}/turns/{turn}/approvals/{asked['call']['id']}"
                assert httpx2.post(place, json={"decision": "maybe"}).status_code == 422
                assert httpx2.post(place, json={"decision": "once"}).status_code == 204
            if line.startswith("data: ") and '"tool_returned"' in line:
                assert json.loads(line[6:])["text"] == "rang 3"
    missing = httpx2.post(f"{api}/turns/{turn}/approvals/nothing", json={"decision": "once"})
    assert missing.status_code == 404


def test_a_replay_is_priced_started_and_compared_over_the_api(api: str) -> None:
    asks = {"prompt": '/call calculator {"expression": "6*7"}', "tools": ["calculator"]}
    turn = httpx2.post(f"{api}/turns", json=asks).json()["turn_id"]
    httpx2.get(f"{api}/turns/{turn}/events", timeout=60)
    call_id = httpx2.get(f"{api}/turns/{turn}/tape").json()[2]["data"]["call_id"]
    body = {"results": {call_id: "6*7 = 43"}}
    told = httpx2.post(f"{api}/turns/{turn}/replay/price", json=body).json()
    assert (told["taped"], told["live_from"]) == (1, 2)
    started = httpx2.post(f"{api}/turns/{turn}/replay", json=body)
    assert started.status_code == 201
    replay = started.json()["turn_id"]
    httpx2.get(f"{api}/turns/{replay}/events", timeout=60)
    found = httpx2.get(f"{api}/turns/{replay}/comparison").json()
    assert (found["diverged"], found["before"]["id"]) == (2, turn)
    assert [pair["same"] for pair in found["pairs"]] == [False, False]
    wrong = httpx2.post(f"{api}/turns/{turn}/replay", json={"results": {"zz": "x"}})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "misuse")
    same = httpx2.post(f"{api}/turns/{turn}/replay/price", json={}).json()
    assert (same["live_from"], same["first"]) == (None, "0")
    rewritten = {"messages": {"0": "Answer in Latin."}, "step": 2}
    told = httpx2.post(f"{api}/turns/{turn}/replay/price", json=rewritten).json()
    assert (told["taped"], told["live_from"]) == (1, 2)
    for wrong, hint in (
        ({"messages": {"9": "x"}}, "Its messages are numbered from 0 to 1."),
        ({"said": {"2": "x"}}, "Tools were called at: 1."),
    ):
        refused = httpx2.post(f"{api}/turns/{turn}/replay", json=wrong)
        assert (refused.status_code, refused.json()["hint"]) == (400, hint)
    for half in (
        {"messages": {"0": "\ud83d"}},
        {"said": {"1": "\ud83d"}},
        {"results": {"a": "\ud83d"}},
    ):
        refused = httpx2.post(
            f"{api}/turns/{turn}/replay",
            content=json.dumps(half),
            headers={"content-type": "application/json"},
        )
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
