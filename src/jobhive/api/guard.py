"""Who calls, and whether this call is let in: token, scope, rate, and how many streams are open."""

import asyncio
import time
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from math import ceil
from typing import NamedTuple

from jobhive.api.alarm import Alarm
from jobhive.api.keyring import Keyring
from jobhive.api.problems import Refused
from jobhive.core.access import LOCAL, Caller, Scope
from jobhive.core.audit import Act
from jobhive.core.errors import StoreError
from jobhive.core.rate import Bucket, Rate, full, take
from jobhive.core.token import TokenRecord, Verdict, id_of, judge, standing
from jobhive.store.port import Store

_LOOK_EVERY_SECONDS = 0.5
_RETRY_STREAM_SECONDS = 10


class NotAuthenticated(Refused):
    """The call shows no token that holds."""

    code = "UNAUTHENTICATED"
    status = HTTPStatus.UNAUTHORIZED

    def __init__(self, detail: str, error: str = "") -> None:
        challenge = 'Bearer realm="jobhive"' + (f', error="{error}"' if error else "")
        super().__init__(detail, headers={"WWW-Authenticate": challenge})


class NotAllowed(Refused):
    """The token has none of the scopes that the call needs."""

    code = "FORBIDDEN"
    status = HTTPStatus.FORBIDDEN

    def __init__(self, any_of: Sequence[Scope]) -> None:
        challenge = f'Bearer realm="jobhive", error="insufficient_scope", scope="{any_of[0]}"'
        needed = " or ".join(any_of)
        super().__init__(f"this call needs a token with scope {needed}", headers={"WWW-Authenticate": challenge})


class TooOften(Refused):
    """The token's rate is used up, or it holds too many streams."""

    code = "RATE_LIMITED"
    status = HTTPStatus.TOO_MANY_REQUESTS


class TooManyStreams(Refused):
    """The server holds as many open streams as it can."""

    code = "TOO_MANY_STREAMS"
    status = HTTPStatus.SERVICE_UNAVAILABLE


class Call(NamedTuple):
    """What a request says of itself."""

    authorization: str | None  # the header
    target: str  # method and path
    origin: str  # address that it came from


class Guard:
    """One for each API; lives as long."""

    def __init__(self, store: Store, most_streams: int, most_streams_per_token: int) -> None:
        self.keyring = Keyring(store.tokens)
        self._clock = store.clock
        self._alarm = Alarm(store.audit)
        self._buckets: dict[str, Bucket] = {}  # by token id; no more than there are tokens
        self._streams: Counter[str] = Counter()  # open ones by caller
        self._most_streams = most_streams
        self._most_streams_per_token = most_streams_per_token

    async def admit(self, call: Call, any_of: Sequence[Scope]) -> Caller:
        """The caller. Raises NotAuthenticated, NotAllowed, TooOften; StoreError, where nobody can be known."""
        if await self.keyring.is_empty():
            return LOCAL
        token = await self._shown(call)
        self._count(token)
        await self.keyring.note_use(token, self._clock.now_ms())
        caller = token.caller()
        if not caller.may(*any_of):
            await self._alarm.tell(caller.name, Act.AUTH_DENIED, call.target, origin=call.origin)
            raise NotAllowed(any_of)
        return caller

    async def _shown(self, call: Call) -> TokenRecord:
        scheme, _, text = (call.authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            raise NotAuthenticated("send a token in the header `Authorization: Bearer jh_…`")
        token = await self.keyring.find(id_of(text.strip()) or "")
        verdict = judge(text.strip(), token, self._clock.now_ms())
        if token is not None and verdict is Verdict.VALID:
            return token
        actor = "unknown" if token is None or verdict is Verdict.WRONG else token.caller().name
        await self._alarm.tell(actor, Act.AUTH_FAILED, call.target, reason=verdict, origin=call.origin)
        raise NotAuthenticated(f"the token is {verdict}; make another with `jobhive token new`", "invalid_token")

    def _count(self, token: TokenRecord) -> None:
        if token.rate is None:
            return
        rate, now = Rate.parse(token.rate), time.monotonic()
        self._buckets[token.token_id], wait = take(self._buckets.get(token.token_id) or full(rate, now), rate, now)
        if wait:
            raise TooOften(f"this token may call {rate}; try again in {ceil(wait)} s", retry_after=ceil(wait))

    @contextmanager
    def stream(self, caller: Caller) -> Generator[None]:
        """Counts an open stream for the length of the block. Raises TooOften, TooManyStreams."""
        if caller.token_id is not None and self._streams[caller.name] >= self._most_streams_per_token:
            message = f"this token has {self._most_streams_per_token} streams open, the most it may; close one"
            raise TooOften(message, retry_after=_RETRY_STREAM_SECONDS)
        if self._streams.total() >= self._most_streams:
            message = f"{self._most_streams} streams are open, the most this server holds; try again later"
            raise TooManyStreams(message, retry_after=_RETRY_STREAM_SECONDS)
        self._streams[caller.name] += 1
        try:
            yield
        finally:
            self._streams[caller.name] -= 1

    async def until_lost(self, caller: Caller) -> None:
        """Returns once the caller would not be let in any more: its token was revoked or has expired."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
            if not await self._still_holds(caller):
                return

    async def _still_holds(self, caller: Caller) -> bool:
        try:
            if caller.token_id is None:
                return await self.keyring.is_empty()
            token = await self.keyring.find(caller.token_id)
        except StoreError:
            return True  # the stream itself meets the same trouble, and tells it
        return token is not None and standing(token, self._clock.now_ms()) is Verdict.VALID
