"""`jobhive bench` as its users run it."""

import json
import signal
from pathlib import Path

import psutil
import pytest

from jobhive.store.sqlite import SqliteStore
from jobhive.testing import insert_one
from tests.cli.program import Background, Terminal, jobhive

_RATES = (
    "enqueue_one_per_s",
    "enqueue_concurrent_per_s",
    "enqueue_many_per_s",
    "drain_per_s",
    "io_per_s",
    "events_per_s",
)
_FIELDS = {
    "store": str,
    "jobs": int,
    "enqueue_one_per_s": float,
    "enqueue_concurrent_per_s": float,
    "enqueue_many_per_s": float,
    "drain_per_s": float,
    "drain_processes": int,
    "io_per_s": float,
    "start_ms": dict,
    "result_ms": dict,
    "events_per_s": float,
    "lost": int,
    "doubled": int,
}


def leftovers(folder: Path) -> list[object]:
    """Files in the temporary folder, and processes that were told to use it."""
    return [*folder.iterdir(), *(process for process in psutil.process_iter() if _uses(process, folder))]


def _uses(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.environ().get("TMPDIR") == str(folder)
    except psutil.Error:
        return False


def test_the_figures_are_those_that_were_agreed(tmp_path: Path) -> None:
    done = jobhive("bench", "--jobs", "200", "--processes", "2", "--json", changes={"TMPDIR": str(tmp_path)})
    assert done.code == 0, done.err
    figures = json.loads(done.out)
    assert {name: type(value) for name, value in figures.items()} == _FIELDS
    assert (figures["store"], figures["jobs"], figures["drain_processes"]) == ("sqlite", 200, 2)
    assert (figures["lost"], figures["doubled"]) == (0, 0)
    assert all(figures[name] > 0 for name in _RATES)
    for span in (figures["start_ms"], figures["result_ms"]):
        assert list(span) == ["p50", "p99"]
        assert 0 < span["p50"] <= span["p99"]
    assert figures["start_ms"]["p50"] < figures["result_ms"]["p50"]
    assert leftovers(tmp_path) == []


def test_a_store_that_was_named_is_kept_and_is_not_used_twice(tmp_path: Path) -> None:
    store = str(tmp_path / "kept.db")
    first = jobhive("bench", "--url", store, "--jobs", "20")
    assert first.code == 0, first.err
    assert first.out.startswith("store\tsqlite, 20 jobs\n")
    assert first.out.endswith("jobs lost\t0\njobs run twice\t0\n")
    again = jobhive("bench", "--url", store, "--jobs", "20")
    assert (again.code, again.out) == (1, "")
    assert "holds 101 jobs; the bench wants an empty one" in again.err


async def test_a_store_in_use_is_left_as_it_is(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "used.db")
    await store.open()
    await insert_one(store, kind="noop", queue="warm")
    done = jobhive("bench", "--url", store.url)
    assert (done.code, "holds 1 jobs" in done.err) == (1, True)
    counts = await store.jobs.counts()
    assert (counts["pending"], sum(counts.values())) == (1, 1)
    assert await store.jobs.queues() != []
    await store.close()


@pytest.mark.parametrize("wrong", [("--jobs", "0"), ("--jobs", "many"), ("--processes", "0"), ("--concurrency", "-1")])
def test_a_size_that_cannot_be_is_a_usage_error(tmp_path: Path, wrong: tuple[str, str]) -> None:
    done = jobhive("bench", *wrong, changes={"TMPDIR": str(tmp_path)})
    assert (done.code, done.out) == (2, "")
    assert wrong[0] in done.err
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    ("step", "number"),
    [
        ("enqueueing in batches", signal.SIGINT),
        ("starting workers", signal.SIGTERM),
        ("starting single jobs", signal.SIGINT),
    ],
)
def test_an_interrupted_bench_leaves_nothing(tmp_path: Path, step: str, number: signal.Signals) -> None:
    with Background("bench", "--jobs", "300", changes={"TMPDIR": str(tmp_path)}) as bench:
        bench.until(step)
        assert bench.stop(number) == 130
    assert leftovers(tmp_path) == []


def test_impatience_leaves_nothing_either(tmp_path: Path) -> None:
    with Terminal("bench", "--jobs", "100", changes={"TMPDIR": str(tmp_path)}) as terminal:
        terminal.until("starting single jobs")
        terminal.press("\x03\x03\x03")
        assert terminal.end() == 130
    assert leftovers(tmp_path) == []


def test_a_bench_whose_worker_was_killed_goes_on_and_loses_nothing(tmp_path: Path) -> None:
    with Background("bench", "--jobs", "100", changes={"TMPDIR": str(tmp_path)}) as bench:
        bench.until("starting single jobs")
        [worker] = psutil.Process(bench.process.pid).children()
        worker.kill()
        _, rest = bench.process.communicate(timeout=60)
        assert bench.process.returncode == 0, rest
    assert leftovers(tmp_path) == []
