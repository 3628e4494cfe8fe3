"""Which jobs a worker takes, and how many at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from jobhive import CompleteJob, Jobhive, PendingJob, State
from jobhive.client.registry import Kinds
from jobhive.core.errors import StoreUnavailable
from jobhive.core.receipt import Claim
from jobhive.core.record import JobRecord
from jobhive.store.port import ClaimRequest, WorkerJobs
from jobhive.testing import insert_one, wait_for_state
from jobhive.worker.taking import chosen, claim_request, next_in_line
from jobhive.worker.worker import Worker


async def counts(app: Jobhive) -> tuple[int, int]:
    """Running and pending jobs."""
    by_state = await app.store.jobs.counts()
    return by_state["running"], by_state["pending"]


async def test_a_worker_claims_exactly_its_free_slots(app: Jobhive) -> None:
    begun, gate = asyncio.Queue[int](), asyncio.Event()

    @app.job()
    async def work(i: int) -> int:
        begun.put_nowait(i)
        await gate.wait()
        return i

    handles = await work.enqueue_many([{"i": i} for i in range(10)])
    async with app.worker(concurrency=3) as worker:
        assert [await begun.get() for _ in range(3)] == [0, 1, 2]
        assert await counts(app) == (3, 7)
        assert worker.describe().running == 3
        gate.set()
        assert [await handle.result(timeout=20) for handle in handles] == list(range(10))


async def test_a_slot_that_is_free_again_takes_the_next_job(app: Jobhive) -> None:
    begun, gates = asyncio.Queue[int](), [asyncio.Event() for _ in range(4)]

    @app.job()
    async def work(i: int) -> None:
        begun.put_nowait(i)
        await gates[i].wait()

    await work.enqueue_many([{"i": i} for i in range(4)])
    async with app.worker(concurrency=2):
        assert [await begun.get(), await begun.get()] == [0, 1]
        gates[1].set()
        assert await begun.get() == 2
        gates[2].set()
        assert await begun.get() == 3
        assert await counts(app) == (2, 0)
        for gate in gates:
            gate.set()


async def test_several_workers_share_the_work_and_double_none(app: Jobhive, tmp_path: Path) -> None:
    ran, places, are_all_at_it = list[int](), set[str](), asyncio.Event()

    def register(app: Jobhive, place: str) -> None:
        @app.job(name="work")
        async def work(i: int) -> int:
            ran.append(i)
            places.add(place)
            if len(places) == 2:
                are_all_at_it.set()
            await are_all_at_it.wait()
            return i

    async with Jobhive(str(tmp_path / "jobhive.db")) as other:
        register(app, "here")
        register(other, "there")
        async with app.worker(concurrency=7), app.worker(concurrency=3), other.worker(concurrency=5):
            handles = [await app.enqueue("work", {"i": i}) for i in range(300)]
            assert [await handle.result(timeout=20) for handle in handles] == list(range(300))
    assert sorted(ran) == list(range(300))
    assert {(await handle.job()).attempt for handle in handles} == {1}


async def test_a_paused_queue_gives_nothing_until_it_is_resumed(app: Jobhive) -> None:  # B4
    @app.job()
    async def work() -> str:
        return "done"

    @app.job(queue="other")
    async def other() -> str:
        return "done"

    await app.store.jobs.pause("default", is_paused=True)
    handle = await work.enqueue()
    async with app.worker():
        await (await other.enqueue()).result(timeout=20)
        assert isinstance(await handle.job(), PendingJob)
        await app.store.jobs.pause("default", is_paused=False)
        assert await handle.result(timeout=20) == "done"


async def test_running_until_idle_ends_though_a_queue_is_paused_or_holds_work_of_others(app: Jobhive) -> None:  # S14
    @app.job()
    async def work() -> None: ...

    @app.job(queue="paused")
    async def paused() -> None: ...

    await app.store.jobs.pause("paused", is_paused=True)
    foreign = await insert_one(app.store, "foreign")
    handles = [await work.enqueue(), await paused.enqueue()]
    await app.run_until_idle()
    assert isinstance(await handles[0].job(), CompleteJob)
    assert isinstance(await handles[1].job(), PendingJob)
    assert (await app.store.jobs.get([foreign]))[0].state is State.PENDING


async def test_kinds_that_are_not_known_here_stay_for_somebody_who_knows_them(app: Jobhive) -> None:
    @app.job()
    async def work() -> str:
        return "done"

    foreign = await insert_one(app.store, "foreign", priority=9)
    async with app.worker():
        await (await work.enqueue()).result(timeout=20)
    record = await wait_for_state(app.store, foreign, State.PENDING)
    assert record.attempt == 0


async def test_a_worker_serves_the_queues_it_was_told_in_that_order(app: Jobhive) -> None:
    ran: list[str] = []

    @app.job()
    async def work(name: str) -> None:
        ran.append(name)

    for queue in ("b", "c", "a"):
        await work.options(queue=queue).enqueue(queue)
    async with app.worker(queues=["a", "b"], concurrency=1):
        await (await work.options(queue="b", priority=-1).enqueue("last")).result(timeout=20)
    assert ran == ["a", "b", "last"]


async def test_a_queue_of_one_runs_one_at_a_time(app: Jobhive, tmp_path: Path) -> None:  # D3
    running, most = 0, 0

    async def work(i: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return i

    await app.store.jobs.limit("default", running=1, depth=None)
    async with Jobhive(str(tmp_path / "jobhive.db")) as other:
        kind = app.job()(work)
        other.job()(work)
        handles = await kind.enqueue_many([{"i": i} for i in range(20)])
        async with app.worker(), other.worker():
            assert [await handle.result(timeout=20) for handle in handles] == list(range(20))
    assert most == 1


async def test_a_job_from_another_process_starts_at_once(app: Jobhive) -> None:
    @app.job()
    async def work() -> str:
        return "done"

    worker = Worker(app.store, app.kinds, poll_interval=3600)
    await worker.start()
    async with Jobhive(app.store.url) as other:
        await app.run_until_idle()  # the first worker has nothing to do and sleeps
        job_id = await insert_one(other.store, "work")
        await wait_for_state(other.store, job_id, State.COMPLETE)
    await worker.stop()


async def test_a_worker_without_a_slot_is_refused(app: Jobhive) -> None:
    with pytest.raises(ValueError, match="concurrency is 1 or more, not 0"):
        Worker(app.store, app.kinds, concurrency=0)


async def test_what_a_kind_tells_of_itself_is_asked_at_each_claim_and_worded_when_it_has_changed(app: Jobhive) -> None:
    told, heard = dict[str, str](), list[ClaimRequest]()

    class Listening:
        """Notes what it is asked, and has no jobs."""

        async def claim(self, ask: ClaimRequest) -> Sequence[Claim]:
            heard.append(ask)
            return []

    @app.job()
    async def plain() -> None: ...

    @app.job()
    async def telling() -> None: ...

    kinds = Kinds()
    kinds.add(app.kinds["plain"])
    kinds.add(replace(app.kinds["telling"], facts=lambda: told))
    take = next_in_line(cast(WorkerJobs, Listening()), claim_request("w", ["default"], kinds), kinds)
    await take(1, ["default"])
    told["model"] = "small"
    await take(2, ["default"])
    await take(3, ["default"])
    told["model"] = "large"
    await take(4, ["default"])
    assert [asked.limit for asked in heard] == [1, 2, 3, 4]
    small, large = '{"model":"small"}', '{"model":"large"}'
    assert [dict(asked.facts) for asked in heard] == [{}, *[{"telling": small}] * 2, {"telling": large}]
    assert heard[1].facts is heard[2].facts


class Choosing:
    """Two jobs to choose from, until the store is away."""

    def __init__(self, jobs: WorkerJobs, most: int) -> None:
        self._jobs = jobs
        self._most = most  # claims that it answers

    async def peek(self, queues: Sequence[str], kinds: Sequence[str], limit: int) -> Sequence[JobRecord]:
        return await self._jobs.peek(queues, kinds, limit)

    async def claim_one(self, job_id: str, ask: ClaimRequest) -> Claim | None:
        if self._most == 0:
            raise StoreUnavailable("no answer")
        self._most -= 1
        return await self._jobs.claim_one(job_id, ask)


async def test_what_was_chosen_before_the_store_went_away_is_run(app: Jobhive) -> None:
    @app.job()
    async def work() -> None: ...

    first, _ = [await work.enqueue() for _ in range(2)]
    for most, taken in ((0, None), (1, [first.id])):
        jobs = cast(WorkerJobs, Choosing(app.store.jobs, most))
        take = chosen(jobs, claim_request("w", ["default"], app.kinds), app.kinds, lambda _: True)
        if taken is None:
            with pytest.raises(StoreUnavailable):
                await take(2, ["default"])
        else:
            assert [claim.job_id for claim in await take(2, ["default"])] == taken


async def test_an_unwanted_job_holds_up_no_other_where_one_may_run(app: Jobhive) -> None:
    @app.job()
    async def work(n: int) -> None: ...

    _, wanted = [await work.enqueue(n) for n in range(2)]
    await app.store.jobs.limit("default", running=1)
    ask = claim_request("w", ["default"], app.kinds)
    take = chosen(app.store.jobs, ask, app.kinds, lambda job: job.id == wanted.id)
    assert [claim.job_id for claim in await take(2, ["default"])] == [wanted.id]
