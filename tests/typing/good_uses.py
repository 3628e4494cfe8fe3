"""Every public form, as users write it, with the types that mypy and pyright must see. Read by them, never run."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import ClassVar, assert_never, assert_type

from pydantic import BaseModel

from jobhive import (
    Backoff,
    Cancel,
    CancelledJob,
    CompleteJob,
    Context,
    Discard,
    Enqueuer,
    Event,
    FailedJob,
    JobError,
    JobHandle,
    Jobhive,
    JobWorker,
    Options,
    PendingJob,
    Retry,
    RunningJob,
    ScheduledJob,
    Snooze,
    State,
    SyncContext,
    WaitingJob,
)
from jobhive.client.decorators import KindSettings
from jobhive.core.kind import Kind

app = Jobhive("sqlite:///jobhive.db")


class Address(BaseModel):
    street: str


class Found(BaseModel):
    pages: int


# ---- functions ---------------------------------------------------------------------------------------------------


@app.job(queue="default", max_retries=3, timeout=60.0, on_crash="retry")
async def add(a: int, b: int = 2) -> int:
    return a + b


@app.job(name="add.slowly", backoff=Backoff(base=timedelta(seconds=2)), retry_on=(OSError,), timeout=timedelta(hours=1))
async def add_slowly(ctx: Context, a: int, *, b: int) -> int:
    assert_type(ctx.job_id, str)
    assert_type(ctx.attempt, int)
    assert_type(ctx.job, RunningJob[BaseModel, BaseModel])
    assert_type(ctx.cancelled(), bool)
    await ctx.log("a line")
    await ctx.emit("metrics", seconds=0.5, deep={"list": [1, None, "x"]})
    await ctx.progress("adding", percentage=50, message="half of it")
    await ctx.narrate("adds", "numbers", "two of them")
    ctx.check_cancelled()
    return a + b


@app.job(progress=Found)
async def search(ctx: Context, words: list[str]) -> dict[str, int]:
    await ctx.progress(Found(pages=3))
    if not words:
        raise Cancel("nothing to look for")
    raise Retry(after=timedelta(minutes=5))


@app.job()
async def count(ctx: Context, n: int) -> AsyncIterator[int]:
    for i in range(n):
        await ctx.progress("counting", percentage=100 * i / n)
        yield i


@app.job()
async def letters(text: str) -> AsyncIterator[str]:
    for letter in text:
        yield letter


@app.job()
def resize(width: int, height: int = 100) -> float:
    if width == 0:
        raise Snooze(60)
    return width / height


@app.job(isolation="process")
def crunch(ctx: SyncContext, seed: int) -> list[float]:
    ctx.log("a line")
    ctx.progress("crunching", percentage=10)
    ctx.emit("metrics", n=1)
    ctx.check_cancelled()
    raise Discard("not worth it")


@app.job()
async def send(to: Address) -> None: ...


async def calling(ctx: Context) -> None:
    assert_type(await add(1, 2), int)
    assert_type(await add(a=1), int)
    assert_type(resize(1), float)
    async for number in count(ctx, 3):
        assert_type(number, int)
    async for letter in letters("abc"):
        assert_type(letter, str)


async def enqueueing() -> None:
    assert_type(await add.enqueue(1, 2), JobHandle[int])
    assert_type(await add.enqueue(a=1), JobHandle[int])
    assert_type(await add_slowly.enqueue(1, b=2), JobHandle[int])
    assert_type(await search.enqueue(["x"]), JobHandle[dict[str, int]])
    assert_type(await count.enqueue(n=3), JobHandle[None])
    assert_type(await letters.enqueue("abc"), JobHandle[None])
    assert_type(await resize.enqueue(1, height=2), JobHandle[float])
    assert_type(await crunch.enqueue(seed=1), JobHandle[list[float]])
    assert_type(await send.enqueue(Address(street="Main")), JobHandle[None])
    assert_type(await add.enqueue_many([{"a": 1, "b": 2}, {"a": 3}]), list[JobHandle[int]])
    assert_type(await app.enqueue("add", {"a": 1}, Options(priority=1)), JobHandle[object])


def enqueueing_without_a_loop() -> None:
    assert_type(add.enqueue_sync(1, 2), JobHandle[int])
    assert_type(count.enqueue_sync(n=3), JobHandle[None])


async def options() -> None:
    changed = add.options(delay=5, priority=1, key="order-7", queue="other", max_retries=0)
    assert_type(await changed.enqueue(1, b=2), JobHandle[int])
    assert_type(changed.enqueue_sync(1), JobHandle[int])
    later = crunch.options(run_at=datetime(2030, 1, 1, tzinfo=UTC))
    assert_type(await later.enqueue(5), JobHandle[list[float]])
    assert_type(await later.enqueue_many([{"seed": 5}]), list[JobHandle[list[float]]])
    delayed: Enqueuer[[int], list[float]] = crunch.options(delay=timedelta(days=1))
    assert_type(await delayed.enqueue(5), JobHandle[list[float]])


# ---- handles and jobs --------------------------------------------------------------------------------------------


async def handles() -> None:
    handle = await add.enqueue(1, 2)
    assert_type(handle.id, str)
    assert_type(await handle.result(timeout=10), int)
    async for event in handle.stream(after=3):
        assert_type(event, Event)
        assert_type(event.seq, int)
        assert_type(event.type, str)
        assert_type(event.at, datetime)
    await handle.cancel()
    anything: list[JobHandle[object]] = [handle, await resize.enqueue(1), await send.enqueue(Address(street="x"))]
    assert_type(await anything[0].result(), object)


async def states() -> str:
    job = await (await add.enqueue(1, 2)).job()
    assert_type(job.id, str)
    assert_type(job.params, BaseModel)
    match job:
        case CompleteJob(result=total):
            assert_type(total, int)
            assert_type(job.result, int)
            return f"{total} since {job.finished_at}"
        case FailedJob(error=error):
            assert_type(error, JobError)
            return error.message
        case RunningJob(progress=progress):
            assert_type(progress, BaseModel | None)
            return job.worker
        case ScheduledJob(run_at=run_at):
            assert_type(run_at, datetime)
            return f"at {run_at}"
        case CancelledJob(reason=reason):
            assert_type(reason, str)
            return reason
        case PendingJob() | WaitingJob():
            return "not yet"
    assert_never(job)


async def if_it_is_complete() -> int:
    job = await (await add.enqueue(1, 2)).job()
    return job.result if isinstance(job, CompleteJob) else 0


async def listing() -> None:
    page = await app.list(state="failed", kind="add", queue="default", limit=100, cursor=None)
    await app.list(state=State.RUNNING)
    assert_type(page.cursor, str | None)
    for job in page.jobs:
        if isinstance(job, CompleteJob):
            assert_type(job.result, object)
    await app.get("job-1")


async def running() -> None:
    async with app, app.worker(queues=["default"], concurrency=100) as worker:
        assert_type(worker.completed, int)
    await app.run_until_idle()


def kinds() -> None:
    assert_type(add.kind, Kind[BaseModel, BaseModel, int])
    assert_type(add.kind.name, str)
    assert_type(crunch.kind.read_result("[]"), list[float])


# ---- class-style workers -----------------------------------------------------------------------------------------


class Mine(JobWorker[Address, Found, int]):
    name = "mine"
    settings: ClassVar[KindSettings] = {"queue": "post", "max_retries": 0, "timeout": 5}

    def __init__(self, app: Jobhive, limit: int) -> None:
        super().__init__(app, poll_interval=0.5, error_backoff=1, concurrency=2, queues=["post", "night"])
        self.limit = limit

    def can_process(self, job: PendingJob[Address]) -> bool:
        return len(job.params.street) < self.limit

    async def execute(self, job: RunningJob[Address, Found], ctx: Context) -> int:
        assert_type(job.params, Address)
        assert_type(job.progress, Found | None)
        await ctx.progress(Found(pages=1))
        return len(job.params.street)


class Plain(JobWorker[Address]):
    name = "plain"

    async def execute(self, job: RunningJob[Address], ctx: Context) -> object:
        return job.params.street


async def class_style() -> None:
    worker = Mine(app, limit=10)
    handle = await worker.enqueue(Address(street="Main"), Options(delay=5))
    assert_type(handle, JobHandle[int])
    assert_type(await handle.result(), int)
    assert_type(worker.metrics().processed, int)
    assert_type(worker.metrics().error_rate, float)
    async with worker, Plain(app) as plain:
        assert_type(plain, Plain)
        assert_type(await plain.enqueue(Address(street="Main")), JobHandle[object])
    await worker.start()
    await worker.stop(timeout=60)
