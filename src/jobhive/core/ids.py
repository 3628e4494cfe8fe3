"""Time-ordered identifiers (UUIDv7, RFC 9562 section 5.7): new rows land at the end of every index."""

import re
import secrets
import threading
import time
from collections.abc import Iterator

JOB_ID = re.compile(r"job-[0-9a-f]{32}")

_RANDOM_BITS = 74
_VERSION = 0x7 << 76
_VARIANT = 0x2 << 62


class _Ascending:
    """Hands out UUIDv7 values that never go backwards within this process, also when the clock does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last_ms = 0  # guarded by the lock; only rises
        self._tail = 0  # guarded by the lock; the 74 bits behind the timestamp

    def take(self, count: int) -> Iterator[int]:
        """Reserves `count` consecutive values under one lock and yields them in ascending order."""
        now_ms = time.time_ns() // 1_000_000
        with self._lock:
            if now_ms > self._last_ms:
                self._last_ms, self._tail = now_ms, secrets.randbits(_RANDOM_BITS - 1)
            first = self._tail + 1
            self._tail += count
            stamp = self._last_ms
        for tail in range(first, first + count):
            yield stamp << 80 | _VERSION | (tail >> 62 & 0xFFF) << 64 | _VARIANT | (tail & (1 << 62) - 1)


_ascending = _Ascending()


def new_job_ids(count: int) -> list[str]:
    """`count` job ids, `job-` and 32 hexadecimal digits, in ascending order."""
    return [job_id_of(value) for value in _ascending.take(count)]


def new_job_id() -> str:
    """One job id; see `new_job_ids`."""
    return new_job_ids(1)[0]


def number_of(job_id: str) -> int:
    """What the digits of a job id say."""
    return int(job_id.removeprefix("job-"), 16)


def job_id_of(number: int) -> str:
    """The job id with these digits; 0 <= number < 2**128."""
    return f"job-{number:032x}"


def new_worker_id() -> str:
    """A worker's id for one boot of its process; never reused, so a recycled pid means nothing."""
    return f"worker-{next(_ascending.take(1)):032x}"


def is_job_id(text: str) -> bool:
    """Whether the text has the form of a job id; says nothing of its existence."""
    return JOB_ID.fullmatch(text) is not None
