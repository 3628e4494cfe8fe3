"""What workers ask: claim, renew, finish, and whether somebody wants a job stopped."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import cast

from pydantic_core import to_json

from jobhive.core.outcome import Move
from jobhive.core.receipt import Claim, Receipt
from jobhive.core.record import JobRecord
from jobhive.failpoints import failpoint
from jobhive.store.port import ClaimRequest
from jobhive.store.postgres.access import Access
from jobhive.store.postgres.database import Bindings, Database
from jobhive.store.postgres.finish import Finishing
from jobhive.store.postgres.group import Group
from jobhive.store.postgres.writer import Transaction
from jobhive.store.rows import Row, to_record
from jobhive.store.signals import job_topic

_SALT_BITS = 31
_CLAIM_WIDTH = len(Claim._fields)
_PRIORITY, _QUEUE = Claim._fields.index("priority"), Claim._fields.index("queue")


class WorkActs:
    """`WorkerJobs` on PostgreSQL."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._finishes = Group(Finishing(access.writer).finish)

    async def claim(self, ask: ClaimRequest) -> list[Claim]:
        lease_ms = self._access.lease_ms
        if ask.is_for_suspects:
            return await self._claim_suspects(ask, lease_ms)
        claims = await self._access.run_one(partial(_claim_at_once, ask=ask, lease_ms=lease_ms))
        return await self._access.run(partial(_claim, ask=ask, lease_ms=lease_ms)) if claims is None else claims

    async def _claim_suspects(self, ask: ClaimRequest, lease_ms: int) -> list[Claim]:
        """There are hardly ever any, which one statement tells."""
        tended = await self._access.run_one(partial(_tend, queues=ask.queues, lease_ms=lease_ms))
        return await self._access.run(partial(_claim, ask=ask, lease_ms=lease_ms)) if tended else []

    async def claim_one(self, job_id: str, ask: ClaimRequest) -> Claim | None:
        act = partial(_claim_one, job_id=job_id, ask=ask, lease_ms=self._access.lease_ms)
        claims = await self._access.run(act)
        return claims[0] if claims else None

    async def peek(self, queues: Sequence[str], kinds: Sequence[str], limit: int) -> list[JobRecord]:
        return await self._access.run_one(lambda transaction: _peek(transaction.db, queues, kinds, limit))

    async def renew(self, receipts: Sequence[Receipt]) -> list[str]:
        bound = {**_receipts(receipts), "lease": self._access.lease_ms}
        return await self._access.run_one(partial(_renew, bound=bound))

    async def finish(self, moves: Sequence[Move]) -> list[str]:
        is_accepted = await self._access.home.run(lambda: self._finishes.ask(moves))
        return [move.job_id for move, is_mine in zip(moves, is_accepted, strict=True) if is_mine]

    async def cancel_requests(self, receipts: Sequence[Receipt]) -> list[str]:
        bound = _receipts(receipts)
        return _ids(await self._access.run_one(lambda transaction: transaction.db.all("cancel_requests", bound)))


async def _claim_at_once(transaction: Transaction, ask: ClaimRequest, lease_ms: int) -> list[Claim] | None:
    """One statement. None where a queue has settings: they are to be looked at in a transaction."""
    bound = _bound(ask, lease_ms, dict.fromkeys(ask.queues, ask.limit))
    claims = await _take(transaction, "claim", bound | {"is_checked": False})
    if claims or not await transaction.db.all("queue_settings", {"queues": list(ask.queues)}):
        return claims
    return None


async def _claim(transaction: Transaction, ask: ClaimRequest, lease_ms: int) -> list[Claim]:
    bound = _bound(ask, lease_ms, await _rooms(transaction.db, ask.queues, ask.limit))
    statement = "claim_suspects" if ask.is_for_suspects else "claim"
    return await _take(transaction, statement, bound | {"is_checked": True})


async def _tend(transaction: Transaction, queues: Sequence[str], lease_ms: int) -> bool:
    """Suspects that wait to be run alone are no less suspect for it; whether there are any."""
    tended = await transaction.db.all("tend_suspects", {"queues": list(queues), "lease": lease_ms})
    failpoint("act.tend_suspects")
    return bool(tended)


async def _claim_one(transaction: Transaction, job_id: str, ask: ClaimRequest, lease_ms: int) -> list[Claim]:
    rows = await transaction.db.all("get", {"ids": [job_id]})
    if not rows:
        return []
    rooms = await _rooms(transaction.db, [to_record(rows[0]).queue], 1)
    if not any(rooms.values()):
        return []
    return await _take(transaction, "claim_one", _bound(ask, lease_ms, rooms) | {"id": job_id})


def _bound(ask: ClaimRequest, lease_ms: int, rooms: Mapping[str, int]) -> dict[str, object]:
    facts = to_json(dict(ask.facts)).decode() if ask.facts else None
    return {
        "salt": secrets.randbits(_SALT_BITS),
        "worker": ask.worker,
        "lease": lease_ms,
        "facts": facts,
        "queues": list(rooms),
        "rooms": list(rooms.values()),
        "kinds": list(ask.kinds),
        "limit": ask.limit,
    }


async def _take(transaction: Transaction, statement: str, bound: Bindings) -> list[Claim]:
    rows = await transaction.db.all(statement, bound)
    failpoint("act.claim")
    claims = [Claim._make(row[:_CLAIM_WIDTH]) for row in sorted(rows, key=_by_place(bound))]
    transaction.topics.update([job_topic(claim.job_id) for claim in claims])
    return claims


def _by_place(bound: Bindings) -> Callable[[Row], tuple[int, int, int]]:
    """The server promises no order of what it changed."""
    ranks = {queue: rank for rank, queue in enumerate(cast("list[str]", bound["queues"]))}
    return lambda row: (ranks[row[_QUEUE]], -row[_PRIORITY], row[-1])


async def _rooms(db: Database, queues: Sequence[str], limit: int) -> dict[str, int]:
    """How many jobs each queue may give, in the order asked. Limits stay locked until the transaction ends."""
    await db.all("lock_limits", {"queues": list(queues)})
    rooms = dict.fromkeys(queues, limit)
    for queue, is_paused, running_limit in await db.all("queue_settings", {"queues": list(queues)}):
        if is_paused:
            rooms[queue] = 0
        elif running_limit is not None:
            running: int = await db.value("running_in_queue", {"queue": queue})
            rooms[queue] = max(0, running_limit - running)
    return rooms


async def _peek(db: Database, queues: Sequence[str], kinds: Sequence[str], limit: int) -> list[JobRecord]:
    rows: list[Row] = []
    for queue, room in (await _rooms(db, queues, limit)).items():
        if room > 0:  # for one is reason to look at all: who chooses may want the last of them
            rows += await db.all("peek", {"queue": queue, "kinds": list(kinds), "limit": limit - len(rows)})
    return [to_record(row) for row in rows]


async def _renew(transaction: Transaction, bound: Bindings) -> list[str]:
    renewed = _ids(await transaction.db.all("renew", bound))
    failpoint("act.renew")
    return renewed


def _receipts(receipts: Sequence[Receipt]) -> dict[str, object]:
    """In the order of the ids, in which everybody locks rows."""
    ordered = sorted(receipts)
    return {"ids": [job_id for job_id, _ in ordered], "claims": [token for _, token in ordered]}


def _ids(rows: Sequence[Row]) -> list[str]:
    return [row[0] for row in rows]
