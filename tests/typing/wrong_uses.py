"""What mypy and pyright must refuse: every line that is marked with a pattern of their messages, and no other."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from pydantic import BaseModel

from jobhive import CompleteJob, Context, FailedJob, JobHandle, Jobhive, JobWorker, Options, PendingJob, RunningJob

app = Jobhive("sqlite:///jobhive.db")


class Address(BaseModel):
    street: str


def show(*values: object) -> None:
    """Uses the values."""


@app.job()
async def add(a: int, b: int = 2) -> int:
    return a + b


@app.job()
async def count(ctx: Context, n: int) -> AsyncIterator[int]:
    await ctx.emit("thing", what=object())  # E: object
    await ctx.emit("thing", 3)  # E: too many arguments|positional
    yield n


@app.job()
async def send(to: Address) -> None: ...


async def calling() -> str:
    text: str = await add(1, 2)  # E: "int"
    await add("1", 2)  # E: "int"
    count(3)  # E: "n"
    return text


async def enqueueing(ctx: Context) -> None:
    await add.enqueue("1", 2)  # E: "int"
    await add.enqueue(1, c=3)  # E: "c"
    await add.enqueue()  # E: "a"
    await add.enqueue(1, 2, 3)  # E: too many arguments|positional
    await count.enqueue(ctx, 3)  # E: too many arguments|positional
    await send.enqueue("Main")  # E: "Address"
    await send.enqueue(street="Main")  # E: "street"
    add.enqueue_sync(a="1")  # E: "int"
    text: JobHandle[str] = await add.enqueue(1)  # E: "JobHandle\[int\]"
    await add.options(delay="soon").enqueue(1)  # E: timedelta
    await add.options(prio=3).enqueue(1)  # E: "prio"
    await add.options(priority=3).enqueue("1")  # E: "int"
    await add.options(run_at="2030-01-01").enqueue(1)  # E: datetime
    await app.enqueue("add", Options(key="k"))  # E: "Options"
    await text.cancel()


async def results() -> None:
    handle = await add.enqueue(1)
    text: str = await handle.result()  # E: "int"
    nothing: int = await (await count.enqueue(3)).result()  # E: None
    await handle.result(timeout="10")  # E: float
    show(text, nothing)


async def states() -> None:
    job = await (await add.enqueue(1)).job()
    show(job.result)  # E: "result"
    show(job.error)  # E: "error"
    if isinstance(job, FailedJob):
        show(job.result)  # E: "result"
    if isinstance(job, CompleteJob):
        show(job.result.upper())  # E: "upper"
        show(job.error)  # E: "error"
        job.result = 5  # E: "result"
    match job:
        case PendingJob():
            show(job.finished_at)  # E: "finished_at"
        case CompleteJob(result=total):
            show(total + "1")  # E: \+


async def streams() -> None:
    handle = await add.enqueue(1)
    async for event in handle.stream(after="3"):  # E: "int"
        show(event.seq + "1")  # E: \+
    for event in handle.stream():  # E: "__iter__"
        show(event)


@app.job(max_retries="3")  # E: "int"
async def wrong_retries() -> None: ...


@app.job(retries=3)  # E: "retries"
async def wrong_name() -> None: ...


@app.job(on_crash="ignore")  # E: "on_crash"
async def wrong_policy() -> None: ...


@app.job  # E: Never
async def without_brackets() -> None: ...


class Mine(JobWorker[Address, BaseModel, int]):
    name = "mine"

    def can_process(self, job: PendingJob[Address]) -> str:  # E: "can_process"
        return job.params.street

    async def execute(self, job: RunningJob[Address], ctx: Context) -> str:  # E: "execute"
        return job.params.steet  # E: "steet"


class Abstract(JobWorker[Address, BaseModel, int]):
    name = "abstract"


async def class_style(worker: Mine) -> None:
    await worker.enqueue({"street": "Main"})  # E: "Address"
    await worker.enqueue(Address(street="Main"), delay=5)  # E: "delay"
    Mine(app, concurency=2)  # E: "concurency"
    Abstract(app)  # E: abstract
    await app.list(at=datetime(2030, 1, 1, tzinfo=UTC))  # E: "at"
