"""Inference by a server: one HTTP client, one streamed request for each generation."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import httpx2

from jobhive.core.errors import JobhiveError
from jobhive.kinds.inference.backend import Interrupted, ModelUnavailable, Token, refuse_other_model
from jobhive.kinds.inference.remote.chunk import DONE, chunk_in
from jobhive.kinds.inference.remote.dialect import Dialect, completion_request
from jobhive.kinds.inference.remote.reading import Reading
from jobhive.kinds.inference.remote.served import Served, served_in
from jobhive.kinds.inference.remote.trouble import failure, refusal, troubles_of
from jobhive.kinds.inference.request import GenerateParams, GenerateResult
from jobhive.narration import narrate

DEFAULT_SILENCE_SECONDS: Final = 300.0

_CONNECT_SECONDS: Final = 10.0
_IDENTIFY_SECONDS: Final = 5.0
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


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
        self._url = url.rstrip("/").removesuffix("/v1")
        self.server = _shown(self._url)
        self._wanted = model
        self._key = key
        self._dialect = dialect
        self._timeout = httpx2.Timeout(silence_seconds, connect=_CONNECT_SECONDS)
        self._served: Served | None = None  # as it was told last
        self._is_current = False  # whether nothing has failed since it was told
        self._asking = asyncio.Lock()  # held to ask what is served
        self._client: httpx2.AsyncClient | None = None  # open from the first use until `stop`
        self._is_stopped = False  # set by `stop`, cleared by `start`

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
        self._is_stopped = False
        await self.served()

    async def stop(self) -> None:
        """Closes all connections. Generations raise ServerFailed until `start`."""
        self._is_stopped = True
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def served(self) -> Served:
        """The model and the dialect, asked for unless known. Raises ModelUnavailable, ServerFailed."""
        async with self._asking:
            if self._served is None or not self._is_current:
                self._served = await self._asked()
                self._is_current = True
            return self._served

    async def generate(self, params: GenerateParams) -> AsyncGenerator[Token | GenerateResult, None]:
        """As Backend says."""
        reading = Reading(params.stop)
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
        async with self._answer(body, prompt) as frames:
            async for frame in frames:
                if frame.data == DONE:
                    break
                chunk = chunk_in(frame.data)
                if chunk.error is not None:
                    raise failure(self.server, chunk.error, self._secrets(prompt))
                if token := reading.take(chunk):
                    yield token
                if reading.stop is not None:
                    break
        if token := reading.rest():
            yield token

    @asynccontextmanager
    async def _answer(
        self, body: dict[str, object], prompt: str
    ) -> AsyncGenerator[AsyncIterator[httpx2.ServerSentEvent]]:
        """The events of the answer; leaving the block closes the connection, which tells the server to stop."""
        with troubles_of(self.server):
            async with self._http().sse("/v1/completions", method="POST", json=body) as source:
                if source.response.status_code != HTTPStatus.OK:
                    await source.response.aread()
                    raise refusal(self.server, source.response, self._secrets(prompt))
                yield aiter(source)

    async def _asked(self) -> Served:
        with troubles_of(self.server):
            response = await self._http().get("/v1/models")
        if response.status_code != HTTPStatus.OK:
            raise refusal(self.server, response, self._secrets(""))
        return served_in(response.content, self.server, self._wanted, self._dialect)

    def _secrets(self, prompt: str) -> list[str]:
        return [prompt, self._key or ""]

    def _http(self) -> httpx2.AsyncClient:
        if self._is_stopped:
            raise Interrupted("the connection to the inference server was closed")
        if self._client is None:
            self._client = httpx2.AsyncClient(
                base_url=self._url,
                headers={"Authorization": f"Bearer {self._key}"} if self._key else {},
                timeout=self._timeout,
                limits=httpx2.Limits(max_connections=None),  # the worker's slots are the limit
                trust_env=urlsplit(self._url).hostname not in _LOOPBACK,  # proxies serve the world, not this machine
            )
        return self._client


def _shown(url: str) -> str:
    """The address without a name and password that it may hold. Raises ModelUnavailable."""
    with suppress(ValueError, httpx2.InvalidURL):
        httpx2.URL(url)
        parts = urlsplit(url)
        if parts.scheme in {"http", "https"} and parts.hostname:
            return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    raise ModelUnavailable("the address of the inference server is none; --inference-url is such as http://host:8000")
