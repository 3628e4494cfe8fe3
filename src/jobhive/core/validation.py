"""Pydantic's complaints as ours: every error listed, no input echoed."""

from pydantic import BeforeValidator, ValidationError
from pydantic_core import ErrorDetails

from jobhive.core.errors import FieldError, InvalidInput

_SAYS_ITS_INPUT = frozenset({"union_tag_invalid"})  # pydantic quotes the tag that was sent


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


# Beside a strict integer and its limits. JSON has one sort of number: its schemas, and some languages, take 2.0 for 2.
WHOLE = BeforeValidator(_whole)

WITHOUT_NUL = r"^[^\x00]*$"  # for texts that are columns of their own: not every store can keep the character


def field_errors(error: ValidationError, *, prefix: str = "") -> list[FieldError]:
    """One `FieldError` for each complaint; `prefix` goes in front of the dotted path."""
    return [
        FieldError(
            field=".".join([*filter(None, [prefix]), *map(str, complaint["loc"])]) or "body",
            constraint=complaint["type"],
            message=_message(complaint),
        )
        for complaint in error.errors(include_url=False, include_input=False)
    ]


def invalid(what: str, error: ValidationError, *, prefix: str = "") -> InvalidInput:
    """The same complaints as one exception."""
    return InvalidInput(what, field_errors(error, prefix=prefix))


def _message(complaint: ErrorDetails) -> str:
    if complaint["type"] not in _SAYS_ITS_INPUT:
        return complaint["msg"]
    context = complaint.get("ctx", {})
    return f"Input tag found using {context.get('discriminator')} must be one of {context.get('expected_tags')}"
