"""The audit log after somebody was at it: what was changed before the last checkpoint is found."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import apsw
import pytest

from jobhive import Jobhive
from jobhive.core.audit import GENESIS, Act, AuditEntry, entry, link, sign
from jobhive.core.errors import StoreRefused, StoreUnavailable
from jobhive.store.signals import AUDIT
from jobhive.store.sqlite import SqliteStore
from jobhive.upkeep.checkpoint import Seals
from jobhive.upkeep.sealer import Sealer
from jobhive.upkeep.verify import Verified, verify

ENTRIES = 12
COPY = "at, actor, act, target, detail, hash FROM audit"


class Tampering(NamedTuple):
    """What somebody does who can write the database, and has neither the key nor the checkpoint."""

    script: str
    first_bad: int | None  # once one more entry was written; None where either of two neighbours may be blamed
    is_chained_anew: bool = False  # all hashes computed again, as anybody can

    def perform(self, path: Path) -> None:
        """Through a connection of its own."""
        connection = apsw.Connection(str(path))
        connection.execute(self.script)
        previous = GENESIS
        rows = connection.execute(f"SELECT number, {COPY} ORDER BY number").fetchall() if self.is_chained_anew else []
        for row in map(AuditEntry._make, rows):
            previous = link(row, previous)
            connection.execute("UPDATE audit SET hash = ? WHERE number = ?", (previous, row.number))
        connection.close()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """A store with a log that is sealed and signed."""
    store = SqliteStore(tmp_path / "jobhive.db")
    await store.open()
    await store.audit.record([entry("user:a", Act.QUEUE_PAUSED, f"q{n}", {"n": n}) for n in range(ENTRIES)])
    await Sealer(store).tick()
    assert await verify(store) == Verified(ENTRIES, 0, ENTRIES, None)
    yield store
    await store.close()


CHANGES = {"at": "1", "actor": "'user:b'", "act": "'QUEUE_RESUMED'", "target": "'q'", "detail": "'{}'", "hash": "'0'"}
TAMPERINGS = {
    **{
        f"{name} of {number} changed": Tampering(f"UPDATE audit SET {name} = {value} WHERE number = {number}", number)
        for name, value in CHANGES.items()
        for number in (1, 6, ENTRIES)
    },
    "first deleted": Tampering("DELETE FROM audit WHERE number = 1", 2),
    "one deleted": Tampering("DELETE FROM audit WHERE number = 6", 7),
    "cut": Tampering("DELETE FROM audit WHERE number > 8", 10),
    "emptied": Tampering("DELETE FROM audit", 2),
    "swapped": Tampering(
        "UPDATE audit SET number = -number WHERE number IN (4, 5);"
        "UPDATE audit SET number = 9 + number WHERE number < 0",
        4,
    ),
    "moved to the end": Tampering("UPDATE audit SET number = 99 WHERE number = 4", 5),
    "put in front": Tampering(f"INSERT INTO audit SELECT 0, {COPY} WHERE number = 1", 0),
    "put in front without a seal": Tampering(
        f"INSERT INTO audit SELECT -7, {COPY} WHERE number = 1; UPDATE audit SET hash = NULL WHERE number = -7", None
    ),
    "inserted": Tampering(
        f"UPDATE audit SET number = number + 100 WHERE number > 6;INSERT INTO audit SELECT 7, {COPY} WHERE number = 6",
        7,
    ),
    "changed, and unsealed from there": Tampering(
        "UPDATE audit SET hash = NULL, actor = 'user:b' WHERE number >= 6", ENTRIES
    ),
    "changed, and chained anew": Tampering("UPDATE audit SET actor = 'user:b' WHERE number = 3", ENTRIES, True),
    "deleted, and chained anew": Tampering("DELETE FROM audit WHERE number = 3", ENTRIES, True),
    "cut, and chained on": Tampering(
        "DELETE FROM audit WHERE number > 5;"
        "INSERT INTO audit SELECT number + 5, at, 'user:b', act, target, detail, hash FROM audit;"
        "INSERT INTO audit SELECT number + 10, at, 'user:b', act, target, detail, hash FROM audit",
        ENTRIES,
        True,
    ),
}


@pytest.mark.parametrize("name", TAMPERINGS)
async def test_tampering_is_found(store: SqliteStore, name: str) -> None:  # P20
    tampering = TAMPERINGS[name]
    tampering.perform(store.path)
    await store.audit.record([entry("user:a", Act.QUEUE_RESUMED, "q", {})])
    await Sealer(store).tick()
    found = await verify(store)
    assert found.flaw is not None
    assert not tampering.is_chained_anew or found.signed_to == ENTRIES  # a chain of another's making stays unsigned
    if tampering.first_bad is not None:
        assert found.flaw.number == tampering.first_bad


async def test_a_seal_that_was_taken_off_is_put_on_again(store: SqliteStore) -> None:  # P20
    Tampering("UPDATE audit SET hash = NULL WHERE number = 6", None).perform(store.path)
    flaw = (await verify(store)).flaw
    assert flaw is not None
    assert flaw.number == 6
    await Sealer(store).tick()
    assert (await verify(store)).flaw is None


async def test_what_is_cut_behind_the_checkpoint_is_not_seen(store: SqliteStore) -> None:  # P20: and we say so
    await store.audit.record([entry("user:a", Act.QUEUE_RESUMED, "q", {})])
    Tampering("DELETE FROM audit WHERE number > 12", None).perform(store.path)
    assert (await verify(store)).flaw is None


async def test_a_sealer_that_finds_a_rewritten_log_says_so_once(
    store: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:  # P20
    TAMPERINGS["changed, and chained anew"].perform(store.path)
    sealer = Sealer(store)
    for _ in range(3):
        await store.audit.record([entry("user:a", Act.QUEUE_RESUMED, "q", {})])
        await sealer.tick()
    [told] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert told.getMessage().startswith("sealer found changed audit entry 13: its hash does not follow")


async def test_a_checkpoint_of_another_key_is_refused(store: SqliteStore) -> None:  # P20
    forged = sign(ENTRIES, "0" * 64, b"another")
    (store.beside / "audit" / "checkpoint").write_text(f"{forged.number} {forged.hash} {forged.signature}\n")
    with pytest.raises(StoreRefused, match="was not signed with the key"):
        await verify(store)


@pytest.mark.parametrize("gone", ["key", "checkpoint"])
async def test_a_lost_key_or_checkpoint_is_told(store: SqliteStore, gone: str) -> None:  # P20
    (store.beside / "audit" / gone).unlink()
    with pytest.raises(StoreRefused, match="checkpoint"):
        await verify(store)


async def test_nobody_else_can_read_the_key(store: SqliteStore) -> None:
    assert (store.beside / "audit").stat().st_mode & 0o077 == 0
    assert (store.beside / "audit" / "key").stat().st_mode & 0o077 == 0


async def test_a_folder_that_cannot_be_written_is_waited_out(store: SqliteStore) -> None:
    folder = store.beside / "audit"
    folder.rename(store.beside / "elsewhere")
    folder.write_text("in the way")
    with pytest.raises(StoreUnavailable, match="cannot be signed"):
        await Sealer(store).tick()
    folder.unlink()
    (store.beside / "elsewhere").rename(folder)
    await Sealer(store).tick()


async def test_a_checkpoint_never_goes_back(store: SqliteStore) -> None:
    seals = Seals(store.beside)
    kept = seals.checkpoint()
    seals.keep(sign(3, "0" * 64, seals.key()))
    assert seals.checkpoint() == kept


async def test_many_sealers_at_once_make_one_chain(store: SqliteStore) -> None:  # P20
    sealers = [Sealer(store) for _ in range(4)]
    for number in range(5):
        await store.audit.record([entry("user:a", Act.QUEUE_PAUSED, f"q{number}", {}) for _ in range(40)])
        await asyncio.gather(*(sealer.tick() for sealer in sealers))
    assert await verify(store) == Verified(ENTRIES + 200, 0, ENTRIES + 200, None)


async def test_upkeep_seals_within_a_moment(app: Jobhive) -> None:  # D7, P20
    async with app.upkeep(), asyncio.timeout(20):
        await app.store.jobs.pause("q", is_paused=True, by="user:a")
        with app.store.signals.listen(AUDIT) as wake:
            while not (found := await verify(app.store)).signed_to:
                await wake.wait(0.05)
    assert found.flaw is None
