"""Inference by a server: one HTTP client, one streamed request for each generation."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from jobhive.core.errors import JobhiveError
from jobhive.kinds.inference.backend import Interrupted, ModelUnavailable, Token, refuse_other_model
from jobhive.kinds.inference.remote.address import address_in
from jobhive.kinds.inference.remote.chunk import DONE, chunk_in
from jobhive.kinds.inference.remote.connection import Connection
from jobhive.kinds.inference.remote.dialect import Dialect, completion_request
from jobhive.kinds.inference.remote.reading import Reading
from jobhive.kinds.inference.remote.served import Served, served_in
from jobhive.kinds.inference.remote.trouble import failure
from jobhive.kinds.inference.request import GenerateParams, GenerateResult
from jobhive.narration import narrate

DEFAULT_SILENCE_SECONDS: Final = 300.0

_IDENTIFY_SECONDS: Final = 5.0


class RemoteEngine:
    """A Backend: one model of a server with OpenAI's `/v1/completions` and `/v1/models`.

    Generations go there at once, as many as there are; the server queues and batches them. What it serves is asked
    before the first generation, and again after one that failed.
    """

    def __init__(
        self,
        url: str,
        *,
        model: str | None = None,
        key: str | None = None,
        dialect: Dialect | None = None,
        silence_seconds: float = DEFAULT_SILENCE_SECONDS,
    ) -> None:
        """Opens nothing yet. Raises ModelUnavailable for what is no address.

        url: the server's, with `/v1` or without it.
        model: one of the server's; none: its only one.
        key: sent as a bearer token, and told to nobody else.
        dialect: none: as the server says of itself.
        silence_seconds: after so long without a byte the server counts as gone; prompts that wait there are silent.
        """
        address = address_in(url)
        self.server = address.url  # without a password
        self._wanted = model
        self._dialect = dialect
        self._connection = Connection(address, key, silence_seconds)
        self._served: Served | None = None  # as it was told last
        self._is_current = False  # whether nothing has failed since it was told
        self._asking = asyncio.Lock()  # held to ask what is served
        self._missed: tuple[float, JobhiveError] | None = None  # monotonic, and why the last such question failed

    @property
    def model(self) -> str | None:
        """Name of the model; None until the server was asked, unless it was named."""
        return self._wanted if self._served is None else self._served.model

    async def identify(self) -> None:
        """Asks the server for its model, if it answers."""
        try:
            async with asyncio.timeout(_IDENTIFY_SECONDS):
                await self.start()
        except TimeoutError:
            self._miss(f"no answer within {_IDENTIFY_SECONDS:g} s")
        except JobhiveError as error:
            self._miss(str(error))

    def _miss(self, why: str) -> None:
        narrate("inference", "misses", self.server, f"{why}; jobs are tried nevertheless", level="warning")

    async def start(self) -> None:
        """Returns when the server has told its model. Raises ModelUnavailable, ServerFailed."""
        self._connection.reopen()
        await self.served()

    async def stop(self) -> None:
        """Closes all connections. Generations raise ServerFailed until `start`."""
        await self._connection.close()

    async def served(self) -> Served:
        """The model and the dialect, asked for unless known. Raises ModelUnavailable, ServerFailed, ServerBusy."""
        came_at = time.monotonic()
        async with self._asking:
            if self._missed is not None and self._missed[0] > came_at:  # asked by another one while this one waited
                raise self._missed[1].with_traceback(None)
            if self._served is None or not self._is_current:
                self._served = await self._told()
                self._is_current = True
            return self._served

    async def _told(self) -> Served:
        try:
            return served_in(await self._connection.models(), self.server, self._wanted, self._dialect)
        except JobhiveError as error:
            self._missed = time.monotonic(), error
            raise

    async def generate(self, params: GenerateParams) -> AsyncGenerator[Token | GenerateResult, None]:
        """As Backend says."""
        reading = Reading(params.stop, self.server)
        served = await self.served()
        refuse_other_model(params.model, served.model)
        body = completion_request(params, *served)
        try:
            async with aclosing(self._tokens(body, params.prompt, reading)) as tokens:
                async for token in tokens:
                    yield token
            yield reading.result(served.model)
        except (Interrupted, ModelUnavailable):
            self._is_current = False
            raise

    async def _tokens(self, body: dict[str, object], prompt: str, reading: Reading) -> AsyncGenerator[Token, None]:
        async with self._connection.completion(body, prompt) as frames:
            async for frame in frames:
                if frame.data == DONE:
                    break
                chunk = chunk_in(frame.data, self.server)
                if chunk.error is not None:
                    raise failure(self.server, chunk.error, self._connection.secrets(prompt))
                if token := reading.take(chunk):
                    yield token
                if reading.stop is not None:
                    break
        if token := reading.rest():
            yield token
