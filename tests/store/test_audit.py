"""An audit finds what is broken, and tells the history of the jobs concerned."""

from pathlib import Path

import apsw
import pytest

from jobhive.core.errors import QueueFull
from jobhive.core.receipt import Claim
from jobhive.store.sqlite import SqliteStore
from jobhive.testing import append, cancel, claim_one, complete, fail, insert_one, new_job, retry
from jobhive.testing.faults import ENQUEUE, PURGE, RUN, Broken, History, audit, recoveries
from jobhive.testing.faults.history import KILL


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "history")


async def _run_to_the_end(store: SqliteStore, history: History) -> str:
    """A job that fails once, tells something, and completes; all of it noted."""
    job_id = await insert_one(store)
    history.note(ENQUEUE, job_id, "invoked")
    history.note(ENQUEUE, job_id, "ok")
    await store.jobs.finish([retry(await _started(store, history))])
    claim = await _started(store, history)
    await store.events.append([append(claim, claim.last_seq + 1, "a", "b")])
    await store.jobs.finish([complete(claim, "1")])
    history.note(RUN, job_id, "ok", {"attempt": 2, "result": 1})
    return job_id


async def _started(store: SqliteStore, history: History) -> Claim:
    claim = await claim_one(store)
    history.note(RUN, claim.job_id, "invoked", {"attempt": claim.attempt})
    return claim


async def test_what_is_sound_is_counted(store: SqliteStore, history: History) -> None:
    await _run_to_the_end(store, history)
    report = await audit(store, history.read())
    assert str(report) == "1 acknowledged, 0 lost: 1 complete; run: 1 jobs 2×"


async def test_a_reopened_job_is_sound(store: SqliteStore, history: History) -> None:
    job_id = await insert_one(store)
    history.note(ENQUEUE, job_id, "ok")
    for move in (fail, cancel):
        await store.jobs.finish([move(await _started(store, history))])
        await store.jobs.retry(job_id)
    await store.jobs.finish([complete(await _started(store, history))])
    assert (await audit(store, history.read())).acknowledged == 1


async def test_a_purged_job_is_not_lost(store: SqliteStore, history: History) -> None:
    job_id = await _run_to_the_end(store, history)
    with history.noting(PURGE, job_id):
        await store.jobs.purge(job_id)
    assert (await audit(store, history.read())).states == {}


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM job", "acknowledged and is lost"),
        ("UPDATE job SET state = 'pending'", "stuck: pending"),
        ("UPDATE job SET result = '2'", "its result is 2, but attempt 2 returned 1"),
        ("UPDATE job SET claim = claim + (1 << 32)", "attempt 3 completed it without having been run"),
        ("DELETE FROM attempt", "should be 1 to 1"),
        ("UPDATE attempt SET outcome = 'cancelled'", "attempt 1 ended it as cancelled, and another followed"),
        ("DELETE FROM event WHERE first_seq = 2", "gaps or repeats"),
        (
            "UPDATE event SET events = replace(events, '\"n\":2', '\"n\":1') WHERE first_seq = 2",
            "tells the attempts [1]",
        ),
        (
            "UPDATE event SET events = replace(events, 'item', 'end') WHERE first_seq = 3",
            "its stream ends at [3, 4, 5]",
        ),
    ],
)
async def test_what_is_broken_is_found(store: SqliteStore, history: History, statement: str, told: str) -> None:
    job_id = await _run_to_the_end(store, history)
    db = apsw.Connection(str(store.path))
    db.execute("DROP TRIGGER job_moves_legally")
    db.execute(statement)
    db.close()
    with pytest.raises(Broken) as broken:
        await audit(store, history.read())
    assert told in str(broken.value)
    assert f"{job_id}:" in str(broken.value)
    assert "run invoked attempt=1" in str(broken.value)


async def test_a_claim_that_runs_twice_is_found(store: SqliteStore, history: History) -> None:
    job_id = await _run_to_the_end(store, history)
    history.note(RUN, job_id, "invoked", {"attempt": 1})
    with pytest.raises(Broken, match="attempt 1 was run 2 times"):
        await audit(store, history.read())


async def test_a_refused_job_that_is_stored_is_found(store: SqliteStore, history: History) -> None:
    job_id = await _run_to_the_end(store, history)
    with pytest.raises(QueueFull), history.noting(ENQUEUE, job_id):
        raise QueueFull("default", 1, 1, 1)
    with pytest.raises(Broken, match="refused and is stored"):
        await audit(store, history.read())


async def test_a_damaged_file_is_found(store: SqliteStore, history: History) -> None:
    db = apsw.Connection(str(store.path))
    db.execute("PRAGMA writable_schema = ON")
    db.execute("UPDATE sqlite_schema SET rootpage = 3 WHERE name = 'job_running'")
    db.close()
    with pytest.raises(Broken, match="the database"):
        await audit(store, history.read())


def test_an_unknown_outcome_is_noted_as_such(history: History) -> None:
    job_id = new_job().job_id
    with pytest.raises(ConnectionError), history.noting(ENQUEUE, job_id):
        raise ConnectionError("no answer")
    assert [line.phase for line in history.read()] == ["invoked", "unknown"]


def test_a_recovery_counts_from_the_kill_to_the_next_run(history: History) -> None:
    for subject in ("a", "b"):
        history.note(RUN, subject, "invoked", {"attempt": 1}, pid=7)
    history.note(RUN, "b", "ok", {"attempt": 1}, pid=7)
    history.note(KILL, "worker", "ok", pid=7)
    history.note(RUN, "a", "invoked", {"attempt": 2}, pid=8)
    killed, again = history.read()[-2:]
    assert recoveries(history.read()) == [pytest.approx((again.at_ns - killed.at_ns) / 1e9)]
