"""What goes wrong between us and a server, as errors that say what to do, and whether trying again can help."""

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final, NamedTuple

import httpx2
from pydantic import BaseModel, JsonValue, ValidationError

from jobhive.client.steering import Retry
from jobhive.kinds.inference.backend import ErrorCode, GenerationError, Interrupted, ModelUnavailable

_SHORTEST_SECRET: Final = 8  # characters; shorter ones are in every other sentence
_LOOKED_FOR: Final = 32  # characters of a secret
_LONGEST_QUOTE: Final = 300
_LONGEST_WAIT_SECONDS: Final = 3600
_PASSING: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
_REFUSED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_CONTEXT: Final = re.compile(r"context (length|size|window)|context_length_exceeded|exceed_context_size", re.IGNORECASE)


class ServerFailed(Interrupted):
    """The inference server cannot be reached, is busy, or broke off."""


class ServerSilent(ServerFailed):
    """The inference server was asked and said nothing for too long."""

    code = ErrorCode.TIMEOUT


class ServerBusy(Retry):
    """The inference server has too much to do and says when to come back."""

    code = ErrorCode.GENERATION_ERROR


@contextmanager
def troubles_of(server: str) -> Generator[None]:
    """Raises ours for what the HTTP client raises in the block."""
    try:
        yield
    except httpx2.LocalProtocolError:  # its message shows what was to be sent, such as the key
        raise ServerFailed(f"{server} cannot be asked so; has JOBHIVE_INFERENCE_KEY odd characters?") from None
    except httpx2.SSEError as error:
        message = f"{server} answers no stream of events ({error}); is it an OpenAI-compatible server?"
        raise GenerationError(ErrorCode.GENERATION_ERROR, message) from error
    except (httpx2.ReadTimeout, TimeoutError) as error:
        advice = "give it longer with JOBHIVE_INFERENCE_TIMEOUT"
        raise ServerSilent(f"{server} was silent for too long; is it overloaded? {advice}") from error
    except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
        advice = "start it, or name another with --inference-url"
        raise ServerFailed(f"no inference server answers at {server} ({_named(error)}); {advice}") from error
    except httpx2.RequestError as error:
        raise ServerFailed(f"{server} broke off in the middle ({_named(error)}); its log may tell why") from error


def _named(error: Exception) -> str:
    return str(error) or type(error).__name__


class Secrets(NamedTuple):
    """What a server may repeat in its errors, and we may not."""

    prompt: str  # nor a line of it
    keys: Sequence[str]  # nor the beginning of one


class _Said(NamedTuple):
    """What an error of a server says, wherever it says it."""

    message: str
    kind: str
    code: int | None


def refusal(
    server: str, response: httpx2.Response, body: bytes, secrets: Secrets
) -> GenerationError | ModelUnavailable | Interrupted | Retry:
    """The error that an answer without success means. Texts of the server that hold one of the secrets are left out."""
    said = _said_in(body, secrets)
    after = response.headers.get("retry-after", "")
    if _passes(response.status_code) and after.isascii() and after.isdigit():
        wait = min(int(after), _LONGEST_WAIT_SECONDS) if len(after) < 10 else _LONGEST_WAIT_SECONDS
        return ServerBusy(f"{server} answers {_worded(response.status_code, said)}", after=wait)
    return _judged(server, response.status_code, said)


def failure(server: str, error: JsonValue, secrets: Secrets) -> GenerationError | ModelUnavailable | Interrupted:
    """The error that an error among the chunks means."""
    said = _said_of(error, secrets)
    return _judged(server, said.code or HTTPStatus.INTERNAL_SERVER_ERROR, said)


def _judged(server: str, status: int, said: _Said) -> GenerationError | ModelUnavailable | Interrupted:
    answer = f"{server} answers {_worded(status, said)}"
    if _CONTEXT.search(f"{said.kind} {said.message}"):
        return GenerationError(ErrorCode.CONTEXT_EXCEEDED, answer)
    if "out of memory" in said.message.lower():
        return GenerationError(ErrorCode.OUT_OF_MEMORY, answer)
    if _passes(status):
        return ServerFailed(answer)
    if status in _REFUSED:
        return ModelUnavailable(f"{server} answers {status}: it wants another key; set JOBHIVE_INFERENCE_KEY")
    if status == HTTPStatus.NOT_FOUND or status < HTTPStatus.BAD_REQUEST:
        return ModelUnavailable(f"{answer}; check --inference-url and --model")
    return GenerationError(ErrorCode.INVALID_REQUEST, answer)


def _passes(status: int) -> bool:
    return status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _worded(status: int, said: _Said) -> str:
    return f"{status}: {said.message}" if said.message else str(status)


class _Error(BaseModel):
    """An error as llama.cpp, vLLM, Ollama and OpenAI tell it."""

    message: str = ""
    type: str | None = None
    code: int | str | None = None


class _Answer(BaseModel):
    error: JsonValue = None
    message: JsonValue = None  # vLLM once told its errors without an envelope


def _said_in(body: bytes, secrets: Secrets) -> _Said:
    try:
        answer = _Answer.model_validate_json(body)
    except ValidationError:
        return _Said("", "", None)
    return _said_of(answer.message if answer.error is None else answer.error, secrets)


def _said_of(error: JsonValue, secrets: Secrets) -> _Said:
    try:
        told = _Error(message=error) if isinstance(error, str) else _Error.model_validate(error)
    except ValidationError:
        return _Said("", "", None)
    code = told.code if isinstance(told.code, int) else None
    return _Said(_quotable(told.message, secrets), f"{told.type} {told.code}", code)


def _quotable(message: str, secrets: Secrets) -> str:
    """The message, unless it repeats what nobody should read in an error."""
    parts = [line.strip()[:_LOOKED_FOR] for secret in (secrets.prompt, *secrets.keys) for line in secret.splitlines()]
    told = [*(part for part in parts if len(part) >= _SHORTEST_SECRET), *filter(None, secrets.keys)]
    if any(part in message for part in told):
        return "its message repeats the request and is left out here"
    return message[:_LONGEST_QUOTE]
