"""The store itself, for commands that work without a server."""

import getpass
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from jobhive.app.locate import store_at
from jobhive.settings import load_settings
from jobhive.store.port import Store


@asynccontextmanager
async def opened_store(url: str | None, data: Path | None) -> AsyncGenerator[Store]:
    """The store that was named, or that the settings name, open for the length of the block."""
    settings = load_settings(url=url, data=data)
    store = store_at(settings)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def person() -> str:
    """Who sits at the terminal, as the audit log tells it."""
    try:
        return f"user:{getpass.getuser()}"
    except (KeyError, OSError):  # an account without a name, as in containers; Python before 3.13 says KeyError
        return f"user:{os.getuid()}"
