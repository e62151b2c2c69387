"""A visitor by his cookie: what he may ask, what he is shown, what he costs, and when it ends."""

import asyncio
import threading
from decimal import Decimal
from typing import Any

import pytest

from core.errors import DatabaseAway, NotFound, NotOpen, Refused, Spent, TooFast
from core.sharing.pace import Pace, neighbourhood
from core.sharing.wishes import Wish
from core.store.links import Links
from tests.felt import Felt

ME = "local"
HERE = "127.0.0.1"


def live(bench: Any, **wish: Any) -> tuple[Any, str]:
    return bench.shares.make(ME, Wish(**{"kind": "live", "title": "Demo", **wish}))


def visitor(bench: Any, **wish: Any) -> tuple[Any, str]:
    link, token = live(bench, **wish)
    return link, bench.visits.enter(token, wish.get("passphrase", ""), HERE)


def told(bench: Any, cookie: str) -> list[dict[str, Any]]:
    batches = bench.bridge.iterate(bench.visits.follow(cookie), 60)
    return [said for batch in batches for _, said in batch or ()]


def answered(bench: Any, cookie: str, prompt: str) -> dict[str, Any]:
    bench.visits.ask(cookie, prompt, HERE)
    return told(bench, cookie)[-1]


def uploaded(bench: Any, name: str, text: str) -> str:
    document, _ = bench.documents.add(ME, name, text.encode())
    for _ in bench.bridge.iterate(bench.documents.settled(ME), 60):
        pass
    return str(document.id)


# --- tokens ----------------------------------------------------------------------------------------


def test_a_token_is_kept_as_a_hash_and_has_256_random_bits(bench: Any) -> None:
    _, token = live(bench)
    assert len(token) == 43
    with bench.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM links").all()
        assert token not in str(rows)
        cookie = bench.visits.enter(token, "", HERE)
        assert cookie not in str(connection.exec_driver_sql("SELECT * FROM visitors").all())


def test_what_opens_nothing_says_the_same_for_every_reason(bench: Any) -> None:
    tokens = {}
    for reason in ("revoked", "paused", "expired", "passphrase"):
        link, tokens[reason] = live(bench, passphrase="gaffer tape" * (reason == "passphrase"))
        match reason:
            case "revoked":
                bench.shares.links.revoke(ME, link.id)
            case "paused":
                bench.shares.links.pause(ME, link.id, True)
            case "expired":
                bench.shares.links.expire(ME, link.id, link.created_at)
    tokens["unknown"] = "x" * 43
    for token in tokens.values():
        with pytest.raises(NotOpen) as refused:
            bench.visits.enter(token, "", HERE)
        assert (str(refused.value), refused.value.hint) == (str(NotOpen()), NotOpen().hint)


def test_one_switch_pauses_every_link_and_leaves_each_as_it_was(bench: Any) -> None:
    (_, first), (paused, second) = live(bench), live(bench)
    bench.shares.links.pause(ME, paused.id, True)
    bench.shares.links.pause_all(ME, True)
    assert [each.state for each in bench.shares.list(ME)] == ["paused", "paused"]
    with pytest.raises(NotOpen):
        bench.visits.enter(first, "", HERE)
    bench.shares.links.pause_all(ME, False)
    assert bench.visits.enter(first, "", HERE)
    with pytest.raises(NotOpen):
        bench.visits.enter(second, "", HERE)


def test_a_passphrase_is_guessed_slowly_and_its_owner_is_not_slowed_elsewhere(bench: Any) -> None:
    link, token = live(bench, passphrase="gaffer tape")
    with pytest.raises(NotOpen):
        bench.visits.enter(token, "", HERE)
    assert bench.visits.enter(token, "gaffer tape", HERE)
    for _ in range(5):
        with pytest.raises(NotOpen):
            bench.visits.enter(token, "wrong guess", HERE)
    with pytest.raises(TooFast) as slowed:
        bench.visits.enter(token, "gaffer tape", HERE)  # the right one is not even looked at
    assert slowed.value.retry_after and slowed.value.retry_after > 1
    assert bench.visits.enter(token, "gaffer tape", "10.0.0.7")
    assert bench.shares.get(ME, link.id).link.refused == 6


def test_guesses_at_one_link_from_many_addresses_are_slowed_too(bench: Any) -> None:
    _, token = live(bench, passphrase="gaffer tape")
    outcomes = []
    bench.visits.paces.link_guesses = Pace(per_minute=1, burst=4)
    for number in range(8):
        with pytest.raises((NotOpen, TooFast)) as refused:
            bench.visits.enter(token, "wrong guess", f"10.0.{number}.7")
        outcomes.append(type(refused.value))
    assert outcomes == [NotOpen] * 4 + [TooFast] * 4


