"""Params of a job, as they are typed: `-a name=value` and `--params JSON`."""

import json
import math
from collections.abc import Iterable
from typing import NoReturn

from pydantic import JsonValue

from jobhive.cli.exits import CommandError, Exit


def read_params(arguments: Iterable[str], whole: str | None) -> dict[str, JsonValue]:
    """`whole` is the JSON text of an object, `arguments` are `name=value` and win over it. Raises CommandError."""
    params = {} if whole is None else _object(whole)
    named: dict[str, JsonValue] = {}
    for argument in arguments:
        name, separator, text = argument.partition("=")
        if not separator or not name:
            raise CommandError(f"-a {argument!r} is not of the form name=value, such as -a prompt=Hello", Exit.USAGE)
        if name in named:
            raise CommandError(f"-a {name}=… is given twice; a list is written -a '{name}=[1, 2]'", Exit.USAGE)
        named[name] = read_value(text)
    return {**params, **named}


def read_value(text: str) -> JsonValue:
    """What the JSON text says, where it is JSON (RFC 8259); otherwise the text itself."""
    try:
        value: JsonValue = json.loads(text, parse_constant=_refused, parse_float=_finite)
    except (ValueError, RecursionError):
        return text
    return value


def _object(text: str) -> dict[str, JsonValue]:
    value = read_value(text)
    if not isinstance(value, dict):
        raise CommandError("--params is not a JSON object, such as --params '{\"a\": 1}'", Exit.USAGE)
    return value


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} does not fit a JSON number")
    return value
