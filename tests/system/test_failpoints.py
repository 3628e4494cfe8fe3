"""Killed at every point with a name, the program loses nothing, does nothing twice and gets stuck nowhere."""

import asyncio
import sys
from asyncio.subprocess import Process
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from jobhive.failpoints import ARMED, FAILPOINTS
from jobhive.testing.faults import audit, killing_at, noting_all, reached_in
from tests.system.installation import Installation

_KILLED = -9
_AFTER_JOBS = 5  # done: everything but the producer is killed at once
_JOBS = 26  # that the producer enqueues and that are not purged
_TELLING = (  # around what is promised: the quick form kills at these, the long one at each by itself
    ("writer.before_commit", "writer.committed", "claimer.claimed", "executor.handled", "finisher.before_write"),
    ("writer.before_answer", "finisher.written", "act.claim", "supervisor.before_give_back", "liveness.before_bury"),
)


async def test_every_point_is_reached(tmp_path: Path) -> None:  # P2
    points = tmp_path / "points"
    points.mkdir()
    await _survive(tmp_path, noting_all(points))
    assert reached_in(points) == set(FAILPOINTS)


@pytest.mark.parametrize("names", _TELLING, ids=["before", "after"])
async def test_a_kill_at_the_telling_points_harms_nothing(tmp_path: Path, names: Sequence[str]) -> None:  # P2
    await _survive_kills(tmp_path, names)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAILPOINTS)
async def test_a_kill_at_any_point_harms_nothing(tmp_path: Path, name: str) -> None:  # P2
    await _survive_kills(tmp_path, [name])


async def _survive_kills(folder: Path, names: Sequence[str]) -> None:
    points = folder / "points"
    await asyncio.to_thread(points.mkdir)
    await _survive(folder, killing_at(points, names))
    assert reached_in(points) >= set(names)


async def _survive(folder: Path, points: dict[str, str]) -> None:
    """A producer, a server, a worker and their supervisor do all they can; who dies is started again."""
    failing = "act.retire" if "act.configure=" in points[ARMED] else "act.configure"  # so that something is rolled back
    changes = {**points, ARMED: f"{points[ARMED]},{failing}=error", "JOBHIVE_LEASE": "3"}
    async with Installation(folder, "--concurrency", "8", changes=changes) as installation:
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
