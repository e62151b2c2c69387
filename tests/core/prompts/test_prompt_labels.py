"""Labels move and are rolled back, with who, when and why; hands on the files are noticed; nothing is lost."""

import errno
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from core.errors import Conflict, DiskFull, NotFound, Refused
from core.processes.child import ROOT
from core.prompts.folder import PromptFolder
from core.prompts.library import PromptLibrary
from core.prompts.sandbox import Sandbox
from tests.core.prompts.test_prompt_library import file

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def library(tmp_path: Path, sandbox: Sandbox) -> PromptLibrary:
    return PromptLibrary(tmp_path / "prompts", sandbox, clock=lambda: MONDAY)


async def three(library: PromptLibrary) -> None:
    for text in ("one", "two", "three"):
        await library.save("greet", file(text), f"says {text}", who="ada")


async def test_several_labels_stand_on_versions_and_are_rolled_back_one_by_one(
    library: PromptLibrary,
) -> None:
    await three(library)
    library.set_label("greet", 1, who="ada", why="first")
    library.set_label("greet", 3, "staging", who="ada")
    library.set_label("greet", 2, who="bob", why="shorter")
    library.set_label("greet", 3, who="bob")
    assert library.labels("greet") == {"production": 3, "staging": 3}
    assert library.resolve("greet@staging").version == 3
    assert library.roll_back("greet", who="eve") == 2
    assert library.roll_back("greet", who="eve") == 1
    with pytest.raises(Refused, match="no other version before"):
        library.roll_back("greet")
    library.set_label("greet", 3)
    assert library.roll_back("greet") == 1
    library.remove_label("greet", "staging")
    assert library.labels("greet") == {"production": 1}
    moves = [each for each in library.history("greet") if each.label == "production"]
    assert [(each.what, each.before, each.version) for each in moves[:4]] == [
        ("label", 0, 1),
        ("label", 1, 2),
        ("label", 2, 3),
        ("rolled back", 3, 2),
    ]
    assert (moves[1].who, moves[1].why, moves[1].at) == ("bob", "shorter", MONDAY)


@pytest.mark.parametrize("label", ["", "A", "a b", "1", "../x", "a/b", "x" * 33, "a: 1", "ü"])
async def test_a_label_that_no_file_should_hold_is_refused(
    library: PromptLibrary, label: str
) -> None:
    await three(library)
    with pytest.raises(Refused, match="cannot be a label"):
        library.set_label("greet", 1, label)
    assert library.labels("greet") == {}


async def test_the_history_is_lines_that_git_can_merge_and_a_torn_line_stays_alone(
    library: PromptLibrary, tmp_path: Path
) -> None:
    await library.save("greet", file("one"), "says one", who="ada")
    path = tmp_path / "prompts" / "greet" / "history.jsonl"
    line = json.loads(path.read_text())
    assert line["what"] == "saved" and line["version"] == 1 and line["who"] == "ada"
    assert line["sha256"] == library.get("greet").sha256
    with path.open("a") as opened:
        opened.write('<<<<<<< HEAD\n[1]\n{"at": "never"}\n{"torn')
    library.set_label("greet", 1)
    assert [each.what for each in library.history("greet")] == ["saved", "label"]


async def test_a_version_that_was_edited_or_deleted_by_hand_is_said_and_its_number_not_given_again(
    library: PromptLibrary, tmp_path: Path
) -> None:
    await three(library)
    assert library.edited("greet") == {}
    home = tmp_path / "prompts" / "greet"
    (home / "v2.md").write_text(file("another"))
    (home / "v3.md").unlink()
    assert library.edited("greet") == {
        2: "its file was changed by hand after it was saved",
        3: "its file is gone",
    }
    told = {problem.file: problem.reason for problem in await library.problems()}
    assert "changed by hand" in told["greet/v2.md"] and "gone" in told["greet/v3.md"]
    assert (await library.save("greet", file("four"))).version == 4


