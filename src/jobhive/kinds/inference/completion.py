"""Runs completions in the child process, each in a thread of its own, and reports what comes of them."""

import os
import time
from collections.abc import Sequence
from threading import Lock, Thread
from typing import Final, NotRequired, TypedDict, cast

from pydantic_core import from_json

from jobhive.kinds.inference.llama import Llama
from jobhive.kinds.inference.stops import StopScan
from jobhive.kinds.inference.wire import Cancelled, Ended, Failed, Generate, Generated, Outcome, Reply, packed

_LONGEST_MESSAGE: Final = 2000  # characters
_HOLD_SECONDS: Final = 0.02
_CODES: Final = {"invalid_request_error": "INVALID_REQUEST"}  # the engine's error types with a code of their own


class Replies:
    """Lines to the parent; whole ones, whichever thread sends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._sending = Lock()

    def send(self, *replies: Reply) -> None:
        lines = b"".join(map(packed, replies))
        with self._sending:
            while lines:
                lines = lines[os.write(self._descriptor, lines) :]


class Completions:
    """The requests that run."""

    def __init__(self, llama: Llama, replies: Replies) -> None:
        self._llama = llama
        self._replies = replies
        self._running: dict[int, Completion] = {}  # added by the reading thread, removed by the request's own

    def begin(self, order: Generate) -> None:
        """Returns at once; the replies tell the rest."""
        completion = Completion(order.request_id, order.stops, self._replies)
        self._running[order.request_id] = completion
        Thread(target=self._run, args=(completion, order.body.encode()), daemon=True).start()

    def cancel(self, request_id: int) -> None:
        """Returns at once; a request that is over is left alone."""
        completion = self._running.get(request_id)
        if completion is not None:
            completion.is_cancelled = True

    def _run(self, completion: "Completion", body: bytes) -> None:
        try:
            self._llama.handle_completions(body, completion.hear)
        except (RuntimeError, MemoryError) as error:
            completion.outcome = _failed(completion.request_id, "", str(error))
        del self._running[completion.request_id]
        self._replies.send(*completion.held, completion.outcome or Cancelled(completion.request_id))


class Completion:
    """One request: hears the engine's chunks and sends the tokens."""

    def __init__(self, request_id: int, stops: Sequence[str], replies: Replies) -> None:
        self.request_id = request_id
        self.is_cancelled = False  # set by the reading thread
        self.outcome: Outcome | None = None  # set once; none after the end: cancelled
        self.held: list[Generated] = []  # not yet sent; what is left at the end goes with the outcome
        self._scan = StopScan(stops)
        self._replies = replies
        self._heard_at = self._sent_at = 0.0  # monotonic, of the newest piece of text and of the newest that was sent
        self._decoding_since: float | None = None  # monotonic; the first token's time

    def hear(self, chunk: bytes) -> bool:
        """The engine's callback; True ends the completion. Raises nothing: the engine would swallow it."""
        try:
            self.outcome = self._understood(cast("_Chunk", from_json(chunk)))
        except Exception as error:
            self.outcome = _failed(self.request_id, "", f"{type(error).__name__}: {error}")
        return self.is_cancelled or self.outcome is not None

    def _understood(self, chunk: "_Chunk") -> Outcome | None:
        if "error" in chunk:
            return _refused(self.request_id, chunk["error"])
        native = chunk["__verbose"]
        if self._decoding_since is None and native["tokens_predicted"]:
            self._decoding_since = time.monotonic()
        stop = self._show(native["content"])
        if stop is not None:
            return self._ended("word", stop, native)
        if native["stop"]:
            self._send(self._scan.rest())
            return self._ended(native["stop_type"], "", native)
        return None

    def _show(self, piece: str) -> str | None:
        """The stop text that ends the generation, if one does."""
        shown, stop = self._scan.scan(piece)
        self._send(shown)
        return stop

    def _send(self, text: str) -> None:
        if text:  # a token can be less than a character, or nothing to show
            self.held.append(Generated(self.request_id, text))
            if self._is_due():
                self._replies.send(*self.held)
                self.held.clear()

    def _is_due(self) -> bool:
        """Whether to wake the parent now: a fast stream does so no more often than people can see, for each time takes
        a core from the engine; a slow one for every piece, because the next may be far."""
        now, before = time.monotonic(), self._heard_at
        self._heard_at = now
        if now - before < _HOLD_SECONDS and now - self._sent_at < _HOLD_SECONDS:
            return False
        self._sent_at = now
        return True

    def _ended(self, stop_type: str, stop: str, native: "_Native") -> Ended:
        now = time.monotonic()
        decode_ms = 1000 * (now - (self._decoding_since or now))
        tokens = native["tokens_evaluated"], native["tokens_predicted"]
        return Ended(self.request_id, stop_type, stop, *tokens, round(decode_ms, 3))


def _refused(request_id: int, error: "_Error") -> Failed:
    if "n_ctx" in error and "n_prompt_tokens" in error:
        message = f"the prompt has {error['n_prompt_tokens']} tokens, but there is room for {error['n_ctx'] - 1}"
        return Failed(request_id, "CONTEXT_EXCEEDED", message)
    return _failed(request_id, error["type"], error["message"])


def _failed(request_id: int, error_type: str, message: str) -> Failed:
    is_out_of_memory = any(words in message for words in ("bad_alloc", "out of memory", "MemoryError"))
    code = "OUT_OF_MEMORY" if is_out_of_memory else _CODES.get(error_type, "GENERATION_ERROR")
    return Failed(request_id, code, message[:_LONGEST_MESSAGE])


class _Error(TypedDict):
    type: str
    message: str
    n_prompt_tokens: NotRequired[int]
    n_ctx: NotRequired[int]


class _Native(TypedDict):
    content: str
    stop: bool
    stop_type: str  # with `stop` only
    tokens_evaluated: int
    tokens_predicted: int


_Chunk = TypedDict("_Chunk", {"error": NotRequired[_Error], "__verbose": _Native})
