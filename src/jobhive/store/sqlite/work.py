"""What workers ask: claim, renew, finish, and whether somebody wants a job stopped."""

import secrets
from collections.abc import Sequence
from typing import cast

from pydantic_core import to_json

from jobhive.core.outcome import Complete, Move
from jobhive.core.receipt import Claim, Receipt
from jobhive.core.record import JobRecord
from jobhive.store.port import ClaimRequest
from jobhive.store.signals import job_topic, queue_topic
from jobhive.store.sqlite.access import Access
from jobhive.store.sqlite.database import Database, Row
from jobhive.store.sqlite.moves import leave_by_move, stands_as
from jobhive.store.sqlite.records import to_record
from jobhive.store.sqlite.writer import Transaction

_SALT_BITS = 31
_QUEUE = 4  # column of `claimable.sql`


class WorkActs:
    """`WorkerJobs` on SQLite."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def claim(self, ask: ClaimRequest) -> list[Claim]:
        lease_ms = self._access.lease_ms
        return await self._access.writer.run(lambda transaction: _claim(transaction, ask, lease_ms))

    async def claim_one(self, job_id: str, ask: ClaimRequest) -> Claim | None:
        lease_ms = self._access.lease_ms
        claims = await self._access.writer.run(lambda transaction: _claim_one(transaction, job_id, ask, lease_ms))
        return claims[0] if claims else None

    async def peek(self, queues: Sequence[str], kinds: Sequence[str], limit: int) -> list[JobRecord]:
        return await self._access.readers.run(lambda db: _peek(db, queues, kinds, limit))

    async def renew(self, receipts: Sequence[Receipt]) -> list[str]:
        lease_ms = self._access.lease_ms
        return await self._access.writer.run(lambda transaction: _renew(transaction, receipts, lease_ms))

    async def finish(self, moves: Sequence[Move]) -> list[str]:
        return await self._access.writer.run(lambda transaction: _finish(transaction, moves))

    async def cancel_requests(self, receipts: Sequence[Receipt]) -> list[str]:
        return await self._access.readers.run(lambda db: _ids(db.many("cancel_requests", receipts)))


def _claim(transaction: Transaction, ask: ClaimRequest, lease_ms: int) -> list[Claim]:
    rows: list[Row] = []
    kinds = to_json(list(ask.kinds)).decode()
    for queue, room in _rooms(transaction.db, ask.queues, ask.limit).items():
        limit = min(ask.limit - len(rows), room)
        if limit > 0:
            asked = {"queue": queue, "kinds": kinds, "limit": limit}
            rows += transaction.db.all("claimable", asked)
    return _take(transaction, rows, ask, lease_ms)


def _claim_one(transaction: Transaction, job_id: str, ask: ClaimRequest, lease_ms: int) -> list[Claim]:
    rows = transaction.db.all("claimable_one", {"id": job_id})
    queues = [str(row[_QUEUE]) for row in rows]
    has_room = all(room > 0 for room in _rooms(transaction.db, queues, 1).values())
    return _take(transaction, rows, ask, lease_ms) if has_room else []


def _rooms(db: Database, queues: Sequence[str], limit: int) -> dict[str, int]:
    """How many jobs each queue may give, in the order asked."""
    rooms = dict.fromkeys(queues, limit)
    for queue, is_paused, running_limit, _ in db.all("queue_settings"):
        if queue in rooms and is_paused:
            rooms[str(queue)] = 0
        elif queue in rooms and running_limit is not None:
            running: int = db.value("running_in_queue", {"queue": queue})
            rooms[str(queue)] = int(running_limit) - running
    return rooms


def _take(transaction: Transaction, rows: Sequence[Row], ask: ClaimRequest, lease_ms: int) -> list[Claim]:
    if not rows:
        return []
    now_ms, salt = transaction.now_ms, secrets.randbits(_SALT_BITS)
    seqs = to_json([row[0] for row in rows]).decode()
    bound = {"seqs": seqs, "salt": salt, "worker": ask.worker, "now": now_ms, "lease_until": now_ms + lease_ms}
    transaction.db.run("claim", bound)
    for kind, facts in ask.facts.items():
        transaction.db.run("note_facts", {"seqs": seqs, "kind": kind, "facts": facts})
    transaction.topics.update(job_topic(str(row[1])) for row in rows)
    return [_to_claim(row, salt, now_ms, ask.worker) for row in rows]


def _to_claim(row: Row, salt: int, now_ms: int, worker: str) -> Claim:
    """`row` is one of `claimable.sql`; the token is computed just as `claim.sql` does."""
    _, job_id, claim, kind, queue, params, failures, max_retries, last_seq, *rest = row
    token = ((cast(int, claim) >> 32) + 1) << 32 | salt
    known = (job_id, token, kind, queue, params, failures, max_retries, last_seq or 1, now_ms)
    return Claim._make((*known, *rest, worker))


def _peek(db: Database, queues: Sequence[str], kinds: Sequence[str], limit: int) -> list[JobRecord]:
    known = to_json(list(kinds)).decode()
    rows: list[Row] = []
    for queue, room in _rooms(db, queues, limit).items():
        rows += db.all("peek", {"queue": queue, "kinds": known, "limit": max(min(limit - len(rows), room), 0)})
    return [to_record(row) for row in rows]


def _renew(transaction: Transaction, receipts: Sequence[Receipt], lease_ms: int) -> list[str]:
    until = transaction.now_ms + lease_ms
    return _ids(transaction.db.many("renew", [(until, *receipt) for receipt in receipts]))


def _finish(transaction: Transaction, moves: Sequence[Move]) -> list[str]:
    """Results first and together, for they are many; each other move on its own."""
    completes = [move for move in moves if isinstance(move, Complete)]
    accepted = _complete(transaction, completes)
    others = [move for move in moves if not isinstance(move, Complete)]
    transaction.topics.update(queue_topic(queue) for queue in _limited(transaction.db))
    return accepted + [move.job_id for move in others if leave_by_move(transaction, move)]


def _limited(db: Database) -> list[str]:
    """Queues in which a finished job makes room for another."""
    settings = db.all("queue_settings")
    return [str(queue) for queue, _, running_limit, _ in settings if running_limit is not None]


def _complete(transaction: Transaction, moves: Sequence[Complete]) -> list[str]:
    firsts = {
        (move.job_id, move.token): move for move in reversed(moves)
    }  # a job's first result counts, should there be two
    rows = to_json([(move.job_id, move.token, move.result, move.ending) for move in firsts.values()]).decode()
    changed = transaction.db.changed("complete", {"moves": rows, "now": transaction.now_ms})
    if changed < len(moves):  # some belong to somebody else, or were written before: ask one by one
        moves = [move for move in moves if stands_as(transaction.db, move)]
    accepted = [move.job_id for move in moves]
    transaction.topics.update(map(job_topic, accepted))
    return accepted


def _ids(rows: Sequence[Row]) -> list[str]:
    return [row[0] for row in rows]
