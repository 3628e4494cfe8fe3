"""Servers that cannot be had here, over the wire: their words, their counts, their ways to fail."""

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from contextlib import aclosing
from traceback import format_exception

import pytest

from jobhive.client.steering import Retry
from jobhive.core.errors import JobhiveError
from jobhive.kinds.inference.backend import ErrorCode, GenerationError, Interrupted, ModelUnavailable, Token
from jobhive.kinds.inference.remote.engine import RemoteEngine
from jobhive.kinds.inference.remote.trouble import ServerFailed, ServerSilent
from jobhive.kinds.inference.request import GenerateParams, GenerateResult, StopReason
from tests.inference.asking import answer, items_of
from tests.inference.remote.fake_server import (
    OLLAMA,
    VLLM,
    Answer,
    abort,
    endless,
    fake_server,
    plain,
    silence,
    stream,
    text,
)

KEY = "key-that-nobody-may-read"
PARIS = stream(*text(" Par", "is."), "[DONE]")
HALF = {"choices": [{"text": " Par", "finish_reason": None}]}


def usage(tokens_in: int, tokens_out: int) -> dict[str, int]:
    return {"prompt_tokens": tokens_in, "completion_tokens": tokens_out, "total_tokens": tokens_in + tokens_out}


async def test_vllm_is_asked_in_its_words_and_counts_as_it_goes() -> None:  # H3, I2, I4
    chunks = [{**chunk, "usage": usage(5, count)} for count, chunk in enumerate(text(" Par", "is", ".", " The"), 1)]
    async with fake_server(VLLM, stream(*chunks, "[DONE]")) as fake:
        engine = RemoteEngine(fake.url, key=KEY)
        params = GenerateParams(
            prompt="France",
            max_tokens=9,
            seed=2**32,
            stop=["s."],
            top_k=40,
            min_p=0.1,
            repetition_penalty=1.5,
            temperature=0.5,
            top_p=0.9,
        )
        async with aclosing(engine.generate(params)) as items:
            *tokens, result = [item async for item in items]
        await engine.stop()
    assert tokens == [Token(" Par", 0), Token("i", 1)]
    assert isinstance(result, GenerateResult)
    assert (result.text, result.stop_reason, result.stop_sequence_matched) == (" Pari", StopReason.STOP_SEQUENCE, "s.")
    assert (result.tokens_in, result.tokens_out, result.model) == (5, 3, "qwen")
    [asked] = fake.asked
    said = {"model": "qwen", "prompt": "France", "max_tokens": 9, "top_k": 40, "min_p": 0.1, "temperature": 0.5}
    assert said.items() <= asked.items()
    assert (asked["repetition_penalty"], asked["top_p"], asked["seed"], asked["stream"]) == (1.5, 0.9, 1, True)
    assert asked["stream_options"] == {"include_usage": True, "continuous_usage_stats": True}
    assert "stop" not in asked
    assert all(f"\r\nauthorization: bearer {KEY}\r\n" in head.lower() for head in fake.heads)


async def test_ollama_counts_at_the_end() -> None:  # H3, I2
    events = [*text(" Par", "is.", finish="stop"), {"choices": [], "usage": usage(31, 4)}, "[DONE]"]
    async with fake_server(OLLAMA, stream(*events)) as fake:
        engine = RemoteEngine(fake.url)
        result = await answer(engine, temperature=0.7)
        cut = await answer(engine, stop=["is"])
        await engine.stop()
    assert (result.text, result.stop_reason) == (" Paris.", StopReason.EOS)
    assert (result.tokens_in, result.tokens_out, result.model) == (31, 4, "smollm2:135m")
    assert (cut.text, cut.tokens_in, cut.tokens_out) == (" Par", None, 2)
    assert not fake.asked[0].keys() & {"top_k", "min_p", "repetition_penalty", "repeat_penalty", "repeat_last_n"}
    assert not any("authorization" in head.lower() for head in fake.heads)


