"""Every class that an SDK can raise has a place in our tables."""

import importlib
from datetime import UTC, datetime
from typing import Any, get_args

import httpx2
import pytest

from core.errors import ProviderError
from core.llm import anthropic, openai
from core.llm.faults import Faults, Kind, kind_of
from core.llm.retry_after import retry_after
from core.llm.sdk import explain, kind_by_class

# Above these nothing is decided: a class that reaches them without an entry of its own is new to us.
_ROOTS = {"OpenAIError", "AnthropicError", "APIError", "APIStatusError", "Exception"}


def _tree(root: type[BaseException]) -> list[type[BaseException]]:
    return [root, *(each for child in root.__subclasses__() for each in _tree(child))]


@pytest.mark.parametrize(
    ("module", "root", "table"),
    [
        ("openai", "OpenAIError", openai.FAULTS),
        ("anthropic", "AnthropicError", anthropic.FAULTS),
    ],
)
def test_a_class_of_the_sdk_that_is_new_to_us_fails_here(
    module: str, root: str, table: Any
) -> None:
    base = getattr(importlib.import_module(module), root)
    unknown = []
    for raised in _tree(base):
        ours = [each.__name__ for each in raised.__mro__ if each.__name__ not in _ROOTS]
        if raised.__name__ not in _ROOTS and not any(name in table for name in ours):
            unknown.append(raised.__qualname__)
    assert unknown == []


def test_every_class_of_the_network_below_is_known() -> None:
    for raised in [*_tree(httpx2.HTTPError), *_tree(httpx2.StreamError), httpx2.InvalidURL]:
        assert kind_by_class(raised, {}) in get_args(Kind)


def test_an_error_outside_of_every_table_is_still_ours() -> None:
    error = explain(RuntimeError("odd"), {}, Faults("vendor", "m", "secret"))
    assert isinstance(error, ProviderError)
    assert "odd" in str(error)


def test_names_refine_what_the_status_says_but_a_400_is_never_tried_again() -> None:
    assert kind_of(400, ("overloaded_error",)) == "request"
    assert kind_of(400, ("invalid_request_error", "context_length_exceeded")) == "length"
    assert kind_of(429, ("insufficient_quota",)) == "quota"
    assert kind_of(503, ("invalid_request_error",)) == "busy"
    assert kind_of(200, ("overloaded_error",)) == "busy"
    assert kind_of(None, ("429",)) == "limit"
    assert kind_of(None, ("something_new",)) == "busy"


def test_a_message_is_one_bounded_line_without_the_key() -> None:
    said = Faults("vendor", "m", "topsecret").redact("a\n b topsecret sk-abc123***z " + "x" * 900)
    assert said.startswith("a b [key] [key] xxx")
    assert len(said) <= 300


@pytest.mark.parametrize(
    "echo",
    [
        "gsk_AbC/12+34==",
        r"gsk_AbC\/12+34==",
        r"gsk_AbC/12\u002b34\u003D=",
        "gsk_AbC%2F12%2b34%3D%3D",
        r"\u0067\u0073\u006b\u005f\u0041\u0062\u0043\u002f\u0031\u0032\u002b\u0033\u0034\u003d\u003d",
    ],
)
def test_a_key_is_known_however_json_or_an_address_writes_it(echo: str) -> None:
    faults = Faults("vendor", "m", "gsk_AbC/12+34==")
    assert faults.keyless(f'{{"echo": "a {echo} b"}}') == '{"echo": "a [key] b"}'


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("5", 5.0),
        ("Wed, 21 Oct 2026 07:28:30 GMT", 30.0),
        ("Wed, 21 Oct 2026 07:27:00 GMT", 0.0),
        ("Wed, 21 Oct 100000 07:27:00 GMT", None),
        ("inf", None),
        ("-1", None),
        ("", None),
    ],
)
def test_a_vendor_may_say_seconds_or_a_date(value: str, seconds: float | None) -> None:
    now = datetime(2026, 10, 21, 7, 28, tzinfo=UTC)
    assert retry_after({"retry-after": value}, now) == seconds


def test_milliseconds_win_over_seconds() -> None:
    now = datetime(2026, 10, 21, tzinfo=UTC)
    assert retry_after({"retry-after-ms": "250", "retry-after": "9"}, now) == 0.25
