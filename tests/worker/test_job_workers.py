"""A kind of job and its worker, written as one class."""

import asyncio
import logging
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel

from jobhive import (
    CompleteJob,
    Context,
    FailedJob,
    InvalidInput,
    Jobhive,
    JobWorker,
    Options,
    PendingJob,
    RunningJob,
    ScheduledJob,
    State,
)
from jobhive.client.decorators import KindSettings
from jobhive.testing import record_of, wait_for_job


class Page(BaseModel):
    url: str
    size: int = 1


class Fetched(BaseModel):
    bytes: int


class Fetcher(JobWorker[Page, Fetched, str]):
    """Fetches pages that are not too large for it."""

    name = "fetch"

    def __init__(self, app: Jobhive, *, limit: int = 100, **settings: Any) -> None:
        super().__init__(app, **settings)
        self.limit = limit
        self.seen: list[str] = []

    def can_process(self, job: PendingJob[Page]) -> bool:
        return job.params.size <= self.limit

    async def execute(self, job: RunningJob[Page, Fetched], ctx: Context) -> str:
        self.seen.append(job.params.url)
        await ctx.progress(Fetched(bytes=job.params.size))
        return f"{job.id} {job.attempt} {job.params.url}"


async def test_params_progress_and_result_are_what_execute_says(app: Jobhive) -> None:  # S1, S4
    gate = asyncio.Event()

    class Slow(Fetcher):
        async def execute(self, job: RunningJob[Page, Fetched], ctx: Context) -> str:
            result = await super().execute(job, ctx)
            await gate.wait()
            return result

    async with Slow(app) as worker:
        handle = await worker.enqueue(Page(url="a"))
        await wait_for_job(app.store, handle.id, lambda job: job.progress is not None, "it told no progress")
        job = await handle.job()
        assert isinstance(job, RunningJob)
        assert (job.params, job.progress) == (Page(url="a"), Fetched(bytes=1))
        gate.set()
        assert await handle.result(timeout=20) == f"{handle.id} 1 a"


async def test_jobs_are_submitted_as_any_others(app: Jobhive) -> None:
    worker = Fetcher(app)
    later = await worker.enqueue(Page(url="a"), Options(delay=60, key="k"))
    by_name = await app.enqueue("fetch", {"url": "b"})
    assert isinstance(await later.job(), ScheduledJob)
    assert (await record_of(app.store, by_name.id)).params == '{"url":"b","size":1}'
    with pytest.raises(InvalidInput, match=r"params\.url: Field required"):
        await app.enqueue("fetch", {})
    async with worker:
        assert await by_name.result(timeout=20) == f"{by_name.id} 1 b"


async def test_a_worker_looks_before_it_claims(app: Jobhive) -> None:  # S1
    small, large = Fetcher(app, limit=10), Fetcher(app, limit=1_000)
    too_large = await small.enqueue(Page(url="large", size=100))
    fitting = await small.enqueue(Page(url="small", size=5))
    async with small:
        await fitting.result(timeout=20)
        record = await record_of(app.store, too_large.id)
        assert (record.state, record.attempt) == (State.PENDING, 0)  # it was never touched
        async with large:
            await too_large.result(timeout=20)
    assert (small.seen, large.seen) == (["small"], ["large"])


async def test_start_runs_until_stop(app: Jobhive) -> None:  # S2
    worker = Fetcher(app)
    running = asyncio.create_task(worker.start())
    handle = await worker.enqueue(Page(url="a"))
    await handle.result(timeout=20)
    with pytest.raises(RuntimeError, match="worker 'fetch' runs already; make another one to run two"):
        await worker.start()
    await worker.stop()
    async with asyncio.timeout(20):
        await running
    assert isinstance(await (await worker.enqueue(Page(url="b"))).job(), PendingJob)
    assert await app.store.workers.active() == []
    async with worker:  # and again
        await worker.enqueue(Page(url="c"))
    await worker.stop()


async def test_a_stop_in_the_middle_of_the_start_counts(app: Jobhive) -> None:  # S2
    worker = Fetcher(app)
    running = asyncio.create_task(worker.start())
    await asyncio.sleep(0)
    await worker.stop()
    async with asyncio.timeout(20):
        await running
    assert await app.store.workers.active() == []


