"""All of Jobhive in one process, for a fuzzer: `python -m tests.api.fuzzed DATABASE` prints its address and goes on."""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict

from jobhive import Jobhive
from jobhive.api import Server, create_api
from jobhive.app.serving import services_of
from jobhive.core.validation import WHOLE
from jobhive.kinds.inference.request import GenerateParams

# A fuzzer's favourite name is among them, or its jobs would wait there, and readers of their streams with them.
QUEUES = ("default", "ai", "0")


class Sum(BaseModel):
    """Strict, so that what the schema forbids is refused."""

    model_config = ConfigDict(strict=True, extra="forbid")

    a: Annotated[int, WHOLE]
    b: Annotated[int, WHOLE] = 0


class Nothing(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


KINDS: dict[str, type[BaseModel]] = {"add": Sum, "fail": Nothing, "generate": GenerateParams}


def application(url: str) -> Jobhive:
    """Kinds that complete, fail and stream, at once."""
    app = Jobhive(url, lease=timedelta(hours=1))  # a worker that is in the store stays active

    @app.job()
    async def add(params: Sum) -> int:
        return params.a + params.b

    @app.job(max_retries=0)
    async def fail(params: Nothing) -> None:
        raise ValueError(f"asked to fail with {params}")

    @app.job(queue="ai")
    async def generate(params: GenerateParams) -> AsyncIterator[str]:
        for word in params.prompt.split():
            yield word

    assert {handler.kind.name for handler in app.kinds} == KINDS.keys()
    return app


async def serve(url: str) -> None:
    """Runs until the process ends; a worker that was asked to retire is followed by another."""
    async with application(url) as app:
        server = Server(create_api(services_of(app)), "127.0.0.1", 0)
        await server.start()
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        while True:
            async with app.worker(queues=QUEUES) as worker:
                await worker.retired.wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