def test_a_token_that_nobody_guesses_opens_for_its_holder_while_others_guess(bench: Any) -> None:
    _, token = live(bench)
    for _ in range(8):
        with pytest.raises((NotOpen, TooFast)):
            bench.visits.enter("y" * 43, "", HERE)
    assert bench.visits.enter(token, "", HERE)


def test_coming_again_is_the_same_visitor(bench: Any) -> None:
    link, token = live(bench)
    cookie = bench.visits.enter(token, "", HERE)
    assert bench.visits.enter(token, "", HERE, cookie) == cookie
    assert bench.visits.enter(token, "", HERE) != cookie
    assert bench.shares.get(ME, link.id).visitors == 2


# --- the scope -------------------------------------------------------------------------------------


def test_the_link_says_what_is_asked_of_whom_over_which_documents(bench: Any) -> None:
    inside = uploaded(bench, "inside.txt", "The lamp house is 40 metres from the stage.")
    uploaded(bench, "outside.txt", "The safe combination of the stage is lamp-4711.")
    link, cookie = visitor(bench, documents=(inside,), max_tokens=123)
    bench.visits.ask(cookie, "How far is the lamp house from the stage?", HERE)
    events = told(bench, cookie)
    assert events[-1]["type"] == "turn_done"
    [turn] = bench.shares.conversation(ME, link.id, bench.shares.visitors.list(ME, link.id)[0].id)[
        1
    ]
    asked = turn.request
    assert (asked.model, asked.max_tokens, asked.use_documents) == ("scripted", 123, (inside,))
    assert asked.template == link.prompt == turn.prompt_version
    assert link.prompt.startswith("answer@")
    assert {source.hit.name for source in turn.sources} == {"inside.txt"}
    seen = str(events) + str(bench.visits.history(cookie))
    assert "lamp-4711" not in seen and "40 metres" in seen
    for hidden in (inside, link.id, turn.id, turn.conversation_id, "You answer", "cost"):
        assert hidden not in seen


def test_a_link_without_documents_searches_none(bench: Any) -> None:
    uploaded(bench, "outside.txt", "The safe combination is 4711.")
    _, cookie = visitor(bench)
    answered(bench, cookie, "What is the safe combination?")
    scope = bench.visits.scope(cookie)
    [turn] = bench.turns_of(ME, scope.visitor.conversation_id)
    assert turn.request.use_documents is False and not turn.sources


def test_documents_that_are_gone_are_left_out_and_nobody_is_told_which(bench: Any) -> None:
    kept = uploaded(bench, "kept.txt", "The lamp house is 40 metres from the stage.")
    gone = uploaded(bench, "gone.txt", "The safe combination is 4711.")
    _, token = live(bench, documents=(kept, gone))
    cookie = bench.visits.enter(token, "", HERE)
    bench.documents.delete(ME, gone)
    assert answered(bench, cookie, "Where is the lamp house?")["type"] == "turn_done"
    bench.documents.delete(ME, kept)
    with pytest.raises(Refused, match="cannot answer now") as refused:
        bench.visits.ask(cookie, "Where is it?", HERE)
    assert kept not in str(refused.value) + refused.value.hint
    assert bench.visits.demo(cookie).left == 19


def test_visitors_share_nothing_and_the_owner_s_list_is_not_filled_with_them(bench: Any) -> None:
    _, token = live(bench)
    one, two = (bench.visits.enter(token, "", HERE) for _ in range(2))
    answered(bench, one, "What is a gaffer?")
    assert [turn["question"] for turn in bench.visits.history(one)] == ["What is a gaffer?"]
    assert bench.visits.history(two) == [] and told(bench, two) == []
    assert bench.conversations.list(ME) == []


def test_the_events_that_a_visitor_is_told_hold_nothing_of_what_is_behind(bench: Any) -> None:
    inside = uploaded(bench, "inside.txt", "The lamp house is 40 metres from the stage.")
    _, cookie = visitor(bench, documents=(inside,))
    bench.visits.ask(cookie, "Where is the lamp house?", HERE)
    kinds = {each["type"] for each in told(bench, cookie)}
    assert kinds <= {"progress", "text_delta", "citations_checked", "turn_done"}
    scope = bench.visits.scope(cookie)
    rows = bench.turn_rows.events(ME, scope.visitor.turn_id)
    assert "context_ready" in str(rows)  # the owner sees it, and only he


