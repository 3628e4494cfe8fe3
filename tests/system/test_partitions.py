"""A machine that is cut off in mid-job, or goes: its jobs run elsewhere, and whatever it writes late is refused."""

import asyncio
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from jobhive import JobHandle
from jobhive.core.record import JobRecord
from jobhive.store.postgres.address import address_of
from jobhive.store.postgres.connection import connected
from jobhive.testing import history, record_of, snapshot, stored_events, wait_for_job
from tests import postgres
from tests.system.line import Line
from tests.system.machines import Machine
from tests.system.namespaces import Network, unacknowledged, within
from tests.system.parted_jobs import FIRST, SECOND

_IN_THE_DARK, _BACK = "in-the-dark", "back"  # files: jobs write on once the cut has begun, or once it is over
_END = "end"  # file: the second machine may end them
_WRITERS = (
    ("write", _IN_THE_DARK),
    ("answer", _IN_THE_DARK),
    ("write", _BACK),
    ("cling", _BACK),
    ("cling_in_thread", _BACK),
)
_JOBS = 10
_SIZE = ("--concurrency", str(_JOBS))  # so that a machine that runs them all takes no other one
_TOLD = 4  # events: started, what the first machine told, attempt, what the second one told
_DOUBTED = "jobs in flight"  # once their leases are not known to be renewed
_LATEST = timedelta(seconds=90)
_SHORT, _LONG = timedelta(seconds=2), timedelta(seconds=30)  # leases
_RESCUED_WITHIN = 36.0  # seconds, with the long lease
_BACK_WITHIN = 5.0  # seconds
_BACK_AFTER_BACKOFF_WITHIN = 30.0  # seconds: until then TCP sends again, or the statement counts as unanswered
_CUT_LEASES = 1.2  # how long a cut lasts at least


@pytest.mark.parametrize("cut", ["silence", "reset"])
async def test_what_a_machine_writes_that_was_cut_off_is_refused(
    tmp_path: Path, postgres_url: str, cut: str
) -> None:  # B2, P4
    await _cut_line(tmp_path, postgres_url, cut, _SHORT)


async def test_a_line_that_carries_nothing_is_watched(postgres_url: str) -> None:
    """Who only listens sends nothing that could stay unanswered."""
    async with Line(postgres_url) as line, connected(address_of(line.url)) as connection:
        way = connection._transport.get_extra_info("socket")
        assert way.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("cut", ["silence", "reset"])
async def test_with_the_real_lease_its_jobs_run_elsewhere_in_time(
    tmp_path: Path, postgres_url: str, cut: str
) -> None:  # B2, P4
    rescued, back = await _cut_line(tmp_path, postgres_url, cut, _LONG)
    _tell(cut, rescued, back)
    assert rescued <= _RESCUED_WITHIN
    assert back <= _BACK_WITHIN


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_so_they_do_where_a_real_network_is_parted(
    tmp_path: Path, network: Network, housed: postgres.Server
) -> None:  # B2, P4
    first, second = (
        Machine(tmp_path, name, housed.url, *_SIZE, line=network.url(name), lease=_LONG, through=within(name))
        for name in (FIRST, SECOND)
    )
    held = 0

    def mend() -> None:
        nonlocal held
        held = unacknowledged(FIRST)
        network.mend(FIRST)

    none_left = partial(second.until, partial(_has_none_from, housed.url, network.address(FIRST)))
    way = _Way(partial(network.cut, FIRST), mend, none_left)
    rescued, back = await _cut_off(tmp_path, first, second, way)
    _tell(f"namespaces, {held} bytes under way", rescued, back)
    assert held, "nothing was under way in the cut"
    assert rescued <= _RESCUED_WITHIN
    assert back <= _BACK_AFTER_BACKOFF_WITHIN


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_the_jobs_of_a_machine_that_is_gone_run_elsewhere_in_time(tmp_path: Path, postgres_url: str) -> None:
    async with Machine(tmp_path, FIRST, postgres_url, *_SIZE, lease=_LONG) as first:
        handles = await _begun(first, tmp_path)
        async with Machine(tmp_path, SECOND, postgres_url, *_SIZE, lease=_LONG) as second:
            await second.until_said("believes", "expired leases")
            await first.kill_all()
            rescued = await _run_elsewhere(second, handles)
            await _check(second, handles, tmp_path)
    sys.stdout.write(f"the machine is gone: its jobs run again after {rescued:.1f} s\n")
    assert rescued <= _RESCUED_WITHIN


