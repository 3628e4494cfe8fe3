"""`generate` with the real model, through real jobs: tokens streamed, results recorded, trouble told."""

import os
import signal
from collections.abc import AsyncGenerator
from pathlib import Path

import psutil
import pytest

from jobhive import CompleteJob, Event, FailedJob, InvalidInput, JobFailed, JobHandle, Jobhive
from jobhive.app.builtin import add_generate
from jobhive.kinds.inference.request import GenerateResult
from jobhive.settings import load_settings

PROMPT = "The capital of France is"


@pytest.fixture
async def app(tmp_path: Path) -> AsyncGenerator[Jobhive]:
    """An application with `generate`, and a worker that serves it."""
    app = Jobhive(str(tmp_path / "jobhive.db"))
    add_generate(app, load_settings())
    async with app, app.worker(concurrency=4):
        yield app


async def test_tokens_are_streamed_and_the_result_is_recorded(app: Jobhive) -> None:  # H3, I1, I2
    handle = await app.enqueue("generate", {"prompt": PROMPT, "max_tokens": 8, "temperature": 0})
    events = [event async for event in handle.stream()]
    result = await _result(handle)
    assert result.text.startswith(" Paris")
    assert events[0].type == "started"
    assert events[0].data["model"] == result.model
    assert "".join(_tokens(events)) == result.text
    assert [event.data["i"] for event in events if event.type == "token"] == list(range(len(_tokens(events))))
    assert (events[-2].type, events[-1].type) == ("metrics", "end")
    assert events[-1].data == {
        "state": "complete",
        "tokens_out": 8,
        "decode_time_ms": result.decode_time_ms,
        "stop_reason": "MAX_TOKENS",
    }


async def test_a_stop_sequence_is_named(app: Jobhive) -> None:  # I2
    handle = await app.enqueue("generate", {"prompt": PROMPT, "stop": [".", "zebra"], "temperature": 0})
    last = [event async for event in handle.stream()][-1]
    assert (last.data["stop_reason"], last.data["stop_sequence_matched"]) == ("STOP_SEQUENCE", ".")


async def test_the_same_seed_gives_the_same_text_also_under_load(app: Jobhive) -> None:  # I4
    params = {"prompt": "Once upon a time", "max_tokens": 24, "seed": 7}
    alone = await _result(await app.enqueue("generate", params))
    handles = [await app.enqueue("generate", {**params, "seed": seed}) for seed in (7, 8, 7, 9)]
    texts = [(await _result(handle)).text for handle in handles]
    assert texts[0] == texts[2] == alone.text
    assert texts[1] != alone.text


async def test_every_wrong_param_is_listed_and_nothing_is_echoed(app: Jobhive) -> None:  # I4
    wrong = {"prompt": "", "max_tokens": 0, "temperature": 3, "top_p": 2, "min_p": -1, "seed": -1, "secret": "s3cret"}
    with pytest.raises(InvalidInput) as refused:
        await app.enqueue("generate", wrong)
    assert {error.field for error in refused.value.errors} == {f"params.{name}" for name in wrong}
    assert "s3cret" not in str(refused.value)


async def test_a_prompt_beyond_the_context_is_a_clear_error(app: Jobhive) -> None:  # I4
    handle = await app.enqueue("generate", {"prompt": "a b c " * 5000})
    with pytest.raises(JobFailed) as failed:
        await handle.result()
    assert failed.value.job.error.code == "CONTEXT_EXCEEDED"
    assert failed.value.job.attempt == 1  # another attempt would meet the same


async def test_another_model_than_the_served_one_is_refused(app: Jobhive) -> None:  # O6
    handle = await app.enqueue("generate", {"prompt": "x", "model": "some-other-model"})
    with pytest.raises(JobFailed, match="some-other-model"):
        await handle.result()


async def test_cancelled_in_mid_token_it_stops_and_the_model_serves_on(app: Jobhive) -> None:  # I5
    handle = await app.enqueue("generate", {"prompt": "Once upon a time", "max_tokens": 2000})
    events: list[Event] = []
    async for event in handle.stream():
        events.append(event)
        if len(events) == 5:
            await handle.cancel()
    assert events[-1].data["stop_reason"] == "CANCELLED"
    assert len(_tokens(events)) < 2000
    after = await _result(await app.enqueue("generate", {"prompt": PROMPT, "max_tokens": 4, "temperature": 0}))
    assert after.text.startswith(" Paris")


async def test_a_killed_engine_costs_an_attempt_and_the_text_is_the_same(app: Jobhive) -> None:  # H3, I9
    params = {"prompt": "Once upon a time", "max_tokens": 40, "seed": 3}
    undisturbed = await _result(await app.enqueue("generate", params))
    handle = await app.enqueue("generate", params)
    told: list[Event] = []
    async for event in handle.stream():
        told.append(event)
        if len(told) == 6:
            os.kill(_newest_engine().pid, signal.SIGKILL)
    [again] = [event for event in told if event.type == "attempt"]
    job = await handle.job()
    assert isinstance(job, CompleteJob)
    assert "".join(_tokens([event for event in told if event.seq > again.seq])) == undisturbed.text
    assert job.attempts[0].error is not None
    assert "SIGKILL" in job.attempts[0].error.message


async def test_a_job_without_tokens_to_come_fails_clearly(app: Jobhive) -> None:  # I6
    handle = await app.enqueue("generate", {"prompt": "x " * 16_000})
    last = [event async for event in handle.stream()][-1]
    job = await handle.job()
    assert isinstance(job, FailedJob)
    assert last.data == {"code": job.error.code, "message": job.error.message}


def _newest_engine() -> psutil.Process:
    """This test's own; others keep theirs for the whole session."""
    children = psutil.Process().children()
    engines = [child for child in children if "jobhive.kinds.inference.child" in child.cmdline()]
    return max(engines, key=psutil.Process.create_time)


def _tokens(events: list[Event]) -> list[str]:
    return [str(event.data["t"]) for event in events if event.type == "token"]


async def _result(handle: JobHandle[object]) -> GenerateResult:
    result = await handle.result()
    assert isinstance(result, GenerateResult)
    return result