async def test_what_a_server_cannot_be_told_is_refused_by_name_before_it_is_asked() -> None:  # I4
    async with fake_server(OLLAMA, PARIS) as fake:
        engine = RemoteEngine(fake.url)
        with pytest.raises(GenerationError, match="top_k, min_p, repetition_penalty, repeat_last_n;") as refused:
            await answer(engine, top_k=5, min_p=0.5, repetition_penalty=1.1, repeat_last_n=1)
        assert refused.value.code is ErrorCode.INVALID_REQUEST
        assert fake.asked == []
        assert (await answer(engine, repetition_penalty=0)).text == " Paris."  # 0 and 1 are both off
        await engine.stop()


async def test_one_client_carries_many_generations_at_once() -> None:
    everybody = asyncio.Barrier(150)

    async def together(writer: asyncio.StreamWriter) -> None:
        await everybody.wait()
        await PARIS(writer)

    async with fake_server(VLLM, together) as fake:
        engine = RemoteEngine(fake.url)
        results = await asyncio.gather(*(answer(engine) for _ in range(150)))
        await engine.stop()
    assert {result.text for result in results} == {" Paris."}
    assert sum(head.startswith("GET") for head in fake.heads) == 1  # what it serves is asked once


@pytest.mark.parametrize("is_closed", [True, False])
async def test_a_cancel_closes_the_connection_at_once(is_closed: bool) -> None:  # I5
    async with fake_server(VLLM, stream(HALF, then=silence)) as fake:
        engine = RemoteEngine(fake.url)
        if is_closed:
            async with aclosing(engine.generate(GenerateParams(prompt="x"))) as items:
                await anext(items)
        else:
            asking = asyncio.create_task(answer(engine))
            await fake.is_asked.wait()
            asking.cancel()
            await asyncio.wait([asking])
        await fake.is_left.wait()
        await engine.stop()


async def test_stopped_in_the_middle_a_generation_is_interrupted() -> None:
    async with fake_server(VLLM, stream(HALF, then=silence)) as fake:
        engine = RemoteEngine(fake.url)
        async with aclosing(engine.generate(GenerateParams(prompt="x"))) as items:
            await anext(items)
            waiting = asyncio.ensure_future(anext(items))
            await asyncio.sleep(0)
            await engine.stop()
            with pytest.raises(Interrupted):
                await waiting


CONTEXT = "This model's maximum context length is 2048 tokens. However, your request has 3000 input tokens."
VLLM_ERROR = {"error": {"message": CONTEXT, "type": "BadRequestError", "param": None, "code": 400}}
OLD_VLLM_ERROR = {"object": "error", "message": CONTEXT, "type": "BadRequestError", "param": None, "code": 400}
OPENAI_ERROR = {"error": {"message": "Too long.", "type": "invalid", "code": "context_length_exceeded"}}
SAYS = {"error": {"message": "temperature is too hot", "type": "BadRequestError", "code": 400}}
NO_MODEL = {"error": {"message": "The model `qwen` does not exist.", "type": "NotFoundError", "code": 404}}

