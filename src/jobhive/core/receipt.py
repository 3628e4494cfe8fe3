"""What a worker holds while it owns a job. Named tuples: thousands are made each second."""

from typing import NamedTuple

_COUNTER_SHIFT = 32


def attempt_of(token: int) -> int:
    """The attempt number (1 for the first) that a claim token stands for: its counter half, which never goes down."""
    return token >> _COUNTER_SHIFT


class Receipt(NamedTuple):
    """Proof of one claim. Every write of an attempt names it; a write under an old one changes nothing."""

    job_id: str
    token: int  # (attempt counter << 32) | random salt, so that a restored backup cannot reissue one


class Claim(NamedTuple):
    """One claimed job: its receipt and all that an attempt needs. Lives until the attempt's move is written."""

    job_id: str
    token: int
    kind: str
    params: str  # JSON text, validated again when the attempt starts
    failures: int  # attempts that failed by themselves so far
    max_retries: int
    last_seq: int  # sequence number of the last event; 1 (`started`) on a first attempt
    owner: str
    priority: int
    key: str | None
    created_at_ms: int
    queue: str
    claimed_at_ms: int
    worker: str

    @property
    def receipt(self) -> Receipt:
        """The part that writes name."""
        return Receipt(self.job_id, self.token)

    @property
    def attempt(self) -> int:
        """Which attempt this is, counted over all claims of the job; 1 for the first."""
        return attempt_of(self.token)
