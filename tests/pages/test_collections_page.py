"""Collections and golden questions on their pages: made, opened, filled, asked of, measured."""

from collections.abc import Callable
from typing import Any

from streamlit.testing.v1 import AppTest

from core.goldens.report import Report, Result
from core.store.columns import now
from core.types import Golden
from pages.documents import collection_choice, collections, goldens
from tests.core.documents.test_passages import indexed
from tests.pages.test_documents_page import links, texts

Open = Callable[..., AppTest]
USER = "local"
NOTICE = b"# Notice\n\nThe notice period is sixty days."
FEES = b"# Fees\n\nThe fee is paid in euros after the last show."


def labels(test: AppTest) -> list[str]:
    return [each.label for each in test.button]


def opened(test: AppTest, collection_id: str) -> AppTest:
    return test.selectbox(key="collection_open").set_value(collection_id).run()


def in_the_trial(test: AppTest, question: str) -> AppTest:
    test.session_state["tab"] = "Try a question"
    test.text_input(key="trial_question_").set_value(question).run()
    assert not test.exception
    return test


def test_without_documents_there_is_nothing_to_group(app: Open) -> None:
    test = app("documents")
    assert "Make it" not in labels(test)
    assert not [each for each in test.selectbox if each.key == "collection_open"]


def test_a_new_collection_is_open_at_once_and_says_what_to_do(app: Open, bench: Any) -> None:
    indexed(bench, "notice.md", NOTICE)
    test = app("documents")
    test.text_input(key="collection_name").set_value("Contracts")
    next(each for each in test.button if each.label == "Make it").click().run()
    assert not test.exception
    [made] = bench.collections.list(USER)
    assert test.selectbox(key="collection_open").value == made.id
    assert "**Contracts is empty.**" in texts(test)
    assert "What you add now goes into **Contracts** too." in texts(test)


def test_a_name_that_is_taken_is_refused_in_the_dialog(app: Open, bench: Any) -> None:
    indexed(bench, "notice.md", NOTICE)
    bench.collections.make(USER, "Contracts")
    test = app("documents")
    test.text_input(key="collection_name").set_value("CONTRACTS")
    next(each for each in test.button if each.label == "Make it").click().run()
    assert "there is a collection named 'CONTRACTS' already" in test.error[0].value.replace(
        "\\", ""
    )
    assert len(bench.collections.list(USER)) == 1


def test_an_open_collection_shows_its_own_and_takes_in_what_is_dropped(
    app: Open, bench: Any
) -> None:
    notice = indexed(bench, "notice.md", NOTICE)
    indexed(bench, "fees.md", FEES)
    made = bench.collections.make(USER, "Contracts")
    bench.collections.put(USER, made.id, [notice])
    test = opened(app("documents"), made.id)
    assert [each for each in links(test) if each.startswith("**")] == ["**notice.md**"]
    assert "1 document with 1 passage" in texts(test)
    dropped = [("rider.md", b"The rider is long.", "text/markdown"), ("bad.pdf", b"PK", "a/b")]
    test.file_uploader[0].set_value(dropped).run()
    rider = next(each for each in bench.documents.list(USER) if each.name == "rider.md")
    assert bench.collections.members(USER)[made.id] == {notice, rider.id}
    test.button(key=f"take_out_{notice}").click().run()
    assert bench.collections.members(USER)[made.id] == {rider.id}
    assert len(bench.documents.list(USER)) == 4


def test_the_button_of_the_choice_says_what_it_would_do() -> None:
    inside = frozenset(("a", "b"))
    assert collection_choice.said({"a", "b"}, inside) == "Nothing is changed"
    assert collection_choice.said({"a", "b", "c"}, inside) == "Add 1"
    assert collection_choice.said({"c"}, inside) == "Add 1 and take out 2"
    assert collection_choice.said(set(), inside) == "Take out 2"


