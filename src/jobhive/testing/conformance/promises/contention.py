"""Many claimers at once: every job goes to one of them, and no limit is passed."""

import asyncio
from collections import Counter

from jobhive.core.errors import QueueFull
from jobhive.core.receipt import Claim
from jobhive.core.states import State
from jobhive.store.port import Store
from jobhive.testing import asking, complete, expire_leases, insert_one, new_job, record_of, release


async def _drain(store: Store, worker: str, limit: int) -> list[Claim]:
    """Claims in batches until nothing is left."""
    mine: list[Claim] = []
    while claims := await store.jobs.claim(asking(worker, limit=limit)):
        mine += claims
    return mine


class Contention:
    async def test_eight_claimers_never_share_a_job(self, store: Store, other: Store) -> None:  # B2
        jobs = [new_job(priority=number % 3) for number in range(400)]
        await store.jobs.insert(jobs)
        drains = [_drain((store, other)[number % 2], f"w{number}", 1 + number) for number in range(8)]
        taken = await asyncio.gather(*drains)
        times_claimed = Counter(claim.job_id for claims in taken for claim in claims)
        assert times_claimed == Counter({job.job_id: 1 for job in jobs})
        for number, claims in enumerate(taken):
            for job in await store.jobs.get([claim.job_id for claim in claims]):
                assert (job.worker, job.state) == (f"w{number}", State.RUNNING)

    async def test_eight_choosers_of_one_job_get_it_once(self, store: Store, other: Store) -> None:  # B2
        job_id = await insert_one(store)
        tries = [(store, other)[number % 2].jobs.claim_one(job_id, asking(f"w{number}")) for number in range(8)]
        claims = [claim for claim in await asyncio.gather(*tries) if claim is not None]
        assert [claim.token for claim in claims] == [(await record_of(store, job_id)).token]

    async def test_one_of_eight_finishes_of_one_claim_counts(self, store: Store, other: Store) -> None:  # B2
        await insert_one(store)
        [claim] = await store.jobs.claim(asking())
        moves = [complete(claim, f'"{number}"') for number in range(8)]
        await asyncio.gather(*((store, other)[n % 2].jobs.finish([move]) for n, move in enumerate(moves)))
        first = await record_of(store, claim.job_id)
        assert first.state is State.COMPLETE
        assert first.result in {move.result for move in moves}

    async def test_claimers_together_keep_a_running_limit(self, store: Store, other: Store) -> None:  # P14
        await store.jobs.limit("default", running=5, depth=None)
        await store.jobs.insert([new_job() for _ in range(60)])
        left = 60
        while left:
            asks = [(store, other)[number % 2].jobs.claim(asking(f"w{number}", limit=3)) for number in range(8)]
            claims = [claim for batch in await asyncio.gather(*asks) for claim in batch]
            assert len(claims) == 5
            assert (await store.jobs.counts())[State.RUNNING] == 5
            await store.jobs.finish([complete(claim) for claim in claims])
            left -= len(claims)

    async def test_inserters_together_keep_a_depth_limit(self, store: Store, other: Store) -> None:  # I10, H12
        await store.jobs.limit("default", running=None, depth=10)
        inserts = [(store, other)[number % 2].jobs.insert([new_job(), new_job()]) for number in range(12)]
        answers = await asyncio.gather(*inserts, return_exceptions=True)
        assert [type(answer) for answer in answers if isinstance(answer, BaseException)] == [QueueFull] * 7
        assert (await store.jobs.counts())[State.PENDING] == 10

    async def test_a_cancel_beside_a_claim_is_a_cancel_or_a_request(self, store: Store, other: Store) -> None:  # I5
        jobs = [new_job() for _ in range(40)]
        await store.jobs.insert(jobs)
        cancels = [other.jobs.cancel(job.job_id, "enough") for job in jobs]
        claims, _ = await asyncio.gather(store.jobs.claim(asking(limit=20)), asyncio.gather(*cancels))
        asked = await store.jobs.cancel_requests([claim.receipt for claim in claims])
        assert sorted(asked) == sorted(claim.job_id for claim in claims)
        counts = await store.jobs.counts()
        assert (counts[State.RUNNING], counts[State.CANCELLED]) == (len(claims), 40 - len(claims))

    async def test_a_job_is_renewed_or_rescued_and_never_both(self, store: Store, other: Store) -> None:  # B2, P4
        await store.jobs.insert([new_job() for _ in range(40)])
        claims = await store.jobs.claim(asking())
        expire_leases(store, other)
        renewals = [store.jobs.renew([claim.receipt]) for claim in claims]
        rescued, renewed = await asyncio.gather(other.jobs.rescue(25), asyncio.gather(*renewals))
        kept = {job_id for answer in renewed for job_id in answer}
        lost = {each.job_id for each in rescued}
        assert kept.isdisjoint(lost)
        assert kept | lost == {claim.job_id for claim in claims}
        for job in await store.jobs.get(sorted(kept)):
            assert (job.state, job.losses) == (State.RUNNING, 0)

    async def test_claims_and_releases_at_once_lose_no_job(self, store: Store, other: Store) -> None:  # P2
        await store.jobs.insert([new_job() for _ in range(40)])

        async def churn(mine: Store, worker: str) -> None:
            for _ in range(6):
                claims = await mine.jobs.claim(asking(worker, limit=7))
                accepted = await mine.jobs.finish([release(claim) for claim in claims])
                assert sorted(accepted) == sorted(claim.job_id for claim in claims)

        await asyncio.gather(*(churn((store, other)[number % 2], f"w{number}") for number in range(6)))
        assert (await store.jobs.counts())[State.PENDING] == 40