async def test_what_is_archived_is_offered_nowhere_and_lost_nowhere(library: PromptLibrary) -> None:
    await three(library)
    library.archive("greet", who="ada", why="unused")
    assert (library.names(), library.archived()) == ([], ["greet"])
    assert library.resolve("greet@2").version == 2
    library.restore("greet")
    assert (library.names(), library.archived()) == (["greet"], [])
    assert [each.what for each in library.history("greet")][-2:] == ["archived", "restored"]
    for change in (library.archive, library.restore):
        with pytest.raises(NotFound):
            change("nobody")


async def test_a_copy_begins_with_the_version_in_use_and_takes_no_name_that_is_taken(
    library: PromptLibrary,
) -> None:
    await three(library)
    library.set_label("greet", 2)
    copy = await library.duplicate("greet", "welcome")
    assert (copy.version, copy.source) == (1, library.get("greet", 2).source)
    assert copy.message == "Copied from greet@2"
    with pytest.raises(Conflict, match="already"):
        await library.duplicate("greet", "welcome")
    with pytest.raises(Refused, match="cannot be the name"):
        await library.duplicate("greet", "a/b")
    assert library.get("welcome").version == 1


@pytest.mark.parametrize("step", ["link", "fsync", "open", "append"])
async def test_a_full_disk_is_told_and_leaves_the_folder_as_it_was(
    library: PromptLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    await three(library)
    home = tmp_path / "prompts" / "greet"
    before = {path.name: path.read_bytes() for path in home.iterdir()}

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if step == "append":  # the version found room, and the line of the history did not
        monkeypatch.setattr(PromptFolder, "append", full)
    else:
        monkeypatch.setattr(os, step, full)
    with pytest.raises(DiskFull, match="nothing of this was kept"):
        await library.save("greet", file("four"))
    if step != "link":
        with pytest.raises(DiskFull, match="nothing of this was kept"):
            library.set_label("greet", 1)
    monkeypatch.undo()
    monkeypatch.setattr(PromptFolder, "replace", full)  # the history found room, the label did not
    with pytest.raises(DiskFull):
        library.set_label("greet", 1)
    with pytest.raises(DiskFull):
        library.archive("greet")
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in home.iterdir()} == before
    assert (await library.save("greet", file("four"))).version >= 4


def test_two_processes_that_move_labels_at_once_lose_no_move(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    home = tmp_path / "greet"
    home.mkdir()
    for number in (1, 2, 3):
        (home / f"v{number}.md").write_text(file(str(number)))
    code = (
        "import sys\nfrom pathlib import Path\nfrom core.prompts.library import PromptLibrary\n"
        "library = PromptLibrary(Path(sys.argv[1]), None)\n"
        "for n in range(40):\n    library.set_label('greet', n % 3 + 1, sys.argv[2])\n"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), who], cwd=ROOT)
        for who in ("a", "b")
    ]
    assert [process.wait() for process in both] == [0, 0]
    library = PromptLibrary(tmp_path, sandbox)
    assert library.labels("greet") == {"a": 1, "b": 1}
    for label in ("a", "b"):
        moves = [each for each in library.history("greet") if each.label == label]
        assert len(moves) == 40
        assert all(one.version == two.before for one, two in pairwise(moves))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(moves=some.lists(some.one_of(some.none(), some.integers(1, 3)), max_size=12))
def test_rolling_back_undoes_the_moves_in_their_order(
    tmp_path: Path, sandbox: Sandbox, moves: list[int | None]
) -> None:
    home = tmp_path / "greet"
    home.mkdir(exist_ok=True)
    for name in ("history.jsonl", "labels.yaml"):
        (home / name).unlink(missing_ok=True)
    for number in (1, 2, 3):
        (home / f"v{number}.md").write_text(file(str(number)))
    library = PromptLibrary(tmp_path, sandbox)
    stack: list[int] = []
    for move in moves:
        if move is None:
            if len(stack) > 1:
                stack.pop()
                assert library.roll_back("greet") == stack[-1]
            else:
                with pytest.raises(Refused):
                    library.roll_back("greet")
        else:
            library.set_label("greet", move)
            if not stack or stack[-1] != move:
                stack.append(move)
        assert library.labels("greet") == ({"production": stack[-1]} if stack else {})
