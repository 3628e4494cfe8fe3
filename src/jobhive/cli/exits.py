"""How the program ends: exit codes, and every error as one clear line with what to do about it."""

import sys
import traceback
from enum import IntEnum
from http import HTTPStatus

import typer

from jobhive.cli.output import note
from jobhive.core.errors import JobhiveError
from jobhive.narration.colour import Colour, has_colour, painted
from jobhive.narration.printable import printable


class Exit(IntEnum):
    """What a script learns from the exit code."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    AUTH = 4
    CONFLICT = 5
    TIMEOUT = 6
    UNREACHABLE = 7
    JOB_FAILED = 10
    INTERRUPTED = 130


MEANINGS = {
    Exit.OK: "done",
    Exit.FAILED: "failed: the reason is on stderr",
    Exit.USAGE: "the command line, a setting or the input is wrong",
    Exit.NOT_FOUND: "there is no job, worker or route of that name",
    Exit.AUTH: "not allowed",
    Exit.CONFLICT: "the state of things does not allow it: a job that has ended, a key of another job, a taken port",
    Exit.TIMEOUT: "not within the time that was given",
    Exit.UNREACHABLE: "nobody answers there, or the store does not",
    Exit.JOB_FAILED: "the command did its work; the job failed or was cancelled",
    Exit.INTERRUPTED: "interrupted; a job that was followed goes on",
}

_BY_ERROR_CODE = {
    "INVALID_REQUEST": Exit.USAGE,
    "INVALID_SETTINGS": Exit.USAGE,
    "MODEL_UNAVAILABLE": Exit.USAGE,
    "UNKNOWN_KIND": Exit.USAGE,
    "WRONG_STORE_URL": Exit.USAGE,
    "UNKNOWN_JOB": Exit.NOT_FOUND,
    "UNKNOWN_TOKEN": Exit.NOT_FOUND,
    "UNKNOWN_WORKER": Exit.NOT_FOUND,
    "ILLEGAL_TRANSITION": Exit.CONFLICT,
    "KEY_REUSED": Exit.CONFLICT,
    "PORT_IN_USE": Exit.CONFLICT,
    "QUEUE_FULL": Exit.FAILED,
    "STORE_REFUSED": Exit.FAILED,
    "STORE_UNAVAILABLE": Exit.UNREACHABLE,
}

_BY_STATUS: dict[int, Exit] = {
    HTTPStatus.UNAUTHORIZED: Exit.AUTH,
    HTTPStatus.FORBIDDEN: Exit.AUTH,
    HTTPStatus.NOT_FOUND: Exit.NOT_FOUND,
    HTTPStatus.GONE: Exit.NOT_FOUND,
    HTTPStatus.CONFLICT: Exit.CONFLICT,
    HTTPStatus.LOCKED: Exit.CONFLICT,
    HTTPStatus.REQUEST_TIMEOUT: Exit.TIMEOUT,
    HTTPStatus.GATEWAY_TIMEOUT: Exit.TIMEOUT,
    HTTPStatus.BAD_GATEWAY: Exit.UNREACHABLE,
    HTTPStatus.SERVICE_UNAVAILABLE: Exit.UNREACHABLE,
    HTTPStatus.BAD_REQUEST: Exit.USAGE,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Exit.USAGE,
    HTTPStatus.UNPROCESSABLE_ENTITY: Exit.USAGE,
}


class CommandError(Exception):
    """A command cannot do what was asked; the text says why and what to do."""

    def __init__(self, message: str, code: int = Exit.FAILED) -> None:
        super().__init__(message)
        self.code = code


def exit_for(code: str, status: int | None = None) -> Exit:
    """The exit code for an error's stable code, or for an HTTP status where the code says nothing."""
    if code in _BY_ERROR_CODE:
        return _BY_ERROR_CODE[code]
    return Exit.FAILED if status is None else _BY_STATUS.get(status, Exit.FAILED)


def report(error: Exception, *, is_debug: bool) -> int:
    """Says on stderr what went wrong; returns the exit code."""
    if is_debug:
        traceback.print_exception(error)
    message, code = _described(error)
    note(f"{painted('error:', Colour.RED if has_colour(sys.stderr) else None)} {printable(message)}")
    return code


def _described(error: Exception) -> tuple[str, int]:
    match error:
        case CommandError():
            return str(error), error.code
        case JobhiveError():
            return str(error), exit_for(error.code)
        case typer.TyperException():
            return f"{error.format_message()}{_usage_hint(error)}", error.exit_code
        case _:
            advice = "a defect, please report it; `jobhive --debug …` shows where it happened"
            return f"{type(error).__name__}: {error} ({advice})", Exit.FAILED


def _usage_hint(error: typer.TyperException) -> str:
    command = getattr(getattr(error, "ctx", None), "command_path", "jobhive")
    return f"; see `{command} --help`"
