"""How much is measured: follows from the number of jobs, so that two runs of one size do the same."""

from dataclasses import dataclass

BATCH = 1_000  # jobs in one `enqueue_many`
CALLERS = 256  # concurrent callers of `enqueue`


@dataclass(frozen=True, slots=True)
class Plan:
    """One run of the bench."""

    jobs: int  # enqueued in batches, then drained
    processes: int  # of workers
    concurrency: int  # of each

    @property
    def one_by_one(self) -> int:
        """Jobs enqueued by a caller that awaits each."""
        return min(self.jobs, 2_000)

    @property
    def concurrent(self) -> int:
        """Jobs enqueued by many callers at once."""
        return min(self.jobs, 10_000)

    @property
    def io(self) -> int:
        """Jobs that wait instead of computing."""
        return min(self.jobs, 5_000)

    @property
    def samples(self) -> int:
        """Jobs that are enqueued one at a time while all is idle."""
        return min(self.jobs, 200)

    @property
    def events(self) -> int:
        """Events told by one job."""
        return min(self.jobs, 10_000)

    @property
    def all_jobs(self) -> int:
        """All jobs of the run."""
        return self.jobs + self.one_by_one + self.concurrent + self.io + self.samples + 1
