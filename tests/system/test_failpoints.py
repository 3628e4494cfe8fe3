"""Killed at every point with a name, the program loses nothing, does nothing twice and gets stuck nowhere."""

import asyncio
import sys
from asyncio.subprocess import Process
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from jobhive.failpoints import ARMED
from jobhive.testing.faults import audit, killing_at, noting_all, reached_in
from tests.edges import POSTGRES, SQLITE, engine_of, points
from tests.system.installation import Installation

_KILLED = -9
_AFTER_JOBS = 5  # done: everything but the producer is killed at once
_JOBS = 26  # that the producer enqueues and that are not purged
_TELLING = (  # around what is promised: the quick form kills at these, the long one at each by itself
    ("writer.before_commit", "writer.committed", "claimer.claimed", "executor.handled", "finisher.before_write"),
    ("writer.before_answer", "finisher.written", "act.claim", "supervisor.before_give_back", "liveness.before_bury"),
)


async def test_every_point_is_reached(tmp_path: Path, store_url: str) -> None:  # P2
    folder = tmp_path / "points"
    folder.mkdir()
    await _survive(tmp_path, store_url, noting_all(folder))
    assert set(points(engine_of(store_url))) - reached_in(folder) == set()


@pytest.mark.parametrize("names", _TELLING, ids=["before", "after"])
async def test_a_kill_at_the_telling_points_harms_nothing(
    tmp_path: Path, store_url: str, names: Sequence[str]
) -> None:  # P2
    await _survive_kills(tmp_path, store_url, names)


@pytest.mark.slow
@pytest.mark.parametrize("name", points(SQLITE))
async def test_a_kill_at_any_point_harms_nothing(tmp_path: Path, name: str) -> None:  # P2
    await _survive_kills(tmp_path, f"sqlite:///{tmp_path}/jobhive.db", [name])


@pytest.mark.slow
@pytest.mark.parametrize("name", points(POSTGRES))
async def test_a_kill_at_any_point_harms_nothing_on_postgres(
    tmp_path: Path, postgres_url: str, name: str
) -> None:  # P2
    await _survive_kills(tmp_path, postgres_url, [name])


async def _survive_kills(folder: Path, url: str, names: Sequence[str]) -> None:
    reached = folder / "points"
    await asyncio.to_thread(reached.mkdir)
    await _survive(folder, url, killing_at(reached, names))
    assert reached_in(reached) >= set(names)


async def _survive(folder: Path, url: str, arming: dict[str, str]) -> None:
    """A producer, a server, a worker and their supervisor do all they can; who dies is started again."""
    failing = "act.retire" if "act.configure=" in arming[ARMED] else "act.configure"  # so that something is rolled back
    changes = {**arming, ARMED: f"{arming[ARMED]},{failing}=error", "JOBHIVE_LEASE": "3"}
    async with Installation(folder, "--concurrency", "8", url=url, changes=changes) as installation:
        await _kept_up(installation)
        with suppress(ProcessLookupError):  # it was killed a moment ago
            await installation.stop()
        report = await audit(installation.app.store, installation.history.read())
        sys.stdout.write(f"{report}\n")
        assert sum(report.states.values()) == _JOBS


async def _kept_up(installation: Installation) -> None:
    """Returns once the producer has done all. On the way everything but the producer is killed at once."""
    producer = await installation.run_beside("-m", "tests.system.producer")
    await installation.until(partial(_is_half_way, installation, producer))
    await installation.kill_all()
    while producer.returncode != 0:
        if producer.returncode is not None:
            assert producer.returncode == _KILLED, installation.log
            producer = await installation.run_beside("-m", "tests.system.producer")
        if not installation.is_up:
            await installation.start()
        await installation.until(partial(_has_one_ended, installation, producer))


async def _is_half_way(installation: Installation, producer: Process) -> bool:
    return await installation.completed() >= _AFTER_JOBS or await _has_one_ended(installation, producer)


async def _has_one_ended(installation: Installation, producer: Process) -> bool:
    return producer.returncode is not None or not installation.is_up