REFUSALS: Mapping[str, tuple[Answer, type[JobhiveError], str, str]] = {
    "vllm context": (plain(400, VLLM_ERROR), GenerationError, "CONTEXT_EXCEEDED", "2048 tokens"),
    "old vllm context": (plain(400, OLD_VLLM_ERROR), GenerationError, "CONTEXT_EXCEEDED", "2048 tokens"),
    "openai context": (plain(400, OPENAI_ERROR), GenerationError, "CONTEXT_EXCEEDED", "Too long"),
    "bad request": (plain(400, SAYS), GenerationError, "INVALID_REQUEST", "too hot"),
    "unprocessable": (plain(422, {"detail": [{"msg": "no"}]}), GenerationError, "INVALID_REQUEST", "422"),
    "unauthorized": (plain(401, {"error": {"message": KEY}}), ModelUnavailable, "MODEL_UNAVAILABLE", "_KEY"),
    "later, but not so": (plain(401, {}, Retry_After="1"), ModelUnavailable, "MODEL_UNAVAILABLE", "another key"),
    "forbidden": (plain(403, "no"), ModelUnavailable, "MODEL_UNAVAILABLE", "JOBHIVE_INFERENCE_KEY"),
    "no such model": (plain(404, NO_MODEL), ModelUnavailable, "MODEL_UNAVAILABLE", "does not exist"),
    "moved": (plain(301, "", Location="http://x/"), ModelUnavailable, "MODEL_UNAVAILABLE", "301"),
    "too many": (plain(429, {"error": "slow down"}), ServerFailed, "GENERATION_ERROR", "slow down"),
    "failed": (plain(500, "<html>"), ServerFailed, "GENERATION_ERROR", "answers 500"),
    "loading": (plain(503, {"error": {"message": "Loading model", "code": 503}}), ServerFailed, "", "Loading model"),
    "no memory": (plain(500, {"error": "CUDA out of memory"}), GenerationError, "OUT_OF_MEMORY", "CUDA"),
    "a page": (plain(200, "<html>hello"), GenerationError, "GENERATION_ERROR", "no stream of events"),
    "garbage": (stream("{]"), GenerationError, "GENERATION_ERROR", "no chunk of a completion"),
    "an endless line": (
        endless(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: ", b"x" * 2**18),
        *(GenerationError, "GENERATION_ERROR", "limit"),
    ),
    "an endless error": (endless(b"HTTP/1.1 500 No\r\n\r\n", b" " * 2**18), ServerFailed, "GENERATION_ERROR", "500"),
    "no HTTP": (endless(b"SSH-2.0-OpenSSH\r\n\r\n", b"x"), ServerFailed, "GENERATION_ERROR", "broke off"),
    "a list": (stream([1]), GenerationError, "GENERATION_ERROR", "no chunk of a completion"),
    "error in mid-stream": (stream(HALF, {"error": {"message": "boom", "code": 500}}), ServerFailed, "", "500: boom"),
    "bare error": (stream(HALF, {"error": "boom"}), ServerFailed, "GENERATION_ERROR", "boom"),
    "refused in mid-stream": (stream(HALF, SAYS), GenerationError, "INVALID_REQUEST", "too hot"),
    "cut": (stream(HALF, then=abort), ServerFailed, "GENERATION_ERROR", "broke off in the middle"),
    "ended too early": (stream(HALF), ServerFailed, "GENERATION_ERROR", "in the middle"),
    "done too early": (stream(HALF, "[DONE]"), ServerFailed, "GENERATION_ERROR", "in the middle"),
    "aborted": (stream(*text("x", finish="abort")), ServerFailed, "GENERATION_ERROR", "in the middle"),
    "filtered": (stream(*text("x", finish="content_filter")), GenerationError, "GENERATION_ERROR", "content_filter"),
}


@pytest.mark.parametrize("name", REFUSALS)
async def test_every_fault_is_a_clear_error_and_no_result(name: str) -> None:  # H3, I4
    told, kind, code, words = REFUSALS[name]
    async with fake_server(VLLM, told) as fake:
        engine = RemoteEngine(fake.url, key=KEY)
        with pytest.raises(kind) as failed:
            await answer(engine)
        assert type(failed.value) is kind
        assert words in str(failed.value)
        assert fake.url in str(failed.value)  # whoever reads it knows which server is meant
        assert code in {"", failed.value.code}
        assert KEY not in str(failed.value)
        fake.answer = PARIS
        assert (await answer(engine)).text == " Paris."  # the next one is not affected
        await engine.stop()


async def test_a_busy_server_says_when_to_come_back() -> None:
    for given, waited in (("7", 7), ("999999", 3600), ("9" * 5000, 3600)):
        async with fake_server(VLLM, plain(429, {}, Retry_After=given)) as fake:
            engine = RemoteEngine(fake.url)
            with pytest.raises(Retry, match="429") as busy:
                await answer(engine)
            assert busy.value.code == "GENERATION_ERROR"
            assert busy.value.after is not None
            assert busy.value.after.total_seconds() == waited
            await engine.stop()


async def test_a_server_that_falls_silent_is_given_up() -> None:
    async with fake_server(VLLM, stream(HALF, then=silence)) as fake:
        engine = RemoteEngine(fake.url, silence_seconds=0.2)
        with pytest.raises(ServerSilent, match="silent for too long") as silent:
            await answer(engine)
        assert silent.value.code == "TIMEOUT"
        await engine.stop()


async def test_a_server_that_does_not_hang_up_after_its_last_word_is_hung_up_on() -> None:
    for then in (silence, abort):
        async with fake_server(VLLM, stream(*text(" Paris."), "[DONE]", then=then)) as fake:
            engine = RemoteEngine(fake.url)
            assert (await answer(engine)).text == " Paris."
            await fake.is_left.wait()
            await engine.stop()


async def test_a_head_that_never_ends_is_given_up_too() -> None:
    async with fake_server(VLLM, endless(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n")) as fake:
        engine = RemoteEngine(fake.url, silence_seconds=0.2)
        with pytest.raises(ServerSilent, match="silent for too long"):
            await answer(engine)
        await engine.stop()


async def test_those_who_wait_for_a_server_that_fails_are_told_together() -> None:
    is_asked, may_fail = asyncio.Event(), asyncio.Event()

    async def fail(writer: asyncio.StreamWriter) -> None:
        is_asked.set()
        await may_fail.wait()
        await plain(500, "no")(writer)

    async with fake_server(fail, PARIS) as fake:
        engine = RemoteEngine(fake.url)
        asking = [asyncio.create_task(answer(engine)) for _ in range(50)]
        await is_asked.wait()
        may_fail.set()
        failures = await asyncio.gather(*asking, return_exceptions=True)
        assert {type(failure) for failure in failures} == {ServerFailed}
        assert len(fake.heads) == 1
        fake.models = VLLM
        assert (await answer(engine)).text == " Paris."
        await engine.stop()


async def test_a_name_and_a_password_in_the_address_are_shown_to_the_server_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    login = b64encode(b"me:p@w!").decode()
    async with fake_server(VLLM, plain(400, {"error": "who is p@w!?"})) as fake:
        for key, sent in ((None, f"basic {login}"), (KEY, f"bearer {KEY}")):
            engine = RemoteEngine(fake.url.replace("//", "//me:p%40w!@"), key=key)
            with pytest.raises(GenerationError) as failed:
                await answer(engine)
            await engine.stop()
            assert f"\r\nauthorization: {sent}\r\n".lower() in fake.heads[-1].lower()
            told = f"{failed.value} {engine!r} {engine.server} {caplog.text}"
            assert not any(secret in told for secret in ("p@w!", "p%40w!", login, KEY))


async def test_a_key_that_no_header_can_hold_is_not_repeated() -> None:
    async with fake_server(VLLM, PARIS) as fake:
        engine = RemoteEngine(fake.url, key=f"{KEY} ")
        with pytest.raises(ServerFailed, match="JOBHIVE_INFERENCE_KEY") as failed:
            await answer(engine)
        assert KEY not in "".join(format_exception(failed.value))
        await engine.stop()


async def test_nobody_at_the_address_is_told_with_what_to_do(caplog: pytest.LogCaptureFixture) -> None:
    async with fake_server(VLLM) as fake:
        pass
    engine = RemoteEngine(fake.url.replace("//", "//me:password@"))
    with pytest.raises(ServerFailed, match=r"no inference server answers at .*--inference-url") as failed:
        await answer(engine)
    await engine.identify()
    assert engine.model is None
    assert "jobs are tried nevertheless" in caplog.text
    assert "password" not in caplog.text + str(failed.value)
    await engine.stop()


async def test_a_server_that_is_restarted_with_another_model_is_asked_again() -> None:
    async with fake_server(VLLM, plain(404, NO_MODEL)) as fake:
        engine = RemoteEngine(fake.url)
        with pytest.raises(ModelUnavailable):
            await answer(engine)
        fake.models, fake.answer = OLLAMA, PARIS
        assert (await answer(engine)).model == engine.model == "smollm2:135m"
        await engine.stop()


async def test_a_prompt_is_not_repeated_by_an_error() -> None:  # I4
    prompt = "my secret diary\nof many lines"
    for said in (f"cannot parse {prompt!r}", "bad: my secret diary"):
        async with fake_server(VLLM, plain(400, {"error": {"message": said}})) as fake:
            engine = RemoteEngine(fake.url)
            with pytest.raises(GenerationError, match="repeats the request") as failed:
                await items_of(engine, prompt)
            assert "diary" not in str(failed.value)
            await engine.stop()


@pytest.mark.parametrize(
    "url", ["", "x", "ftp://x", "http://", "http://[::1", "http://x:port", "http://x/?key=1", "http://x#y"]
)
def test_what_is_no_address_is_refused_at_once(url: str) -> None:
    with pytest.raises(ModelUnavailable, match="--inference-url"):
        RemoteEngine(url)
