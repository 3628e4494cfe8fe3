"""Old jobs are deleted as their kinds and the settings say, and never because a clock jumped."""

from datetime import timedelta
from pathlib import Path

import pytest

from jobhive import Jobhive
from jobhive.core.retention import Retention
from jobhive.core.states import State
from jobhive.testing import advance, asking, new_job, start_one
from jobhive.testing.jobs import complete
from jobhive.upkeep.pruner import Pruner
from tests.upkeep.test_rescuer import Steady

DAY = timedelta(days=1)
DAILY = Retention(DAY, frozenset({(State.COMPLETE, "noop")}))


@pytest.fixture
def steady(app: Jobhive, monkeypatch: pytest.MonkeyPatch) -> Steady:
    steady = Steady(app.store)
    monkeypatch.setattr("jobhive.upkeep.pruner.time", steady)
    return steady


async def _done(app: Jobhive) -> str:
    claim = await start_one(app.store)
    await app.store.jobs.finish([complete(claim)])
    return claim.job_id


async def _count(app: Jobhive) -> int:
    return sum((await app.store.jobs.counts()).values())


async def test_an_application_deletes_what_its_kinds_and_settings_say(  # S11
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOBHIVE_RETAIN_COMPLETE", "2d")
    async with Jobhive(str(tmp_path / "jobhive.db")) as app:

        @app.job(retain={"complete": timedelta(hours=1)})
        async def brief() -> None: ...

        @app.job()
        async def usual() -> None: ...

        @app.job(retain={"complete": None})
        async def precious() -> None: ...

        for function in (brief, usual, precious):
            await function.enqueue()
        await app.run_until_idle()
        foreign = await _done(app)
        with app.store.signals.listen("job:none") as wake:
            for age, left in ((DAY, 3), (DAY, 2), (1000 * DAY, 2)):
                advance(age + timedelta(seconds=1), app.store)
                async with app.upkeep():
                    while await _count(app) > left:
                        await wake.wait(0.01)
        page = await app.list()
        assert [job.kind for job in page.jobs] == ["precious"]
        assert await app.store.jobs.get([foreign]) != []


async def test_a_job_that_ended_late_goes_a_tenth_of_its_time_late_at_most(app: Jobhive, steady: Steady) -> None:  # S11
    late = await start_one(app.store)
    pruner = Pruner(app.store, [DAILY])
    steady.pass_by(DAY * 2)
    await _done(app)
    await pruner.tick()
    await app.store.jobs.finish([complete(late)])
    steady.pass_by(DAY * 1.1)
    await pruner.tick()
    assert await app.store.jobs.get([late.job_id]) == []


async def test_large_histories_are_swept_in_one_go(app: Jobhive, steady: Steady) -> None:  # S11
    pruner = Pruner(app.store, [DAILY])
    await app.store.jobs.insert([new_job() for _ in range(1_200)])
    claims = await app.store.jobs.claim(asking())
    await app.store.jobs.finish([complete(claim) for claim in claims])
    steady.pass_by(2 * DAY)
    await pruner.tick()
    assert await _count(app) == 0


@pytest.mark.parametrize("years", [10, -10])
async def test_no_job_is_deleted_because_the_clock_jumped(  # P6
    app: Jobhive, steady: Steady, caplog: pytest.LogCaptureFixture, years: int
) -> None:
    job_id = await _done(app)
    pruner = Pruner(app.store, [DAILY])
    await pruner.tick()
    steady.pass_by(timedelta(minutes=1))
    advance(timedelta(days=3653) * years / 10, app.store)
    for _ in range(50):
        await pruner.tick()
        steady.pass_by(timedelta(minutes=1))
    advance(-timedelta(days=3653) * years / 10, app.store)
    for _ in range(100):
        await pruner.tick()
        steady.pass_by(timedelta(minutes=1))
    assert await app.store.jobs.get([job_id]) != []
    assert len([line for line in caplog.messages if "the clock jumped" in line]) == 2
    steady.pass_by(DAY)
    await pruner.tick()
    assert await app.store.jobs.get([job_id]) == []
