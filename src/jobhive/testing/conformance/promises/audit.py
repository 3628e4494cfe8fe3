"""The audit log: written with what it tells of, in one order, chained once."""

import asyncio
import json

import pytest

from jobhive.core.audit import Act, AuditEntry, Verification, entry
from jobhive.core.errors import IllegalTransition, KeyReused
from jobhive.store.port import Store
from jobhive.store.signals import AUDIT
from jobhive.testing import advance, asking, complete, fail, insert_one, new_job, new_worker, start_one

_ALL = 1_000


async def _told(store: Store, after: int = 0) -> list[tuple[str, str, str]]:
    return [(entry.actor, entry.act, entry.target) for entry in await store.audit.read(after, _ALL)]


def _first_flaw(entries: list[AuditEntry]) -> object:
    verification = Verification(None)
    return next((flaw for told in entries if (flaw := verification.read(told))), None)


class AuditLog:
    async def test_what_nobody_asked_for_is_not_told(self, store: Store) -> None:  # D7
        await store.jobs.insert([new_job(), new_job()])
        [claim, _] = await store.jobs.claim(asking())
        await store.jobs.finish([fail(claim)])
        await store.jobs.retry(claim.job_id)
        await store.jobs.cancel(claim.job_id, "")
        await store.jobs.purge(claim.job_id)
        await store.jobs.pause("default", is_paused=True)
        await store.jobs.limit("default", running=1, depth=1)
        assert await _told(store) == []

    async def test_what_somebody_asked_for_is_told(self, store: Store, other: Store) -> None:  # D7, P20
        job = new_job(owner="ann")
        await store.jobs.insert([job], by="token:a")
        await store.jobs.cancel(job.job_id, "", by="token:b")
        await store.jobs.retry(job.job_id, by="token:c")
        await store.jobs.cancel(job.job_id, "", by="token:d")
        await store.jobs.purge(job.job_id, by="token:e")
        await store.jobs.pause("q", is_paused=True, by="token:f")
        await store.jobs.pause("q", is_paused=False, by="token:g")
        await store.jobs.limit("q", running=1, by="token:h")
        assert await _told(other) == [
            ("token:a", Act.JOB_CREATED, job.job_id),
            ("token:b", Act.JOB_CANCELLED, job.job_id),
            ("token:c", Act.JOB_RETRIED, job.job_id),
            ("token:d", Act.JOB_CANCELLED, job.job_id),
            ("token:e", Act.JOB_PURGED, job.job_id),
            ("token:f", Act.QUEUE_PAUSED, "q"),
            ("token:g", Act.QUEUE_RESUMED, "q"),
            ("token:h", Act.QUEUE_LIMITED, "q"),
        ]
        created = (await store.audit.read(0, 1))[0]
        assert json.loads(created.detail) == {"kind": "noop", "queue": "default", "owner": "ann"}
        [limited] = await store.audit.newest(1)
        assert json.loads(limited.detail) == {"running": 1}

    async def test_what_was_refused_or_changed_nothing_is_not_told(self, store: Store) -> None:  # P20
        first = new_job(key="k")
        await store.jobs.insert([first])
        await store.jobs.insert([first, new_job(key="k")], by="token:a")
        with pytest.raises(KeyReused):
            await store.jobs.insert([new_job(), new_job("other", key="k")], by="token:a")
        claim = await start_one(store)
        await store.jobs.cancel(claim.job_id, "")
        await store.jobs.cancel(claim.job_id, "", by="token:a")
        await store.jobs.finish([complete(claim)])
        for act in (store.jobs.retry, store.jobs.purge):
            with pytest.raises(IllegalTransition):
                await act(first.job_id, by="token:a")
        with pytest.raises(IllegalTransition):
            await store.jobs.cancel(claim.job_id, "", by="token:a")
        assert await _told(store) == []

    async def test_workers_come_and_go(self, store: Store) -> None:  # D7
        for worker_id in ("left", "dead", "silent"):
            await store.workers.beat(new_worker(store, worker_id))
            await store.workers.beat(new_worker(store, worker_id)._replace(state="busy"))
        await store.workers.retire("left", by="token:a")
        for _ in range(2):
            await store.workers.leave("left")
            await store.jobs.rescue_from("dead")
        advance(store.lease * 20, store)
        await store.workers.prune()
        told = await _told(store)
        assert told[:3] == [(worker, Act.WORKER_STARTED, worker) for worker in ("left", "dead", "silent")]
        assert told[3:] == [
            ("token:a", Act.WORKER_RETIRED, "left"),
            ("left", Act.WORKER_STOPPED, "left"),
            ("dead", Act.WORKER_LOST, "dead"),
            ("silent", Act.WORKER_LOST, "silent"),
        ]

    async def test_entries_are_read_in_pages_and_from_the_end(self, store: Store) -> None:
        await store.audit.record([entry("a", Act.AUTH_FAILED, str(number), {"é": "🐝"}) for number in range(5)])
        whole = await store.audit.read(0, _ALL)
        assert [told.target for told in whole] == list("01234")
        assert await store.audit.read(whole[1].number, 2) == whole[2:4]
        assert await store.audit.newest(2) == whole[3:]

    async def test_a_new_entry_rings(self, store: Store, other: Store) -> None:
        with other.signals.listen(AUDIT) as wake:
            await store.audit.record([entry("a", Act.AUTH_FAILED, "x", {})])
            assert await wake.wait(20)

    async def test_the_chain_holds_each_entry_once(self, store: Store, other: Store) -> None:  # P20
        for number in range(7):
            await insert_one(store)
            await store.jobs.insert([new_job()], by=f"token:{number}")
        assert await store.audit.seal(3) == 3
        [*sealed, unsealed] = await store.audit.read(0, 4)
        assert all(told.hash for told in sealed)
        assert unsealed.hash is None
        assert sum(await asyncio.gather(*((store, other)[n % 2].audit.seal(2) for n in range(6)))) == 4
        assert await store.audit.seal(3) == 0
        chained = await store.audit.read(0, _ALL)
        assert len(chained) == 7
        assert all(told.hash for told in chained)
        assert _first_flaw(chained) is None
        await store.jobs.insert([new_job()], by="token:7")
        await store.audit.seal(_ALL)
        assert (await store.audit.read(0, _ALL))[:-1] == chained
        assert _first_flaw(await store.audit.read(0, _ALL)) is None
