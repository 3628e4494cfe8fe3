"""Pydantic's complaints as ours: every error listed, no input echoed."""

from pydantic import ValidationError

from jobhive.core.errors import FieldError, InvalidInput


def field_errors(error: ValidationError, *, prefix: str = "") -> list[FieldError]:
    """One `FieldError` for each complaint; `prefix` goes in front of the dotted path."""
    return [
        FieldError(
            field=".".join([*filter(None, [prefix]), *map(str, complaint["loc"])]) or "body",
            constraint=complaint["type"],
            message=complaint["msg"],
        )
        for complaint in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def invalid(what: str, error: ValidationError, *, prefix: str = "") -> InvalidInput:
    """The same complaints as one exception."""
    return InvalidInput(what, field_errors(error, prefix=prefix))
