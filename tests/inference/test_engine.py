"""The life of the engine: waiting, cancelling, crashing, stopping."""

import asyncio
import os
import signal
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest

from jobhive.kinds.inference import process
from jobhive.kinds.inference.backend import EngineCrashed, ModelUnavailable
from jobhive.kinds.inference.engine import LocalEngine
from jobhive.kinds.inference.locate import locate_model
from jobhive.kinds.inference.request import GenerateParams
from tests.inference.asking import PROMPT, answer

pytestmark = pytest.mark.asyncio(loop_scope="session")

LONG = GenerateParams(prompt="Once upon a time", max_tokens=400)


def process_of(engine: LocalEngine) -> psutil.Process:
    """The process that holds the model."""
    assert engine.pid is not None
    return psutil.Process(engine.pid)


async def test_a_cancelled_generation_makes_room_for_the_next(narrow: LocalEngine) -> None:  # I5
    async with aclosing(narrow.generate(LONG)) as running:
        await anext(running)
    assert (await answer(narrow, max_tokens=2, temperature=0)).text == " Paris."


async def test_a_cancelled_task_makes_room_for_the_next(narrow: LocalEngine) -> None:  # I5
    await narrow.start()
    asked = asyncio.create_task(answer(narrow, "one two three four five six seven eight nine ten " * 20))
    async with asyncio.TaskGroup() as group:
        after = group.create_task(answer(narrow, max_tokens=2, temperature=0))
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
    assert after.result().text == " Paris."


async def test_a_waiting_generation_is_cancelled_where_it_waits(narrow: LocalEngine) -> None:  # I5
    async with aclosing(narrow.generate(LONG)) as running:
        await anext(running)
        waiting, next_in_line = (asyncio.create_task(answer(narrow, max_tokens=2, temperature=0)) for _ in range(2))
        await anext(running)
        assert waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await anext(running)  # undisturbed
    assert (await next_in_line).text == " Paris."


async def test_more_generations_than_slots_are_served_in_order(narrow: LocalEngine) -> None:  # H3
    ended: list[int] = []

    async def ask(number: int) -> None:
        await answer(narrow, max_tokens=4)
        ended.append(number)

    await asyncio.gather(*(ask(number) for number in range(5)))
    assert ended == [0, 1, 2, 3, 4]


async def test_a_killed_process_is_told_and_the_next_generation_gets_another(engine: LocalEngine) -> None:  # H3
    undisturbed = await answer(engine, max_tokens=8)
    killed = process_of(engine).pid
    async with aclosing(engine.generate(LONG)) as first, aclosing(engine.generate(LONG)) as second:
        await asyncio.gather(anext(first), anext(second))
        process_of(engine).kill()
        for running in (first, second):
            with pytest.raises(EngineCrashed, match=f"pid {killed}.* was ended by SIGKILL"):
                _ = [item async for item in running]
    assert engine.pid is None
    assert (await answer(engine, max_tokens=8)).text == undisturbed.text
    assert engine.pid not in (None, killed)


async def test_generations_waiting_at_a_crash_are_served_by_the_next_process(narrow: LocalEngine) -> None:  # H3
    async with aclosing(narrow.generate(LONG)) as running:
        await anext(running)
        waiting = asyncio.create_task(answer(narrow, max_tokens=2, temperature=0))
        await anext(running)
        process_of(narrow).kill()
        assert (await waiting).text == " Paris."


async def test_an_interrupt_from_the_terminal_is_left_to_the_parent(engine: LocalEngine) -> None:  # D6
    await engine.start()
    before = process_of(engine)
    before.send_signal(signal.SIGINT)
    assert (await answer(engine, max_tokens=2, temperature=0)).text == " Paris."
    assert process_of(engine) == before


async def test_nobody_can_ask_the_engine_over_the_network(engine: LocalEngine) -> None:  # I7
    await engine.start()
    assert process_of(engine).net_connections("inet") == []


async def test_stop_ends_the_process_and_what_it_does() -> None:  # D6
    engine = LocalEngine(n_parallel=1, context_tokens=512)
    async with aclosing(engine.generate(LONG)) as running:
        await anext(running)
        waiting = asyncio.create_task(answer(engine))
        await anext(running)
        child = process_of(engine)
        await engine.stop()
        assert not child.is_running()
        with pytest.raises(EngineCrashed):
            _ = [item async for item in running]
    with pytest.raises(EngineCrashed, match="was stopped"):
        await waiting
    await engine.start()
    assert (await answer(engine, max_tokens=2, temperature=0)).text == " Paris."
    await engine.stop()
    await engine.stop()


async def test_stop_ends_a_process_that_does_not_obey(monkeypatch: pytest.MonkeyPatch) -> None:  # D6
    monkeypatch.setattr(process, "GRACE_SECONDS", 0.1)
    engine = LocalEngine(n_parallel=1, context_tokens=512)
    await engine.start()
    child = process_of(engine)
    child.suspend()
    await engine.stop()
    assert not child.is_running()


async def test_a_damaged_model_is_refused_with_the_reason(tmp_path: Path) -> None:  # I11
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(locate_model().read_bytes()[:5_000_000])
    engine = LocalEngine(damaged)
    for ask in (engine.start, lambda: answer(engine)):
        with pytest.raises(ModelUnavailable, match=r"damaged\.gguf cannot be loaded: .*corrupted or incomplete"):
            await ask()
    assert engine.pid is None
    await engine.stop()


async def test_without_the_inference_library_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # H3
    fake = "import os; os.write(1, b'a banner'); raise ImportError('No module named xllamacpp')"
    (tmp_path / "xllamacpp.py").write_text(fake)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(ModelUnavailable, match=r"install it with `pip install 'jobhive\[llm\]'`"):
        await answer(LocalEngine(), PROMPT)


@pytest.mark.parametrize("wrong", [{"n_parallel": 0}, {"context_tokens": 0}, {"threads": 0}])
async def test_an_engine_of_nothing_is_refused(wrong: dict[str, int]) -> None:  # H3
    with pytest.raises(ValueError, match="has to be at least 1"):
        LocalEngine(None, **wrong)
