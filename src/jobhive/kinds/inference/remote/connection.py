"""The HTTP client of an inference server: what goes over the wire, and how long it may take."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus
from typing import Final

import httpx2

from jobhive.kinds.inference.backend import Interrupted
from jobhive.kinds.inference.remote.address import Address
from jobhive.kinds.inference.remote.trouble import Secrets, ServerSilent, refusal, troubles_of

_CONNECT_SECONDS: Final = 10.0
_MODELS_SECONDS: Final = 10.0  # to tell what is served, which takes no computing
_LONGEST_ANSWER: Final = 2**22  # bytes of an answer that is read whole; further ones are left unread


class Connection:
    """Open from the first use until `close`. Belongs to the event loop that first uses it."""

    def __init__(self, address: Address, key: str | None, silence_seconds: float) -> None:
        self._address = address
        self._key = key
        self._silence_seconds = silence_seconds
        self._client: httpx2.AsyncClient | None = None
        self._is_closed = False  # set by `close`, cleared by `reopen`

    def reopen(self) -> None:
        """May be used again after `close`."""
        self._is_closed = False

    async def close(self) -> None:
        """Answers under way break off, and nothing is asked until `reopen`."""
        self._is_closed = True
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def models(self) -> bytes:
        """The answer to `GET /v1/models`. Raises ModelUnavailable, GenerationError, Interrupted, ServerBusy."""
        with troubles_of(self._address.url):
            response, said = await self._models()
        if response.status_code != HTTPStatus.OK:
            raise refusal(self._address.url, response, said, self.secrets(""))
        return said

    @asynccontextmanager
    async def completion(
        self, body: dict[str, object], prompt: str
    ) -> AsyncGenerator[AsyncIterator[httpx2.ServerSentEvent]]:
        """The events of the answer; leaving the block closes the connection, which tells the server to stop."""
        with troubles_of(self._address.url):
            async with AsyncExitStack() as opened:
                async with asyncio.timeout(self._silence_seconds):  # also where the head comes byte by byte
                    sse = self._http().sse("/v1/completions", method="POST", json=body)
                    source = await opened.enter_async_context(sse)
                    if source.response.status_code != HTTPStatus.OK:
                        said = await _beginning_of(source.response)
                        raise refusal(self._address.url, source.response, said, self.secrets(prompt))
                yield aiter(source)

    def secrets(self, prompt: str) -> Secrets:
        """What an error may not repeat, whoever words it."""
        _, password = self._address.login or ("", "")
        return Secrets(prompt, [self._key or "", password])

    async def _models(self) -> tuple[httpx2.Response, bytes]:
        try:
            async with asyncio.timeout(_MODELS_SECONDS), self._http().stream("GET", "/v1/models") as response:
                return response, await _beginning_of(response)
        except TimeoutError:
            message = f"{self._address.url} did not tell its models within {_MODELS_SECONDS:g} s; is it overloaded?"
            raise ServerSilent(message) from None

    def _http(self) -> httpx2.AsyncClient:
        if self._is_closed:
            raise Interrupted("the connection to the inference server was closed")
        if self._client is None:
            self._client = httpx2.AsyncClient(
                base_url=self._address.url,
                headers={"Authorization": f"Bearer {self._key}"} if self._key else {},
                auth=None if self._key else self._address.login,
                timeout=httpx2.Timeout(self._silence_seconds, connect=_CONNECT_SECONDS),
                # Slots limit them. None is used twice: servers close it just when the next request is on its way.
                limits=httpx2.Limits(max_connections=None, max_keepalive_connections=0),
                trust_env=not self._address.is_loopback,  # proxies serve the world, not this machine
            )
        return self._client


async def _beginning_of(response: httpx2.Response) -> bytes:
    """The answer, up to a length that no honest one has."""
    said = bytearray()
    async for part in response.aiter_bytes():
        said += part
        if len(said) > _LONGEST_ANSWER:
            break
    return bytes(said)
