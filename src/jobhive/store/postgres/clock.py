"""The server's clock as this process knows it: the one by which leases end, whatever the host's clock says."""

from jobhive.core.clock import Clock
from jobhive.store.port import MOST_CLOCK_LAG_SECONDS


class ServerClock(Clock):
    """The host's clock and how far the server's was from it when it was last looked at."""

    def __init__(self) -> None:
        super().__init__()
        self._shift_ms = 0  # written on the engine's loop

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC, as the server would say."""
        return super().now_ms() + self._shift_ms

    def heed(self, server_ms: int, seconds: float) -> None:
        """The server has just said what time it is, offset included, and its answer took so long: by that we lag."""
        if seconds < MOST_CLOCK_LAG_SECONDS:
            self._shift_ms = server_ms - super().now_ms()
