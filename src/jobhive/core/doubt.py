"""When an expired lease says nothing about its holder, because nobody could renew or the clock is not what it was."""

from typing import NamedTuple

_TOLERATED_JUMP_SECONDS = 1.0
_SAFE_SHARE = 1 / 3  # of the lease: leases are renewed three times as often as they need to be
_SHORTEST_PAUSE_SECONDS = 1.0


class Look(NamedTuple):
    """Both clocks at one moment, in seconds."""

    wall: float  # the store's clock, by which leases end
    steady: float  # the monotonic clock, which nobody sets


def doubt(before: Look | None, now: Look, *, was_answered: bool, every: float, lease: float) -> str | None:
    """Why leases that look expired are not to be believed for one lease from now on; None = they are.

    `before` is the look before this one, `was_answered` whether the store has answered ever since; looks are `every`
    seconds apart.
    """
    if before is None:
        return "what was before is not known"
    if not was_answered:
        return "the store was away"
    passed, jump = now.steady - before.steady, jump_between(before, now)
    if jump:
        return f"the clock jumped by {jump:+.1f} s"
    if passed > every + max(lease * _SAFE_SHARE, _SHORTEST_PAUSE_SECONDS):
        return f"this process stood still for {passed:.1f} s"
    return None


def jump_between(before: Look, now: Look) -> float:
    """Seconds by which the store's clock was set forwards or backwards; 0 for what any clock does."""
    jump = (now.wall - before.wall) - (now.steady - before.steady)
    return jump if abs(jump) > _TOLERATED_JUMP_SECONDS else 0.0
