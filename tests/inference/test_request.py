"""What may be asked for, and how it is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from jobhive.kinds.inference.request import MAX_TOKENS_LIMIT, GenerateParams, max_tokens_limit

ALLOWED = [
    ("prompt", "x"),
    ("prompt", "x" * 32_768),
    ("max_tokens", 1),
    ("max_tokens", 2048),
    ("temperature", 0),
    ("temperature", 2),
    ("top_p", 0),
    ("top_p", 1),
    ("min_p", 0),
    ("min_p", 1),
    ("top_k", 0),
    ("top_k", 10**9),
    ("repetition_penalty", 0),
    ("repetition_penalty", 2),
    ("seed", 0),
    ("seed", 2**64 - 1),
    ("stop", []),
    ("stop", ["x", "x" * 100, "y", "z"]),
    ("repeat_last_n", 0),
    ("repeat_last_n", 10**9),
    ("model", "some-model"),
]

REFUSED = [
    ("prompt", ""),
    ("prompt", "x" * 32_769),
    ("prompt", 7),
    ("max_tokens", 0),
    ("max_tokens", 2049),
    ("max_tokens", 1.5),
    ("max_tokens", "5"),
    ("max_tokens", True),
    ("temperature", -0.01),
    ("temperature", 2.01),
    ("temperature", float("nan")),
    ("temperature", float("inf")),
    ("top_p", -0.01),
    ("top_p", 1.01),
    ("min_p", -0.01),
    ("min_p", 1.01),
    ("top_k", -1),
    ("repetition_penalty", -0.01),
    ("repetition_penalty", 2.01),
    ("seed", -1),
    ("seed", 2**64),
    ("stop", ["a", "b", "c", "d", "e"]),
    ("stop", [""]),
    ("stop", ["x" * 101]),
    ("stop", "x"),
    ("repeat_last_n", -1),
    ("model", ""),
    ("job_id", "mine"),
]


@pytest.mark.parametrize(("field", "value"), ALLOWED)
def test_every_bound_is_allowed(field: str, value: object) -> None:  # I4
    params = GenerateParams.model_validate({"prompt": "x", field: value})
    assert getattr(params, field) == value


@pytest.mark.parametrize(("field", "value"), REFUSED)
def test_beyond_every_bound_is_refused(field: str, value: object) -> None:  # I4
    with pytest.raises(ValidationError) as refused:
        GenerateParams.model_validate({"prompt": "x", field: value})
    assert {error["loc"][0] for error in refused.value.errors()} == {field}


def test_all_errors_come_in_one_answer_and_nothing_is_echoed() -> None:  # I4
    secret = "hunter2" * 5000
    wrong = {"prompt": secret, "max_tokens": 0, "temperature": 9, "top_p": 9, "min_p": 9, "top_k": -9, "seed": -9}
    with pytest.raises(ValidationError) as refused:
        GenerateParams.model_validate(wrong)
    assert {error["loc"] for error in refused.value.errors()} == {(field,) for field in wrong}
    assert "hunter2" not in str(refused.value)


def test_what_is_left_out_has_its_default() -> None:  # I4
    assert GenerateParams(prompt="x").model_dump() == {
        "prompt": "x",
        "max_tokens": 256,
        "temperature": 1.0,
        "top_p": 1.0,
        "min_p": 0.0,
        "top_k": 0,
        "repetition_penalty": 1.0,
        "seed": 42,
        "stop": [],
        "repeat_last_n": 128,
        "model": None,
    }


@given(st.builds(GenerateParams, prompt=st.text(min_size=1), seed=st.integers(0, 2**64 - 1)))
def test_params_survive_being_stored(params: GenerateParams) -> None:  # S4
    assert GenerateParams.model_validate_json(params.model_dump_json()) == params


def test_the_limit_of_tokens_is_configurable() -> None:  # I4
    assert max_tokens_limit({}) == MAX_TOKENS_LIMIT == 2048
    assert max_tokens_limit({"JOBHIVE_MAX_TOKENS_LIMIT": "8192"}) == 8192


@pytest.mark.parametrize("given_limit", ["", "0", "-1", "1.5", "many", "²"])
def test_a_limit_that_is_none_is_refused(given_limit: str) -> None:  # I4
    with pytest.raises(ValueError, match=r"JOBHIVE_MAX_TOKENS_LIMIT is .*whole number"):
        max_tokens_limit({"JOBHIVE_MAX_TOKENS_LIMIT": given_limit})
