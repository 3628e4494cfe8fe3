"""Crashes: jobs in flight at one are run alone, only a crash while alone counts, the third is the last."""

import asyncio

import pytest

from jobhive.core.event import ATTEMPT
from jobhive.core.rescue import Death
from jobhive.core.states import State
from jobhive.store.port import Store
from jobhive.store.signals import queue_topic
from jobhive.testing import (
    KILLED,
    SECOND,
    advance,
    asking,
    cancel,
    claim_any,
    claim_one,
    claim_suspects,
    complete,
    expire_leases,
    insert_one,
    new_job,
    record_of,
    release,
    retry,
    start_one,
    stored_events,
)
from jobhive.testing.conformance.moves import MakeMove

CRASH_LIMIT = 3
OVERDUE = Death("was ended", is_crash=False)


class Suspecting:
    async def test_a_job_alone_in_a_crash_is_counted_and_the_third_fails_it(self, store: Store) -> None:  # P10
        job_id = await insert_one(store)
        verdicts: list[tuple[str, bool]] = []
        for _ in range(CRASH_LIMIT):
            await claim_any(store, worker="w")
            verdicts += [(each.verdict, each.is_suspect) for each in await store.jobs.rescue_from("w", KILLED)]
        assert verdicts == [("pending", True), ("pending", True), ("failed", False)]
        job = await record_of(store, job_id)
        assert (job.state, job.crashes, job.losses, job.failures) == (State.FAILED, CRASH_LIMIT, 0, 0)
        assert job.error is not None
        assert job.error.code == "CRASHED"
        assert "SIGKILL" in job.error.message
        assert [each.outcome for each in await store.jobs.attempts(job_id)] == ["crashed"] * CRASH_LIMIT

    async def test_a_crash_is_told_with_its_signal(self, store: Store) -> None:  # P10
        for count in (1, 2):
            claims = [await start_one(store, worker="w") for _ in range(count)]
            await store.jobs.rescue_from("w", KILLED)
            [attempt] = await store.jobs.attempts(claims[0].job_id)
            assert attempt.error is not None
            assert "SIGKILL" in attempt.error.message
            [told] = await stored_events(store, claims[0].job_id)
            assert (told.type, told.data["n"]) == (ATTEMPT, 2)
            assert "SIGKILL" in str(told.data["reason"])

    async def test_jobs_beside_each_other_in_a_crash_are_not_blamed(self, store: Store) -> None:  # P10
        claims = [await start_one(store, worker="w") for _ in range(2)]
        rescued = await store.jobs.rescue_from("w", KILLED)
        assert [(each.verdict, each.is_suspect) for each in rescued] == [("pending", True)] * 2
        for job in await store.jobs.get([claim.job_id for claim in claims]):
            assert (job.crashes, job.losses) == (0, 1)
            assert [each.outcome for each in await store.jobs.attempts(job.job_id)] == ["lost"]

    async def test_a_job_on_another_worker_is_no_company(self, store: Store) -> None:  # P10
        alone, _ = await start_one(store, worker="w"), await start_one(store, worker="v")
        await store.jobs.rescue_from("w", KILLED)
        assert (await record_of(store, alone.job_id)).crashes == 1

    async def test_what_had_not_begun_is_neither_company_nor_suspect(self, store: Store) -> None:  # P10
        begun, waiting = [await start_one(store, worker="w", on_crash=way) for way in ("retry", "fail")]
        rescued = await store.jobs.rescue_from("w", KILLED._replace(begun=[begun.receipt]))
        assert {each.job_id: each.is_suspect for each in rescued} == {begun.job_id: True, waiting.job_id: False}
        first, second = await store.jobs.get([begun.job_id, waiting.job_id])
        assert (first.crashes, first.losses) == (1, 0)
        assert (second.state, second.crashes, second.losses) == (State.PENDING, 0, 0)
        assert [each.outcome for each in await store.jobs.attempts(waiting.job_id)] == ["released"]

    async def test_what_was_ended_because_of_another_job_is_innocent(self, store: Store) -> None:  # S10
        claims = [await start_one(store, worker="w") for _ in range(2)]
        rescued = await store.jobs.rescue_from("w", OVERDUE)
        assert [(each.verdict, each.is_suspect) for each in rescued] == [("pending", False)] * 2
        for job in await store.jobs.get([claim.job_id for claim in claims]):
            assert (job.crashes, job.losses, job.failures) == (0, 0, 0)
        assert len(await store.jobs.claim(asking())) == 2

    async def test_whether_there_are_any_is_told(self, store: Store, other: Store) -> None:  # P5
        await start_one(store, worker="w")
        assert not await other.jobs.has_suspects()
        await store.jobs.rescue_from("w", KILLED)
        assert await other.jobs.has_suspects()
        await claim_suspects(store, limit=1)
        assert not await other.jobs.has_suspects()

    async def test_suspects_are_for_who_asks_for_them(self, store: Store, other: Store) -> None:  # P10
        suspect = await start_one(store, worker="w")
        await store.jobs.rescue_from("w", KILLED)
        healthy = await insert_one(store)
        assert [job.job_id for job in await store.jobs.peek(["default"], ["noop"], 10)] == [healthy]
        assert await other.jobs.claim_one(suspect.job_id, asking()) is None
        assert [claim.job_id for claim in await other.jobs.claim(asking())] == [healthy]
        assert [claim.job_id for claim in await other.jobs.claim(asking(limit=1))] == []
        assert [claim.job_id for claim in await claim_suspects(other)] == [suspect.job_id]
        assert await claim_suspects(store) == []

    async def test_suspects_come_in_the_order_of_all_jobs(self, store: Store) -> None:
        jobs = [new_job(priority=priority) for priority in (0, 2, 1)]
        await store.jobs.insert(jobs)
        await store.jobs.claim(asking("w"))
        await store.jobs.rescue_from("w", KILLED)
        taken = [claim.job_id for _ in jobs for claim in await claim_suspects(store, limit=1)]
        assert taken == [jobs[1].job_id, jobs[2].job_id, jobs[0].job_id]

    async def test_suspects_of_other_queues_and_kinds_and_of_paused_queues_stay(self, store: Store) -> None:
        await start_one(store, worker="w", queue="other")
        await store.jobs.claim_one(await insert_one(store, "strange"), asking("w", kinds=["strange"]))
        await store.jobs.rescue_from("w", KILLED)
        assert await claim_suspects(store) == []
        await start_one(store, worker="w")
        await store.jobs.rescue_from("w", KILLED)
        await store.jobs.pause("default", is_paused=True)
        assert await claim_suspects(store) == []

    @pytest.mark.parametrize("move", [release, retry])
    async def test_an_ordinary_end_clears_a_suspect(self, store: Store, move: MakeMove) -> None:  # P10
        await start_one(store, worker="w")
        await store.jobs.rescue_from("w", KILLED)
        [claim] = await claim_suspects(store, worker="w")
        await store.jobs.finish([move(claim)])
        assert (await claim_one(store)).job_id == claim.job_id

    async def test_a_suspect_completes_and_is_cancelled_as_any_job(self, store: Store) -> None:
        first, second, third = [await start_one(store, worker="w") for _ in range(3)]
        await store.jobs.rescue_from("w", KILLED)
        claims = await claim_suspects(store, limit=2)
        assert await store.jobs.finish([complete(claims[0]), cancel(claims[1])]) == [first.job_id, second.job_id]
        assert (await store.jobs.cancel(third.job_id, "enough")).state is State.CANCELLED
        assert await claim_suspects(store) == []

    async def test_a_suspect_that_is_lost_is_none_any_more(self, store: Store) -> None:
        await start_one(store, worker="w")
        await store.jobs.rescue_from("w", KILLED)
        [claim] = await claim_suspects(store, worker="v")
        await store.jobs.rescue_from("v")
        assert (await claim_one(store)).job_id == claim.job_id

    async def test_losses_do_not_add_up_with_crashes(self, store: Store) -> None:  # P10
        job_id = await insert_one(store)
        for death in (KILLED, None, KILLED, None, None):
            await claim_any(store, worker="w")
            assert [each.verdict for each in await store.jobs.rescue_from("w", death)] == ["pending"]
        job = await record_of(store, job_id)
        assert (job.crashes, job.losses) == (2, 3)

    async def test_a_suspect_that_nobody_asks_for_is_absolved(self, store: Store, other: Store) -> None:
        claim = await start_one(store, worker="w")
        await store.jobs.rescue_from("w", KILLED)
        assert await store.jobs.absolve() == 0
        expire_leases(store, other)
        with store.signals.listen(queue_topic("default")) as wake:
            assert sorted(await asyncio.gather(store.jobs.absolve(), other.jobs.absolve())) == [0, 1]
            assert await wake.wait(20)
        assert (await claim_one(other)).job_id == claim.job_id

    async def test_suspects_wait_while_others_of_their_queue_are_run_alone(self, store: Store) -> None:
        for _ in range(3):
            await start_one(store, worker="w")
        await store.jobs.rescue_from("w", KILLED)
        for _ in range(2):
            advance(store.lease - SECOND, store)
            [claim] = await claim_suspects(store, limit=1)
            await store.jobs.finish([complete(claim)])
            assert await store.jobs.absolve() == 0
        expire_leases(store)
        assert await store.jobs.absolve() == 1
