"""The disk is full or fails at any moment: callers hear what is wrong, and once it is over all goes on by itself."""

import asyncio
from pathlib import Path
from random import Random

import apsw
import pytest

from jobhive.core.errors import StoreError, StoreFull, StoreUnavailable
from jobhive.store.sqlite import SqliteStore
from jobhive.testing import insert_one, record_of
from jobhive.testing.faults import Disk, Fault
from jobhive.testing.stores import sqlite_damage
from tests.store.acknowledged import Ledger, missing, work

FILE = "jobhive.db"
LAST = 300  # the act that fails at the latest; a round of work is some fifty
ERRORS: dict[Fault, type[StoreError]] = {Fault.FULL: StoreFull, Fault.IO_ERROR: StoreUnavailable}


@pytest.mark.parametrize("fault", Fault)
async def test_a_disk_that_fails_costs_nothing_that_was_acknowledged(tmp_path: Path, fault: Fault) -> None:  # P9
    for at in range(1, LAST, 13):
        await _survive(tmp_path / str(at), fault, at)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("fault", Fault)
async def test_whichever_act_fails_nothing_acknowledged_is_lost(tmp_path: Path, fault: Fault) -> None:  # P9
    for at in range(1, LAST + 1):
        await _survive(tmp_path / str(at), fault, at)


async def test_reads_go_on_while_the_disk_is_full(tmp_path: Path) -> None:  # P9
    disk = Disk()
    store = SqliteStore(tmp_path / FILE, vfs=disk.name)
    await store.open()
    job_id = await insert_one(store)
    disk.fail(Fault.FULL, times=1_000_000)
    for _ in range(3):
        with pytest.raises(StoreFull, match="free some disk space"):
            await insert_one(store)
    assert (await record_of(store, job_id)).job_id == job_id
    disk.mend()
    await insert_one(store)
    await store.close()


async def _survive(folder: Path, fault: Fault, at: int) -> None:
    """Works while acts of the disk fail, then goes on with the same store, then starts from what a power cut left."""
    chance, ledger, disk = Random(at), Ledger(), Disk(at)
    store = SqliteStore(folder / FILE, vfs=disk.name)
    times = chance.choice([1, 1, 3, 30])
    disk.fail(fault, at, times)
    await _open(store, ledger)
    while disk.faults < times:
        await work(store, ledger, chance, rounds=2, actors=2)
        await asyncio.to_thread(_checkpoint, store, disk)
    told = f"{fault} at {at}, {times} times: {disk.faults} faults, {ledger.refusals}"
    assert {type(refusal) for refusal in ledger.refusals} <= {ERRORS[fault]}, told
    refusals = len(ledger.refusals)
    await work(store, ledger, chance, rounds=2, actors=2)
    assert len(ledger.refusals) == refusals, told
    assert not await missing(store, ledger.facts), told
    disk.cut(folder / "after")
    await store.close()
    after = SqliteStore(folder / "after" / FILE)
    await after.open()
    assert not await missing(after, ledger.facts), told
    assert not sqlite_damage(after.path), told
    await after.close()


async def _open(store: SqliteStore, ledger: Ledger) -> None:
    """Opens it, however often it has to be tried."""
    while True:
        try:
            await store.open()
        except StoreError as refusal:
            ledger.refusals.append(refusal)
        else:
            return


def _checkpoint(store: SqliteStore, disk: Disk) -> None:
    """Moves the log into the database beside the writer; a checkpoint that fails is tried again with the next one."""
    db = apsw.Connection(str(store.path), vfs=disk.name)
    try:
        db.execute("PRAGMA wal_checkpoint(RESTART)")
    except (apsw.BusyError, apsw.LockedError, apsw.FullError, apsw.IOError):
        pass
    finally:
        db.close()
