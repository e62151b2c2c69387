from pathlib import Path

import pytest

from core.errors import DiskFull
from core.store.blobs import Blobs


def test_bytes_are_kept_under_their_hash(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")

    sha256 = blobs.put(b"hello")

    assert sha256 == blobs.digest(b"hello") == blobs.put(b"hello")
    assert blobs.path(sha256).read_bytes() == b"hello"
    assert not list((tmp_path / "blobs").rglob(".*"))


def test_deleting_twice_does_no_harm(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    sha256 = blobs.put(b"hello")
    with blobs.held():
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
