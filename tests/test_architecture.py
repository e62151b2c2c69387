"""Who owns which library, and what importing may not drag in: read off the syntax trees and off a fresh process."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# library -> the only places in core that may import it
OWNERS = {
    "openai": ("core/llm",),
    "json_repair": ("core/llm",),
    "jsonschema": ("core/llm",),
    "referencing": ("core/llm",),
    "orjson": ("core/llm",),
    "aiohttp": ("core/llm", "core/web.py"),
    "anthropic": ("core/llm",),
    "tenacity": ("core/llm",),
    "xllamacpp": ("core/llm",),
    "genai_prices": ("core/llm",),
    "docstring_parser": ("core/tools",),
    "mcp": ("core/tools/remote",),
    "mcp_types": ("core/tools/remote",),
    "jinja2": ("core/prompts",),
    "tiktoken": ("core/tokens",),
    "regex": ("core/tokens",),
    "sentence_transformers": ("core/retrieval",),
    "torch": ("core/retrieval",),
    "faiss": ("core/retrieval/indexes",),
    "tokenizers": ("core/retrieval",),
    "Stemmer": ("core/retrieval/indexes",),
    "semantic_text_splitter": ("core/retrieval",),
    "pypdfium2": ("core/retrieval/reading",),
    "docx": ("core/retrieval/reading/formats",),
    "striprtf": ("core/retrieval/reading/formats",),
    "charset_normalizer": ("core/retrieval/reading/formats",),
    "pptx": ("core/retrieval/reading/formats",),
    "openpyxl": ("core/retrieval/reading/formats",),
    "bs4": ("core/retrieval/reading/formats",),
    "sqlalchemy": ("core/store", "core/bootstrap.py", "core/workbench.py"),
    "alembic": ("core/store",),
    "psycopg": ("core/store",),
    "fastapi": ("core/api",),
    "starlette": ("core/api", "core/doors"),
    "pydantic_settings": ("core/settings.py",),
    "dotenv": ("core/settings.py",),
    "opentelemetry": ("core/traces/otlp.py",),
    "streamlit": (),
    "pandas": (),
    "segno": ("core/sharing",),
    "joserfc": ("core/people",),
    "plotly": (),
}
SLOW = (
    "torch",
    "sentence_transformers",
    "openai",
    "anthropic",
    "pandas",
    "faiss",
    "xllamacpp",
    "mcp",
    "joserfc",
)


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("library", sorted(OWNERS))
def test_a_library_is_imported_by_its_owner_alone(library: str) -> None:
    strays = [
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "core").rglob("*.py"))
        if library in imported(path)
        and not path.relative_to(ROOT).as_posix().startswith(OWNERS[library] or ("never",))
    ]
    assert strays == []


def test_no_route_takes_the_owner_for_whoever_asks() -> None:
    """A route gets its user from the doors; `LOCAL_USER` is for comparing with, in two places."""
    strays = [
        path.name
        for path in sorted((ROOT / "core" / "api").glob("*.py"))
        if "LOCAL_USER" in path.read_text(encoding="utf-8")
    ]
    assert strays == ["bench.py", "people.py"]


def loaded_by(code: str) -> set[str]:
    """The top-level modules that a fresh process has loaded after the code."""
    script = f"{code}\nimport sys\nprint(' '.join({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_core_pulls_in_neither_streamlit_nor_a_model() -> None:
    loaded = loaded_by("import core.api")
    assert loaded.isdisjoint({"streamlit", "plotly", *SLOW})
    # FastAPI loads the interface of opentelemetry by itself; what sends traces is loaded by who sends any.
    said = loaded_by(
        "import core.api, sys\nprint('sdk=' + str('opentelemetry.sdk' in sys.modules))"
    )
    assert "sdk=False" in said


def test_the_entry_imports_without_collecting_garbage_and_collects_from_then_on() -> None:
    said = loaded_by(
        "import gc, app\nprint(f'on={gc.isenabled()} kept={gc.get_freeze_count() > 9999}')"
    )
    assert {"on=True", "kept=True"} <= said


def test_every_module_of_core_can_be_imported_on_its_own() -> None:
    modules = sorted(
        path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
        for path in (ROOT / "core").rglob("*.py")
        if path.name != "__init__.py" and "migrations" not in path.parts
    )
    loaded_by("\n".join(f"import {module}" for module in modules))
    assert len(modules) > 30