async def test_stop_waits_for_the_current_job_and_then_gives_it_back(app: Jobhive) -> None:  # S2, P16
    begun = asyncio.Queue[int]()

    class Patient(Fetcher):
        async def execute(self, job: RunningJob[Page, Fetched], ctx: Context) -> str:
            begun.put_nowait(job.attempt)
            if job.attempt == 1:
                await asyncio.Event().wait()
            return "done"

    worker = Patient(app)
    running = asyncio.create_task(worker.start())
    handle = await worker.enqueue(Page(url="a"))
    assert await begun.get() == 1
    await worker.stop(timeout=0)
    await running
    job = await handle.job()
    assert isinstance(job, PendingJob)
    assert (job.failures, [each.outcome for each in job.attempts]) == (0, ["released"])
    async with Patient(app):
        assert await handle.result(timeout=20) == "done"


async def test_a_start_that_is_cancelled_stops_in_good_order(app: Jobhive) -> None:  # D6
    worker = Fetcher(app)
    running = asyncio.create_task(worker.start())
    await (await worker.enqueue(Page(url="a"))).result(timeout=20)
    running.cancel()
    await asyncio.wait([running])
    assert await app.store.workers.active() == []


async def test_an_operator_can_retire_it(app: Jobhive) -> None:  # O3
    worker = Fetcher(app)
    running = asyncio.create_task(worker.start())
    await (await worker.enqueue(Page(url="a"))).result(timeout=20)
    [active] = await app.store.workers.active()
    assert (active.name, active.kinds, active.slots) == ("fetch", ("fetch",), 1)
    await app.store.workers.retire(active.worker_id)
    async with asyncio.timeout(20):
        await running


async def test_it_runs_as_many_at_once_as_it_was_told(app: Jobhive) -> None:
    begun, gate = asyncio.Queue[str](), asyncio.Event()

    class Counting(Fetcher):
        async def execute(self, job: RunningJob[Page, Fetched], ctx: Context) -> str:
            begun.put_nowait(job.params.url)
            await gate.wait()
            return "done"

    async with Counting(app) as one:
        handles = [await one.enqueue(Page(url=url)) for url in "abcd"]
        assert await begun.get() == "a"
        assert (await app.store.jobs.counts())["running"] == 1
        async with Counting(app, concurrency=2):
            assert [await begun.get(), await begun.get()] == ["b", "c"]
            assert (await app.store.jobs.counts())["running"] == 3
            gate.set()
            for handle in handles:
                await handle.result(timeout=20)


async def test_only_its_own_workers_run_its_jobs(app: Jobhive) -> None:
    @app.job()
    async def other() -> str:
        return "done"

    worker = Fetcher(app)
    mine, others = await worker.enqueue(Page(url="a")), await other.enqueue()
    await app.run_until_idle()
    assert isinstance(await mine.job(), PendingJob)
    assert isinstance(await others.job(), CompleteJob)
    another = await other.enqueue()
    async with worker:
        await mine.result(timeout=20)
        assert isinstance(await another.job(), PendingJob)


async def test_several_kinds_run_in_one_process(app: Jobhive) -> None:  # S2
    class Greeter(JobWorker[Page, BaseModel, int]):
        name = "greet"
        settings: ClassVar[KindSettings] = {"queue": "greetings", "max_retries": 0, "timeout": 5}

        async def execute(self, job: RunningJob[Page], ctx: Context) -> int:
            return job.params.size

    async with Fetcher(app) as fetcher, Greeter(app) as greeter:
        assert await (await greeter.enqueue(Page(url="a", size=7))).result(timeout=20) == 7
        await (await fetcher.enqueue(Page(url="b"))).result(timeout=20)
    kind = app.kinds["greet"].kind
    assert (kind.queue, kind.retry.max_retries, kind.timeout) == ("greetings", 0, timedelta(seconds=5))


async def test_it_takes_from_the_queues_it_was_told(app: Jobhive) -> None:
    worker = Fetcher(app, queues=["night"])
    by_day = await worker.enqueue(Page(url="a"))
    by_night = await worker.enqueue(Page(url="b"), Options(queue="night"))
    async with worker:
        await by_night.result(timeout=20)
    assert isinstance(await by_day.job(), PendingJob)


async def test_what_fails_is_counted_and_tried_again_like_any_other(app: Jobhive) -> None:  # S1, S6
    class Failing(Fetcher):
        settings: ClassVar[KindSettings] = {"max_retries": 0}

        async def execute(self, job: RunningJob[Page, Fetched], ctx: Context) -> str:
            if job.params.url == "bad":
                raise LookupError("no such page")
            return "done"

    worker = Failing(app)
    assert worker.metrics() == (0, 0, 0.0)
    async with worker:
        for url in ("good", "bad", "good", "good"):
            handle = await worker.enqueue(Page(url=url))
            await wait_for_job(app.store, handle.id, lambda job: job.state.is_final, "it did not end")
    told = worker.metrics()
    assert (told.processed, told.errors, told.error_rate) == (4, 1, 0.25)


