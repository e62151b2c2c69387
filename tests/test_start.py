"""What keeps the app from starting is told in words, with what to do, and not as a traceback."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    ("setting", "value", "told", "hint"),
    [
        ("FOOTLIGHTS_PORT", "twelve", "FOOTLIGHTS_PORT: Input should be a valid integer", ".env"),
        ("DATABASE_URL", "postgresql://u@127.0.0.1:1/x", "the database does not answer", "server may be down"),
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
    assert "Traceback" not in ended.stderr


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
