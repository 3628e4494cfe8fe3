"""Request bodies: one JSON object, read strictly. Whatever is wrong with it is the caller's mistake, never a 5xx."""

import asyncio
import json
import math
from collections.abc import Iterable
from http import HTTPStatus
from typing import Annotated, NamedTuple, NoReturn, cast

from fastapi import Depends, Request
from pydantic import BaseModel, JsonValue
from pydantic_core import PydanticSerializationError, to_json

from jobhive.api.problems import SCHEMA_REF, Refused, Responses, documented
from jobhive.api.services import Wired
from jobhive.core.errors import FieldError

DEEPEST = 64  # levels of objects and arrays
LONGEST_INTEGER = 100  # digits; Python itself refuses 4,301 with an exception that is no syntax error

JsonObject = dict[str, JsonValue]


class Malformed(Refused):
    """The body is not a JSON object as RFC 8259 has it."""

    code = "MALFORMED_BODY"


class TooLarge(Refused):
    """The body has more bytes than this server reads."""

    code = "BODY_TOO_LARGE"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class TooSlow(Refused):
    """The body was not there in time."""

    code = "BODY_TOO_SLOW"
    status = HTTPStatus.REQUEST_TIMEOUT


class NotJson(Refused):
    """The body says of itself that it is something else."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class Body(NamedTuple):
    """A body that passed."""

    text: bytes  # as it came: valid JSON in UTF-8
    fields: JsonObject


async def read_body(request: Request, services: Wired) -> Body:
    """Reads and parses the body. Raises NotJson, TooLarge (as soon as that is known), TooSlow, Malformed."""
    _check_form(request)
    try:
        async with asyncio.timeout(services.body_seconds):
            text = await _read(request, services.max_body_bytes)
    except TimeoutError:
        message = f"the body did not come within {services.body_seconds:g} s; send it at once"
        raise TooSlow(message, headers={"Connection": "close"}) from None
    return Body(text, parse_object(text))


JsonBody = Annotated[Body, Depends(read_body)]


def _check_form(request: Request) -> None:
    # Pages of other sites can send JSON unasked under any media type but this one.
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise NotJson("send the body with the header `Content-Type: application/json`")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise NotJson("send the body as it is, without Content-Encoding")


async def _read(request: Request, limit: int) -> bytes:
    _check_size(int(request.headers.get("content-length", 0)), limit)
    read = bytearray()
    async for part in request.stream():
        read += part
        _check_size(len(read), limit)
    return bytes(read)


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        message = f"a body has at most {limit} bytes here; put bulk elsewhere and send its address"
        raise TooLarge(message, headers={"Connection": "close"})  # nobody reads what else was sent


def parse_object(text: bytes) -> JsonObject:
    """The object that the text holds. Raises Malformed."""
    try:
        value: JsonValue = _DECODER.decode(text.decode())
        to_json(value)  # refuses halves of surrogate pairs, which no UTF-8 text can hold
    except UnicodeDecodeError as error:
        _refuse("utf_8", f"the body is not UTF-8 at byte {error.start}")
    except PydanticSerializationError:
        _refuse("utf_8", r"a text holds half of a surrogate pair, such as \ud800")
    except json.JSONDecodeError as error:
        _refuse("json_syntax", f"not JSON at line {error.lineno}, column {error.colno}: {error.msg}")
    except RecursionError:
        _refuse_depth()
    if not isinstance(value, dict):
        _refuse("json_object", "the body is a JSON object, such as {}")
    if _is_deep(value):
        _refuse_depth()
    return value


def _refuse(constraint: str, message: str) -> NoReturn:
    raise Malformed("the body cannot be read", [FieldError("body", constraint, message)])


def _refuse_depth() -> NoReturn:
    _refuse("json_depth", f"objects and arrays nest at most {DEEPEST} deep")


def _is_deep(value: JsonValue) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [child for parent in level for child in _children(parent) if isinstance(child, dict | list)]
        if not level:
            return False
    return True


def _children(value: JsonValue) -> Iterable[JsonValue]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _object(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        _refuse("json_duplicate_key", "an object has the same key twice")
    return fields


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > LONGEST_INTEGER:
        _refuse("json_integer", f"an integer has at most {LONGEST_INTEGER} digits; send a longer one as text")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    return _not_finite(digits) if math.isinf(number) else number


def _not_finite(_: str) -> NoReturn:
    _refuse("json_number", "JSON has no NaN and no Infinity, and numbers end near 1.8e308")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_not_finite
)


# ---- documentation ---------------------------------------------------------------------------------------------


def documented_body(model: type[BaseModel], example: JsonObject) -> JsonObject:
    """The body as OpenAPI describes it: FastAPI knows nothing of what `read_body` reads."""
    schema = cast("JsonObject", model.model_json_schema(ref_template=SCHEMA_REF))
    content: JsonObject = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


def body_problems() -> Responses:
    """What every route with a body may answer."""
    return documented(
        s400="the body is not one JSON object, or nests too deep, has a key twice, a number that JSON does not have, …",
        s408="the body did not come in time",
        s413="the body is too large",
        s415="the body is not declared as `application/json`",
        s422="the body is a JSON object with values that are not allowed; `errors` lists all of them",
    )
