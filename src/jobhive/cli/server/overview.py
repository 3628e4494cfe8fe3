"""What goes on in an installation, look by look: figures of now, and rates between heartbeats."""

from datetime import UTC, datetime

from prometheus_client.parser import text_string_to_metric_families
from pydantic import BaseModel, JsonValue

from jobhive.cli.server.http import Api, JsonObject
from jobhive.cli.server.job_calls import list_jobs
from jobhive.cli.server.queue_calls import list_queues
from jobhive.cli.server.views import JobView, QueueView, WorkerView, read_as
from jobhive.cli.server.worker_calls import list_workers

_MOST_RUNNING = 100  # jobs that are told one by one


class Overview(BaseModel):
    """One look."""

    at: datetime
    server: str
    jobs: dict[str, int]  # by state
    completed_per_s: float | None  # None until every worker was seen at two heartbeats
    errors_per_s: float | None
    queues: list[QueueView]
    workers: list[WorkerView]
    running: list[JobView]  # the newest


def job_counts(api: Api) -> dict[str, JsonValue]:
    """Number of stored jobs by state."""
    return {
        sample.labels["state"]: int(sample.value)
        for family in text_string_to_metric_families(api.get_text("/metrics"))
        if family.name == "jobhive_jobs"
        for sample in family.samples
    }


class Watcher:
    """Looks at one installation again and again."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._beats: dict[str, WorkerView] = {}  # each worker's newest heartbeat
        self._rates: dict[str, tuple[float, float]] = {}  # per second between its last two

    def look(self) -> JsonObject:
        """An `Overview`, as the server tells it and with the rates."""
        workers = list_workers(self._api)
        self._note([read_as(WorkerView, worker) for worker in workers])
        completed, errors = map(sum, zip(*self._rates.values(), strict=True)) if self._rates else (None, None)
        return {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "server": self._api.server,
            "jobs": job_counts(self._api),
            "completed_per_s": completed,
            "errors_per_s": errors,
            "queues": list[JsonValue](list_queues(self._api)),
            "workers": list[JsonValue](workers),
            "running": list[JsonValue](list_jobs(self._api, _MOST_RUNNING, state="running")[0]),
        }

    def _note(self, workers: list[WorkerView]) -> None:
        for worker in workers:
            before = self._beats.get(worker.id)
            if before is not None and (passed := (worker.seen_at - before.seen_at).total_seconds()) > 0:
                done, wrong = worker.completed - before.completed, worker.errors - before.errors
                self._rates[worker.id] = (round(done / passed, 1), round(wrong / passed, 1))
        self._beats = {worker.id: worker for worker in workers}
        self._rates = {worker_id: rate for worker_id, rate in self._rates.items() if worker_id in self._beats}