async def test_its_metrics_are_in_the_log_from_time_to_time(  # S1
    app: Jobhive, caplog: pytest.LogCaptureFixture
) -> None:
    told = asyncio.Event()

    class Talkative(Fetcher):
        report_every: ClassVar[timedelta] = timedelta(milliseconds=10)

    def hear(record: logging.LogRecord) -> bool:
        if "worker counts fetch: 1 jobs processed, 0 of them failed (0.0%)" in record.getMessage():
            told.set()
        return True

    caplog.set_level(logging.INFO, "jobhive")
    caplog.handler.addFilter(hear)
    async with asyncio.timeout(20), Talkative(app) as worker:
        await worker.enqueue(Page(url="a"))
        await told.wait()
    assert Fetcher.report_every == timedelta(seconds=60)


async def test_a_choice_that_fails_leaves_the_job_and_is_told_once(  # H1
    app: Jobhive, caplog: pytest.LogCaptureFixture
) -> None:
    is_broken = True

    class Confused(Fetcher):
        def can_process(self, job: PendingJob[Page]) -> bool:
            if is_broken and job.params.url == "odd":
                raise LookupError("which one?")
            return True

    caplog.set_level(logging.INFO, "jobhive")
    async with Confused(app) as worker:
        odd = await worker.enqueue(Page(url="odd"))
        for _ in range(3):
            await (await worker.enqueue(Page(url="even"))).result(timeout=20)
        assert isinstance(await odd.job(), PendingJob)
        is_broken = False
        await (await worker.enqueue(Page(url="even"))).result(timeout=20)
        await odd.result(timeout=20)
    waits = f"claimer waits the choice of jobs: it failed for {odd.id}: LookupError: which one?"
    assert caplog.messages.count(waits) == 1
    assert caplog.messages.count("claimer goes on the choice of jobs: the trouble is over") == 1


async def test_a_job_whose_params_no_longer_fit_is_not_left_lying(app: Jobhive) -> None:
    class Changed(JobWorker[Fetched, BaseModel, str]):
        name = "fetch"

        async def execute(self, job: RunningJob[Fetched], ctx: Context) -> str:
            return "never"

    handle = await Fetcher(app).enqueue(Page(url="a"))
    async with Jobhive(app.store.url) as newer, Changed(newer):
        await wait_for_job(newer.store, handle.id, lambda job: job.state is State.FAILED, "it was left")
    job = await handle.job()
    assert isinstance(job, FailedJob)
    assert job.error.code == "INVALID_PARAMS"


async def test_without_annotations_any_params_do(app: Jobhive) -> None:
    async def execute(_: Any, job: Any, __: Any) -> Any:
        return job.params.a

    execute.__annotations__.clear()
    plain: Any = type("Plain", (JobWorker,), {"name": "plain", "execute": execute})
    async with plain(app):
        handle = await app.enqueue("plain", {"a": [1, {"b": None}]})
        assert await handle.result(timeout=20) == [1, {"b": None}]


def test_classes_that_cannot_be_workers_are_refused(app: Jobhive) -> None:
    class Nameless(JobWorker[Page, BaseModel, str]):
        async def execute(self, job: RunningJob[Page], ctx: Context) -> str:
            return ""

    class Bare(JobWorker[Any, Any, str]):
        name = "bare"

        async def execute(self, job: RunningJob[Any, Any], ctx: Context) -> str:
            return ""

    class Misspelt(Fetcher):
        settings: ClassVar[Any] = {"isolation": "process"}

    class Blocking(Fetcher):
        def execute(self, job: Any, ctx: Context) -> Any:
            return ""

    for refused, why in [
        (Nameless, "Nameless has no name; say `name = …` in the class"),
        (Bare, r"annotate it as RunningJob\[Params\] or RunningJob\[Params, Progress\]"),
        (Blocking, "Blocking.execute is no `async def`"),
        (Misspelt, "no setting is named 'isolation'; known settings: backoff, max_retries, on_crash,"),
    ]:
        with pytest.raises(TypeError, match=why):
            refused(app)


async def test_a_name_belongs_to_one_kind(app: Jobhive) -> None:
    class Other(Fetcher):
        """Another class under the same name."""

    Fetcher(app)
    Fetcher(app)
    with pytest.raises(ValueError, match="kind 'fetch' is registered already"):
        Other(app)
