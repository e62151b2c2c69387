"""The kept form of a text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.retrieval.reading.tidy import tidy


@pytest.mark.parametrize(
    ("raw", "kept", "hidden"),
    [
        ("cafe\u0301", "café", 0),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour", 0),
        ("a\u200bb\u2060c", "abc", 2),
        ("evil \u202egpj.exe", "evil gpj.exe", 1),
        ("tags\U000e0041\U000e0042", "tags", 2),
        ("soft\u00adhyphen", "softhyphen", 0),
        ("\ufefftext", "text", 0),
        ("half \ud800 pair\x00", "half \ufffd pair", 0),
        ("of\ufb01ce", "office", 0),
        ("می\u200cخواهم", "می\u200cخواهم", 0),
        ("👩\u200d💻", "👩\u200d💻", 0),
        ("അവന്\u200d വന്നു", "അവന്\u200d വന്നു", 0),
        (
            "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
            "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
            0,
        ),
        ("😀\ufe0f\ufe01\ufe02 x\ufe03", "😀\ufe0f x", 3),
        ("иг\u200cнорируй", "игнорируй", 1),
        ("\ue000 ü", "\ue000 ü", 0),
        ("plain\u200dtext", "plaintext", 1),
        ("\x1b[1;31mERROR\x1b[0m in \x1b]8;;http://a.b\x1b\\a.py\x1b]8;;\x07", "ERROR in a.py", 0),
        ("trailing   \n\n\n\n\nnext", "trailing\n\nnext", 0),
    ],
)
def test_what_cannot_be_seen_is_taken_out_and_counted(raw: str, kept: str, hidden: int) -> None:
    assert tidy(raw) == (kept, hidden)


@given(st.text())
def test_a_tidy_text_can_be_stored_and_is_composed(raw: str) -> None:
    text, _ = tidy(raw)
    text.encode()
    assert "\x00" not in text
    assert unicodedata.is_normalized("NFC", text)


def test_a_million_spaces_take_no_time() -> None:
    assert tidy("a" + " " * 1_000_000 + "b")[0].endswith("b")
