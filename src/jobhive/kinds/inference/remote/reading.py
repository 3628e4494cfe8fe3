"""One generation as its chunks tell it: tokens, then the result."""

import time
from collections.abc import Sequence
from typing import Final

from jobhive.kinds.inference.backend import ErrorCode, GenerationError, Token
from jobhive.kinds.inference.remote.chunk import Chunk
from jobhive.kinds.inference.remote.trouble import ServerFailed
from jobhive.kinds.inference.request import GenerateResult, StopReason
from jobhive.kinds.inference.stops import StopScan

_STOP_REASONS: Final = {"stop": StopReason.EOS, "length": StopReason.MAX_TOKENS}  # stop texts are not the server's


class Reading:
    """Takes the chunks of one generation, in order."""

    def __init__(self, stops: Sequence[str], server: str) -> None:
        self._server = server  # its address, for errors
        self.stop: str | None = None  # the stop text that ended it
        self._scan = StopScan(stops)
        self._shown: list[str] = []
        self._finish_reason: str | None = None
        self._tokens_in: int | None = None
        self._tokens_out: int | None = None
        self._pieces = 0  # chunks with text; about a token each, where the server does not count
        self._asked_at = time.monotonic()
        self._shown_at: float | None = None  # monotonic: the first token
        self._decoding: tuple[float, float] | None = None  # monotonic: the first and the newest piece

    def take(self, chunk: Chunk) -> Token | None:
        """The token to tell, if there is one yet."""
        self._count(chunk)
        self._finish_reason = chunk.finish_reason or self._finish_reason
        shown, self.stop = self._scan.scan(chunk.text)
        return self._told(shown)

    def rest(self) -> Token | None:
        """What was held back as the possible beginning of a stop text, once no more comes."""
        return self._told(self._scan.rest())

    def result(self, model: str) -> GenerateResult:
        """What came of it, at its end. Raises ServerFailed where that is not the end, GenerationError for a bad one."""
        began, newest = self._decoding or (0.0, 0.0)
        return GenerateResult(
            text="".join(self._shown),
            tokens_out=self._pieces if self._tokens_out is None else self._tokens_out,
            tokens_in=self._tokens_in,
            decode_time_ms=round(1000 * (newest - began), 3),
            time_to_first_token_ms=None if self._shown_at is None else 1000 * (self._shown_at - self._asked_at),
            stop_reason=StopReason.STOP_SEQUENCE if self.stop else self._stop_reason(),
            stop_sequence_matched=self.stop,
            model=model,
        )

    def _count(self, chunk: Chunk) -> None:
        self._tokens_in = self._tokens_in if chunk.tokens_in is None else chunk.tokens_in
        self._tokens_out = self._tokens_out if chunk.tokens_out is None else chunk.tokens_out
        if chunk.text:
            now = time.monotonic()
            self._pieces += 1
            self._decoding = (self._decoding or (now, now))[0], now

    def _told(self, text: str) -> Token | None:
        if not text:  # a token can be less than a character, or nothing to show
            return None
        self._shown_at = self._shown_at or time.monotonic()
        self._shown.append(text)
        return Token(text, len(self._shown) - 1)

    def _stop_reason(self) -> StopReason:
        reason = self._finish_reason
        if reason is None or reason == "abort":
            raise ServerFailed(f"{self._server} ended its answer in the middle; its log may tell why")
        if reason not in _STOP_REASONS:
            message = f"{self._server} ended the generation for a reason of its own: {reason[:100]!r}"
            raise GenerationError(ErrorCode.GENERATION_ERROR, message)
        return _STOP_REASONS[reason]
