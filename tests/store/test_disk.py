"""The disk that tests use loses what was not synced, and nothing else."""

from pathlib import Path
from random import Random

import apsw
import pytest

from jobhive.testing.faults import Act, Disk, Fault, Loss, Touch
from jobhive.testing.faults.image import SECTOR_BYTES, Image, Truncate, Write

SECTOR = b"n" * SECTOR_BYTES


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def db(disk: Disk, tmp_path: Path) -> apsw.Connection:
    db = apsw.Connection(str(tmp_path / "here.db"), vfs=disk.name)
    db.execute("PRAGMA synchronous = OFF; CREATE TABLE word (word)")
    return db


def test_what_was_never_synced_may_be_gone(disk: Disk, db: apsw.Connection, tmp_path: Path) -> None:  # P3
    disk.cut(tmp_path / "after", Loss.ALL)
    assert not list((tmp_path / "after").iterdir())
    db.close()


def test_what_was_synced_is_there(disk: Disk, db: apsw.Connection, tmp_path: Path) -> None:  # P3
    db.execute("PRAGMA synchronous = FULL; INSERT INTO word VALUES ('synced')")
    db.execute("PRAGMA synchronous = OFF; INSERT INTO word VALUES ('not synced')")
    disk.cut(tmp_path / "after", Loss.ALL)
    after = apsw.Connection(str(tmp_path / "after" / "here.db"))
    assert after.execute("SELECT word FROM word").fetchall() == [("synced",)]
    after.close()
    db.close()


def test_each_act_is_seen_before_it_happens(disk: Disk, db: apsw.Connection) -> None:
    seen: list[Touch] = []
    disk.watch = seen.append
    db.execute("PRAGMA synchronous = FULL; INSERT INTO word VALUES ('x')")
    assert {touch.act for touch in seen} == {Act.WRITE, Act.SYNC, Act.DELETE}
    assert [touch.number for touch in seen] == list(range(seen[0].number, disk.touches + 1))
    db.close()


@pytest.mark.parametrize(("fault", "error"), [(Fault.FULL, apsw.FullError), (Fault.IO_ERROR, apsw.IOError)])
def test_it_fails_when_it_is_told(disk: Disk, db: apsw.Connection, fault: Fault, error: type[apsw.Error]) -> None:  # P9
    disk.fail(fault, at=2)
    with pytest.raises(error, match="as the test wants"):
        db.execute("INSERT INTO word VALUES ('x')")
    db.execute("INSERT INTO word VALUES ('y')")
    assert disk.faults == 1
    assert db.execute("SELECT word FROM word").fetchall() == [("y",)]
    db.close()


@pytest.mark.parametrize("loss", Loss)
def test_a_cut_leaves_parts_of_what_was_written(loss: Loss) -> None:  # P3
    image = Image(b"o" * 4 * SECTOR_BYTES)
    image.changes += [Write(0, SECTOR), Write(SECTOR_BYTES, 2 * SECTOR), Truncate(3 * SECTOR_BYTES)]
    wholes = {image.after_power_cut(loss, Random(seed)) for seed in range(200)}
    assert len(wholes) == {Loss.ALL: 1, Loss.SUFFIX: 4, Loss.SUBSET: 8, Loss.TORN: 16}[loss]


def test_a_file_whose_removal_was_not_synced_may_be_back() -> None:  # P3
    image = Image(b"x")
    image.is_deleted = True
    assert {image.after_power_cut(Loss.SUBSET, Random(seed)) for seed in range(20)} == {b"x", None}
    assert image.after_power_cut(Loss.ALL, Random(0)) == b"x"
