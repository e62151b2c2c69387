"""FOOTLIGHTS_PROMPTS may name a folder in which nothing is yet: it begins as a copy of the app's own."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import Refused
from core.processes.child import ROOT
from core.prompts.beginning import begin

OWN = ROOT / "prompts"


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("there", [False, True])
def test_an_empty_folder_begins_with_the_prompts_of_the_app(tmp_path: Path, there: bool) -> None:
    folder = tmp_path / "deep" / "prompts"
    if there:
        folder.mkdir(parents=True)
    begin(folder, OWN)
    assert files(folder) == files(OWN)


def test_a_folder_with_prompts_of_its_own_gets_no_others(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "v1.md").write_text("mine")
    begin(tmp_path, OWN)
    assert files(tmp_path) == {"mine/v1.md": b"mine"}


def test_what_was_put_away_does_not_come_back(tmp_path: Path) -> None:
    begin(tmp_path, OWN)
    shutil.rmtree(tmp_path / "judge")
    begin(tmp_path, OWN)
    assert not (tmp_path / "judge").exists()


def test_a_copy_that_was_cut_off_is_finished(tmp_path: Path) -> None:
    begin(tmp_path, OWN)
    shutil.rmtree(tmp_path / "plain")
    (tmp_path / ".beginning" / "plain").mkdir(parents=True)
    (tmp_path / ".beginning" / "plain" / "v1.md").write_text("ha")
    begin(tmp_path, OWN)
    assert files(tmp_path) == files(OWN)
    assert not (tmp_path / ".beginning").exists()


def test_two_that_begin_at_once_make_one_copy(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: begin(tmp_path / "prompts", OWN), range(16)))
    assert files(tmp_path / "prompts") == files(OWN)


def test_a_place_that_takes_no_folder_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match="there are no prompts in") as told:
        begin(tmp_path / "file" / "prompts", OWN)
    assert "FOOTLIGHTS_PROMPTS" in told.value.hint
