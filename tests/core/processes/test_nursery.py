"""A warm child is a process of its own, as killable as one that was started."""

import os
import resource
import select
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest

from core.processes import child, nursery
from core.processes.child import ChildFailed, Limits

ENOUGH = Limits(seconds=20, memory_mb=1024, output_mb=4)
HEAD = """
import os, signal, subprocess, sys, threading
from core.processes.inside import limit_memory, tell
seen = []

def prepare():
    seen.append("prepared")

def main(arguments):
    limit_memory(int(arguments[0]))
    asked = arguments[1:]
"""
FOOT = """
    return 0

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""
Write = Callable[[str], str]


def ends(pid: int) -> bool:
    """Whether the process, which is none of our own, ends: one that was killed needs its turn on the processor."""
    try:
        ended = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        return bool(poll.poll(20_000))
    finally:
        os.close(ended)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes the body of `main` and names the module that has it; its nursery ends with the test."""
    monkeypatch.setattr(child, "environment", lambda: {"PYTHONPATH": f"{child.ROOT}:{tmp_path}"})
    child._nursery.cache_clear()

    def write(body: str) -> str:
        (tmp_path / "warm_one.py").write_text(
            HEAD + textwrap.indent(textwrap.dedent(body), " " * 4) + FOOT
        )
        return "warm_one"

    yield write
    child._nursery("warm_one").close()
    child._nursery.cache_clear()


def test_requests_are_answered_by_children_of_one_process_that_was_prepared_once(
    module: Write,
) -> None:
    name = module("sys.stdout.write(f'{asked[0]} {os.getppid()} {seen}')")
    first, second = (child.run(name, [who], ENOUGH, warm=True).split() for who in ("you", "me"))
    assert (first[0], second[0]) == (b"you", b"me")
    assert first[1:] == second[1:]
    assert int(first[1]) != os.getpid()
    assert first[2] == b"['prepared']"


def test_what_one_request_changes_the_next_does_not_see(module: Write) -> None:
    name = module("seen.append(asked[0]); sys.stdout.write(' '.join(seen))")
    assert child.run(name, ["one"], ENOUGH, warm=True) == b"prepared one"
    assert child.run(name, ["two"], ENOUGH, warm=True) == b"prepared two"


def test_lines_of_a_warm_child_arrive_while_it_runs(module: Write) -> None:
    name = module("[tell(f'{page} of 100') for page in range(100)]; sys.stdout.write('done')")
    lines: list[str] = []
    assert child.run(name, [], ENOUGH, on_line=lines.append, warm=True) == b"done"
    assert lines == [f"{page} of 100" for page in range(100)]


@pytest.mark.parametrize(
    ("body", "limits", "why"),
    [
        ("while True: pass", Limits(0.5, 512), "time"),
        ("signal.pause()", Limits(0.5, 512), "time"),
        ("held = bytearray(10**10)", Limits(20, 256), "crash"),
        ("sys.exit(77)", ENOUGH, "memory"),
        ("while True: sys.stdout.write('x' * 65536)", Limits(20, 512, 1), "output"),
        ("while True: sys.stderr.write('x' * 65536)", Limits(20, 512, 1), "output"),
        ("raise ValueError('no such page')", ENOUGH, "crash"),
        ("os.abort()", ENOUGH, "crash"),
        ("os.kill(os.getpid(), signal.SIGKILL)", ENOUGH, "memory"),
    ],
)
def test_a_warm_child_fails_as_a_started_one_does_and_the_next_is_served(
    module: Write, body: str, limits: Limits, why: str
) -> None:
    name = module(f"if asked: sys.stdout.write('well'); return 0\n{body}")
    with pytest.raises(ChildFailed) as failed:
        child.run(name, [], limits, warm=True)
    assert failed.value.why == why
    assert child.run(name, ["again"], ENOUGH, warm=True) == b"well"


def test_the_last_words_of_a_warm_child_are_kept(module: Write) -> None:
    name = module("raise ValueError('no such page')")
    with pytest.raises(ChildFailed, match="no such page"):
        child.run(name, [], ENOUGH, warm=True)


def test_a_warm_child_that_nobody_wants_any_more_is_ended(module: Write) -> None:
    name = module("tell('begun'); signal.pause()")
    begun = threading.Event()
    with pytest.raises(ChildFailed) as failed:
        child.run(name, [], ENOUGH, on_line=lambda _: begun.set(), stopped=begun.is_set, warm=True)
    assert failed.value.why == "stopped"


