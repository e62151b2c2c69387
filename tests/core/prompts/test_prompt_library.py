"""The folder is the truth: versions are added and never changed, labels move, a broken file is told."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from core.errors import NotFound, Refused
from core.processes.child import ROOT
from core.prompts.front_matter import split, with_message
from core.prompts.library import PromptLibrary
from core.prompts.sandbox import Sandbox
from core.prompts.template import parse


def file(text: str = "Hello", message: str = "first") -> str:
    return f'---\ndescription: A test.\nmessage: {message}\n---\n{{% message "user" %}}{text}{{% endmessage %}}\n'


@pytest.fixture
def library(tmp_path: Path, sandbox: Sandbox) -> PromptLibrary:
    return PromptLibrary(tmp_path / "prompts", sandbox)


async def test_saving_makes_the_next_version_and_leaves_the_others(library: PromptLibrary) -> None:
    one = await library.save("greet", file("one"), "")
    two = await library.save("greet", file("two"), "kinder: it says 'hello'")
    assert (one.version, two.version) == (1, 2)
    assert two.message == "kinder: it says 'hello'"
    assert [template.source for template in library.versions("greet")] == [one.source, two.source]
    assert library.get("greet") == two
    assert library.resolve("greet@1") == one
    assert library.get("greet", 1).message == "first"
    assert library.names() == ["greet"]


async def test_the_reason_of_a_version_is_not_that_of_the_one_that_was_edited(
    library: PromptLibrary,
) -> None:
    one = await library.save("greet", file("one"))
    two = await library.revise(one, file("two"))
    assert (two.version, two.message, two.source) == (2, "", file("two").split("---\n")[2])
    assert (await library.revise(two, file("three", "shorter"))).message == "shorter"  # by hand
    assert (await library.revise(one, file("four"), "kinder")).message == "kinder"


@pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
async def test_what_stands_in_the_place_of_a_version_and_is_no_file_is_told_and_not_read(
    library: PromptLibrary, tmp_path: Path, kind: str
) -> None:
    await library.save("greet", file("one"))
    path = tmp_path / "prompts" / "greet" / "v2.md"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    assert [each.reason for each in await library.problems()] == ["greet@2 is not a file"]
    assert library.get("greet").version == 1
    assert (await library.save("greet", file("three"))).version == 3


async def test_a_label_says_which_version_is_used(library: PromptLibrary) -> None:
    await library.save("greet", file("one"))
    await library.save("greet", file("two"))
    assert library.label("greet") == 2
    library.set_label("greet", 1)
    assert (library.label("greet"), library.resolve("greet").version) == (1, 1)
    await library.save("greet", file("three"))
    assert library.resolve("greet").version == 1
    with pytest.raises(NotFound):
        library.set_label("greet", 9)


async def test_two_tabs_that_save_at_once_get_two_versions(
    library: PromptLibrary, tmp_path: Path, sandbox: Sandbox
) -> None:
    other = PromptLibrary(tmp_path / "prompts", sandbox)
    saved = await asyncio.gather(
        *((library, other)[n % 2].save("greet", file(f"text {n}")) for n in range(10))
    )
    assert sorted(template.version for template in saved) == list(range(1, 11))
    texts = {template.source for template in library.versions("greet")}
    assert len(texts) == 10
    assert not list((tmp_path / "prompts" / "greet").glob(".*"))


def test_two_processes_that_save_at_once_lose_nothing(tmp_path: Path, sandbox: Sandbox) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom core.prompts.library import PromptLibrary\n"
        "from core.prompts.template import parse\n"
        "library = PromptLibrary(Path(sys.argv[1]), None)\n"
        "for n in range(50):\n    library._write(parse('greet', 0, sys.argv[2]), '')\n"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), file(who)], cwd=ROOT)
        for who in ("a", "b")
    ]
    assert [process.wait() for process in both] == [0, 0]
    sources = [template.source for template in PromptLibrary(tmp_path, sandbox).versions("greet")]
    assert len(sources) == 100
    assert sum("%}a{%" in source for source in sources) == 50


async def test_what_cannot_be_rendered_is_refused_before_anything_is_written(
    library: PromptLibrary, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match="line 5, column 24: 'nobody' is used"):
        await library.save("greet", file("{{ nobody }}"))
    with pytest.raises(Refused, match="does not begin with ---"):
        await library.save("greet", "Hello")
    assert not (tmp_path / "prompts").exists()


@pytest.mark.parametrize("name", ["../x", "a/b", "", "A", "x" * 65, ".", "..", "a\n", "ü", "a b"])
async def test_a_name_that_could_leave_the_folder_is_refused(
    library: PromptLibrary, name: str, tmp_path: Path
) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "v1.md").write_text(file())
    with pytest.raises(Refused):
        await library.save(name, file())
    with pytest.raises(NotFound):
        library.get(name)
    with pytest.raises(NotFound):
        library.get(name, 1)


@pytest.mark.parametrize("ref", ["greet@2", "greet@", "greet@x", "greet@-1", "greet@01", "no"])
async def test_what_is_not_there_is_not_found(library: PromptLibrary, ref: str) -> None:
    await library.save("greet", file())
    with pytest.raises(NotFound) as missing:
        library.resolve(ref)
    assert "greet" in missing.value.hint


async def test_a_broken_file_is_told_and_does_not_take_the_library_down(
    library: PromptLibrary, tmp_path: Path
) -> None:
    await library.save("greet", file("good"))
    home = tmp_path / "prompts" / "greet"
    (home / "v2.md").write_bytes(b"\xff\xfe not text")
    (home / "v3.md").write_text("no front matter")
    (home / "v4.md").mkdir()
    (home / "notes.txt").write_text("not a version")
    (home / "v05.md").write_text("not a version either")
    other = tmp_path / "prompts" / "other"
    other.mkdir()
    (other / "v1.md").write_text(file("{{ oops }}"))
    (other / "labels.yaml").write_text("[broken")
    assert library.get("greet").version == 1
    assert [template.version for template in library.versions("greet")] == [1]
    told = {problem.file: problem.reason for problem in await library.problems()}
    assert set(told) == {
        "greet/v2.md",
        "greet/v3.md",
        "greet/v4.md",
        "other/v1.md",
        "other/labels.yaml",
    }
    assert "UTF-8" in told["greet/v2.md"]
    assert "'oops' is used" in told["other/v1.md"]


async def test_a_version_that_is_not_there_is_told_with_those_that_are(
    library: PromptLibrary,
) -> None:
    await library.save("greet", file("one"))
    await library.save("greet", file("two"))
    with pytest.raises(NotFound) as missing:
        library.resolve("greet@99")
    assert str(missing.value) == "there is no version '99' of the prompt greet"
    assert missing.value.hint == "greet has versions 1, 2."


async def test_a_file_edited_by_hand_is_read_again(library: PromptLibrary, tmp_path: Path) -> None:
    before = await library.save("greet", file("one"))
    assert library.get("greet") == before
    (tmp_path / "prompts" / "greet" / "v1.md").write_text(file("edited by hand"))
    after = library.get("greet")
    assert "edited by hand" in after.source
    assert after.sha256 != before.sha256


def test_an_empty_folder_is_an_empty_library(library: PromptLibrary) -> None:
    assert library.names() == []
    with pytest.raises(NotFound):
        library.resolve("answer")


@pytest.mark.parametrize(
    "written",
    ["message: old\n", "message: |\n  old\n  words\n", "message: 'a: b'\n", ""],
)
def test_the_message_of_a_version_is_replaced_and_the_rest_is_kept(written: str) -> None:
    raw = f'---\n# a comment\n{written}description: d\nvariables: []\n---\n{{% message "user" %}}x{{% endmessage %}}\n'
    changed = with_message(raw, 'why "so": #1\n{{ ü }}')
    template = parse("t", 1, changed)
    assert template.message == 'why "so": #1 {{ ü }}'
    assert template.description == "d"
    assert template.source == parse("t", 1, raw).source
    assert "# a comment" in changed
    assert "old" not in changed


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ("[{name: Upper}]", "cannot be the name"),
        ("[{name: loop}]", "cannot be the name"),
        ("[{type: text}]", "cannot be the name"),
        ("[{name: a}, {name: a}]", "declared twice"),
        ("[{name: a, type: colour}]", "unknown type"),
        ("[{name: a, trust: total}]", "unknown trust"),
        ("[{name: a, colour: red}]", "unknown key"),
        ("[{name: a, type: choice}]", "choices"),
        ("[{name: a, type: text, choices: [x]}]", "choices"),
        ("[{name: a, type: choice, choices: [x], default: y}]", "the default is none of x"),
        ("[{name: a, type: number, default: many}]", "the default is not a number"),
        ("[{name: a, required: true, default: x}]", "never be used"),
        ("[{name: a, required: maybe}]", "required"),
        ("a", "not a list"),
        ("[a]", "written as"),
    ],
)
def test_a_variable_that_makes_no_sense_is_refused_with_its_line(
    variables: str, reason: str
) -> None:
    with pytest.raises(Refused, match=reason) as refused:
        parse("t", 1, f"---\ndescription: d\nvariables: {variables}\n---\n")
    assert str(refused.value).startswith("line 3, column 1")


def test_line_ends_of_windows_and_a_byte_order_mark_make_no_difference() -> None:
    raw = file()
    assert parse("t", 1, "\ufeff" + raw.replace("\n", "\r\n")) == parse("t", 1, raw)


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("a: 1\nb:\t[x\n\tc: d", "line 3, column 3: not valid YAML: found character '\\t'"),
        ("a: 1\nb: [x}", "line 3, column 6: not valid YAML: expected ',' or ']', but got '}'"),
        ("a: 1\nb: \ud800", "line 3, column 4: not valid YAML: unacceptable character"),
        ("a: 1\nb: é\x07", "line 3, column 5: not valid YAML: unacceptable character"),
    ],
)
def test_a_broken_head_is_told_with_its_place_however_fast_good_ones_are_read(
    head: str, told: str
) -> None:
    with pytest.raises(Refused) as refused:
        split(f"---\n{head}\n---\nbody")
    assert str(refused.value).startswith(told)


def test_heads_are_read_alike_by_either_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    files = [path.read_text() for path in (ROOT / "prompts").glob("*/v*.md")]
    fast = [split(raw) for raw in files]
    monkeypatch.setattr("core.prompts.front_matter._FAST", yaml.SafeLoader)
    assert [split(raw) for raw in files] == fast and len(fast) > 8
