"""`/metrics` for Prometheus: read from the store when asked, counted nowhere else."""

from collections.abc import Iterator, Mapping, Sequence

from fastapi import APIRouter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector
from starlette.responses import Response

from jobhive.api.access import Watcher
from jobhive.api.services import Wired
from jobhive.core.record import QueueStatus, WorkerRecord
from jobhive.store.port import Store

routes = APIRouter(tags=["health"])


class Scrape(Collector):
    """The store's figures at one instant."""

    def __init__(self, jobs: Mapping[str, int], queues: Sequence[QueueStatus], workers: Sequence[WorkerRecord]) -> None:
        self._jobs, self._queues, self._workers = jobs, queues, workers

    @classmethod
    async def of(cls, store: Store) -> "Scrape":
        """Reads them."""
        return cls(await store.jobs.counts(), await store.jobs.queues(), await store.workers.active())

    def collect(self) -> Iterator[Metric]:
        """All metric families (prometheus_client's protocol)."""
        yield self._job_counts()
        yield self._queue_depths()
        yield self._queue_ages()
        yield self._worker_states()
        yield self._worker_slots()
        yield from self._worker_totals()

    def _job_counts(self) -> Metric:
        family = GaugeMetricFamily("jobhive_jobs", "Jobs that are stored, by state", labels=["state"])
        for state, count in self._jobs.items():
            family.add_metric([state], count)
        return family

    def _queue_depths(self) -> Metric:
        family = GaugeMetricFamily("jobhive_queue_depth", "Open jobs of a queue, by state", labels=["queue", "state"])
        for queue in self._queues:
            family.add_metric([queue.name, "pending"], queue.pending)
            family.add_metric([queue.name, "scheduled"], queue.scheduled)
            family.add_metric([queue.name, "waiting"], queue.waiting)
            family.add_metric([queue.name, "running"], queue.running)
        return family

    def _queue_ages(self) -> Metric:
        family = GaugeMetricFamily(
            "jobhive_queue_oldest_seconds", "Age of the pending job that waits longest", labels=["queue"]
        )
        for queue in self._queues:
            family.add_metric([queue.name], (queue.oldest_pending_ms or 0) / 1000)
        return family

    def _worker_states(self) -> Metric:
        family = GaugeMetricFamily("jobhive_workers", "Active workers, by state", labels=["state"])
        states = [worker.state for worker in self._workers]
        for state in dict.fromkeys(["starting", "ready", "busy", "stopping", *states]):
            family.add_metric([state], states.count(state))
        return family

    def _worker_slots(self) -> Metric:
        family = GaugeMetricFamily("jobhive_worker_slots", "Jobs that a worker can run at once", labels=["worker"])
        for worker in self._workers:
            family.add_metric([worker.worker_id], worker.slots)
        return family

    def _worker_totals(self) -> Iterator[Metric]:
        completed = CounterMetricFamily("jobhive_worker_completed", "Jobs that a worker completed", labels=["worker"])
        errors = CounterMetricFamily("jobhive_worker_errors", "Attempts that failed on a worker", labels=["worker"])
        for worker in self._workers:
            completed.add_metric([worker.worker_id], worker.completed)
            errors.add_metric([worker.worker_id], worker.errors)
        yield completed
        yield errors


@routes.get(
    "/metrics", response_class=Response, responses={200: {"description": "metrics", "content": {"text/plain": {}}}}
)
async def metrics(_: Watcher, services: Wired) -> Response:
    """Figures in Prometheus' text format.

    curl http://127.0.0.1:8700/metrics
    """
    return Response(generate_latest(await Scrape.of(services.store)), media_type=CONTENT_TYPE_PLAIN_0_0_4)
