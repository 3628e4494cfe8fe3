"""What an engine and its child process say to each other: one JSON array a line, the first item names the act."""

from collections.abc import Sequence
from typing import NamedTuple, cast

from pydantic_core import from_json, to_json


class EngineOptions(NamedTuple):
    """What a child process is started with; given as its only argument."""

    model_path: str
    n_parallel: int  # slots
    context_tokens: int  # of each slot
    threads: int
    gpu_layers: int  # -1 = as many as the device takes, 0 = none
    prompt_batch_tokens: int  # of prompts, computed at once; others' tokens and cancels wait for as long


class Generate(NamedTuple):
    """Parent to child: begin this request. Never sent for more requests than there are slots."""

    request_id: int
    body: str  # JSON text of an EngineRequest
    stops: Sequence[str]


class Cancel(NamedTuple):
    """Parent to child: end this request. A request that is over is left alone."""

    request_id: int


class Ready(NamedTuple):
    """Child to parent: the model is loaded."""


class LoadFailed(NamedTuple):
    """Child to parent: there is no model; the child ends."""

    message: str


class Generated(NamedTuple):
    """Child to parent: a piece of text, never empty."""

    request_id: int
    text: str


class Ended(NamedTuple):
    """Child to parent: the request is over."""

    request_id: int
    stop_type: str  # eos, word, limit
    stop: str  # the stop text, for `word`
    tokens_in: int
    tokens_out: int
    decode_ms: float


class Failed(NamedTuple):
    """Child to parent: the request is over, by an error."""

    request_id: int
    code: str
    message: str


class Cancelled(NamedTuple):
    """Child to parent: the request is over, as it was asked to be."""

    request_id: int


Order = Generate | Cancel
Outcome = Ended | Failed | Cancelled
Reply = Ready | LoadFailed | Generated | Outcome


class Garbled(Exception):
    """A line that neither side writes."""


def packed(message: EngineOptions | Order | Reply) -> bytes:
    """The line that says it, newline included; JSON has no other newline."""
    return to_json((type(message).__name__, *message)) + b"\n"


def options_in(line: str | bytes) -> EngineOptions:
    """Raises Garbled."""
    match _parts(line):
        case ["EngineOptions", str(path), int(n_parallel), int(context), int(threads), int(layers), int(batch)]:
            return EngineOptions(path, n_parallel, context, threads, layers, batch)
        case _:
            raise _garbled(line)


def order_in(line: bytes) -> Order:
    """Raises Garbled."""
    match _parts(line):
        case ["Generate", int(request_id), str(body), stops]:
            return Generate(request_id, body, cast("list[str]", stops))
        case ["Cancel", int(request_id)]:
            return Cancel(request_id)
        case _:
            raise _garbled(line)


def reply_in(line: bytes) -> Reply:
    """Raises Garbled."""
    match _parts(line):
        case ["Generated", int(request_id), str(text)]:
            return Generated(request_id, text)
        case ["Ended", int(request_id), str(stop), str(word), int(tokens_in), int(tokens_out), float(decode_ms)]:
            return Ended(request_id, stop, word, tokens_in, tokens_out, decode_ms)
        case ["Failed", int(request_id), str(code), str(message)]:
            return Failed(request_id, code, message)
        case ["Cancelled", int(request_id)]:
            return Cancelled(request_id)
        case ["Ready"]:
            return Ready()
        case ["LoadFailed", str(message)]:
            return LoadFailed(message)
        case _:
            raise _garbled(line)


def _parts(line: str | bytes) -> list[object]:
    try:
        return cast("list[object]", from_json(line))
    except ValueError:
        raise _garbled(line) from None


def _garbled(line: str | bytes) -> Garbled:
    return Garbled(f"a line of {len(line)} characters that neither side writes")
