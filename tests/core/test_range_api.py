"""The injection range over the API: priced, started, read, stopped, compared; refusals in words."""

from typing import Any

import httpx2

from core.llm.scripted import Reply

SMALL = {"model": "scripted:scripted", "layers": ["usual", "none"], "size": 4}


def finished(bench: Any, api: str, says: str) -> str:
    bench.models.providers["scripted"].script.extend([Reply(says)] * 8)
    run_id = httpx2.post(f"{api}/range", json=SMALL, timeout=60).json()["run_id"]
    for _ in bench.bridge.iterate(bench.range.follow("local", "answer"), 30):
        pass
    return str(run_id)


def test_a_run_is_priced_started_read_and_compared_with_an_earlier_one(
    bench: Any, api: str
) -> None:
    priced = httpx2.post(f"{api}/range/price", json=SMALL, timeout=60).json()
    assert (priced["calls"], priced["cases"], priced["layers"]) == (8, 4, ["usual", "none"])
    assert priced["input_tokens"] > 0 and "worst" in priced
    obeys = finished(bench, api, "COBALT-17")
    holds = finished(bench, api, "I know nothing.")
    run = httpx2.get(f"{api}/range/{obeys}").json()
    assert (run["state"], run["done"], run["total"], len(run["shots"])) == ("done", 8, 8, 8)
    worked = run["figures"][0]["succeeded"]["count"]
    assert worked >= 1
    kept = httpx2.get(f"{api}/range").json()
    assert [each["id"] for each in kept] == [holds, obeys]
    assert "shots" not in kept[0]
    found = httpx2.get(f"{api}/range/{holds}/comparison", params={"earlier": obeys}).json()
    assert [each["worse"] for each in found["arms"]] == [0, 0]
    assert found["arms"][0]["better"] == worked
    assert all(each["then"]["succeeded"] for each in found["moved"])


def test_a_run_is_stopped_and_what_it_has_is_kept(bench: Any, api: str) -> None:
    bench.models.providers["scripted"].script.extend([Reply("No.", stall_seconds=0.2)] * 206)
    body = {"model": "scripted:scripted", "layers": ["usual", "none"]}
    run_id = httpx2.post(f"{api}/range", json=body, timeout=60).json()["run_id"]
    again = httpx2.post(f"{api}/range", json=SMALL, timeout=60)
    assert (again.status_code, again.json()["code"]) == (422, "refused")
    assert httpx2.post(f"{api}/range/{run_id}/stop", timeout=60).status_code == 202
    run = httpx2.get(f"{api}/range/{run_id}").json()
    assert run["state"] == "stopped" and run["done"] < run["total"] == 206
    assert httpx2.post(f"{api}/range/{run_id}/stop").status_code == 202


def test_what_cannot_be_run_is_refused_in_words(api: str) -> None:
    moat = httpx2.post(f"{api}/range/price", json={**SMALL, "layers": ["moat"]})
    assert (moat.status_code, moat.json()["code"]) == (400, "misuse")
    assert "no_fence" in moat.json()["hint"]
    assert httpx2.post(f"{api}/range", json={**SMALL, "template": "name"}).status_code == 422
    assert httpx2.get(f"{api}/range/nothing").status_code == 404
    assert httpx2.post(f"{api}/range/nothing/stop").status_code == 404
    assert set(httpx2.get(f"{api}/range/layers").json()) >= {"usual", "no_fence", "marked", "none"}
