"""What keeps the app from starting is told in words, with what to do, and not as a traceback."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import Misuse
from core.settings import Settings, read, unknown

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    ("setting", "value", "told", "hint"),
    [
        ("FOOTLIGHTS_PORT", "twelve", "FOOTLIGHTS_PORT: Input should be a valid integer", ".env"),
        ("DATABASE_URL", "postgresql://u@127.0.0.1:1/x", "the database does not answer", "server may be down"),
        ("DATABASE_URL", "nonsense", "DATABASE_URL is not the address of a database", "postgresql://"),
        ("DATABASE_URL", "mysql://u:secret@h/x", "a database of the kind 'mysql'", "Leave it out"),
        ("FOOTLIGHTS_DATA", "/dev/null", "FOOTLIGHTS_DATA names /dev/null, which is no folder", "another folder"),
        ("FOOTLIGHTS_DATA", "/proc", "FOOTLIGHTS_DATA names /proc, which takes no file", "write to this one"),
        ("FOOTLIGHTS_TOOLS", "/dev/null", "FOOTLIGHTS_TOOLS names /dev/null, which is no folder", "another folder"),
        ("FOOTLIGHTS_HOST", "192.0.2.1", "it cannot listen at 192.0.2.1", "an address of this machine"),
        ("FOOTLIGHTS_MODEL", "gpt-6-luna", "FOOTLIGHTS_MODEL names 'gpt-6-luna', which is no model", "openai:<id>"),
        ("FOOTLIGHTS_FALLBACK", "quotes, opnai:x", "FOOTLIGHTS_FALLBACK names 'opnai:x'", "openai:<id>"),
        ("OPENAI_BASE_URL", "nonsense", "OPENAI_BASE_URL: it is no address", "README"),
        ("FOOTLIGHTS_PUBLIC_URL", "demo.example.org", "FOOTLIGHTS_PUBLIC_URL: it is no address", "README"),
    ],
)  # fmt: skip
def test_it_says_why_it_cannot_start(
    setting: str, value: str, told: str, hint: str, tmp_path: Path
) -> None:
    ended = subprocess.run(
        [sys.executable, str(ROOT / "app.py")],
        env={**os.environ, "FOOTLIGHTS_DATA": str(tmp_path), setting: value},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert ended.returncode == 1
    assert told in ended.stderr and hint in ended.stderr
    assert "Traceback" not in ended.stderr and "secret" not in ended.stderr


def test_it_says_that_its_port_is_taken_and_which_to_take(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = subprocess.run(
            [sys.executable, str(ROOT / "app.py")],
            env={**os.environ, "FOOTLIGHTS_DATA": str(tmp_path), "FOOTLIGHTS_PORT": str(port)},
            capture_output=True,
            text=True,
            timeout=100,
        )
    assert ended.returncode == 1
    assert f"cannot listen at 127.0.0.1, port {port}" in ended.stderr
    assert f"FOOTLIGHTS_PORT={port + 1} make run" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not list(tmp_path.iterdir()), "nothing was begun"


def test_a_name_that_is_no_setting_is_told_with_the_one_that_may_be_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("FOOTLIGHTS_MODLE=quotes\nFOOTLIGHTS_PORT=8600\nOTHER=1\n")
    monkeypatch.setitem(Settings.model_config, "env_file", tmp_path / ".env")
    monkeypatch.setenv("FOOTLIGHTS_SIGNIN", "always")
    monkeypatch.setenv("FOOTLIGHTS_SERVICE_HOST", "10.0.0.1")
    assert list(unknown()) == [
        "FOOTLIGHTS_MODLE is no setting and is not used: FOOTLIGHTS_MODEL is one.",
        "FOOTLIGHTS_SERVICE_HOST is no setting and is not used.",
        "FOOTLIGHTS_SIGNIN is no setting and is not used: FOOTLIGHTS_SIGN_IN is one.",
    ]
    assert read().port == 8600


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_file_of_settings_that_is_not_utf8_is_told(
    encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("# für uns\nFOOTLIGHTS_PORT=8600\n", encoding=encoding)
    monkeypatch.setitem(Settings.model_config, "env_file", tmp_path / ".env")
    with pytest.raises(Misuse, match="not written in UTF-8"):
        read()
