"""A full disk under the pages: a control that cannot keep its change says so, and its page stays."""

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event
from streamlit.testing.v1 import AppTest

from tests.pages.test_chat_page import given_back

Open = Callable[..., AppTest]


@pytest.fixture
def fill(bench: Any) -> Callable[[], None]:
    """Fills the disk: from then on the database keeps nothing new."""

    def now() -> None:
        @event.listens_for(bench.engine, "do_execute")
        def refuse(cursor: Any, statement: str, *_: Any) -> None:
            if statement.startswith(("INSERT", "UPDATE", "DELETE")):
                error = sqlite3.OperationalError("database or disk is full")
                error.sqlite_errorname = "SQLITE_FULL"
                raise error

    return now


def told(test: AppTest) -> None:
    """The page has said it once, and is there."""
    assert not test.exception, test.exception
    [note] = test.toast
    assert "the disk is full" in note.value and "Free some space" in note.value


def test_what_is_done_at_a_cap_is_not_kept_on_a_full_disk_and_the_page_says_so(
    app: Open, bench: Any, fill: Callable[[], None]
) -> None:
    test = app("models")
    before = bench.preferences.at_cap("local")
    fill()
    test.button_group(key="at_cap").set_value("local").run()
    told(test)
    assert [each.value for each in test.title] == ["Models"]
    assert bench.preferences.at_cap("local") == before


def test_a_key_that_could_not_be_revoked_on_a_full_disk_is_still_listed(
    app: Open, bench: Any, fill: Callable[[], None]
) -> None:
    key, _ = bench.api_keys.make("local", "notebook", None)
    test = app("models")
    fill()
    test.button(key=f"revoke_{key.id}").click().run()
    told(test)
    assert test.button(key=f"revoke_{key.id}")


def test_files_that_a_full_disk_has_no_room_for_are_named_and_the_zone_is_there_again(
    app: Open, bench: Any, fill: Callable[[], None]
) -> None:
    test = app("documents")
    fill()
    dropped = [("one.txt", b"The fee is low.", ""), ("two.txt", b"The rent is high.", "")]
    test.file_uploader[0].set_value(dropped).run()
    assert not test.exception, test.exception
    notes = [note.value for note in test.toast]
    assert [note.split(" was not taken: the disk is full")[0] for note in notes] == [
        "**one.txt**",
        "**two.txt**",
    ]
    assert not test.file_uploader[0].value
    assert bench.documents.list("local") == []


def test_a_question_whose_file_a_full_disk_has_no_room_for_stands_in_the_field_again(
    app: Open, fill: Callable[[], None]
) -> None:
    test = app("chat")
    fill()
    test.chat_input[0].upload("one.txt", b"The fee.").set_value("What is in it?").run()
    assert not test.exception, test.exception
    assert "**one.txt** was not taken: the disk is full" in test.toast[0].value
    assert given_back(test) == "What is in it?"
    assert "the disk is full" in test.error[0].value
