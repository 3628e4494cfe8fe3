"""The stored part of streams: compare and append under the claim token, read from one snapshot."""

from collections.abc import Sequence
from functools import partial

from jobhive.core.errors import UnknownJob
from jobhive.core.event import Append, Chunk
from jobhive.core.record import StreamHead
from jobhive.failpoints import failpoint
from jobhive.store.port import MOST_READ
from jobhive.store.postgres.access import Access
from jobhive.store.postgres.database import Database
from jobhive.store.postgres.group import Group
from jobhive.store.postgres.portions import portions
from jobhive.store.postgres.writer import Transaction, Writer
from jobhive.store.rows import to_head
from jobhive.store.signals import stream_topic


class PostgresEvents:
    """`Events` on PostgreSQL."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._appends = Group(Appending(access.writer).append)

    async def append(self, appends: Sequence[Append]) -> list[str]:
        is_accepted = await self._access.home.run(lambda: self._appends.ask(appends))
        return [append.job_id for append, is_mine in zip(appends, is_accepted, strict=True) if is_mine]

    async def read(self, job_id: str, after: int, limit: int) -> tuple[StreamHead, list[Chunk]]:
        return await self._access.run_one(lambda transaction: _read(transaction.db, job_id, after, limit))


class Appending:
    """Stores batches; whether each is stored, now or by an earlier call, in their order."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def append(self, appends: Sequence[Append]) -> list[bool]:
        """In order, with a commit for each portion: every batch stands for itself."""
        is_stored: list[bool] = []
        for portion in portions(appends, [len(append.events) for append in appends]):
            is_stored += await self._append(portion)
        return is_stored

    async def _append(self, appends: Sequence[Append]) -> list[bool]:
        """All jobs in one statement, of each what follows without a gap; the rest waits for the next round."""
        is_stored = [False] * len(appends)
        places = list(range(len(appends)))
        while places:
            spans, places = _spans(appends, places)
            batches = [[appends[place] for place in span] for span in spans]
            counts = await self._writer.run_one(partial(_append, spans=batches))
            for span, count in zip(spans, counts, strict=True):
                for place in span[:count]:
                    is_stored[place] = True
                places += span[max(count, 1) :]  # where the first was refused, the others are tried without it
            places.sort()
        return is_stored


def _spans(appends: Sequence[Append], places: Sequence[int]) -> tuple[list[list[int]], list[int]]:
    """For each job the places of its first batches, as far as each begins where the one before ends; and the rest."""
    spans: dict[str, list[int]] = {}
    rest: list[int] = []
    closed: set[str] = set()
    for place in places:
        append = appends[place]
        span = spans.setdefault(append.job_id, [])
        if append.job_id not in closed and (not span or _follows(append, appends[span[-1]])):
            span.append(place)
        else:
            closed.add(append.job_id)
            rest.append(place)
    return list(spans.values()), rest


def _follows(append: Append, before: Append) -> bool:
    return (append.token, append.first_seq) == (before.token, before.last_seq + 1)


async def _append(transaction: Transaction, spans: Sequence[Sequence[Append]]) -> list[int]:
    """How many of each span's batches are stored: all, none, or the first by an earlier call."""
    rows = await transaction.db.all("append", _columns(sorted(spans, key=lambda span: span[0].job_id)))
    failpoint("act.append")
    grown = {job_id for job_id, _ in rows}
    transaction.topics.update(map(stream_topic, grown))
    refused = [span[0] for span in spans if span[0].job_id not in grown]
    before = await _stored_before(transaction.db, refused) if refused else set[str]()
    return [len(span) if span[0].job_id in grown else int(span[0].job_id in before) for span in spans]


async def _stored_before(db: Database, appends: Sequence[Append]) -> set[str]:
    bound = {
        "ids": [append.job_id for append in appends],
        "claims": [append.token for append in appends],
        "first_seqs": [append.first_seq for append in appends],
        "last_seqs": [append.last_seq for append in appends],
    }
    return {row[0] for row in await db.all("appended_before", bound)}


def _columns(spans: Sequence[Sequence[Append]]) -> dict[str, object]:
    chunks = [append for span in spans for append in span]
    return {
        "ids": [span[0].job_id for span in spans],
        "claims": [span[0].token for span in spans],
        "first_seqs": [span[0].first_seq for span in spans],
        "last_seqs": [span[-1].last_seq for span in spans],
        "progresses": [_newest_progress(span) for span in spans],
        "chunk_ids": [chunk.job_id for chunk in chunks],
        "chunk_claims": [chunk.token for chunk in chunks],
        "chunk_first_seqs": [chunk.first_seq for chunk in chunks],
        "chunk_last_seqs": [chunk.last_seq for chunk in chunks],
        "chunk_events": [chunk.events for chunk in chunks],
    }


def _newest_progress(span: Sequence[Append]) -> str | None:
    return next((append.progress for append in reversed(span) if append.progress is not None), None)


async def _read(db: Database, job_id: str, after: int, limit: int) -> tuple[StreamHead, list[Chunk]]:
    row = await db.one("read_events", {"id": job_id, "after": after, "limit": limit, "most": MOST_READ})
    if row is None:
        raise UnknownJob(job_id)
    *_, first_seqs, last_seqs, events = row
    chunks = zip(first_seqs, last_seqs, events, strict=True) if events else ()
    return to_head(row), [Chunk._make(chunk) for chunk in chunks]
