"""Handlers in processes of their own."""

from jobhive.client.context import Context
from jobhive.client.handler import Handler


class ProcessPool:
    """Idle processes are kept for the next job."""

    async def run(self, handler: Handler, params: str, context: Context) -> object:
        """The handler's return value."""
        raise NotImplementedError

    async def close(self) -> None:
        """Ends idle processes."""