@pytest.mark.parametrize("question", ["/stall", "/fail overloaded 1", "What is a gaffer?"])
def test_a_live_answer_tells_the_same_figures_as_the_same_answer_after_a_reload(
    bench: Any, question: str
) -> None:
    _, cookie = visitor(bench, shows_cost=True)
    bench.visits.ask(cookie, question, HERE)
    live = []
    for batch in bench.bridge.iterate(bench.visits.follow(cookie), 60):
        live += [said for _, said in batch or ()]
        if question == "/stall" and any(said["type"] == "text_delta" for said in live):
            bench.bridge.run(bench.visits.stop(cookie))
    [again] = bench.visits.history(cookie)
    figures = {"cost", "seconds", "input_tokens", "output_tokens"}
    assert figures <= set(again) and again["input_tokens"] > 0
    assert {name: live[-1].get(name) for name in figures} == {name: again[name] for name in figures}


def test_following_from_a_number_tells_the_rest(bench: Any) -> None:
    _, cookie = visitor(bench)
    answered(bench, cookie, "What is a gaffer?")
    batches = bench.bridge.iterate(bench.visits.follow(cookie), 60)
    every = [each for batch in batches for each in batch or ()]
    at = every[len(every) // 2][0]
    batches = bench.bridge.iterate(bench.visits.follow(cookie, at), 60)
    assert [each for batch in batches for each in batch or ()] == [e for e in every if e[0] > at]


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"days": 91}, "at most 90 days"),
        ({"days": 0}, "more than 0"),
        ({"days": None}, "a live demo ends"),
        ({"cap": Decimal(-1)}, "the cap is 0"),
        ({"messages": 0}, "messages"),
        ({"tools": ("fetch_url",)}, "switched off"),
        ({"documents": ("d-none",)}, "d-none"),
        ({"passphrase": "abc"}, "6 to 200"),
        ({"kind": "snapshot", "conversation_id": "c-none"}, "c-none"),
        ({"prompt": "answer@999"}, "999"),
        ({"visitor_cap": Decimal(2)}, "a visitor's cap"),
    ],
)
def test_a_link_that_promises_too_much_is_not_made(
    bench: Any, wish: dict[str, Any], said: str
) -> None:
    with pytest.raises((Refused, NotFound, Exception), match=said):
        live(bench, **wish)
    assert bench.shares.list(ME) == []


WIPE = "def wipe(name: str) -> str:\n    '''Wipe it.{}'''\n    return name\n"


@pytest.mark.parametrize("unsaid", ["", "\n\n    Effects:\n    "])
def test_a_tool_of_ones_own_that_does_not_say_what_it_changes_is_not_for_strangers(
    bench: Any, unsaid: str
) -> None:
    folder = bench.settings.tools_folder
    folder.mkdir(parents=True)
    (folder / "wipe.py").write_text(WIPE.format(unsaid))
    assert "wipe" not in {tool.name for tool in bench.shares.harmless_tools()}
    with pytest.raises(Refused, match="wipe may do more") as refused:
        live(bench, tools=("wipe",))
    assert "Effects: none" in refused.value.hint
    (folder / "wipe.py").write_text(WIPE.format("\n\n    Effects: None.\n    "))
    assert "wipe" in {tool.name for tool in bench.shares.harmless_tools()}
    assert live(bench, tools=("wipe",))
    # In the owner's own chat it asks nobody first: nothing is to be allowed.
    [tool] = [each.tool for each in bench.tools.list(ME) if each.tool.name == "wipe"]
    assert (tool.access, tool.effects) == ("pure", "")


def test_a_tool_that_changes_something_is_refused_also_when_it_changed_later(
    bench: Any,
) -> None:
    folder = bench.settings.tools_folder
    folder.mkdir(parents=True)
    code = WIPE
    (folder / "wipe.py").write_text(code.format("\n\n    Effects: none\n    "))
    _, cookie = visitor(bench, tools=("wipe",))
    (folder / "wipe.py").write_text(code.format("\n\n    Effects: wipes it.\n    "))
    with pytest.raises(NotOpen):
        bench.visits.ask(cookie, "Wipe it", HERE)
    harmless = {tool.name for tool in bench.shares.harmless_tools()}
    assert "calculator" in harmless and "fetch_url" not in harmless
    with pytest.raises(Refused, match="wipe may do more"):
        live(bench, tools=("wipe",))


# --- money and limits ------------------------------------------------------------------------------


def test_messages_are_counted_for_each_visitor(bench: Any) -> None:
    _, token = live(bench, messages=2)
    cookie = bench.visits.enter(token, "", HERE)
    for left in (1, 0):
        answered(bench, cookie, "What is a gaffer?")
        assert bench.visits.demo(cookie).left == left
    with pytest.raises(Spent):
        bench.visits.ask(cookie, "And a grip?", HERE)
    assert answered(bench, bench.visits.enter(token, "", HERE), "Me too?")["type"] == "turn_done"


