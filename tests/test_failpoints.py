"""Points with names stand at every edge of the store, do nothing unless armed, and what they are told when they are."""

import asyncio
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jobhive.core.errors import StoreError
from jobhive.failpoints import ARMED, FAILPOINTS, FOLDER, failpoint
from jobhive.store.sqlite import SqliteStore
from jobhive.testing import insert_one
from jobhive.testing.faults import Pause, armed, failing, reached_in
from tests.edges import ENGINES, POSTGRES, SQLITE, Engine, bare, functions_in, is_edge, points

_TO_THE_POINT = (
    "from jobhive.failpoints import failpoint; failpoint('wake.bound'); failpoint('wake.bound'); print('on')"
)


def test_there_are_many_and_on_each_engine_each_stands_in_one_place() -> None:  # P2
    standing = {engine.name: points(engine) for engine in ENGINES}
    for name, stand in standing.items():
        assert sorted(stand) == sorted(set(stand)), name
        assert len(stand) >= 40, name
    assert set().union(*standing.values()) == set(FAILPOINTS)


@pytest.mark.parametrize(
    ("engine", "path"),
    [
        pytest.param(engine, path, id=f"{engine.name}:{name}")
        for engine in ENGINES
        for name, path in engine.files.items()
    ],
)
def test_every_edge_of_the_store_has_one(engine: Engine, path: Path) -> None:  # P2
    found = bare(engine, path)
    assert not found, f"{path}: put a failpoint into {', '.join(found)}"


@pytest.mark.parametrize(
    ("engine", "source", "expected"),
    [
        (SQLITE, "def f(path): path.unlink(missing_ok=True)", True),
        (SQLITE, "def f(db): db.script('BEGIN IMMEDIATE')", True),
        (SQLITE, "def f(db): db.run('append', row)", True),
        (SQLITE, "def f(db): db.run(statement, row)", True),
        (SQLITE, "def f(db): return db.all('get', row)", False),
        (SQLITE, "def f(path): path.replace(other)", True),
        (SQLITE, "def f(text): return text.replace('a', 'b')", False),
        (POSTGRES, "async def f(db): await db.all('claim', row)", True),
        (POSTGRES, "async def f(db): await db.all(statement, row)", True),
        (POSTGRES, "async def f(connection): await connection.execute(text)", True),
        (POSTGRES, "async def f(db): return await db.all('held', row)", False),
    ],
)
def test_an_edge_is_seen(engine: Engine, source: str, expected: bool) -> None:
    [(_, function)] = functions_in(source)
    assert is_edge(engine, function) is expected


async def test_a_caller_is_answered_only_after_the_commit(tmp_path: Path) -> None:  # P2
    store = SqliteStore(tmp_path / "jobhive.db")
    await store.open()
    pause = Pause()
    with armed("writer.before_commit", pause):
        inserting = asyncio.create_task(insert_one(store))
        await asyncio.to_thread(pause.is_reached.wait)
        assert (await store.jobs.counts())["pending"] == 0
        assert not inserting.done()
        pause.go_on()
        await inserting
    assert (await store.jobs.counts())["pending"] == 1
    await store.close()


async def test_one_that_fails_is_the_callers_error_and_nobody_elses(tmp_path: Path) -> None:  # P9
    store = SqliteStore(tmp_path / "jobhive.db")
    await store.open()
    with armed("act.insert", failing(OSError(errno.EIO, "as the test wants"))):
        with pytest.raises(StoreError):
            await insert_one(store)
        await insert_one(store)
    assert (await store.jobs.counts())["pending"] == 1
    await store.close()


@pytest.mark.parametrize(("action", "code"), [("kill", -signal.SIGKILL), ("error", 1), ("pass", 0)])
def test_a_process_is_told_by_its_environment(action: str, code: int) -> None:
    assert _run({ARMED: f"wake.bound={action}"}).returncode == code


def test_it_may_be_the_second_time() -> None:
    assert _run({ARMED: "wake.bound=kill:2"}).returncode == -signal.SIGKILL
    assert _run({ARMED: "wake.bound=kill:3"}).returncode == 0


def test_one_process_of_many_dies_once(tmp_path: Path) -> None:
    told = {ARMED: "wake.bound=kill", FOLDER: str(tmp_path)}
    assert [_run(told).returncode for _ in range(3)] == [-signal.SIGKILL, 0, 0]
    assert reached_in(tmp_path) == {"wake.bound"}


@pytest.mark.parametrize("told", ["wake.bond=kill", "wake.bound=explode", "wake.bound"])
def test_what_cannot_be_is_said(told: str) -> None:
    done = _run({ARMED: told})
    assert done.returncode == 1
    assert ARMED in done.stderr


def test_a_process_may_stand_still() -> None:
    told = os.environ | {ARMED: "wake.bound=pause"}
    process = subprocess.Popen([sys.executable, "-c", _TO_THE_POINT], env=told, stdout=subprocess.PIPE)
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    process.send_signal(signal.SIGCONT)
    assert process.communicate()[0] == b"on\n"


def test_nothing_is_armed_by_itself() -> None:
    for name in FAILPOINTS:
        failpoint(name)


def _run(changes: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _TO_THE_POINT]
    return subprocess.run(command, env=os.environ | changes, capture_output=True, text=True, check=False)
