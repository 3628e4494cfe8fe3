"""Generations by a real llama.cpp server, over the wire: the same text as from the engine on this machine."""

import asyncio
from contextlib import aclosing

import httpx2
import pytest

from jobhive.kinds.inference.backend import Backend, ErrorCode, GenerationError, ModelUnavailable, Token
from jobhive.kinds.inference.engine import LocalEngine
from jobhive.kinds.inference.remote.dialect import Dialect
from jobhive.kinds.inference.remote.engine import RemoteEngine
from jobhive.kinds.inference.request import GenerateParams, GenerateResult, StopReason
from tests.inference.asking import GREEDY, answer, items_of
from tests.inference.remote.llama_server import KEY

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_capital_of_france_token_by_token(remote: RemoteEngine) -> None:  # H3, I2
    *tokens, result = await items_of(remote, max_tokens=12, temperature=0)
    assert isinstance(result, GenerateResult)
    assert tokens[:2] == [Token(" Paris", 0), Token(".", 1)]
    assert "".join(token.text for token in tokens if isinstance(token, Token)) == result.text == GREEDY
    assert (result.tokens_in, result.tokens_out, result.stop_reason) == (5, 12, StopReason.MAX_TOKENS)
    assert result.model == remote.model
    assert result.time_to_first_token_ms is not None
    assert result.decode_time_ms > 0


async def test_the_server_says_whose_words_it_understands(remote: RemoteEngine) -> None:
    served = await remote.served()
    assert served.dialect is Dialect.LLAMA_CPP
    assert served.model.endswith("SmolLM2-135M-Instruct.Q4_1.gguf")


async def test_the_text_is_that_of_the_engine_on_this_machine(remote: RemoteEngine, engine: LocalEngine) -> None:  # I4
    asked = [
        GenerateParams(prompt="red red red red", max_tokens=6, temperature=0, repetition_penalty=2),
        GenerateParams(prompt="日本語" * 4, max_tokens=6, temperature=0),
        GenerateParams(prompt="Once upon a time", max_tokens=8, seed=2**40 + 7, top_k=50, min_p=0.01, top_p=0.9),
    ]
    for params in asked:
        here, there = [await last_of(backend, params) for backend in (engine, remote)]
        assert (there.text, there.tokens_in, there.tokens_out) == (here.text, here.tokens_in, here.tokens_out)


async def last_of(backend: Backend, params: GenerateParams) -> GenerateResult:
    async with aclosing(backend.generate(params)) as items:
        *_, last = [item async for item in items]
    assert isinstance(last, GenerateResult)
    return last


async def test_a_stop_sequence_is_told_from_the_end_of_the_text(remote: RemoteEngine) -> None:  # I2
    stopped = await answer(remote, max_tokens=40, temperature=0, stop=["zebra", "United"])
    assert (stopped.stop_reason, stopped.stop_sequence_matched) == (StopReason.STOP_SEQUENCE, "United")
    assert (stopped.text, stopped.tokens_in, stopped.tokens_out) == (" Paris.\n\nThe ", 5, 6)
    chat = "<|im_start|>user\nSay hi.<|im_end|>\n<|im_start|>assistant\n"
    ended = await answer(remote, chat, temperature=0)
    assert (ended.stop_reason, ended.stop_sequence_matched) == (StopReason.EOS, None)
    held = await answer(remote, max_tokens=3, temperature=0, stop=["\n\n\n", ".\n\nNever"])
    assert (held.stop_reason, held.text) == (StopReason.MAX_TOKENS, " Paris.\n")


async def test_a_prompt_beyond_the_context_is_a_clear_error(remote: RemoteEngine) -> None:  # I4
    with pytest.raises(GenerationError, match="256 tokens") as refused:
        await answer(remote, "a" + " b" * 300)
    assert refused.value.code is ErrorCode.CONTEXT_EXCEEDED


async def test_more_generations_than_it_has_slots_are_all_served(remote: RemoteEngine) -> None:
    results = await asyncio.gather(*(answer(remote, max_tokens=2, temperature=0) for _ in range(6)))
    assert {result.text for result in results} == {" Paris."}


async def test_a_cancelled_generation_is_over_at_the_server_too(remote: RemoteEngine, llama: str) -> None:  # I5
    async with aclosing(remote.generate(GenerateParams(prompt="Once upon a time", max_tokens=240))) as running:
        await anext(running)
        assert await busy_slots(llama) == 1
    await until_idle(llama)
    assert (await answer(remote, max_tokens=2, temperature=0)).text == " Paris."


async def busy_slots(llama: str) -> int:
    async with httpx2.AsyncClient(base_url=llama, headers={"Authorization": f"Bearer {KEY}"}) as client:
        slots = (await client.get("/slots")).json()
    return sum(slot["is_processing"] for slot in slots)


async def until_idle(llama: str) -> None:
    """The server rings no bell: it is asked, and each answer takes a moment."""
    for _ in range(500):
        if not await busy_slots(llama):
            return
    raise AssertionError("the server goes on generating")


async def test_no_connection_is_used_twice(remote: RemoteEngine, caplog: pytest.LogCaptureFixture) -> None:  # D9
    await remote.served()
    caplog.set_level("DEBUG", "httpcore2.connection")
    for _ in range(3):  # the server closes each just when the next request may be on its way
        assert (await answer(remote, max_tokens=2, temperature=0)).text == " Paris."
    assert caplog.text.count("connect_tcp.started") == 3


async def test_a_wrong_key_is_told_and_neither_key_is_shown(llama: str) -> None:  # security: tokens
    engine = RemoteEngine(llama, key="another-key-altogether")
    for ask in (engine.start, lambda: answer(engine)):
        with pytest.raises(ModelUnavailable, match=r"401.*JOBHIVE_INFERENCE_KEY") as refused:
            await ask()
        assert "another-key" not in str(refused.value)
    await engine.stop()


async def test_another_model_is_refused(remote: RemoteEngine, llama: str) -> None:  # O6
    with pytest.raises(GenerationError, match="'gpt-9' is not served here"):
        await answer(remote, model="gpt-9")
    engine = RemoteEngine(llama, model="gpt-9", key=KEY)
    with pytest.raises(ModelUnavailable, match=r"does not serve 'gpt-9'; choose one with --model: .*SmolLM2"):
        await answer(engine)
    await engine.stop()


async def test_a_closed_backend_serves_again_after_start(llama: str) -> None:
    engine = RemoteEngine(f"{llama}/v1/", key=KEY)
    assert (await answer(engine, max_tokens=2, temperature=0)).text == " Paris."
    await engine.stop()
    await engine.stop()
    with pytest.raises(Exception, match="was closed"):
        await answer(engine)
    await engine.start()
    assert (await answer(engine, max_tokens=2, temperature=0)).text == " Paris."
    await engine.stop()
