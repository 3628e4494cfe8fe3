"""A server of a store, in a process of its own."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import httpx2

ROOT = Path(__file__).parents[2]
_ANY_NUMBER = httpx2.Limits(max_connections=None)


class Served(NamedTuple):
    """A server in another process."""

    client: httpx2.AsyncClient
    process: asyncio.subprocess.Process


@asynccontextmanager
async def serving(path: Path, program: str = "tests.api.serving") -> AsyncIterator[Served]:
    """A server that SIGKILL ends with the block, if nobody did so before."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        program,
        str(path),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert process.stdout
    try:
        url = (await process.stdout.readline()).decode().strip()
        async with httpx2.AsyncClient(base_url=url, timeout=60, limits=_ANY_NUMBER, trust_env=False) as client:
            yield Served(client, process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
