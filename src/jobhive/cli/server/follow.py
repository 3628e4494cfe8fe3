"""A job's stream, read over HTTP to its end: a lost connection or a restarted server costs nothing but time."""

import random
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import NamedTuple

import httpx2
from pydantic import JsonValue, TypeAdapter, ValidationError

from jobhive.cli.exits import CommandError, Exit
from jobhive.cli.server.http import Api, Unreachable

_SILENCE_SECONDS = 45.0  # the server sends a comment every 15
_LONGEST_PAUSE_SECONDS = 2.0
_DONE = "[DONE]"
_event = TypeAdapter(dict[str, JsonValue])


class Told(NamedTuple):
    """One event as it came."""

    seq: int
    type: str
    values: dict[str, JsonValue]  # with `type` and `at`
    text: str  # JSON text of the values


class Follower:
    """Iterates over a stream's events, each once, in order, until the stream has ended."""

    def __init__(self, api: Api, path: str, after: int, patience: float, on_trouble: Callable[[str], None]) -> None:
        self.last = after  # number of the newest event handed out; where to resume
        self._api = api
        self._path = path
        self._patience = patience  # seconds without an event from the moment the connection was lost
        self._on_trouble = on_trouble
        self._has_connected = False
        self._is_over = False
        self._losses = 0  # since the newest event
        self._lost_at = 0.0  # monotonic; meaningful while `_losses` is above zero

    def __iter__(self) -> Iterator[Told]:
        while not self._is_over:
            try:
                yield from self._read_once()
                lost: object = "the server hung up"
            except httpx2.TransportError as error:
                lost = error
            if not self._is_over:
                self._survive(lost)

    def _read_once(self) -> Iterator[Told]:
        timeout = httpx2.Timeout(_SILENCE_SECONDS, connect=5.0)
        headers = {"Last-Event-ID": str(self.last)}
        with self._api.http.sse(self._path, headers=headers, timeout=timeout, max_event_size=None) as source:
            if not self._is_open(source.response):
                return
            self._has_connected = True
            for frame in source:
                if frame.data == _DONE:
                    self._is_over = True
                elif frame.data:
                    yield self._told(frame)

    def _is_open(self, response: httpx2.Response) -> bool:
        if response.status_code == HTTPStatus.NO_CONTENT:
            self._is_over = True
        elif not response.is_success:
            response.read()
            if not (self._has_connected and response.is_server_error):
                raise self._api.refusal(response)
        return response.status_code == HTTPStatus.OK

    def _told(self, frame: httpx2.ServerSentEvent) -> Told:
        try:
            values = _event.validate_json(frame.data)
            told = Told(int(frame.id), str(values["type"]), values, frame.data)
        except (ValidationError, ValueError, KeyError) as error:
            raise CommandError(f"{self._api.server}{self._path} sends no Jobhive stream: {error}") from error
        self.last, self._losses = told.seq, 0
        return told

    def _survive(self, lost: object) -> None:
        if not self._has_connected:
            raise Unreachable(self._api.server, lost)
        if self._losses == 0:
            self._lost_at = time.monotonic()
            self._on_trouble(f"connection lost ({lost}); reconnecting")
        if time.monotonic() - self._lost_at > self._patience:
            raise CommandError(f"{self._api.server} did not come back within {self._patience:g} s", Exit.UNREACHABLE)
        time.sleep(min(0.1 * 2**self._losses, _LONGEST_PAUSE_SECONDS) * random.uniform(0.7, 1.3))
        self._losses += 1
