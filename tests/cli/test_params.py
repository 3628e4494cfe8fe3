"""`-a name=value`: JSON where it is JSON, otherwise the text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from jobhive.cli.commands.params import read_params, read_value
from jobhive.cli.exits import CommandError, Exit

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(JSON, st.booleans())
def test_json_means_what_it_says(value: JsonValue, is_ascii: bool) -> None:
    assert read_value(json.dumps(value, ensure_ascii=is_ascii)) == value


@given(st.text())
def test_whatever_is_typed_is_its_json_or_itself_and_can_be_sent(text: str) -> None:
    value = read_value(text)
    assert value == text or json.loads(text) == value
    json.dumps(value, allow_nan=False).encode("ascii")


@pytest.mark.parametrize(
    "text",
    ["", " ", "hello", "NaN", "-Infinity", "Infinity", "1e999", "-1e999", "[1e999]", "01", "1_000", "True", "'a'",
     '{"a": NaN}', "[" * 100_000, "9" * 5_000, "http://a/?b=c"],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_what_is_no_json_is_text(text: str) -> None:
    assert read_value(text) == text


@given(st.dictionaries(st.text(min_size=1).filter(lambda name: "=" not in name), JSON, max_size=5))
def test_params_one_by_one_are_the_same_as_all_at_once(params: dict[str, JsonValue]) -> None:
    one_by_one = [f"{name}={json.dumps(value)}" for name, value in params.items()]
    assert read_params(one_by_one, None) == params
    assert read_params([], json.dumps(params)) == params


def test_a_single_param_wins_over_the_whole() -> None:
    assert read_params(["b=3"], '{"a": 1, "b": 2}') == {"a": 1, "b": 3}


@pytest.mark.parametrize(
    ("arguments", "whole"), [(["a"], None), (["=1"], None), (["a=1", "a=2"], None), ([], "[1]"), ([], "{"), ([], "")]
)
def test_what_cannot_be_params_is_a_usage_error(arguments: list[str], whole: str | None) -> None:
    with pytest.raises(CommandError) as error:
        read_params(arguments, whole)
    assert error.value.code is Exit.USAGE
