"""Idempotency keys: one key of one owner is one job, for as long as the job is kept."""

import asyncio

import pytest

from jobhive.core.errors import KeyReused
from jobhive.core.record import Inserted
from jobhive.core.states import State
from jobhive.store.port import Store
from jobhive.testing import claim_one, complete, insert_one, new_job, record_of, snapshot


class Idempotency:
    async def test_a_known_key_gives_the_earlier_job(self, store: Store) -> None:  # B4
        first = await insert_one(store, key="k", params='{"n":1}')
        before = await snapshot(store, first)
        again = new_job(key="k", params='{"n":1}')
        assert await store.jobs.insert([again]) == [Inserted(first, is_new=False)]
        assert await store.jobs.get([again.job_id]) == []
        assert await snapshot(store, first) == before

    async def test_how_it_is_to_run_does_not_make_a_key_new(self, store: Store) -> None:  # B4
        first = await insert_one(store, key="k")
        again = new_job(key="k", queue="elsewhere", priority=9, delay_ms=5, max_retries=0)
        assert await store.jobs.insert([again]) == [Inserted(first, is_new=False)]
        assert (await record_of(store, first)).priority == 0

    async def test_owners_do_not_share_keys(self, store: Store) -> None:  # S16
        first, *others = [new_job(key="k", owner=owner, params=f'{{"of":"{owner}"}}') for owner in ("", "ada", "bob")]
        assert await store.jobs.insert([first]) == [Inserted(first.job_id, is_new=True)]
        assert await store.jobs.insert(others) == [Inserted(job.job_id, is_new=True) for job in others]
        again = new_job(key="k", owner="ada", params=others[0].params)
        assert await store.jobs.insert([again]) == [Inserted(others[0].job_id, is_new=False)]

    async def test_jobs_without_a_key_are_all_different(self, store: Store) -> None:
        assert len({await insert_one(store) for _ in range(3)}) == 3

    @pytest.mark.parametrize("kind_and_params", [("noop", '{"n":2}'), ("other", '{"n":1}')], ids=["params", "kind"])
    async def test_a_key_for_other_work_is_refused(self, store: Store, kind_and_params: tuple[str, str]) -> None:  # P11
        first = await insert_one(store, key="k", params='{"n":1}')
        kind, params = kind_and_params
        other_work = new_job(kind, key="k", params=params)
        with pytest.raises(KeyReused) as refusal:
            await store.jobs.insert([other_work])
        assert (refusal.value.key, refusal.value.job_id) == ("k", first)
        assert await store.jobs.get([other_work.job_id]) == []

    async def test_a_key_is_known_while_its_job_runs_and_after_it(self, store: Store) -> None:  # P11
        first = await insert_one(store, key="k")
        claim = await claim_one(store)
        assert await store.jobs.insert([new_job(key="k")]) == [Inserted(first, is_new=False)]
        await store.jobs.finish([complete(claim)])
        assert await store.jobs.insert([new_job(key="k")]) == [Inserted(first, is_new=False)]
        assert (await record_of(store, first)).state is State.COMPLETE

    async def test_a_purged_job_gives_its_key_back(self, store: Store) -> None:
        first = await insert_one(store, key="k")
        await store.jobs.cancel(first, "not needed")
        await store.jobs.purge(first)
        again = new_job("other", key="k")
        assert await store.jobs.insert([again]) == [Inserted(again.job_id, is_new=True)]

    async def test_a_key_twice_in_one_batch_is_one_job(self, store: Store) -> None:
        first, second = new_job(key="k"), new_job(key="k")
        assert await store.jobs.insert([first, second]) == [
            Inserted(first.job_id, is_new=True),
            Inserted(first.job_id, is_new=False),
        ]
        assert (await store.jobs.counts())[State.PENDING] == 1

    async def test_a_key_for_two_works_in_one_batch_refuses_it(self, store: Store) -> None:
        batch = [new_job(key="k", params='{"n":1}'), new_job(key="k", params='{"n":2}')]
        with pytest.raises(KeyReused):
            await store.jobs.insert(batch)
        assert (await store.jobs.counts())[State.PENDING] == 0

    async def test_fifty_clients_with_one_key_make_one_job(self, store: Store, other: Store) -> None:  # P11
        jobs = [new_job(key="k") for _ in range(50)]
        inserts = [(store, other)[number % 2].jobs.insert([job]) for number, job in enumerate(jobs)]
        answers = [answer for [answer] in await asyncio.gather(*inserts)]
        assert len({answer.job_id for answer in answers}) == 1
        assert sorted(answer.is_new for answer in answers) == [False] * 49 + [True]
        assert (await store.jobs.counts())[State.PENDING] == 1
