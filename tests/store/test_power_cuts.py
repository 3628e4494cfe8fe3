"""The power goes at any moment: what was acknowledged is there once it is back, and nothing is damaged."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import NamedTuple

import apsw
import pytest

from jobhive.store.sqlite import SqliteStore, engine
from jobhive.store.sqlite.connection import connect_writer
from jobhive.store.sqlite.database import Database
from jobhive.testing.faults import Disk, Loss, Touch
from jobhive.testing.stores import sqlite_damage
from tests.store.acknowledged import Fact, Ledger, missing, work

FILE = "jobhive.db"
CUTS_PER_STORE = 20
CHECKPOINTS = ("PASSIVE", "FULL", "RESTART", "TRUNCATE")


class Cut(NamedTuple):
    """One power cut and what had been acknowledged before it."""

    folder: Path
    loss: Loss
    touch: Touch
    facts: list[Fact]


class Cuts:
    """Cuts the power of a disk at random acts, until there are enough."""

    def __init__(self, disk: Disk, ledger: Ledger, folder: Path, chance: Random) -> None:
        self.made: list[Cut] = []
        self._disk, self._ledger, self._folder, self._chance = disk, ledger, folder, chance
        self._wait = chance.randint(1, 10)  # acts until the next cut
        disk.watch = self._see

    @property
    def are_enough(self) -> bool:
        return len(self.made) >= CUTS_PER_STORE

    def _see(self, touch: Touch) -> None:
        self._wait -= 1
        if self._wait <= 0 and not self.are_enough:
            facts, folder = list(self._ledger.facts), self._folder / str(len(self.made))
            self.made.append(Cut(folder, self._disk.cut(folder), touch, facts))
            self._wait = self._chance.randint(1, 40)


@pytest.mark.parametrize("seed", range(3))
async def test_a_power_cut_takes_nothing_that_was_acknowledged(tmp_path: Path, seed: int) -> None:  # P3
    await _survive(tmp_path, seed)


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_two_thousand_power_cuts_take_nothing_that_was_acknowledged(tmp_path: Path) -> None:  # P3
    for seed in range(100, 200):
        await _survive(tmp_path / str(seed), seed)


async def test_without_a_sync_for_every_commit_this_would_fail(  # P3
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect_carelessly(path: Path, vfs: str | None = None) -> Database:
        db = connect_writer(path, vfs)
        db.script("PRAGMA synchronous = NORMAL")
        return db

    monkeypatch.setattr(engine, "connect_writer", connect_carelessly)
    with pytest.raises(AssertionError, match="acknowledged"):
        await _survive(tmp_path, seed=0)


async def _survive(folder: Path, seed: int) -> None:
    """Works on one store while the power is cut again and again, then starts from what each cut left."""
    chance, ledger, disk = Random(seed), Ledger(), Disk(seed)
    cuts = Cuts(disk, ledger, folder / "cuts", chance)
    path = folder / FILE
    async with _opened(path, disk) as store:
        while not cuts.are_enough:
            await asyncio.gather(
                work(store, ledger, chance, rounds=3, actors=3),
                asyncio.to_thread(_checkpoint, path, disk, chance.choice(CHECKPOINTS)),
            )
    assert not ledger.refusals
    for cut in cuts.made:
        await _check(cut, seed)


async def _check(cut: Cut, seed: int) -> None:
    async with _opened(cut.folder / FILE) as store:
        lost = await missing(store, cut.facts)
        told = f"seed {seed}, a cut that loses {cut.loss} before {cut.touch}"
        assert not lost, f"{len(lost)} of {len(cut.facts)} acknowledged facts are gone after {told}: {lost}"
        assert not sqlite_damage(cut.folder / FILE), told


@asynccontextmanager
async def _opened(path: Path, disk: Disk | None = None) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(path, vfs=None if disk is None else disk.name)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def _checkpoint(path: Path, disk: Disk, mode: str) -> None:
    """Moves the log into the database beside the writer, as it does by itself after thousands of pages."""
    db = apsw.Connection(str(path), vfs=disk.name)
    with suppress(apsw.BusyError, apsw.LockedError):
        db.execute(f"PRAGMA wal_checkpoint({mode})")
    db.close()
