"""How a process ended, in words."""

import signal


def how_it_ended(exit_code: int) -> str:
    """`exit_code` as asyncio tells it: a signal is negative. One without a name is told by its number."""
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    known = {number.value: number.name for number in signal.Signals}
    return f"was killed by {known.get(-exit_code, f'signal {-exit_code}')}"
