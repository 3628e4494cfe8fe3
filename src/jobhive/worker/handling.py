"""Running a handler in its own manner: on the loop, as a stream, in a thread, in a process."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import cast

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from jobhive.client.context import Context, SyncContext
from jobhive.client.handler import Style
from jobhive.streams.writer import StreamWriter
from jobhive.worker.attempts import Attempt
from jobhive.worker.copies import Original
from jobhive.worker.isolation.pool import ProcessPool
from jobhive.worker.threads import Threads

Manner = Callable[[Attempt, BaseModel], Awaitable[object]]


class Handling:
    """Calls handlers. Threads and processes live from the first need to `close`."""

    def __init__(self, streams: StreamWriter) -> None:
        self.original = Original()
        self._streams = streams
        self._threads = Threads(self.original)
        self._processes = ProcessPool()
        self._manners: dict[Style, Manner] = {
            Style.ASYNC: self._on_loop,
            Style.STREAM: self._streamed,
            Style.THREAD: self._in_thread,
            Style.PROCESS: self._in_process,
        }

    def call(self, attempt: Attempt, params: BaseModel) -> Awaitable[object]:
        """The handler's return value, or what it raises."""
        return self._manners[attempt.handler.style](attempt, params)

    async def close(self) -> None:
        """Ends what is idle; threads that still run end with this process."""
        self._threads.close()
        await self._processes.close()

    def _on_loop(self, attempt: Attempt, params: BaseModel) -> Awaitable[object]:
        handler = attempt.handler
        if handler.wants_context:
            called = handler.function(self._context(attempt, params), **handler.arguments(params))
        else:
            called = handler.function(**handler.arguments(params))
        return cast("Awaitable[object]", called)

    async def _streamed(self, attempt: Attempt, params: BaseModel) -> None:
        context = self._context(attempt, params)
        leading = (context,) if attempt.handler.wants_context else ()
        items = attempt.handler.function(*leading, **attempt.handler.arguments(params))
        async with aclosing(cast("AsyncGenerator[object]", items)) as stream:
            async for item in stream:
                await context.emit("item", value=to_jsonable_python(item))

    async def _in_thread(self, attempt: Attempt, params: BaseModel) -> object:
        context = self._context(attempt, params)
        leading = (SyncContext(context, asyncio.get_running_loop()),) if attempt.handler.wants_context else ()
        arguments = attempt.handler.arguments(params)
        attempt.thread = self._threads.call(lambda: attempt.handler.function(*leading, **arguments))
        try:
            return await asyncio.wrap_future(attempt.thread)
        finally:
            context.is_cancel_requested = True  # by a timeout too: a thread that looks sees that nobody waits for it

    async def _in_process(self, attempt: Attempt, params: BaseModel) -> object:
        context = self._context(attempt, params)
        return await self._processes.run(attempt.handler, attempt.claim.params, context)

    def _context(self, attempt: Attempt, params: BaseModel) -> Context:
        attempt.context = Context(attempt.claim, attempt.handler.kind, params, self._streams)
        return attempt.context
