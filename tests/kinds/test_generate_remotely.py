"""`generate` by a server, through real jobs: told, retried, failed."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

from jobhive import CompleteJob, FailedJob, JobCancelled, Jobhive
from jobhive.app.builtin import add_generate
from jobhive.kinds.inference.request import GenerateResult
from jobhive.settings import load_settings
from tests.inference.remote.fake_server import VLLM, Answer, abort, fake_server, plain, silence, stream, text

HALF = {"choices": [{"text": " Par", "finish_reason": None}]}
PARIS = stream(*text(" Par", "is."), "[DONE]")


async def app_for(url: str, folder: Path) -> Jobhive:
    """An application whose `generate` is served at that address."""
    app = Jobhive(str(folder / "jobhive.db"))
    add_generate(app, load_settings(inference_url=url))
    return app


async def test_the_model_that_was_asked_for_is_told_from_the_start(tmp_path: Path) -> None:  # I1, I2
    async with fake_server(VLLM, PARIS) as fake:
        app = await app_for(fake.url, tmp_path)
        async with app, app.worker():
            handle = await app.enqueue("generate", {"prompt": "France"})
            events = [event async for event in handle.stream()]
            result = await handle.result()
    assert events[0].data["model"] == "qwen"
    assert [event.type for event in events] == ["started", "token", "token", "metrics", "end"]
    assert events[-1].data["stop_reason"] == "MAX_TOKENS"
    assert isinstance(result, GenerateResult)
    assert (result.text, result.model) == (" Paris.", "qwen")


async def test_what_passes_is_tried_again_and_half_a_text_is_no_result(tmp_path: Path) -> None:  # H3, I9
    answers: list[Answer] = [stream(HALF, then=abort), plain(429, {}, Retry_After="0"), PARIS]
    async with fake_server(VLLM) as fake:

        async def next_answer(writer: asyncio.StreamWriter) -> None:
            await answers.pop(0)(writer)

        fake.answer = next_answer
        app = await app_for(fake.url, tmp_path)
        async with app, app.worker():
            handle = await app.enqueue("generate", {"prompt": "France"})
            await handle.result()
            job = await handle.job()
    assert isinstance(job, CompleteJob)
    assert job.attempt == 3
    assert [each.error.code for each in job.attempts if each.error] == ["GENERATION_ERROR"] * 2


async def test_a_cancelled_job_closes_its_request(tmp_path: Path) -> None:  # I5
    async with fake_server(VLLM, stream(HALF, then=silence)) as fake:
        app = await app_for(fake.url, tmp_path)
        async with app, app.worker():
            handle = await app.enqueue("generate", {"prompt": "France"})
            async with aclosing(handle.stream()) as events:
                async for event in events:
                    if event.type == "token":
                        await handle.cancel()
                        break
            await fake.is_left.wait()
            with pytest.raises(JobCancelled):
                await handle.result()


def stored_in(folder: Path) -> str:
    return "".join(path.read_bytes().decode("latin-1") for path in folder.glob("jobhive.db*") if path.is_file())


async def test_no_record_of_a_job_holds_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # security: tokens
    app = Jobhive(str(tmp_path / "jobhive.db"))
    async with fake_server(VLLM, plain(400, {"error": "sesame-sesame is no key of ours"})) as fake:
        monkeypatch.setenv("JOBHIVE_INFERENCE_KEY", "sesame-sesame")
        add_generate(app, load_settings(inference_url=fake.url))
        async with app, app.worker():
            handle = await app.enqueue("generate", {"prompt": "France"})
            events = [event async for event in handle.stream()]
            job = await handle.job()
    assert "sesame" in fake.heads[-1]
    assert isinstance(job, FailedJob)
    assert "sesame" not in f"{job!r} {events!r}"
    assert stored_in(tmp_path)
    assert "sesame" not in stored_in(tmp_path)


async def test_a_server_that_says_nothing_of_its_model_delays_no_job_of_another_kind(tmp_path: Path) -> None:
    async with fake_server(silence) as fake:
        app = await app_for(fake.url, tmp_path)

        @app.job()
        async def add(a: int) -> int:
            return a

        async with app, app.worker(queues=["default"]):
            assert await (await add.enqueue(a=1)).result() == 1
        assert fake.heads == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (plain(400, {"error": {"message": "maximum context length is 8", "code": 400}}), "CONTEXT_EXCEEDED"),
        (plain(401, {}), "MODEL_UNAVAILABLE"),
    ],
)
async def test_what_does_not_pass_fails_at_once(tmp_path: Path, answer: Answer, code: str) -> None:  # I4
    async with fake_server(VLLM, answer) as fake:
        app = await app_for(fake.url, tmp_path)
        async with app, app.worker():
            handle = await app.enqueue("generate", {"prompt": "France"})
            events = [event async for event in handle.stream()]
            job = await handle.job()
    assert isinstance(job, FailedJob)
    assert (job.attempt, job.error.code, events[-1].type) == (1, code, "error")