class _Way(NamedTuple):
    """From the first machine to PostgreSQL."""

    cut: Callable[[], None]
    mend: Callable[[], None]
    ended: Callable[[], Awaitable[None]]  # returns once no connection of a machine that has stopped carries anything


async def _cut_line(folder: Path, url: str, cut: str, lease: timedelta) -> tuple[float, float]:
    """As `_cut_off`, over a line."""
    async with Line(url) as line:
        first = Machine(folder, FIRST, url, *_SIZE, line=line.url, lease=lease)
        second = Machine(folder, SECOND, url, *_SIZE, lease=lease)
        way = _Way(line.silence if cut == "silence" else line.reset, line.mend, line.ended)
        seconds = await _cut_off(folder, first, second, way)
    assert cut == "reset" or line.held, "nothing was under way in the cut"
    return seconds


async def _cut_off(folder: Path, first: Machine, second: Machine, way: _Way) -> tuple[float, float]:
    """Seconds from the cut to the last job's new beginning, and from the end of the cut to the first new job there.

    The cut outlasts the lease, and lasts until the machine has said that it doubts its leases.
    """
    async with first:
        handles = await _begun(first, folder)
        async with second:
            await second.until_said("believes", "expired leases")
            over = time.monotonic() + _CUT_LEASES * first.lease.total_seconds()
            way.cut()
            await asyncio.to_thread((folder / _IN_THE_DARK).touch)
            rescued = await _run_elsewhere(second, handles)
            await first.until_said("waits", _DOUBTED)
            await asyncio.sleep(over - time.monotonic())
            way.mend()
            await asyncio.to_thread((folder / _BACK).touch)
            back = await _works_again(first)
            await first.until_said("goes on", _DOUBTED)
            assert await first.stop() == 0, first.log
            await way.ended()
            await _check(second, handles, folder)
    assert "thrown away" in first.log
    return rescued, back


def _tell(what: str, rescued: float, back: float) -> None:
    sys.stdout.write(
        f"{what}: its jobs run again after {rescued:.1f} s, at work {back:.2f} s after the end of the cut\n"
    )


async def _has_none_from(url: str, address: str) -> bool:
    """Whether the server serves nobody who came from there: what was under way has arrived, or never will."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        found = await connection.execute("SELECT FROM pg_stat_activity WHERE client_addr = %s::inet", [address])
        return not found.rowcount


async def _begun(machine: Machine, folder: Path) -> list[JobHandle[object]]:
    """Jobs that run on the machine and have told so."""
    handles: list[JobHandle[object]] = []
    for number in range(_JOBS):
        kind, go = _WRITERS[number % len(_WRITERS)]
        handles.append(await machine.app.enqueue(kind, {"go": str(folder / go), "end": str(folder / _END)}))
    for handle in handles:
        await wait_for_job(machine.app.store, handle.id, lambda job: job.last_seq > 1, "it told nothing")
    return handles


async def _run_elsewhere(second: Machine, handles: Sequence[JobHandle[object]]) -> float:
    """Seconds until all have been begun again."""
    began = time.monotonic()
    for handle in handles:
        await wait_for_job(second.app.store, handle.id, _has_told_again, second.log, deadline=_LATEST)
    return time.monotonic() - began


def _has_told_again(job: JobRecord) -> bool:
    return job.attempt == 2 and job.last_seq == _TOLD


async def _works_again(first: Machine) -> float:
    """Seconds until it has run a new job."""
    began = time.monotonic()
    handle = await first.app.enqueue("where", {})
    assert await handle.result(90) == FIRST
    return time.monotonic() - began


async def _check(second: Machine, handles: Sequence[JobHandle[object]], folder: Path) -> None:
    """Nothing was written that is not the second machine's; now it ends the jobs, each once."""
    store = second.app.store
    for handle in handles:
        assert _has_told_again(await record_of(store, handle.id)), await history(store, handle.id)
    await asyncio.to_thread((folder / _END).touch)
    for handle in handles:
        assert await handle.result() == SECOND
        record, attempts, _ = await snapshot(store, handle.id)
        assert (record.attempt, record.losses, [attempt.outcome for attempt in attempts]) == (2, 1, ["lost"])
        lines = [event.data.get("line") for event in await stored_events(store, handle.id)]
        assert lines == [FIRST, None, SECOND]
