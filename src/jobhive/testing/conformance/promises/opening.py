"""Opening and closing: as often as one likes, by many at once, and without losing what was acknowledged."""

import asyncio

import pytest

from jobhive.core.errors import StoreUnavailable
from jobhive.core.outcome import Move
from jobhive.core.record import JobFilter
from jobhive.core.states import State
from jobhive.store.port import Store
from jobhive.testing import asking, complete, insert_one, new_job, record_of, release, snapshot, start_one
from jobhive.testing.stores import StoreMaker


class Opening:
    async def test_what_was_acknowledged_is_there_after_a_reopening(self, store: Store, make_store: StoreMaker) -> None:
        ids = [await insert_one(store, params=f'{{"n":{number}}}') for number in range(20)]  # P2
        [claim, *_] = await store.jobs.claim(asking(limit=3))
        await store.jobs.finish([complete(claim, '"kept"')])
        before = [await snapshot(store, job_id) for job_id in ids]
        await store.close()
        again = make_store()
        await again.open()
        assert [await snapshot(again, job_id) for job_id in ids] == before
        await again.close()

    async def test_a_closed_store_may_be_opened_again(self, store: Store) -> None:
        job_id = await insert_one(store)
        await store.close()
        await store.open()
        assert [claim.job_id for claim in await store.jobs.claim(asking())] == [job_id]

    async def test_opening_and_closing_may_be_repeated(self, make_store: StoreMaker) -> None:
        store = make_store()
        await store.close()
        await store.open()
        await store.open()
        await insert_one(store)
        await store.close()
        await store.close()

    async def test_many_may_open_and_close_at_once(self, make_store: StoreMaker) -> None:
        store = make_store()
        await asyncio.gather(*(store.open() for _ in range(5)))
        await asyncio.gather(*(insert_one(store) for _ in range(5)))
        assert (await store.jobs.counts())[State.PENDING] == 5
        await asyncio.gather(*(store.close() for _ in range(5)))

    async def test_many_stores_may_open_a_fresh_database_at_once(self, make_store: StoreMaker) -> None:  # P24
        stores = [make_store() for _ in range(4)]
        await asyncio.gather(*(store.open() for store in stores))
        await asyncio.gather(*(insert_one(store) for store in stores))
        assert (await stores[0].jobs.counts())[State.PENDING] == 4
        await asyncio.gather(*(store.close() for store in stores))

    async def test_another_store_sees_what_was_acknowledged(self, store: Store, other: Store) -> None:  # P2
        job_id = await insert_one(store)
        assert (await record_of(other, job_id)) == await record_of(store, job_id)
        assert [job.job_id for job in (await other.jobs.list(JobFilter(), 10, None)).jobs] == [job_id]

    async def test_a_store_that_is_not_open_says_so(self, make_store: StoreMaker) -> None:
        store = make_store()
        for _ in ("before it was opened", "after it was closed"):
            with pytest.raises(StoreUnavailable):
                await store.jobs.insert([new_job()])
            with pytest.raises(StoreUnavailable):
                await store.jobs.counts()
            await store.open()
            await store.close()

    async def test_closing_answers_what_is_under_way(self, store: Store, other: Store) -> None:  # P2
        jobs = [new_job() for _ in range(40)]
        inserts = [asyncio.ensure_future(store.jobs.insert([job])) for job in jobs]
        await asyncio.sleep(0)  # they have all been asked
        await store.close()
        acknowledged = [answer.job_id for insert in inserts for answer in await insert]
        assert [job.job_id for job in await other.jobs.get(acknowledged)] == [job.job_id for job in jobs]

    async def test_a_caller_that_stops_waiting_harms_nobody(self, store: Store) -> None:
        impatient = [asyncio.ensure_future(insert_one(store)) for _ in range(20)]
        patient = [asyncio.ensure_future(insert_one(store)) for _ in range(20)]
        await asyncio.sleep(0)
        for caller in impatient:
            caller.cancel()
        kept = await asyncio.gather(*patient)
        assert [job.job_id for job in await store.jobs.get(kept)] == kept
        await asyncio.gather(*impatient, return_exceptions=True)
        claim = await start_one(store)
        assert await store.jobs.finish([complete(claim)]) == [claim.job_id]

    async def test_large_batches_go_through_every_act(self, store: Store) -> None:
        count = 3000
        ids = [inserted.job_id for inserted in await store.jobs.insert([new_job() for _ in range(count)])]
        assert [job.job_id for job in await store.jobs.get(ids)] == ids
        assert len(await store.jobs.peek(["default"], ["noop"], count)) == count
        claims = await store.jobs.claim(asking())
        assert [claim.job_id for claim in claims] == ids
        receipts = [claim.receipt for claim in claims]
        assert len(await store.jobs.renew(receipts)) == count
        assert await store.jobs.cancel_requests(receipts) == []
        half = count // 2
        moves: list[Move] = [*map(complete, claims[:half]), *map(release, claims[half:])]
        assert len(await store.jobs.finish(moves)) == count
        counts = await store.jobs.counts()
        assert (counts[State.COMPLETE], counts[State.PENDING]) == (half, half)

    async def test_checking_a_healthy_store_says_so(self, store: Store) -> None:
        await insert_one(store)
        checked = await store.check()
        assert checked
        assert all(isinstance(said, str) for said in checked.values())
