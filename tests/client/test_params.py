"""Params are typed, and validated at enqueue: a bad job is refused with every error listed and no value echoed."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel, Field

from jobhive import InvalidInput, Jobhive, UnknownKind
from jobhive.testing import insert_one, record_of, wait_for_state

SECRET = "correct-horse-battery"


class Address(BaseModel):
    street: str
    number: int = Field(ge=1)


async def test_every_error_is_listed_and_no_value_is_echoed(app: Jobhive) -> None:  # S4
    @app.job()
    async def send(to: Address, weight: float, note: str = "") -> str:
        return f"{to} {weight} {note}"

    untyped: Any = send
    with pytest.raises(InvalidInput) as refused:
        await untyped.enqueue(to={"street": 5, "number": 0}, weight=SECRET, note=[SECRET], extra=SECRET)
    assert {(error.field, error.constraint) for error in refused.value.errors} == {
        ("params.to.street", "string_type"),
        ("params.to.number", "greater_than_equal"),
        ("params.weight", "float_parsing"),
        ("params.note", "string_type"),
        ("params.extra", "extra_forbidden"),
    }
    assert "'send'" in str(refused.value)
    assert SECRET not in str(refused.value)
    assert (await app.list()).jobs == []


async def test_missing_params_are_listed(app: Jobhive) -> None:
    @app.job()
    async def add(a: int, b: int) -> int:
        return a + b

    with pytest.raises(InvalidInput, match=r"params\.a: Field required; params\.b: Field required"):
        await app.enqueue("add", {})


@pytest.mark.parametrize("unfit", [object(), "\ud800", {"deep": [object()]}], ids=["object", "surrogate", "deep"])
async def test_values_that_json_cannot_hold_are_refused(app: Jobhive, unfit: object) -> None:
    @app.job()
    async def keep(values: list[Any]) -> list[Any]:
        return values

    with pytest.raises(InvalidInput, match="params of kind 'keep' are not valid: params: JSON cannot hold"):
        await keep.enqueue([unfit])
    assert (await app.list()).jobs == []


async def test_numbers_that_json_does_not_have_are_refused(app: Jobhive) -> None:
    @app.job()
    async def measure(value: float) -> float:
        return value

    for number in (float("nan"), float("inf")):
        with pytest.raises(InvalidInput, match=r"params\.value: Input should be a valid number"):
            await measure.enqueue(number)
    assert (await app.list()).jobs == []


async def test_an_unknown_kind_is_refused_with_those_that_are_known(app: Jobhive) -> None:
    @app.job()
    async def add(a: int) -> int:
        return a

    with pytest.raises(UnknownKind, match="no kind named 'subtract' is registered here; known kinds: add"):
        await app.enqueue("subtract", {"a": 1})


async def test_values_reach_the_handler_as_their_types(app: Jobhive) -> None:  # S4
    seen: list[object] = []

    @app.job()
    async def note(at: datetime, to: Address, tags: set[str]) -> datetime:
        seen.extend([at, to, tags])
        return at

    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    handle = await note.enqueue(noon, Address(street="Main", number=5), tags={"a"})
    await app.run_until_idle()
    assert seen == [noon, Address(street="Main", number=5), {"a"}]
    assert await handle.result() == noon


async def test_params_that_no_longer_fit_fail_the_attempt_and_are_not_tried_again(app: Jobhive) -> None:  # S4
    @app.job()
    async def add(a: int) -> int:
        return a

    job_id = await insert_one(app.store, "add", params=json.dumps({"a": SECRET}))
    await app.run_until_idle()
    record = await wait_for_state(app.store, job_id)
    assert record.error is not None
    assert (record.error.code, record.failures) == ("INVALID_PARAMS", 1)
    assert "params.a: Input should be a valid integer" in record.error.message
    assert SECRET not in record.error.message


async def test_bad_params_that_a_handler_enqueues_are_an_error_of_that_handler(app: Jobhive) -> None:
    @app.job(max_retries=0)
    async def forward() -> None:
        await app.enqueue("add", {})

    @app.job()
    async def add(a: int) -> int:
        return a

    handle = await forward.enqueue()
    await app.run_until_idle()
    error = (await record_of(app.store, handle.id)).error
    assert error is not None
    assert (error.type, error.code) == ("InvalidInput", "INVALID_REQUEST")
