"""What servers are told, what they serve, and how their streams are read, however they are cut."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobhive.kinds.inference.backend import GenerationError, ModelUnavailable
from jobhive.kinds.inference.remote.dialect import Dialect, completion_request
from jobhive.kinds.inference.remote.engine import RemoteEngine
from jobhive.kinds.inference.remote.served import served_in
from jobhive.kinds.inference.request import GenerateParams, GenerateResult
from tests.inference.asking import answer
from tests.inference.remote.fake_server import VLLM, text

FIELDS = {"top_k": 7, "min_p": 0.5, "repetition_penalty": 1.5, "repeat_last_n": 64}
TAKEN = {
    Dialect.LLAMA_CPP: {"top_k": 7, "min_p": 0.5, "repeat_penalty": 1.5, "repeat_last_n": 64},
    Dialect.VLLM: {"top_k": 7, "min_p": 0.5, "repetition_penalty": 1.5},
    Dialect.OPENAI: {},
}


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("name", FIELDS)
def test_a_parameter_is_said_or_refused_and_never_dropped(name: str, dialect: Dialect) -> None:  # I4
    params = GenerateParams.model_validate({"prompt": "x", name: FIELDS[name]})
    told = {"repetition_penalty": "repeat_penalty"}.get(name, name) if dialect is Dialect.LLAMA_CPP else name
    if told in TAKEN[dialect]:
        assert completion_request(params, "m", dialect)[told] == FIELDS[name]
    else:
        with pytest.raises(GenerationError, match=f"{dialect}.* cannot be told {name};"):
            completion_request(params, "m", dialect)


@pytest.mark.parametrize("dialect", Dialect)
def test_defaults_are_said_so_that_the_servers_own_do_not_count(dialect: Dialect) -> None:  # I4
    body = completion_request(GenerateParams(prompt="x"), "m", dialect)
    assert (body["model"], body["max_tokens"], body["temperature"], body["top_p"], body["seed"]) == ("m", 256, 1, 1, 42)
    assert (body["presence_penalty"], body["frequency_penalty"]) == (0, 0)
    if dialect is Dialect.VLLM:
        assert (body["top_k"], body["min_p"], body["repetition_penalty"]) == (-1, 0, 1)


@pytest.mark.parametrize("dialect", [Dialect.VLLM, Dialect.OPENAI])
def test_a_top_p_of_nothing_means_the_likeliest_token(dialect: Dialect) -> None:  # I4
    body = completion_request(GenerateParams(prompt="x", top_p=0, temperature=1.5), "m", dialect)
    assert (body["temperature"], body["top_p"]) == (0, 1)


@given(st.integers(0, 2**64 - 1), st.sampled_from(Dialect))
def test_every_seed_fits_every_server(seed: int, dialect: Dialect) -> None:  # I4
    said = completion_request(GenerateParams(prompt="x", seed=seed), "m", dialect)["seed"]
    assert said == seed % (2**32 - 1)


def models(*ids: str, **more: object) -> bytes:
    return json.dumps({"data": [{"id": each, **more} for each in ids]}).encode()


def test_the_only_model_is_taken_and_a_named_one_found() -> None:  # O6
    assert served_in(models("a"), "here", None, None) == ("a", Dialect.OPENAI)
    assert served_in(models("a", "b", owned_by="vllm"), "here", "b", None) == ("b", Dialect.VLLM)
    assert served_in(models("/a.gguf", aliases=["a"], owned_by="llamacpp"), "here", "a", None) == (
        "a",
        Dialect.LLAMA_CPP,
    )
    assert served_in(models("a", owned_by="vllm"), "here", None, Dialect.OPENAI).dialect is Dialect.OPENAI


@pytest.mark.parametrize(
    ("answered", "wanted", "told"),
    [
        (models(), None, "here serves no model"),
        (b'{"data": null}', None, "here serves no model"),
        (models("a", "b"), None, "several models; choose one with --model: a, b"),
        (models("a", "b"), "c", "does not serve 'c'; choose one with --model: a, b"),
        (b"<html>", None, "does not tell its models"),
        (b"[]", None, "does not tell its models"),
        (b'{"data": [{"name": "a"}]}', None, "does not tell its models"),
    ],
)
def test_a_model_that_cannot_be_chosen_is_told_with_those_there_are(
    answered: bytes, wanted: str | None, told: str
) -> None:
    with pytest.raises(ModelUnavailable, match=told):
        served_in(answered, "here", wanted, None)


LINE_ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
COMMENTS = st.sampled_from([b"", b": ping", b":", b"event: message", b"retry: 10", b"unknown: field"])


@st.composite
def streams(draw: st.DrawFn) -> tuple[str, list[bytes]]:
    """A text, and the stream that tells it, in parts."""
    pieces = draw(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=5), max_size=4))
    sent = b"".join(_frame(draw, json.dumps(chunk, ensure_ascii=False)) for chunk in text(*pieces))
    sent += _frame(draw, "[DONE]")
    cuts = sorted(draw(st.sets(st.integers(1, len(sent) - 1), max_size=12)))
    return "".join(pieces), [sent[start:end] for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True)]


def _frame(draw: st.DrawFn, data: str) -> bytes:
    end = draw(LINE_ENDS)
    lines = [draw(COMMENTS), *(b"data: " + part.encode() for part in _parts(draw, data)), b""]
    return b"".join(line + end for line in lines if line or line is lines[-1])


def _parts(draw: st.DrawFn, data: str) -> list[str]:
    """JSON may be broken at its first comma: a frame's lines of data are joined by a newline."""
    before, comma, after = data.partition(", ")
    return [before + comma, after] if comma and draw(st.booleans()) and '"' not in before[-1:] else [data]


@given(streams())
def test_a_stream_is_read_however_it_is_cut_and_worded(told: tuple[str, list[bytes]]) -> None:  # I2
    expected, parts = told
    assert asyncio.run(_read(parts)).text == expected


async def _read(parts: list[bytes]) -> GenerateResult:
    async def sent() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    def respond(request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return httpx2.Response(200, json=VLLM)
        return httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, content=sent())

    engine = RemoteEngine("http://nowhere")
    engine._connection._client = httpx2.AsyncClient(base_url="http://nowhere", transport=httpx2.MockTransport(respond))
    try:
        return await answer(engine)
    finally:
        await engine.stop()
