"""The process in which a user's file is looked at and its functions are called.

`python -m core.tools.runner MEMORY REQUEST`: the request is JSON, and so is the answer on standard
output. What the file prints goes elsewhere. It knows no key; it is killed when it takes too long.
"""

import ast
import asyncio
import importlib.util
import inspect
import json
import os
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from core.clean_text import cleaned
from core.processes import offspring
from core.processes.inside import limit_memory
from core.tools.results import NotReadable, told
from core.tools.schema import NotATool, describe

_OUT_OF_MEMORY = 77
_MODULE = "footlights_user_tools"
Function = ast.FunctionDef | ast.AsyncFunctionDef


def described(path: Path) -> dict[str, Any]:
    """Every tool of the file, and every problem with its line."""
    try:
        tree = ast.parse(path.read_bytes(), filename=path.name)
        module = _loaded(path)
    except MemoryError:
        raise
    except BaseException as error:  # the file is the user's: it may raise anything, an exit too
        return {"tools": [], "problems": [_broken(error, path)]}
    tools, problems = [], []
    functions = [node for node in tree.body if isinstance(node, Function)]
    names = Counter(node.name for node in functions)
    for node in functions:
        if node.name.startswith("_"):
            continue
        if names[node.name] > 1:
            twice = f"the file has {names[node.name]} functions called {node.name}"
            problems.append(_problem(node.lineno, twice, "Give each of them a name of its own."))
            continue
        try:
            tools.append(_described(node, getattr(module, node.name)))
        except NotATool as error:
            line = _line_of(node, error.parameter)
            problems.append(_problem(line, str(error), error.hint))
    return {"tools": tools, "problems": problems}


def _described(node: Function, function: Callable[..., Any]) -> dict[str, Any]:
    found = describe(function)
    return {
        "name": found.name,
        "description": found.description,
        "signature": found.signature,
        "parameters": found.parameters,
        "effects": found.effects,
        "line": node.lineno,
    }


def _line_of(node: Function, parameter: str) -> int:
    given = node.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    return next((each.lineno for each in every if each and each.arg == parameter), node.lineno)


def _problem(line: int, message: str, hint: str = "") -> dict[str, Any]:
    return {"line": line, "message": message, "hint": hint}


def _broken(error: BaseException, path: Path) -> dict[str, Any]:
    if isinstance(error, SyntaxError):
        return _problem(error.lineno or 0, f"this is not Python: {error.msg}", "Correct the line.")
    line = _last_line(error, path)
    said = _said(error)
    hint = "The file is run once to find its tools: it must do so without an error."
    return _problem(line, f"it cannot be loaded: {said[:300]}", hint)


def _last_line(error: BaseException, path: Path) -> int:
    frames = traceback.extract_tb(error.__traceback__)
    mine = [frame.lineno for frame in frames if frame.filename == str(path) and frame.lineno]
    return mine[-1] if mine else 0


def called(path: Path, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """What the function returns, in words, or why it did not."""
    try:
        function = getattr(_loaded(path), name)
        value = function(**describe(function).adapter.validate_json(json.dumps(arguments)))
        if inspect.isawaitable(value):
            value = asyncio.run(_awaited(value))
        found = told(value)
        return {"text": found.text, "shown": found.shown}
    except MemoryError:
        raise
    except NotReadable as error:
        return {"code": "result", "message": str(error)}
    except BaseException as error:  # whatever it raises is told to the model
        line = _last_line(error, path)
        where = f" (line {line})" if line else ""
        return {"code": "raised", "message": f"{_said(error)}{where}"}


def _said(error: BaseException) -> str:
    """The kind of the error and its text, which is the user's own code too and may raise in its turn."""
    try:
        text = str(error)[:1000]
    except BaseException:
        text = "it cannot say why"
    return f"{type(error).__name__}: {text}".rstrip(": ")


async def _awaited(value: Any) -> Any:
    return await value


def _loaded(path: Path) -> ModuleType:
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(_MODULE, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_MODULE] = module
    sys.dont_write_bytecode = True
    spec.loader.exec_module(module)
    return module


def main(arguments: list[str]) -> None:
    """Do what the request says and end at once, whatever the file has started."""
    limit_memory(int(arguments[0]))
    offspring.adopt()
    answer, code, mine = os.dup(1), 0, os.getpid()
    os.dup2(2, 1)
    request = json.loads(arguments[1])
    path = Path(request["file"])
    try:
        if request["op"] == "describe":
            found = described(path)
        else:
            found = called(path, request["name"], request["arguments"])
        data = json.dumps(cleaned(found), ensure_ascii=False).encode()
    except MemoryError:
        data, code = b"", _OUT_OF_MEMORY
    if os.getpid() == mine:  # the copy of a tool that forked has nothing to say
        while data:
            data = data[os.write(answer, data) :]
        offspring.end_below(mine)
    os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
