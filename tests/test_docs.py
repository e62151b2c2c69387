"""What README and docs name is there: settings, routes of the API with their methods, files, commands."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.api import create_api
from core.settings import ROOT, Settings
from core.tokens import own_strategies
from core.tokens.strategies import STRATEGIES, Asked

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "Containerfile",
    *ROOT.glob("docs/*.md"),
]
_SETTING = re.compile(r"\b(?:FOOTLIGHTS|OPENAI|ANTHROPIC|DATABASE)_[A-Z_]*[A-Z]\b")
_ROUTE = re.compile(r"(?:\b(GET|POST|PUT|PATCH|DELETE) )?(?<![\w.])/api/([\w/{}.-]*[\w}])")
_GIVEN = re.compile(r"\{\w+\}|\b(?:[A-Z]+_ID|ID|SEQ|N)\b|(?<=shares/)TOKEN")
SETTINGS = {str(f.validation_alias or name.upper()) for name, f in Settings.model_fields.items()}
ROUTES = {
    (method.upper(), _GIVEN.sub("{}", path))
    for path, methods in create_api(lambda: None).openapi()["paths"].items()  # type: ignore[arg-type, return-value]
    for method in methods
} | {("GET", "/docs")}


def routes_of(document: Path) -> Iterator[tuple[str, str]]:
    """Each route that the document names, with its method or "" where it says none."""
    for method, path in _ROUTE.findall(document.read_text(encoding="utf-8")):
        yield method, "/" + _GIVEN.sub("{}", path)


def test_every_setting_is_in_the_table_and_the_table_names_no_other() -> None:
    table = README.split("## Configuration")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert set(_SETTING.findall(" ".join(rows))) == SETTINGS


@pytest.mark.parametrize("document", DOCS, ids=lambda path: path.name)
def test_a_document_names_settings_routes_and_files_that_there_are(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert set(_SETTING.findall(text)) <= SETTINGS
    there = {path for _, path in ROUTES}
    for method, path in routes_of(document):
        assert (method, path) in ROUTES if method else path in there | {"/openai/v1"}, path
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (document.parent / link).exists(), link
    for module in re.findall(r"python -m (benchmarks(?:\.\w+)?|core\.\w+)(?: (\w+))?", text):
        name, word = module
        path = ROOT / name.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module
        if name == "benchmarks" and word:
            assert (path / f"{word}.py").exists(), module


def test_a_folder_that_is_named_from_here_is_one_of_the_project() -> None:
    given = Settings(
        _env_file=None,
        FOOTLIGHTS_DATA="d", FOOTLIGHTS_PROMPTS="p", FOOTLIGHTS_TOOLS="t", FOOTLIGHTS_STRATEGIES="s",
    )  # fmt: skip
    folders = (given.data, given.prompts, given.tools, given.strategies)
    assert folders == (ROOT / "d", ROOT / "p", ROOT / "t", ROOT / "s")


def example(name: str) -> str:
    """The Python that a document shows."""
    [shown] = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / name).read_text(), re.S)
    return str(shown)


def test_the_strategy_that_is_shown_is_one(tmp_path: Path) -> None:
    before = dict(STRATEGIES)
    (tmp_path / "mine.py").write_text(example("window.md"))
    try:
        assert own_strategies.load(tmp_path) == ()
        assert STRATEGIES["every_other"].rank(5, Asked()).order == (4, 2, 0)
    finally:
        STRATEGIES.clear()
        STRATEGIES.update(before)
