"""A child process is stopped by its limits, whatever it does."""

import asyncio
import sys
import textwrap
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from core.processes import child
from core.processes.child import ChildFailed, Limits

ENOUGH = Limits(seconds=20, memory_mb=1024, output_mb=4)
Write = Callable[[str], str]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes the body of a child and names the module that runs it."""
    monkeypatch.setattr(child, "environment", lambda: {"PYTHONPATH": f"{child.ROOT}:{tmp_path}"})

    def write(body: str) -> str:
        head = "import os, sys\nfrom core.processes.inside import limit_memory, tell\nlimit_memory(int(sys.argv[1]))\n"
        (tmp_path / "under_test.py").write_text(head + textwrap.dedent(body))
        return "under_test"

    return write


def test_a_child_answers_on_its_standard_output(module: Write) -> None:
    name = module("sys.stdout.write('hello ' + sys.argv[2])")
    assert child.run(name, ["you"], ENOUGH) == b"hello you"


def test_lines_that_a_child_tells_arrive_while_it_runs(module: Write) -> None:
    name = module("""
        for page in range(100):
            tell(f"{page} of 100")
        sys.stdout.write("done")
    """)
    lines: list[str] = []
    assert child.run(name, [], ENOUGH, on_line=lines.append) == b"done"
    assert lines == [f"{page} of 100" for page in range(100)]


def test_a_child_that_nobody_listens_to_is_not_held_up(module: Write) -> None:
    name = module("[tell('x' * 1000) for _ in range(1000)]")
    assert child.run(name, [], ENOUGH) == b""


def test_a_child_that_takes_too_long_is_killed(module: Write) -> None:
    name = module("while True: pass")
    with pytest.raises(ChildFailed) as failed:
        child.run(name, [], Limits(seconds=0.5, memory_mb=512))
    assert failed.value.why == "time"


def test_a_child_that_closes_its_progress_and_goes_on_is_killed_too(module: Write) -> None:
    name = module("os.close(int(os.environ['FOOTLIGHTS_PROGRESS_FD']))\nwhile True: pass")
    with pytest.raises(ChildFailed) as failed:
        child.run(name, [], Limits(seconds=0.8, memory_mb=512))
    assert failed.value.why == "time"


def test_a_child_that_says_it_ran_out_of_memory_is_believed(module: Write) -> None:
    name = module("""
        try:
            b"x" * 10**10
        except MemoryError:
            sys.exit(77)
    """)
    with pytest.raises(ChildFailed) as failed:
        child.run(name, [], Limits(seconds=20, memory_mb=256))
    assert failed.value.why == "memory"


@pytest.mark.parametrize(("megabytes", "said"), [(1, b"False"), (900, b"True")])
def test_a_child_knows_whether_it_has_come_near_its_limit_even_after_it_let_go(
    module: Write, megabytes: int, said: bytes
) -> None:
    name = module(f"""
        from core.processes.inside import near_limit
        held = bytearray({megabytes} << 20)
        del held
        sys.stdout.write(str(near_limit(1000)))
    """)
    assert child.run(name, [], Limits(seconds=20, memory_mb=1000)) == said


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_child_that_never_stops_writing_is_killed_before_the_disk_is_full(
    module: Write, stream: str
) -> None:
    name = module(f"while True: sys.{stream}.write('x' * 65536)")
    with pytest.raises(ChildFailed) as failed:
        child.run(name, [], Limits(seconds=20, memory_mb=512, output_mb=1))
    assert failed.value.why == "output"


def test_a_child_that_crashes_leaves_its_last_words(module: Write) -> None:
    name = module("raise ValueError('no such page')")
    with pytest.raises(ChildFailed, match="no such page") as failed:
        child.run(name, [], ENOUGH)
    assert failed.value.why == "crash"


def test_a_child_that_dies_in_a_library_is_a_crash(module: Write) -> None:
    name = module("os.abort()")
    with pytest.raises(ChildFailed) as failed:
        child.run(name, [], ENOUGH)
    assert failed.value.why == "crash"


def test_what_the_listener_raises_ends_the_child(module: Write) -> None:
    name = module("tell('one')\nwhile True: pass")

    def stop(line: str) -> None:
        raise KeyError(line)

    with pytest.raises(KeyError, match="one"):
        child.run(name, [], ENOUGH, on_line=stop)


def test_a_child_knows_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    assert "sk-secret" not in child.environment().values()
    assert child.command("core.x") == [sys.executable, "-m", "core.x"]


def test_a_child_that_nobody_waits_for_any_more_is_ended_with_what_it_started(
    module: Write, tmp_path: Path
) -> None:
    mark = tmp_path / "grandchild"
    name = module(f"""
        import time
        pid = os.fork()
        if not pid:
            time.sleep(3600)
        open({str(mark)!r}, "w").write(str(pid))
        tell("ready")
        time.sleep(3600)
    """)
    told: list[str] = []
    with pytest.raises(ChildFailed) as failed:
        child.run(name, [], ENOUGH, on_line=told.append, stopped=lambda: bool(told))
    assert failed.value.why == "stopped"
    assert gone(int(mark.read_text()))


def gone(pid: int) -> bool:
    """True as soon as the process has ended; a test that waits too long fails by its time limit."""
    state = Path(f"/proc/{pid}/stat")
    waiting = threading.Event()
    with suppress(FileNotFoundError):  # it may go between two looks
        while state.read_text().rpartition(")")[2].split()[0] not in "ZX":
            waiting.wait(0.02)
    return True


def test_a_process_that_left_the_group_of_its_child_is_ended_with_it(
    module: Write, tmp_path: Path
) -> None:
    mark = tmp_path / "daemon"
    name = module(f"""
        import subprocess
        left = subprocess.Popen(["sleep", "3600"], start_new_session=True)
        open({str(mark)!r}, "w").write(str(left.pid))
        print("done")
    """)
    assert child.run(name, [], ENOUGH) == b"done\n"
    assert gone(int(mark.read_text()))


async def test_children_that_hang_take_no_thread_that_the_loop_needs(module: Write) -> None:
    name = module("import time; time.sleep(3600)")
    hanging = [asyncio.create_task(child.run_apart(name, [], ENOUGH)) for _ in range(40)]
    await asyncio.sleep(0)
    assert await asyncio.wait_for(asyncio.to_thread(lambda: "free"), 60) == "free"
    for each in hanging:
        each.cancel()
    assert all(
        isinstance(each, asyncio.CancelledError)
        for each in await asyncio.gather(*hanging, return_exceptions=True)
    )
