import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import DatabaseAway, DiskFull
from core.store.blobs import Blobs

ROOT = Path(__file__).resolve().parents[3]
UPLOAD = """
import os, sys
from pathlib import Path
from core.store.blobs import Blobs
blobs = Blobs(Path(sys.argv[1]))
if sys.argv[2] == "half":
    Path.replace = lambda self, to: os.kill(os.getpid(), 9)
with blobs.held(blobs.digest(b"hello"), lambda sha256: False):
    blobs.put(b"hello")
    os.kill(os.getpid(), 9)
"""


def nobody(sha256: str) -> bool:
    return False


def files(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]


def test_bytes_are_kept_under_their_hash(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")

    sha256 = blobs.put(b"hello")

    assert sha256 == blobs.digest(b"hello") == blobs.put(b"hello")
    assert blobs.path(sha256).read_bytes() == b"hello"
    assert not list((tmp_path / "blobs").rglob(".*"))


def test_deleting_twice_does_no_harm(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    sha256 = blobs.put(b"hello")
    with blobs.held(sha256, nobody):
        blobs.delete(sha256)
        blobs.delete(sha256)
    assert not blobs.path(sha256).exists()


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "a" * 63, "a" * 64 + "\n"])
def test_only_a_hash_is_a_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        Blobs(tmp_path).path(name)


def test_a_failed_write_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DiskFull, match="nothing of this was kept"):
        Blobs(tmp_path).put(b"hello")
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


@pytest.mark.parametrize("is_needed", [True, False])
def test_a_file_whose_row_could_not_be_written_goes_unless_somebody_needs_it(
    tmp_path: Path, is_needed: bool
) -> None:
    blobs = Blobs(tmp_path)
    sha256 = blobs.digest(b"hello")
    with pytest.raises(DiskFull), blobs.held(sha256, lambda _: is_needed):
        blobs.put(b"hello")
        raise DiskFull
    assert files(tmp_path) == ([sha256] if is_needed else [])


@pytest.mark.parametrize("moment", ["half", "whole"])
def test_what_a_killed_upload_has_left_goes_with_the_next_start(
    tmp_path: Path, moment: str
) -> None:
    command = [sys.executable, "-c", UPLOAD, str(tmp_path), moment]
    assert subprocess.run(command, cwd=ROOT).returncode == -signal.SIGKILL
    assert len(files(tmp_path)) == 1

    blobs = Blobs(tmp_path)
    blobs.tidy(lambda _: True)
    assert files(tmp_path) == ([blobs.digest(b"hello")] if moment == "whole" else [])
    blobs.tidy(nobody)  # what is needed is in doubt no more
    assert len(files(tmp_path)) == (moment == "whole")

    subprocess.run(command, cwd=ROOT)
    with blobs.held(blobs.digest(b"other"), nobody):
        assert files(tmp_path) == []


def test_who_cannot_ask_the_database_leaves_the_file_to_the_next(tmp_path: Path) -> None:
    def away(sha256: str) -> bool:
        raise DatabaseAway

    blobs = Blobs(tmp_path)
    with pytest.raises(KeyError), blobs.held(blobs.digest(b"hello"), away):
        blobs.put(b"hello")
        raise KeyError
    assert len(files(tmp_path)) == 1
    blobs.tidy(nobody)
    assert files(tmp_path) == []
