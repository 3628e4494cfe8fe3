"""What workers ask: claim, renew, finish, and whether somebody wants a job stopped."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import apsw
from pydantic_core import from_json, to_json

from jobhive.core.outcome import Complete, Move
from jobhive.core.receipt import Claim, Receipt
from jobhive.core.record import JobRecord
from jobhive.failpoints import failpoint
from jobhive.store.port import ClaimRequest
from jobhive.store.rows import Row, to_record
from jobhive.store.signals import job_topic, queue_topic
from jobhive.store.sqlite.access import Access
from jobhive.store.sqlite.database import Database
from jobhive.store.sqlite.moves import leave_by_move, stands_as
from jobhive.store.sqlite.writer import Transaction

_SALT_BITS = 31
_LARGE = 10_000_000  # characters; SQLite holds a thousand million bytes in one text


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
    salt, kinds = secrets.randbits(_SALT_BITS), to_json(list(ask.kinds)).decode()
    claims: list[Claim] = []
    for queue, room in _rooms(transaction.db, ask.queues, ask.limit).items():
        limit = min(ask.limit - len(claims), room)
        if limit > 0:
            bound: dict[str, str | int] = {"queue": queue, "kinds": kinds, "salt": salt}
            rows = _claimable(transaction.db, bound, limit, is_for_suspects=ask.is_for_suspects)
            claims += _take(transaction, rows, queue, salt, ask, lease_ms)
        if ask.is_for_suspects:
            transaction.db.run("tend_suspects", {"queue": queue, "until": transaction.now_ms + lease_ms})
            failpoint("act.tend_suspects")
    return claims


def _claim_one(transaction: Transaction, job_id: str, ask: ClaimRequest, lease_ms: int) -> list[Claim]:
    salt = secrets.randbits(_SALT_BITS)
    row = transaction.db.one("claimable_one", {"id": job_id, "salt": salt})
    if row is None:
        return []
    *facts, queue = row
    has_room = _rooms(transaction.db, [queue], 1)[queue] > 0
    return _take(transaction, [facts], queue, salt, ask, lease_ms) if has_room else []


def _claimable(
    db: Database, asked: Mapping[str, str | int], limit: int, offset: int = 0, *, is_for_suspects: bool
) -> list[list[Any]]:
    """What comes next; in parts where it is more than one text can hold."""
    bound = {**asked, "limit": limit, "offset": offset}
    try:
        text = db.value("claimable_suspects", bound) if is_for_suspects else db.value("claimable", bound)
        return cast("list[list[Any]]", from_json(text))
    except apsw.TooBigError:
        if limit == 1:
            raise
        half = limit // 2
        first = _claimable(db, asked, half, offset, is_for_suspects=is_for_suspects)
        return first + _claimable(db, asked, limit - half, offset + half, is_for_suspects=is_for_suspects)


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


def _take(
    transaction: Transaction, rows: Sequence[list[Any]], queue: str, salt: int, ask: ClaimRequest, lease_ms: int
) -> list[Claim]:
    """These jobs of one queue, just read as pending, become the worker's."""
    if not rows:
        return []
    now_ms, worker = transaction.now_ms, ask.worker
    chosen = to_json([row.pop() for row in rows]).decode()
    bound = {"seqs": chosen, "salt": salt, "worker": worker}
    transaction.db.run("claim", {**bound, "now": now_ms, "lease_until": now_ms + lease_ms})
    failpoint("act.claim")
    for kind, facts in ask.facts.items():
        transaction.db.run("note_facts", {"seqs": chosen, "kind": kind, "facts": facts})
    claims = [Claim._make([*row, queue, now_ms, worker]) for row in rows]
    transaction.topics.update([job_topic(claim.job_id) for claim in claims])
    return claims


def _peek(db: Database, queues: Sequence[str], kinds: Sequence[str], limit: int) -> list[JobRecord]:
    known = to_json(list(kinds)).decode()
    rows: list[Row] = []
    for queue, room in _rooms(db, queues, limit).items():
        if room > 0:  # for one is reason to look at all: who chooses may want the last of them
            rows += db.all("peek", {"queue": queue, "kinds": known, "limit": limit - len(rows)})
    return [to_record(row) for row in rows]


def _renew(transaction: Transaction, receipts: Sequence[Receipt], lease_ms: int) -> list[str]:
    until = transaction.now_ms + lease_ms
    failpoint("act.renew")
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
    changed = 0
    for portion in _portions(_first_of_each(moves)):
        bound = {"moves": to_json(portion).decode(), "now": transaction.now_ms}
        changed += transaction.db.changed("complete", bound)
        failpoint("act.complete")
    if changed < len(moves):  # some belong to somebody else, or were written before: ask one by one
        moves = [move for move in moves if stands_as(transaction.db, move)]
    accepted = [move.job_id for move in moves]
    transaction.topics.update(map(job_topic, accepted))
    return accepted


def _first_of_each(moves: Sequence[Complete]) -> Sequence[Complete]:
    """Should there be two results for one claim, the first counts."""
    if len({move.job_id for move in moves}) == len(moves):
        return moves
    return list({(move.job_id, move.token): move for move in reversed(moves)}.values())


def _portions(moves: Sequence[Complete]) -> Iterable[Sequence[Complete]]:
    """All together, unless the results are more than one text should hold."""
    is_large = sum(len(move.result) for move in moves) > _LARGE
    return [[move] for move in moves] if is_large else [moves]


def _ids(rows: Sequence[Row]) -> list[str]:
    return [row[0] for row in rows]
