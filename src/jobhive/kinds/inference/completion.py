"""Runs completions in the child process, each in a thread of its own, and reports what comes of them."""

import os
from threading import Lock, Thread
from typing import Final

from jobhive.kinds.inference.llama import Llama
from jobhive.kinds.inference.wire import Cancelled, Failed, Generated, LoadFailed, Outcome, Ready, packed

_LONGEST_MESSAGE: Final = 2000  # characters

_CODES: Final = {  # the engine's error types that have a code of their own
    "exceed_context_size_error": "CONTEXT_EXCEEDED",
    "invalid_request_error": "INVALID_REQUEST",
}


class Replies:
    """Lines to the parent; whole ones, whichever thread sends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._writing = Lock()

    def send(self, reply: Ready | LoadFailed | Generated | Outcome) -> None:
        line = packed(reply)
        with self._writing:
            while line:
                line = line[os.write(self._descriptor, line) :]


class Completions:
    """The requests that run."""

    def __init__(self, llama: Llama, replies: Replies) -> None:
        self._llama = llama
        self._replies = replies
        self._running: dict[int, Completion] = {}  # added by the reading thread, removed by the request's own

    def begin(self, request_id: int, body: str) -> None:
        completion = Completion(request_id, self._replies)
        self._running[request_id] = completion
        Thread(target=self._run, args=(completion, body.encode()), daemon=True).start()

    def cancel(self, request_id: int) -> None:
        completion = self._running.get(request_id)
        if completion is not None:
            completion.is_cancelled = True

    def _run(self, completion: "Completion", body: bytes) -> None:
        try:
            self._llama.handle_completions(body, completion.hear)
        except Exception:
            completion.outcome = Failed(...)
        del self._running[completion.request_id]
        self._replies.send(completion.outcome or Cancelled(completion.request_id))
