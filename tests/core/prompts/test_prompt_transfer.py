"""Prompts go out as a zip and come back as new versions; no zip writes anything else."""

import io
import re
import zipfile
from pathlib import Path

import pytest

from core.errors import NotFound, Refused
from core.prompts.library import PromptLibrary
from core.prompts.sandbox import Sandbox
from core.prompts.transfer import MAX_ZIP, export, take_in
from tests.core.prompts.test_prompt_library import file
from tests.core.prompts.test_prompt_partials import partial, prompt, user


@pytest.fixture
def library(tmp_path: Path, sandbox: Sandbox) -> PromptLibrary:
    return PromptLibrary(tmp_path / "prompts", sandbox)


@pytest.fixture
def other(tmp_path: Path, sandbox: Sandbox) -> PromptLibrary:
    return PromptLibrary(tmp_path / "other", sandbox)


def zipped(*files: tuple[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return out.getvalue()


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_what_was_exported_is_imported_elsewhere_with_its_partials(
    library: PromptLibrary, other: PromptLibrary, sandbox: Sandbox
) -> None:
    await library.save("rules", partial("Be kind."))
    await library.save("greet", prompt(user('{% include "rules" %} Hi')), "first")
    await library.save("greet", file("two"))
    data = export(library, ["greet", "rules"])
    assert data == export(library, ["rules", "greet"])
    await other.save("rules", partial("Another rule."))
    done = await take_in(other, data)
    assert [(each.source, each.ref, each.known) for each in done] == [
        ("rules/v1.md", "rules@2", False),
        ("greet/v1.md", "greet@1", False),
        ("greet/v2.md", "greet@2", False),
    ], "each behind its partials, and the newest is the newest here too"
    rendered = await sandbox.render(other.get("greet", 1), {})
    assert rendered.messages[0].text == "Be kind. Hi", "pinned to what it was pinned to"
    again = await take_in(other, data)
    assert all(each.known for each in again) and len(other.versions("greet")) == 2


async def test_a_folder_as_git_has_it_is_imported_and_its_other_files_are_left_alone(
    library: PromptLibrary, other: PromptLibrary
) -> None:
    await library.save("rules", partial("Be kind."))
    await library.save("greet", prompt(user('{% include "rules" %} Hi')), "first")
    library.set_label("greet", 1, "staging")
    folder = library.home("greet").path.parent
    found = {str(p.relative_to(folder.parent)): p.read_bytes() for p in folder.rglob("*.*")}
    done = await take_in(
        other, {**found, "prompts/README.md": b"x", "prompts/greet/notes.md": b"x"}
    )
    assert [each.ref for each in done] == ["rules@1", "greet@1"]
    assert other.labels("greet") == {} and other.names() == ["greet"]
    assert all(each.known for each in await take_in(other, found))


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"prompts/README.md": b"x"}, "no prompt in this folder"),
        ({"v1.md": b"x"}, "no prompt in this folder"),
        (
            dict.fromkeys(("a/greet/v1.md", "b/greet/v1.md"), file().encode()),
            "'greet/v1.md' is in the folder twice",
        ),
        ({"../../v1.md": b"x"}, "'..' cannot be the name of a prompt"),
        ({"My Prompt/v1.md": b"x"}, "'My Prompt' cannot be the name of a prompt"),
        ({"greet/v1.md": b"\xff\xfe"}, "greet/v1.md is not UTF-8 text"),
        ({"greet/v1.md": b"x" * 300_000}, "greet/v1.md: too many bytes for a prompt"),
        ({f"p{n}/v1.md": b"x" for n in range(2_000)}, "the folder holds 2,001 files"),
        ({"greet/v1.md": b"Hello"}, "greet/v1.md: line 1, column 1: the file does not begin with"),
    ],
)
async def test_a_folder_that_is_none_is_refused_and_nothing_of_it_is_written(
    library: PromptLibrary, tmp_path: Path, files: dict[str, bytes], said: str
) -> None:
    before = snapshot(tmp_path)
    good = {"good/v1.md": file("fine").encode()} if "no prompt" not in said else {}
    with pytest.raises(Refused, match=re.escape(said)):
        await take_in(library, {**good, **files})
    assert snapshot(tmp_path) == before


