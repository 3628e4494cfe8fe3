"""What goes into a process of its own and comes out."""

from pathlib import Path

import uvloop

from jobhive import Jobhive
from tests.worker import isolated_jobs as jobs
from tests.worker.isolation.asking import events, failed, open_app, result


async def test_what_the_function_returns_is_the_result(app: Jobhive) -> None:
    async with app.worker():
        assert await result(app, "add", a=1, b=2) == 3


async def test_params_and_result_are_typed(app: Jobhive) -> None:  # S4
    async with app.worker():
        page = await result(app, "shouted", title="a", lines=["b", "c"])
    assert page == jobs.Page(title="A", lines=["B", "C"])


async def test_a_result_of_many_megabytes_arrives_whole(app: Jobhive) -> None:
    async with app.worker():
        assert await result(app, "repeat", text='"\n\u2713', times=2_000_000) == '"\n\u2713' * 2_000_000


def test_it_runs_on_uvloop_too(tmp_path: Path) -> None:
    async def run() -> None:
        async with open_app(tmp_path) as app, app.worker():
            await result(app, "die_once", how="kill")
            await failed(app, "die_talking")
            assert await result(app, "add", a=1, b=2) == 3
            assert (await failed(app, "overrun")).error.code == "TIMEOUT"

    uvloop.run(run())


async def test_events_are_streamed_in_the_order_in_which_they_are_told(app: Jobhive) -> None:
    async with app.worker():
        told = await events(await app.enqueue("tell", {"count": 3}))
    assert [event.type for event in told] == ["started", "log", "progress", "narration", *["number"] * 3, "end"]
    assert told[1].data == {"line": "begins"}
    assert told[2].data == {"done": 1, "of": 2}
    assert (told[3].data["actor"], told[3].data["action"]) == ("tell", "counts")
    assert [event.data["value"] for event in told[4:7]] == [0, 1, 2]


async def test_who_tells_faster_than_the_disk_writes_loses_nothing(app: Jobhive) -> None:
    async with app.worker():
        told = await events(await app.enqueue("tell", {"count": 500, "filling": "x" * 5_000}))
    assert [event.data["value"] for event in told if event.type == "number"] == list(range(500))


async def test_threads_of_a_job_may_tell_at_once(app: Jobhive) -> None:
    async with app.worker():
        told = await events(await app.enqueue("tell_at_once", {"threads": 4, "each": 25}))
    numbers = [event.data for event in told if event.type == "number"]
    for name in range(4):
        assert [number["value"] for number in numbers if number["of"] == name] == list(range(25))


async def test_what_cannot_be_told_is_refused_in_the_function(app: Jobhive) -> None:
    async with app.worker():
        refused = await result(app, "tell_wrong")
    assert refused == ["seq: reserved", "data: json", "progress.percentage: less_than_equal"]
