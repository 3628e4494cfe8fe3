"""Enqueueing many at once, from code without a loop, and before the store was opened."""

import asyncio
import threading
from pathlib import Path

import pytest

from jobhive import CompleteJob, InvalidInput, Jobhive, QueueFull
from jobhive.testing import record_of


async def test_many_are_stored_in_order_and_together(app: Jobhive) -> None:  # UP2
    @app.job()
    async def add(a: int, b: int = 1) -> int:
        return a + b

    handles = await add.enqueue_many({"a": a} for a in range(50))
    await app.run_until_idle()
    assert [await handle.result() for handle in handles] == list(range(1, 51))
    assert len({(await record_of(app.store, handle.id)).created_at_ms for handle in handles}) == 1
    assert await add.enqueue_many([]) == []


async def test_of_many_one_that_is_bad_stops_all(app: Jobhive) -> None:
    @app.job()
    async def add(a: int) -> int:
        return a

    with pytest.raises(InvalidInput, match=r"params\.a"):
        await add.enqueue_many([{"a": 1}, {"a": "one"}, {"a": 2}])
    assert (await app.list()).jobs == []


async def test_of_many_the_store_takes_all_or_none(app: Jobhive) -> None:  # I10
    @app.job()
    async def add(a: int) -> int:
        return a

    await app.store.jobs.limit("default", running=None, depth=3)
    with pytest.raises(QueueFull, match="queue 'default' holds 0 of at most 3 waiting jobs"):
        await add.enqueue_many([{"a": a} for a in range(4)])
    assert (await app.list()).jobs == []
    assert len(await add.enqueue_many([{"a": a} for a in range(3)])) == 3


def test_code_without_a_loop_can_enqueue(tmp_path: Path) -> None:  # UP2
    app = Jobhive(str(tmp_path / "jobhive.db"))

    @app.job()
    async def add(a: int, b: int) -> int:
        return a + b

    handles = [add.enqueue_sync(1, 2), add.options(priority=9).enqueue_sync(a=3, b=4)]

    async def finish() -> list[int]:
        async with app:
            await app.run_until_idle()
            assert [(await handle.job()).priority for handle in handles] == [0, 9]
            return [await handle.result() for handle in handles]

    assert asyncio.run(finish()) == [3, 7]


async def test_inside_a_loop_the_blocking_form_refuses_and_says_what_to_call(app: Jobhive) -> None:
    @app.job()
    async def add(a: int, b: int) -> int:
        return a + b

    with pytest.raises(RuntimeError, match=r"running event loop here.*use `await add\.enqueue\("):
        add.enqueue_sync(1, 2)
    assert (await app.list()).jobs == []
    handle = await asyncio.to_thread(add.enqueue_sync, 1, 2)  # a thread of a program with a loop has none itself
    await app.run_until_idle()
    assert await handle.result() == 3


async def test_the_first_calls_open_the_store_once(tmp_path: Path) -> None:
    app = Jobhive(str(tmp_path / "jobhive.db"))

    @app.job()
    async def add(a: int, b: int) -> int:
        return a + b

    before = _writers()
    handles = await asyncio.gather(*(add.enqueue(a, a) for a in range(20)))
    assert _writers() - before == 1
    await app.close()
    assert _writers() == before
    assert isinstance(await _finished(app, handles[0].id), CompleteJob)
    await app.close()


async def test_another_application_on_the_same_store_sees_the_job(app: Jobhive, tmp_path: Path) -> None:  # UP3
    @app.job()
    async def add(a: int, b: int) -> int:
        return a + b

    handle = await add.enqueue(1, 2)
    async with Jobhive(f"sqlite:///{tmp_path}/jobhive.db") as other:
        other.job(name="add")(_subtract)
        await other.run_until_idle()
        job = await other.get(handle.id)
        assert isinstance(job, CompleteJob)
        assert job.result == -1
    assert await handle.result() == -1


async def _finished(app: Jobhive, job_id: str) -> object:
    await app.run_until_idle()
    return await app.get(job_id)


async def _subtract(a: int, b: int) -> int:
    return a - b


def _writers() -> int:
    return sum(thread.name == "jobhive-writer" for thread in threading.enumerate())
