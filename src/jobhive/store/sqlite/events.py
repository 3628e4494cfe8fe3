"""The stored part of streams: compare and append under the claim token, read from one snapshot."""

from collections.abc import Iterable, Sequence

from jobhive.core.errors import UnknownJob
from jobhive.core.event import Append, Chunk
from jobhive.core.record import StreamHead
from jobhive.failpoints import failpoint
from jobhive.store.port import MOST_READ
from jobhive.store.rows import Row, to_head
from jobhive.store.signals import stream_topic
from jobhive.store.sqlite.access import Access
from jobhive.store.sqlite.database import Database
from jobhive.store.sqlite.writer import Transaction


class SqliteEvents:
    """`Events` on SQLite."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def append(self, appends: Sequence[Append]) -> list[str]:
        return await self._access.writer.run(
            lambda transaction: [append.job_id for append in appends if _append(transaction, append)]
        )

    async def read(self, job_id: str, after: int, limit: int) -> tuple[StreamHead, list[Chunk]]:
        return await self._access.readers.run(lambda db: _read(db, job_id, after, limit))


def _append(transaction: Transaction, append: Append) -> bool:
    """Whether the batch is stored, now or by an earlier call."""
    db = transaction.db
    bound = append._asdict() | {"id": append.job_id, "claim": append.token}
    if not db.all("advance_stream", bound):
        return db.one("appended_before", bound) is not None
    failpoint("act.append")
    db.run("append", bound)
    transaction.topics.add(stream_topic(append.job_id))
    return True


def _read(db: Database, job_id: str, after: int, limit: int) -> tuple[StreamHead, list[Chunk]]:
    row = db.one("stream_head", {"id": job_id})
    if row is None:
        raise UnknownJob(job_id)
    return to_head(row), _chunks(db.each("read_events", {"id": job_id, "after": after, "limit": limit}))


def _chunks(rows: Iterable[Row]) -> list[Chunk]:
    chunks: list[Chunk] = []
    size = 0
    for chunk in map(Chunk._make, rows):
        chunks.append(chunk)
        size += len(chunk.events)
        if size >= MOST_READ:
            break
    return chunks