def test_a_question_that_cannot_be_asked_costs_no_message(bench: Any) -> None:
    _, cookie = visitor(bench, messages=1)
    for prompt in ("", "x" * 4_001):
        with pytest.raises(Refused):
            bench.visits.ask(cookie, prompt, HERE)
    assert bench.visits.demo(cookie).left == 1


def test_whoever_asks_too_fast_is_slowed_before_anything_is_looked_up(bench: Any) -> None:
    bench.visits.paces.visitor = Pace(per_minute=1, burst=1)
    _, cookie = visitor(bench)
    answered(bench, cookie, "What is a gaffer?")
    with pytest.raises(TooFast):
        bench.visits.ask(cookie, "And a grip?", HERE)
    assert bench.visits.demo(cookie).left == 19


def test_the_address_that_is_counted_is_a_household() -> None:
    assert neighbourhood("2001:db8:1:2:3::9") == neighbourhood("2001:db8:1:2:ffff::1")
    assert neighbourhood("::ffff:10.0.0.1") == "10.0.0.1"
    pace = Pace(per_minute=60, burst=2, clock=iter((0.0, 0.0, 0.0, 0.0, 0.5, 1.1)).__next__)
    assert pace.take("a") == 0.0


# --- the end ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["revoked", "paused", "expired", "all paused"])
def test_what_runs_ends_within_a_second_also_when_another_process_closes_the_link(
    bench: Any, how: str
) -> None:
    link, cookie = visitor(bench)
    elsewhere = Links(bench.engine)  # what another process would use: the rows alone
    bench.visits.ask(cookie, "/words 500 pace 20ms", HERE)
    turn_id = bench.visits.scope(cookie).visitor.turn_id
    closed: Felt | None = None
    last: Any = ()
    for batch in bench.bridge.iterate(bench.visits.follow(cookie), 0.1):
        last = batch or last
        if closed or not any(said["type"] == "text_delta" for _, said in batch or ()):
            continue
        close(elsewhere, link, how)
        closed = Felt()
    assert closed and closed.seconds < 1
    assert last[-1][1]["code"] == "not_open"
    while bench.turns.runs_here(ME, turn_id):
        bench.bridge.run(asyncio.sleep(0.01))
    assert closed.seconds < 1
    assert bench.turn_rows.get(ME, turn_id).status == "stopped"
    with pytest.raises(NotOpen):
        bench.visits.history(cookie)


def test_a_closed_link_stops_what_runs_also_after_the_database_was_away(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, cookie = visitor(bench)
    asked, met = Links.open_ones, threading.Event()

    def away(self: Links, *given: Any) -> Any:
        if not met.is_set():
            met.set()
            raise DatabaseAway
        return asked(self, *given)

    monkeypatch.setattr(Links, "open_ones", away)
    bench.visits.ask(cookie, "/words 5000 pace 20ms", HERE)
    turn_id = bench.visits.scope(cookie).visitor.turn_id
    assert met.wait(30)
    close(bench.visits._links, link, "revoked")
    while bench.turns.runs_here(ME, turn_id):
        bench.bridge.run(asyncio.sleep(0.01))
    assert bench.turn_rows.get(ME, turn_id).status == "stopped"


def test_a_reader_who_waits_for_the_next_word_is_told_when_the_link_is_closed(bench: Any) -> None:
    link, cookie = visitor(bench)
    bench.visits.ask(cookie, "/words 5 pace 5s", HERE)
    told: list[Any] = []
    for batch in bench.bridge.iterate(bench.visits.follow(cookie), 0.1):
        told += batch or ()
        if batch and any(said["type"] == "text_delta" for _, said in batch):
            close(Links(bench.engine), link, "revoked")
    assert told[-1][1]["code"] == "not_open"


def close(links: Links, link: Any, how: str) -> None:
    match how:
        case "revoked":
            links.revoke(ME, link.id)
        case "paused":
            links.pause(ME, link.id, True)
        case "all paused":
            links.pause_all(ME, True)
        case _:
            links.expire(ME, link.id, link.created_at)


def test_an_error_inside_is_told_without_its_words(bench: Any) -> None:
    _, cookie = visitor(bench)
    last = answered(bench, cookie, "/fail key_rejected")
    assert last == {
        "type": "turn_failed",
        "code": "failed",
        "message": "The answer could not be finished.",
        "hint": "Ask again in a moment.",
    }
    assert bench.visits.history(cookie)[0]["error"]["code"] == "failed"
