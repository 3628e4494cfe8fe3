"""A worker survives whatever a handler does, and the job says what that was."""

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from jobhive import Context, FailedJob, InvalidInput, JobError, JobHandle, Jobhive
from jobhive.testing import stored_events


class Speechless(Exception):
    """Cannot even say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class Beyond(BaseException):
    """No Exception at all."""


def recurse() -> int:
    return recurse() + 1


def raising(error: BaseException) -> Callable[[], object]:
    def act() -> object:
        raise error

    return act


HOSTILE: dict[str, tuple[Callable[[], object], str, str]] = {
    "exit": (lambda: sys.exit(3), "SystemExit", "3"),
    "exit with a text": (lambda: sys.exit("bye"), "SystemExit", "bye"),
    "interrupt": (raising(KeyboardInterrupt()), "KeyboardInterrupt", ""),
    "recursion": (recurse, "RecursionError", "maximum recursion depth exceeded"),
    "no memory": (raising(MemoryError("none left")), "MemoryError", "none left"),
    "generator exit": (raising(GeneratorExit()), "GeneratorExit|RuntimeError", ""),
    "end of iteration": (lambda: next(iter(())), "RuntimeError", "raised StopIteration"),
    "no exception": (raising(Beyond("far away")), "Beyond", "far away"),
    "no words": (raising(Speechless()), "Speechless", "its message cannot be told: RuntimeError"),
    "odd text": (raising(OSError("no such file: \udcff\x00")), "OSError", "no such file: \\udcff\x00"),
    "long text": (raising(ValueError("x" * 1_000_000)), "ValueError", "xxx"),
    "group": (raising(ExceptionGroup("both", [OSError()])), "ExceptionGroup", "both (1 sub-exception)"),
}


async def error_of(handle: JobHandle[Any]) -> JobError:
    job = await handle.job()
    assert isinstance(job, FailedJob), job
    return job.error


@pytest.mark.parametrize("way", HOSTILE)
async def test_whatever_is_raised_fails_the_job_and_nothing_else(app: Jobhive, way: str) -> None:  # H1, S7
    act, type_, message = HOSTILE[way]

    @app.job(max_retries=0)
    async def on_loop() -> object:
        return act()

    @app.job(max_retries=0)
    def in_thread() -> object:
        return act()

    @app.job()
    async def add(a: int) -> int:
        return a

    async with app.worker(concurrency=1):
        for kind in (on_loop, in_thread):
            hostile, peaceful = await kind.enqueue(), await add.enqueue(5)
            assert await peaceful.result(timeout=20) == 5
            error = await error_of(hostile)
            assert error.type in type_.split("|")
            assert error.code == "JOB_ERROR"
            assert message in error.message
            assert len(error.message) <= 10_000
            assert error.traceback.lstrip(" +").startswith(("Traceback", "Exception Group Traceback", "GeneratorExit"))
            assert len(error.traceback) <= 50_003


async def test_an_error_that_is_no_exception_is_not_tried_again(app: Jobhive) -> None:
    @app.job()
    async def leave() -> None:
        sys.exit(1)

    handle = await leave.enqueue()
    await app.run_until_idle()
    assert (await error_of(handle)).type == "SystemExit"


async def test_a_handler_that_cancels_itself_has_failed(app: Jobhive) -> None:
    @app.job(max_retries=0)
    async def work() -> None:
        raise asyncio.CancelledError

    @app.job(max_retries=0)
    def in_thread() -> None:
        raise asyncio.CancelledError

    for kind in (work, in_thread):
        handle = await kind.enqueue()
        await app.run_until_idle()
        assert (await error_of(handle)).message == "the handler cancelled itself"


class Point(BaseModel):
    x: float


def results() -> dict[str, tuple[Any, object, str]]:
    """Each with its annotation and what is wrong with it."""
    return {
        "text for a number": (int, "3", "result: Input should be a valid integer"),
        "none for a number": (int, None, "result: Input should be a valid integer"),
        "something for nothing": (None, 3, "result: Input should be None"),
        "wrong within": (list[Point], [Point(x=1), {"x": "one"}], "result.1.x: Input should be"),
        "not a number": (float, float("nan"), "result: Input should be a valid number"),
        "not a number within": (Point, Point(x=float("nan")), "result.x: Input should be a valid number"),
        "no json": (object, object(), "returned what JSON cannot hold: Unable to serialize unknown type"),
        "odd text": (object, "\ud800", "returned what JSON cannot hold"),
        "too much": (str, "x" * (17 << 20), "returned 17 MiB of JSON, more than 16; keep it elsewhere"),
    }


@pytest.mark.parametrize("way", results())
async def test_a_result_of_the_wrong_type_is_refused_and_not_tried_again(app: Jobhive, way: str) -> None:  # S4
    annotation, result, message = results()[way]

    async def work() -> Any:
        return result

    work.__annotations__["return"] = annotation
    handle = await app.job()(work).enqueue()
    await app.run_until_idle()
    error = await error_of(handle)
    assert (error.type, error.code) == ("InvalidResult", "INVALID_RESULT")
    assert message in error.message


async def test_without_an_annotation_any_json_is_a_result(app: Jobhive) -> None:
    untyped: Any = {}
    exec("async def work():\n    return {'a': [1, None]}", untyped)
    handle = await app.job()(untyped["work"]).enqueue()
    await app.run_until_idle()
    assert await handle.result() == {"a": [1, None]}


async def test_an_event_that_is_too_large_is_refused_where_it_is_told(app: Jobhive) -> None:  # S8
    @app.job(max_retries=0)
    async def work(ctx: Context) -> str:
        with pytest.raises(InvalidInput, match="it has 17 MiB, and an event may have 16"):
            await ctx.emit("item", value="x" * (17 << 20))
        await ctx.log("goes on")
        return "done"

    handle = await work.enqueue()
    await app.run_until_idle()
    assert await handle.result() == "done"
    assert [event.type for event in await stored_events(app.store, handle.id)] == ["log"]
