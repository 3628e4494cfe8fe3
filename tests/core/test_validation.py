"""Bad input is told in full and never echoed."""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address
from typing import Annotated, Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AnyUrl, BaseModel, ConfigDict, Field, Json, TypeAdapter, ValidationError

from jobhive.core.errors import FieldError, InvalidInput
from jobhive.core.kind import Kind
from jobhive.core.validation import field_errors, invalid

SECRET = "zq7-hunter2"


class Colour(Enum):
    RED = "red"


class Square(BaseModel):
    form: Literal["square"]


class Circle(BaseModel):
    form: Literal["circle"]


class Everything(BaseModel):
    """A field of every sort that handlers commonly ask for."""

    model_config = ConfigDict(extra="forbid", regex_engine="python-re")

    whole: int = Field(default=0, ge=0, le=10)
    share: float = Field(default=0, ge=0, lt=1)
    flag: bool = False
    text: str = Field(default="", max_length=3, pattern=r"[a-c]*")
    amount: Decimal = Field(default=Decimal(0), max_digits=3)
    day: date | None = None
    moment: datetime | None = None
    span: timedelta | None = None
    identity: UUID | None = None
    url: AnyUrl | None = None
    address: IPv4Address | None = None
    colour: Colour = Colour.RED
    word: Literal["a", "b"] = "a"
    form: Annotated[Square | Circle | None, Field(discriminator="form")] = None
    either: int | bool = 0
    numbers: list[int] = Field(default=[], max_length=2)
    pair: tuple[int, int] = (0, 0)
    unique: set[int] = set()
    table: dict[str, int] = {}
    nested: Json[int] | None = None
    raw: bytes = b""


KIND = Kind("everything", Everything, TypeAdapter(object), Everything)
FIELDS = sorted(Everything.model_fields)

WRONG = [SECRET, [SECRET], {"a": SECRET}, [[SECRET]], SECRET * 10_000, {"form": SECRET}, f"https://[{SECRET}]"]


def _complaint(params: object) -> InvalidInput | None:
    """What is said of the params, if anything."""
    try:
        KIND.read_params(json.dumps(params))
    except InvalidInput as refusal:
        return refusal
    return None


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("wrong", WRONG, ids=["text", "list", "object", "lists", "long", "tag", "url"])
def test_no_value_is_ever_echoed(field: str, wrong: object) -> None:  # I4
    complaint = _complaint({field: wrong})
    assert SECRET not in str(complaint)
    assert SECRET not in repr(complaint and complaint.errors)
    assert complaint is None or (complaint.__cause__ is None and complaint.__suppress_context__)


@given(st.dictionaries(st.sampled_from(FIELDS), st.text("zq7-", min_size=5) | st.lists(st.text("zq7-", min_size=5))))
def test_no_text_of_the_input_reaches_the_errors(params: dict[str, str | list[str]]) -> None:  # I4
    texts = [text for value in params.values() for text in ([value] if isinstance(value, str) else value)]
    complaint = str(_complaint(params))
    assert not [text for text in texts if text in complaint]


@pytest.mark.parametrize(
    "text", [f'{{"whole": {SECRET}', SECRET, f'"{SECRET}"', f'["{SECRET}"]', "", "null", "[" * 10_000]
)
def test_malformed_input_is_refused_without_an_echo(text: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        KIND.read_params(text)
    assert SECRET not in str(refusal.value)
    assert len(refusal.value.errors) == 1
    assert len(str(refusal.value)) < 500


def test_every_fault_is_told_with_its_place_and_its_rule() -> None:  # I4
    refusal = _complaint({"whole": 11, "numbers": [1, "x"], "table": {"a": None}, "unheard": 1})
    assert refusal is not None
    assert [(error.field, error.constraint) for error in refusal.errors] == [
        ("params.whole", "less_than_equal"),
        ("params.numbers.1", "int_parsing"),
        ("params.table.a", "int_type"),
        ("params.unheard", "extra_forbidden"),
    ]
    assert all(error.message for error in refusal.errors)
    assert all(error.field in str(refusal) and error.message in str(refusal) for error in refusal.errors)
    assert "everything" in str(refusal)


def test_an_error_of_the_whole_has_a_place_too() -> None:
    with pytest.raises(ValidationError) as error:
        TypeAdapter(int).validate_python("x")
    assert [each.field for each in field_errors(error.value)] == ["body"]
    assert [each.field for each in field_errors(error.value, prefix="params")] == ["params"]
    assert invalid("this is wrong", error.value).errors == tuple(field_errors(error.value))
    assert str(invalid("this is wrong", error.value)).startswith("this is wrong: body: ")


def test_an_invalid_input_lists_what_it_was_given() -> None:
    errors = [FieldError("a", "b", "c"), FieldError("d", "e", "f")]
    assert str(InvalidInput("nothing fits", errors)) == "nothing fits: a: c; d: f"