def test_the_chat_asks_a_collection_and_forgets_one_that_is_gone(app: Open, bench: Any) -> None:
    notice = indexed(bench, "notice.md", NOTICE)
    indexed(bench, "fees.md", FEES)
    made = bench.collections.make(USER, "Contracts")
    bench.collections.put(USER, made.id, [notice])
    test = app()
    test.multiselect(key="documents_choice").set_value([made.id]).run()
    test.chat_input[0].set_value("How long is the notice period?").run()
    assert not test.exception
    [turn] = bench.turn_rows.list(USER, 5)
    assert turn.request.use_documents == (made.id,)
    assert {source.hit.document_id for source in turn.sources} == {notice}
    bench.collections.delete(USER, made.id)
    test.run()
    assert not test.exception
    assert test.multiselect(key="documents_choice").value == []


def test_the_trial_hides_what_is_farther_than_asked_for_and_says_so(app: Open, bench: Any) -> None:
    indexed(bench, "notice.md", NOTICE)
    indexed(bench, "fees.md", FEES)
    test = in_the_trial(app("documents"), "How long is the notice period?")
    assert "**2 passages**, best first" in texts(test)
    test.slider(key="trial_near_").set_value(0.5).run()
    assert "**1 passage**, best first" in texts(test)
    assert "1 farther than 0.50 not shown" in texts(test)
    test.slider(key="trial_near_").set_value(1.0).run()
    assert "move “How near” below it" in texts(test)


def test_a_question_is_kept_with_its_right_passage_and_measured(app: Open, bench: Any) -> None:
    indexed(bench, "notice.md", NOTICE)
    indexed(bench, "fees.md", FEES)
    test = in_the_trial(app("documents"), "How long is the notice period?")
    assert "None yet." in texts(test)
    assert test.button(key="save_golden").disabled
    next(each for each in test.checkbox if each.label == "Right").check().run()
    test.button(key="save_golden").click().run()
    assert not test.exception
    [kept] = bench.golden.list(USER)
    assert "sixty days" in kept.right[0].text
    assert "1 of 1 have a right passage among the first 5" in texts(test)
    assert "**rank 1** · :blue[first time]" in texts(test)
    indexed(bench, "more.md", b"The stage is dark at night.")
    test.run()
    assert "1 the same" in texts(test)
    test.button(key=f"forget_{kept.id}").click().run()
    assert bench.golden.list(USER) == []
    assert "None yet." in texts(test)


def test_golden_questions_are_carried_in_a_file_and_what_is_there_is_told(
    app: Open, bench: Any
) -> None:
    indexed(bench, "notice.md", NOTICE)
    test = in_the_trial(app("documents"), "How long is the notice period?")
    next(each for each in test.checkbox if each.label == "Right").check().run()
    test.button(key="save_golden").click().run()
    [kept] = bench.golden.list(USER)
    lines = ("g.jsonl", bench.golden.export(USER).encode(), "")
    test.file_uploader(key="golden_file_0").set_value([lines]).run()
    assert test.toast[-1].value == "All of it was here."
    test.button(key=f"forget_{kept.id}").click().run()
    test.file_uploader(key="golden_file_1").set_value([("b.jsonl", b"[1,2", "")]).run()
    assert "Nothing was taken in." in texts(test)
    test.file_uploader(key="golden_file_1").set_value([lines]).run()
    assert test.toast[-1].value == "1 golden question taken in."
    assert [each.question for each in bench.golden.list(USER)] == [kept.question]


def test_what_changed_is_said_in_words_and_figures() -> None:
    golden = Golden("g", "?", (), now())
    ranks = [((1,), (4,)), ((1,), (2,)), ((4,), (1,)), *[((1,), (1,))] * 7, ((0,), None)]
    results = tuple(Result(golden, is_now, was) for is_now, was in ranks)
    words = [goldens.in_words(each) for each in results]
    assert words[0] == "**rank 4 → 1** · :green[better]"
    assert words[2] == "**rank 1 → 4** · :red[worse]"
    assert words[3] == "**rank 1** · :gray[as before]"
    assert words[-1] == "**not in the first 20** · :blue[first time]"
    assert goldens.in_words(Result(golden, (0,), (3,))).startswith("**rank 3 → not in the first 20")
    summary = goldens.summary(Report(results, now(), now()))
    assert ":green[2 better], :red[1 worse], :gray[7 the same], :blue[1 new] since" in summary


def test_of_many_collections_a_document_names_the_first() -> None:
    assert collections.badges(["One"]) == ":gray-badge[One]"
    assert collections.badges(list("abcde")).endswith(":gray-badge[c] and 2 collections more")
