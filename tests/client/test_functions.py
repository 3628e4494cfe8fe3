"""A decorated function stays a function, and can be enqueued with the same arguments."""

import re
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from pydantic import BaseModel, Field

from jobhive import Context, JobHandle, Jobhive, SyncContext
from jobhive.testing import record_of


class Order(BaseModel):
    item: str
    count: int = Field(default=1, ge=1)


WATER = Order(item="water", count=3)


async def test_the_function_can_still_be_called(app: Jobhive) -> None:  # UP1
    @app.job()
    async def add(a: int, b: int) -> int:
        """Adds."""
        return a + b

    @app.job()
    def double(a: int) -> int:
        return 2 * a

    @app.job()
    async def count(n: int) -> AsyncIterator[int]:
        for i in range(n):
            yield i

    assert await add(1, 2) == 3
    assert double(4) == 8
    assert [i async for i in count(3)] == [0, 1, 2]
    assert (add.__name__, add.__doc__) == ("add", "Adds.")
    assert (await app.list()).jobs == []


async def test_arguments_by_place_and_by_name_are_the_same_params(app: Jobhive) -> None:  # UP2
    @app.job()
    async def add(a: int, b: int, *, scale: float = 1.0) -> float:
        return (a + b) * scale

    handles = [await add.enqueue(1, 2), await add.enqueue(1, b=2), await add.enqueue(b=2, a=1, scale=1.0)]
    assert [(await record_of(app.store, handle.id)).params for handle in handles] == ['{"a":1,"b":2,"scale":1.0}'] * 3


async def test_defaults_are_recorded_with_the_job(app: Jobhive) -> None:
    @app.job()
    async def greet(name: str, greeting: str = "hello", at: datetime | None = None) -> str:
        return f"{greeting} {name} {at}"

    handle = await greet.enqueue("you")
    params = (await handle.job()).params.model_dump()
    assert params == {"name": "you", "greeting": "hello", "at": None}


async def test_a_context_is_handed_in_and_is_no_param(app: Jobhive) -> None:
    @app.job()
    async def on_loop(ctx: Context, a: int) -> tuple[str, int, int]:
        return ctx.job_id, ctx.attempt, a

    @app.job()
    def in_thread(ctx: SyncContext, a: int) -> tuple[str, int, int]:
        return ctx.job_id, ctx.attempt, a

    first, second = await on_loop.enqueue(5), await in_thread.enqueue(a=6)
    await app.run_until_idle()
    assert await first.result() == (first.id, 1, 5)
    assert await second.result() == (second.id, 1, 6)


async def test_a_single_model_is_the_whole_of_the_params(app: Jobhive) -> None:
    @app.job()
    async def buy(order: Order) -> str:
        return f"{order.count} × {order.item}"

    handles: list[JobHandle[object]] = [
        await buy.enqueue(Order(item="tea", count=2)),
        await buy.enqueue(order=Order(item="tea", count=2)),
        *await buy.enqueue_many([{"item": "tea", "count": 2}]),
        await app.enqueue("buy", {"item": "tea", "count": 2}),
    ]
    assert {(await record_of(app.store, handle.id)).params for handle in handles} == {'{"item":"tea","count":2}'}
    await app.run_until_idle()
    assert [await handle.result() for handle in handles] == ["2 × tea"] * 4


async def test_a_single_model_may_have_a_default(app: Jobhive) -> None:
    @app.job()
    async def buy(order: Order = WATER) -> str:
        return order.item

    handle = await buy.enqueue()
    assert (await record_of(app.store, handle.id)).params == '{"item":"water","count":3}'


async def test_calls_that_the_function_would_refuse_are_refused(app: Jobhive) -> None:
    @app.job()
    async def add(a: int, *, b: int = 0) -> int:
        return a + b

    @app.job()
    async def buy(order: Order) -> str:
        return order.item

    untyped: Any = add
    with pytest.raises(TypeError, match="add takes 1 arguments by place, not 2"):
        await untyped.enqueue(1, 2)
    with pytest.raises(TypeError, match="add got a twice, by place and by name"):
        await untyped.enqueue(1, a=1)
    untyped = buy
    with pytest.raises(TypeError, match="buy takes order only, not count"):
        await untyped.enqueue(Order(item="tea"), count=3)
    assert (await app.list()).jobs == []


def test_what_cannot_be_a_job_is_refused_at_registration(app: Jobhive) -> None:
    def spread(*numbers: int) -> int:
        return sum(numbers)

    def hidden(_secret: int) -> int:
        return _secret

    def items() -> Iterator[int]:
        yield 1

    async def on_loop() -> int:
        return 1

    refused: list[tuple[Any, dict[str, Any], str]] = [
        (spread, {}, "cannot be stored by name"),
        (hidden, {}, "begins with an underscore; rename it"),
        (items, {}, "make it `async def` to stream what it yields"),
        (on_loop, {"isolation": "process"}, "isolation='process' is for plain functions"),
        (on_loop, {"isolation": "thread"}, "isolation is 'process' or nothing, not 'thread'"),
        (on_loop, {"name": "with space"}, "kind names match"),
        (on_loop, {"queue": ""}, "queue names match"),
        (on_loop, {"max_retries": -1}, "zero or more, not -1"),
        (on_loop, {"timeout": -1}, "from zero to a hundred years, not -1"),
        (on_loop, {"timeout": 0}, "longer than zero seconds"),
        (on_loop, {"prio": 3}, "no setting is named 'prio'; known settings: backoff, isolation, max_retries, name,"),
        (on_loop, {"quue": "mail"}, "did you mean 'queue'?"),
        (partial(on_loop), {}, "a job is a function"),
        (Order, {}, "a job is a function"),
        (on_loop, {"on_crash": "ignore"}, "'ignore' is not a valid OnCrash"),
    ]
    for function, settings, why in refused:
        with pytest.raises((TypeError, ValueError), match=re.escape(why)):
            app.job(**settings)(function)
    assert app.kinds.names() == []


def test_who_leaves_the_brackets_out_is_told_so(app: Jobhive) -> None:
    bare: Any = app.job
    for given in (record_of, "mail"):
        with pytest.raises(TypeError, match=r"write @app\.job\(\), its settings by name in the brackets") as refused:
            bare(given)
        assert repr(given) in str(refused.value)


def test_two_kinds_cannot_have_one_name(app: Jobhive) -> None:
    @app.job()
    async def add(a: int) -> int:
        return a

    def nothing() -> None: ...

    with pytest.raises(ValueError, match="kind 'add' is registered already"):
        app.job(name="add")(nothing)
    app.job(name="add.other")(nothing)
    assert app.kinds.names() == ["add", "add.other"]