def test_what_a_warm_child_started_in_a_session_of_its_own_ends_with_it_and_its_sisters_live(
    module: Write, tmp_path: Path
) -> None:
    name = module("""
        if asked[0] == "patient":
            tell("waits")
            sys.stdout.write(sys.stdin.read() or open(asked[1]).read())
            return 0
        stray = subprocess.Popen(["sleep", "600"], start_new_session=True)
        sys.stdout.write(f"{os.getppid()} {stray.pid}")
    """)
    ended = threading.Event()
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    with ThreadPoolExecutor(1) as pool:
        patient = pool.submit(
            child.run,
            name,
            ["patient", str(gate)],
            ENOUGH,
            on_line=lambda _: ended.set(),
            warm=True,
        )
        assert ended.wait(20)
        home, stray = map(int, child.run(name, ["wild"], ENOUGH, warm=True).split())
        assert ends(stray)
        assert psutil.pid_exists(home)
        gate.write_text("still here")
        assert patient.result(20) == b"still here"


def test_a_request_whose_nursery_is_killed_is_answered_all_the_same(module: Write) -> None:
    name = module("""
        if seen:
            os.kill(os.getppid(), signal.SIGKILL)
            signal.pause()
        sys.stdout.write("without one")
    """)
    assert child.run(name, [], ENOUGH, warm=True) == b"without one"
    assert child.run(name, [], ENOUGH, warm=True) == b"without one"


def test_a_module_that_cannot_be_prepared_is_started_for_each_request(module: Write) -> None:
    name = module("sys.stdout.write('started')")
    text = Path(child.environment()["PYTHONPATH"].split(":")[1]) / "warm_one.py"
    text.write_text(text.read_text().replace('seen.append("prepared")', "raise OSError('no')"))
    assert child.run(name, [], ENOUGH, warm=True) == b"started"


def test_many_at_once_each_have_their_own_answer_and_leave_nothing_open(module: Write) -> None:
    name = module("sys.stdout.write(asked[0] * 1000)")
    child.run(name, ["x"], ENOUGH, warm=True)
    before = len(os.listdir("/proc/self/fd"))

    def ask(number: int) -> bool:
        word = f"{number:03}"
        return child.run(name, [word], ENOUGH, warm=True) == word.encode() * 1000

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(60)))
    assert len(os.listdir("/proc/self/fd")) == before
    [home] = [p for p in psutil.Process().children() if name in p.cmdline()]
    assert not home.children()


@pytest.mark.parametrize("warm", [True, False])
def test_a_busy_app_may_have_more_than_a_thousand_files_open(module: Write, warm: bool) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    name = module("tell('half'); sys.stdout.write(asked[0])")
    lines: list[str] = []
    with open(os.devnull) as file, ExitStack() as files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
        files.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(1100):
            files.callback(os.close, os.dup(file.fileno()))
        assert child.run(name, ["x"], ENOUGH, on_line=lines.append, warm=warm) == b"x"
    assert lines == ["half"]


def test_a_nursery_ends_with_its_app_even_if_that_is_killed(module: Write, tmp_path: Path) -> None:
    name = module("tell(f'{os.getppid()} {os.getpid()}'); signal.pause()")
    app = textwrap.dedent(f"""
        from core.processes import child
        child.environment = lambda: {{"PYTHONPATH": "{child.ROOT}:{tmp_path}"}}
        child.run({name!r}, [], child.Limits(60, 512), on_line=lambda l: print(l, flush=True), warm=True)
    """)
    with subprocess.Popen(
        [sys.executable, "-c", app], stdout=subprocess.PIPE, text=True, cwd=child.ROOT
    ) as process:
        assert process.stdout
        both = [psutil.Process(int(pid)) for pid in process.stdout.readline().split()]
        process.kill()
    _, alive = psutil.wait_procs(both, timeout=20)
    for each in alive:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    assert not alive


def test_where_a_fork_is_not_safe_each_child_is_started(
    module: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nursery, "works", lambda: False)
    name = module("sys.stdout.write(f'{os.getppid()} {seen}')")
    assert child.run(name, [], ENOUGH, warm=True) == f"{os.getpid()} []".encode()
