"""Texts of the real model."""

import asyncio

import pytest

from jobhive.kinds.inference.backend import ErrorCode, GenerationError, Token
from jobhive.kinds.inference.engine import LocalEngine
from jobhive.kinds.inference.request import GenerateResult, StopReason
from tests.inference.asking import GREEDY, PROMPT, answer, items_of
from tests.inference.conftest import CONTEXT_TOKENS

pytestmark = pytest.mark.asyncio(loop_scope="session")

CHAT = (
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    "<|im_start|>user\nSay hi.<|im_end|>\n<|im_start|>assistant\n"
)
PROMPTS = [  # of 1 to 100 tokens: they are computed in other batches when others run beside them
    "Once",
    "def fib(n):",
    PROMPT,
    "A long list of animals: cat, dog, " * 2,
    "It was the best of times, it was the worst of times. " * 2,
    "It was the age of wisdom, it was the age of foolishness. " * 3,
    "one two three four five six seven eight nine ten " * 7,
    "It was the season of light, it was the season of darkness. " * 8,
]


async def test_the_capital_of_france(engine: LocalEngine) -> None:  # H3
    assert (await answer(engine, max_tokens=3, temperature=0)).text.startswith(" Paris")


async def test_tokens_come_one_by_one_and_make_up_the_text(engine: LocalEngine) -> None:  # H3, I2
    *tokens, result = await items_of(engine, max_tokens=12, temperature=0)
    assert isinstance(result, GenerateResult)
    assert tokens[:2] == [Token(" Paris", 0), Token(".", 1)]
    assert [token.index for token in tokens if isinstance(token, Token)] == list(range(12))
    assert "".join(token.text for token in tokens if isinstance(token, Token)) == result.text == GREEDY
    assert (result.tokens_in, result.tokens_out, result.model) == (5, 12, "SmolLM2-135M-Instruct.Q4_1")
    assert result.time_to_first_token_ms is not None
    assert result.decode_time_ms > 0


async def test_it_stops_after_as_many_tokens_as_asked_for(engine: LocalEngine) -> None:  # I2
    result = await answer(engine, max_tokens=1, temperature=0)
    assert (result.stop_reason, result.tokens_out, result.text) == (StopReason.MAX_TOKENS, 1, " Paris")


async def test_it_stops_when_the_model_is_done(engine: LocalEngine) -> None:  # I2
    result = await answer(engine, CHAT, temperature=0)
    assert (result.stop_reason, result.stop_sequence_matched) == (StopReason.EOS, None)
    assert 0 < result.tokens_out < 256
    assert "<|im_end|>" not in result.text


async def test_it_stops_before_the_stop_sequence_and_says_which(engine: LocalEngine) -> None:  # I2
    result = await answer(engine, max_tokens=40, temperature=0, stop=["zebra", "United"])
    assert (result.stop_reason, result.stop_sequence_matched) == (StopReason.STOP_SEQUENCE, "United")
    assert result.text == " Paris.\n\nThe "
    assert result.tokens_out == 6


async def test_text_held_back_for_a_stop_sequence_is_not_lost(engine: LocalEngine) -> None:  # I2
    result = await answer(engine, max_tokens=3, temperature=0, stop=["\n\n\n", ".\n\nNever"])
    assert (result.stop_reason, result.text) == (StopReason.MAX_TOKENS, " Paris.\n")


async def test_characters_of_several_tokens_are_never_cut(engine: LocalEngine) -> None:  # I2
    *tokens, result = await items_of(engine, "日本語" * 4, max_tokens=8, temperature=0)
    assert tokens == [Token("日", 0), Token("本", 1), Token("語", 2), Token("日", 3)]
    assert isinstance(result, GenerateResult)
    assert result.tokens_out == 8
    half = await answer(engine, "日本語" * 4, max_tokens=1, temperature=0)
    assert (half.text, half.tokens_out, half.time_to_first_token_ms) == ("", 1, None)


async def test_each_way_to_take_only_the_likeliest_token_takes_it(engine: LocalEngine) -> None:  # I4
    results = await asyncio.gather(
        answer(engine, max_tokens=12, temperature=0),
        answer(engine, max_tokens=12, top_k=1),
        answer(engine, max_tokens=12, top_p=0),
        answer(engine, max_tokens=12, min_p=1),
    )
    assert [result.text for result in results] == [GREEDY] * 4


async def test_repetition_is_discouraged_as_asked(engine: LocalEngine) -> None:  # I4
    prompt = "red red red red red red red red"
    plain, penalised, forgetful, off = await asyncio.gather(
        answer(engine, prompt, max_tokens=8, temperature=0),
        answer(engine, prompt, max_tokens=8, temperature=0, repetition_penalty=2),
        answer(engine, prompt, max_tokens=8, temperature=0, repetition_penalty=2, repeat_last_n=0),
        answer(engine, prompt, max_tokens=8, temperature=0, repetition_penalty=0),
    )
    assert plain.text == forgetful.text == off.text == " red" * 8
    assert " red" not in penalised.text


async def test_same_seed_same_text_alone_or_under_load(engine: LocalEngine) -> None:  # H3, I4
    alone = [(await answer(engine, prompt, max_tokens=8, seed=seed)).text for seed, prompt in enumerate(PROMPTS)]
    asked = [answer(engine, prompt, max_tokens=8, seed=seed) for seed, prompt in enumerate(PROMPTS)]
    assert [result.text for result in await asyncio.gather(*asked)] == alone


async def test_another_seed_gives_another_text(engine: LocalEngine) -> None:  # I4
    one, other = await asyncio.gather(answer(engine, max_tokens=16, seed=1), answer(engine, max_tokens=16, seed=2))
    assert one.text != other.text


async def test_a_prompt_beyond_the_context_is_refused_with_the_numbers(engine: LocalEngine) -> None:  # I4
    fits = await answer(engine, "a" + " b" * (CONTEXT_TOKENS - 2), max_tokens=1)
    assert fits.tokens_in == CONTEXT_TOKENS - 1
    with pytest.raises(GenerationError, match="has 256 tokens, but there is room for 255") as refused:
        await answer(engine, "a" + " b" * (CONTEXT_TOKENS - 1))
    assert refused.value.code is ErrorCode.CONTEXT_EXCEEDED


async def test_a_generation_that_fills_the_context_ends_there(engine: LocalEngine) -> None:  # I4
    result = await answer(engine, "a" + " b" * (CONTEXT_TOKENS - 11), max_tokens=100, temperature=0)
    assert result.stop_reason is StopReason.MAX_TOKENS
    assert (result.tokens_in or 0) + result.tokens_out in range(CONTEXT_TOKENS, CONTEXT_TOKENS + 2)


async def test_a_model_that_is_not_served_is_refused(engine: LocalEngine) -> None:  # O6
    assert (await answer(engine, max_tokens=1, model=engine.model)).model == engine.model
    with pytest.raises(GenerationError, match="'gpt-9' is not served here") as refused:
        await answer(engine, model="gpt-9")
    assert refused.value.code is ErrorCode.INVALID_REQUEST
