"""The store's tokens as the server knows them: never older than half a second, so that a revoked one is soon dead."""

import asyncio
import time

from jobhive.core.errors import StoreError
from jobhive.core.token import TokenRecord
from jobhive.narration import Episode
from jobhive.store.port import Tokens

_OLDEST_SECONDS = 0.5
_USE_GRAIN_MS = 60_000


class Keyring:
    """Shared by all calls of one API; one read of the store serves all that come within half a second."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._known: dict[str, TokenRecord] = {}  # by id, as of `_read_at`
        self._read_at = float("-inf")  # monotonic
        self._reading = asyncio.Lock()
        self._trouble = Episode("api", "the tokens' last use")

    async def is_empty(self) -> bool:
        """Whether the store never had a token. Raises StoreError."""
        await self._read_since(time.monotonic() - _OLDEST_SECONDS)
        return not self._known

    async def find(self, token_id: str) -> TokenRecord | None:
        """The token of that id; one that is new to us is looked up at once. Raises StoreError."""
        await self._read_since(time.monotonic() - _OLDEST_SECONDS)
        if token_id not in self._known:
            await self._read_since(time.monotonic())
        return self._known.get(token_id)

    def forget(self) -> None:
        """The next call reads the store: a token was made or revoked here."""
        self._read_at = float("-inf")

    async def note_use(self, token: TokenRecord, now_ms: int) -> None:
        """Keeps the last use, at most once a minute. A store that cannot write keeps nobody from reading."""
        if token.used_at_ms is not None and now_ms - token.used_at_ms < _USE_GRAIN_MS:
            return
        self._known[token.token_id] = token._replace(used_at_ms=now_ms)
        try:
            await self._tokens.touch(token.token_id)
            self._trouble.end()
        except StoreError as error:
            self._trouble.begin(str(error))

    async def _read_since(self, instant: float) -> None:
        if self._read_at >= instant:
            return
        async with self._reading:
            if self._read_at < instant:
                begun_at = time.monotonic()
                self._known = {token.token_id: token for token in await self._tokens.list()}
                self._read_at = begun_at
