"""Inserting: all or none, in order, and never twice."""

import asyncio

import pytest

from jobhive.core.errors import KeyReused, UnknownJob
from jobhive.core.record import Inserted, NewJob
from jobhive.core.states import State
from jobhive.store.port import Store
from jobhive.testing import (
    asking,
    complete,
    insert_one,
    new_job,
    record_of,
    since,
    snapshot,
    start_one,
)

ODD_TEXTS = [
    '"\\u0000"',
    '"\'; DROP TABLE job; --"',
    '"🐝 \u202e é e\u0301"',
    "[" * 60 + "]" * 60,
    '"' + "x" * 1_000_000 + '"',
]


class Enqueue:
    async def test_a_job_comes_back_as_it_was_given(self, store: Store) -> None:  # H11, S16
        given = NewJob(
            new_job().job_id, "render", "previews", '{"a":[1,null]}', 7, "ada", "k-1", 5, on_crash="fail", delay_ms=0
        )
        before = store.clock.now_ms()
        assert await store.jobs.insert([given]) == [Inserted(given.job_id, is_new=True)]
        kept = await record_of(store, given.job_id)
        assert kept[:8] == (given.job_id, "render", "previews", State.PENDING, '{"a":[1,null]}', 7, "ada", "k-1")
        assert (kept.max_retries, kept.on_crash) == (5, "fail")
        assert kept.created_at_ms in since(before, store)

    async def test_a_new_job_has_no_history(self, store: Store) -> None:
        job = await record_of(store, await insert_one(store))
        assert (job.token, job.attempt, job.failures, job.crashes, job.losses, job.last_seq) == (0, 0, 0, 0, 0, 0)
        assert job[15:22] == (None,) * 7
        assert (job.facts, job.progress, job.result, job.ending, job.error, job.reason) == (None,) * 6
        assert await store.jobs.attempts(job.job_id) == []

    @pytest.mark.parametrize("text", ODD_TEXTS, ids=["nul", "sql", "unicode", "deep", "long"])
    async def test_texts_are_kept_to_the_letter(self, store: Store, text: str) -> None:
        claim = await start_one(store, params=text, owner="ö'\"", key="k'\"🐝")
        assert claim.params == text
        assert claim.owner == "ö'\""
        await store.jobs.finish([complete(claim, text, '{"said":' + text + "}")])
        job = await record_of(store, claim.job_id)
        assert (job.params, job.result, job.ending) == (text, text, '{"said":' + text + "}")
        assert job.key == "k'\"🐝"

    async def test_no_jobs_are_no_work(self, store: Store) -> None:
        assert await store.jobs.insert([]) == []

    async def test_answers_and_jobs_have_the_order_given(self, store: Store) -> None:  # H11
        jobs = [new_job() for _ in range(250)]
        ids = [job.job_id for job in jobs]
        assert [each.job_id for each in await store.jobs.insert(jobs)] == ids
        assert [claim.job_id for claim in await store.jobs.claim(asking())] == ids

    async def test_batches_follow_each_other(self, store: Store, other: Store) -> None:  # H11
        batches = [[new_job() for _ in range(3)] for _ in range(4)]
        for number, batch in enumerate(batches):
            await (store, other)[number % 2].jobs.insert(batch)
        expected = [job.job_id for batch in batches for job in batch]
        assert [claim.job_id for claim in await store.jobs.claim(asking())] == expected

    async def test_one_refused_job_refuses_its_batch(self, store: Store) -> None:
        await insert_one(store, key="taken", params='{"n":1}')
        batch = [new_job(), new_job(key="taken", params='{"n":2}'), new_job()]
        with pytest.raises(KeyReused):
            await store.jobs.insert(batch)
        assert await store.jobs.get([job.job_id for job in batch]) == []
        assert (await store.jobs.counts())[State.PENDING] == 1

    async def test_refused_batches_do_not_hold_back_their_neighbours(self, store: Store) -> None:
        await insert_one(store, key="taken")
        refused, kept = [new_job("other", key="taken") for _ in range(20)], [new_job() for _ in range(20)]
        inserts = [store.jobs.insert([job]) for pair in zip(refused, kept, strict=True) for job in pair]
        answers = await asyncio.gather(*inserts, return_exceptions=True)
        assert all(isinstance(answer, KeyReused) for answer in answers[::2])
        assert [answer for answer in answers[1::2] if isinstance(answer, BaseException)] == []
        assert await store.jobs.get([job.job_id for job in refused]) == []
        assert len(await store.jobs.get([job.job_id for job in kept])) == 20

    async def test_a_repeated_id_is_a_repeated_call(self, store: Store) -> None:  # P11: the reply was lost
        job = new_job(params='{"n":1}')
        await store.jobs.insert([job])
        before = await snapshot(store, job.job_id)
        [again] = await store.jobs.insert([job])
        assert again.job_id == job.job_id
        assert await snapshot(store, job.job_id) == before
        assert (await store.jobs.counts())[State.PENDING] == 1

    async def test_a_repeated_id_never_restarts_a_job(self, store: Store) -> None:  # P11
        job = new_job()
        await store.jobs.insert([job])
        [claim] = await store.jobs.claim(asking())
        running = await snapshot(store, job.job_id)
        await store.jobs.insert([job])
        assert await snapshot(store, job.job_id) == running
        await store.jobs.finish([complete(claim)])
        final = await snapshot(store, job.job_id)
        await store.jobs.insert([job])
        assert await snapshot(store, job.job_id) == final

    async def test_a_repeated_id_among_new_ones_does_not_refuse_them(self, store: Store) -> None:  # P11
        old, new = new_job(), new_job()
        await store.jobs.insert([old])
        assert [each.job_id for each in await store.jobs.insert([old, new])] == [old.job_id, new.job_id]
        assert (await store.jobs.counts())[State.PENDING] == 2

    async def test_an_id_twice_in_one_batch_is_one_job(self, store: Store) -> None:
        job = new_job()
        assert [each.job_id for each in await store.jobs.insert([job, job])] == [job.job_id] * 2
        assert (await store.jobs.counts())[State.PENDING] == 1

    async def test_jobs_come_in_the_order_asked_and_unknown_ones_are_left_out(self, store: Store) -> None:
        first, second = await insert_one(store), await insert_one(store)
        asked = [second, new_job().job_id, first, "", "job-'; --"]
        assert [job.job_id for job in await store.jobs.get(asked)] == [second, first]
        assert await store.jobs.get([]) == []

    async def test_an_unknown_job_has_no_attempts_and_no_stream(self, store: Store) -> None:
        unknown = new_job().job_id
        assert await store.jobs.attempts(unknown) == []
        with pytest.raises(UnknownJob):
            await store.events.read(unknown, 0, 1)