async def test_an_import_adds_versions_and_replaces_none(
    library: PromptLibrary, tmp_path: Path
) -> None:
    await library.save("greet", file("ours"))
    library.set_label("greet", 1)
    before = library.get("greet", 1)
    done = await take_in(
        library,
        zipped(("prompts/greet/v1.md", file("theirs")), ("greet/labels.yaml", "production: 7")),
    )
    assert [each.ref for each in done] == ["greet@2"]
    assert library.get("greet") == before
    assert library.labels("greet") == {"production": 1}


BOMB = b"---\ndescription: " + b" " * 3_000_000
LINK = zipfile.ZipInfo("greet/v1.md")
LINK.external_attr = 0o120777 << 16
HOSTILE: list[tuple[str, bytes, str]] = [
    ("not a zip", b"PK nonsense", "not a zip"),
    ("nothing", b"", "not a zip"),
    ("empty", zipped(), "no prompt in this zip"),
    ("up", zipped(("../evil/v1.md", file())), "does not belong"),
    ("up inside", zipped(("greet/../../v1.md", file())), "does not belong"),
    ("dots", zipped(("../v1.md", file())), "does not belong"),
    ("absolute", zipped(("/etc/v1.md", file())), "does not belong"),
    ("backslash", zipped(("..\\evil\\v1.md", file())), "does not belong"),
    ("name", zipped(("Greet/v1.md", file())), "cannot be the name"),
    ("deep", zipped(("a/b/c/v1.md", file())), "does not belong"),
    ("other file", zipped(("greet/run.sh", "rm")), "does not belong"),
    ("version", zipped(("greet/v0.md", file())), "does not belong"),
    ("bomb", zipped(("greet/v1.md", BOMB)), "too many bytes"),
    ("many", zipped(*((f"p{n}/v1.md", "x") for n in range(2001))), "2,001 files"),
    ("twice", zipped(("greet/v1.md", file()), ("prompts/greet/v1.md", file())), "twice"),
    ("link", zipped((LINK, "/etc/passwd")), "is a link"),  # type: ignore[arg-type]
    ("bytes", zipped(("greet/v1.md", b"\xff\xfe")), "not UTF-8"),
    ("broken", zipped(("good/v1.md", file()), ("bad/v1.md", file("{{ x }}"))), "bad/v1.md: line 5"),
    ("huge", b"PK\x03\x04" + b"0" * MAX_ZIP, "at most"),
    ("circle", zipped(
        ("a/v1.md", partial('{% include "b" %}').replace("kind", "partials: {b: 1}\nkind", 1)),
        ("b/v1.md", partial('{% include "a" %}').replace("kind", "partials: {a: 1}\nkind", 1)),
    ), "circle"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "reason"), [each[1:] for each in HOSTILE], ids=[e[0] for e in HOSTILE]
)
async def test_a_hostile_zip_is_refused_and_nothing_of_it_is_written(
    library: PromptLibrary, tmp_path: Path, data: bytes, reason: str
) -> None:
    await library.save("greet", file("ours"))
    before = snapshot(tmp_path)
    with pytest.raises(Refused, match=reason):
        await take_in(library, data)
    assert snapshot(tmp_path) == before


async def test_a_damaged_zip_is_refused(library: PromptLibrary, tmp_path: Path) -> None:
    whole = zipped(("greet/v1.md", file("x" * 5000)))
    for at in range(0, len(whole), 7):
        data = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
        try:
            await take_in(library, data)
        except Refused:
            continue
    assert {each.source for each in library.all_versions("greet")} <= {parse_body(file("x" * 5000))}
    assert not (tmp_path / "evil").exists()


def parse_body(raw: str) -> str:
    return raw.split("---\n", 2)[2]


def test_only_what_is_there_is_exported(library: PromptLibrary) -> None:
    with pytest.raises(NotFound):
        export(library, ["../etc"])
