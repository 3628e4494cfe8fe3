"""What the engine is told."""

from hypothesis import example, given
from hypothesis import strategies as st

from jobhive.kinds.inference.request import GenerateParams
from jobhive.kinds.inference.sampling import RANDOM_SEED, engine_request, engine_seed

OURS_TO_DO = {"stop", "model"}  # stop texts are found by us, the model is chosen before


def test_every_parameter_is_sent_under_the_engines_name() -> None:  # I4
    params = GenerateParams(
        prompt="Hello",
        max_tokens=7,
        temperature=0.5,
        top_p=0.9,
        min_p=0.1,
        top_k=40,
        repetition_penalty=1.1,
        seed=5,
        repeat_last_n=64,
    )
    said = {
        "prompt": "Hello",
        "max_tokens": 7,
        "temperature": 0.5,
        "top_p": 0.9,
        "min_p": 0.1,
        "top_k": 40,
        "repeat_penalty": 1.1,
        "seed": 5,
        "repeat_last_n": 64,
    }
    assert said.items() <= engine_request(params, context_tokens=512).items()
    assert len(said) == len(GenerateParams.model_fields.keys() - OURS_TO_DO)


def test_samplers_that_cannot_be_asked_for_are_off() -> None:  # I4
    request = engine_request(GenerateParams(prompt="x"), context_tokens=512)
    assert request["samplers"] == ["penalties", "top_k", "top_p", "min_p", "temperature"]
    assert (request["mirostat"], request["dry_multiplier"], request["xtc_probability"]) == (0, 0.0, 0.0)


def test_numbers_that_the_engine_would_cut_or_choke_on_are_made_fit() -> None:  # I4
    params = GenerateParams(prompt="x", top_k=2**40, repeat_last_n=2**40, repetition_penalty=0)
    request = engine_request(params, context_tokens=512)
    assert (request["top_k"], request["repeat_last_n"], request["repeat_penalty"]) == (2**31 - 1, 512, 1.0)


@given(st.integers(0, 2**64 - 1))
@example(RANDOM_SEED)
@example(2 * RANDOM_SEED)
@example(2**64 - 1)
def test_no_seed_becomes_the_random_one(seed: int) -> None:  # I4
    assert 0 <= engine_seed(seed) < RANDOM_SEED


@given(st.integers(0, RANDOM_SEED - 1))
def test_a_seed_of_32_bits_stays_what_it_is(seed: int) -> None:  # I4
    assert engine_seed(seed) == seed


@given(st.integers(0, 2**32 - 2), st.integers(1, 2**32 - 2))
def test_the_upper_bits_of_a_seed_count(lower: int, upper: int) -> None:  # I4
    assert engine_seed(lower + (upper << 32)) != engine_seed(lower)
