import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, update

from core.store.columns import now
from core.store.documents import Documents
from core.store.engine import writing
from core.store.jobs import Jobs
from core.store.leases import Process
from core.store.tables import jobs as rows
from tests.core.store.stories import ME, index, upload

HOLD = """
import sys
from pathlib import Path
from core.store.leases import Process
process = Process(Path(sys.argv[1]))
print(process.owner, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def jobs(engine: Engine) -> Jobs:
    return Jobs(engine)


def dead(owner: str) -> bool:
    return False


def test_jobs_are_claimed_once_oldest_first(jobs: Jobs, engine: Engine) -> None:
    for n in range(3):
        upload(engine, f"d{n}", data=f"{n}")

    claimed = [jobs.claim("p1") for _ in range(4)]

    assert [job.document_id if job else None for job in claimed] == ["d0", "d1", "d2", None]
    assert jobs.pending(ME) == 3
    jobs.done(ME, "j-d0")
    jobs.done(ME, "j-d0")
    assert jobs.pending(ME) == 2


def test_eight_workers_never_claim_the_same_job(jobs: Jobs, engine: Engine) -> None:
    for n in range(12):
        upload(engine, f"d{n}", data=f"{n:02}")

    with ThreadPoolExecutor(8) as pool:
        claimed = [job for job in pool.map(lambda n: jobs.claim(f"p{n % 8}"), range(24)) if job]

    assert len({job.id for job in claimed}) == len(claimed)
    # A worker that passes by a locked row may find none: the rest is there for the next.
    while job := jobs.claim("p"):
        claimed.append(job)
    assert len({job.id for job in claimed}) == 12


def test_the_job_of_a_dead_process_is_done_by_another(jobs: Jobs, engine: Engine) -> None:
    upload(engine)
    jobs.claim("p1")

    assert jobs.requeue({"p1": True}.get) == 0
    assert jobs.requeue({"p1": None}.get) == 0  # nobody can see it, but its lease runs
    assert jobs.requeue(dead) == 1

    job = jobs.claim("p2")
    assert job and job.attempts == 2


def test_the_job_of_an_unseen_process_is_free_when_its_lease_ran_out(
    jobs: Jobs, engine: Engine
) -> None:
    upload(engine)
    jobs.claim("p1")
    with writing(engine) as connection:
        connection.execute(update(rows).values(lease_until=now() - timedelta(seconds=1)))

    assert jobs.requeue({"p1": True}.get) == 0
    assert jobs.requeue({"p1": None}.get) == 1


def test_a_file_at_which_the_process_ends_three_times_is_refused(
    jobs: Jobs, engine: Engine
) -> None:
    upload(engine)
    for attempt in (1, 2, 3):
        job = jobs.claim("p1")
        assert job and job.attempts == attempt
        jobs.requeue(dead)

    assert jobs.claim("p1") is None
    document = Documents(engine).get(ME, "d1")
    assert document.status == "refused"
    assert document.reason == "the process ended three times while reading this file"
    assert not index(engine)  # should the slow one come back


def test_a_document_that_was_indexed_just_before_the_end_is_not_refused(
    jobs: Jobs, engine: Engine
) -> None:
    upload(engine)
    for _ in range(3):
        jobs.claim("p1")
        index(engine)
        jobs.requeue(dead)

    assert Documents(engine).get(ME, "d1").status == "indexed"


def test_a_process_is_alive_until_it_is_closed(tmp_path: Path) -> None:
    one, two = Process(tmp_path), Process(tmp_path)

    assert one.alive(one.owner) and one.alive(two.owner)
    two.close()
    assert one.alive(two.owner) is False
    assert one.alive("0" * 16 + "-" + "0" * 16) is None  # of another folder
    assert one.alive("../etc/passwd") is None
    one.close()


def test_a_killed_process_is_dead_at_once_and_its_lock_is_swept(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout
    owner = child.stdout.readline().strip()
    me = Process(tmp_path)
    assert me.alive(owner)

    child.kill()
    child.communicate()

    assert me.alive(owner) is False
    again = Process(tmp_path)
    assert [path.stem for path in tmp_path.glob("*.lock")] == sorted(
        [me.owner, again.owner], key=[path.stem for path in tmp_path.glob("*.lock")].index
    )
    assert again.alive(me.owner)
    for process in (me, again):
        process.close()
