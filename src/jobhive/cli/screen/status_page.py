"""The server's state as the terminal asks for it and shows it."""

from collections.abc import Sequence
from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families
from pydantic import JsonValue

from jobhive.cli.output import say, say_fields, say_json, say_table
from jobhive.cli.server.http import Api, JsonObject
from jobhive.cli.server.views import QueueView, StatusView, WorkerView, age, read_as, span


def ask_status(api: Api) -> JsonObject:
    """Everything in one object: server, health, jobs, queues, workers."""
    return {
        "server": api.server,
        "health": api.get("/health/deep"),
        "jobs": _job_counts(api.get_text("/metrics")),
        "queues": api.get("/v1/queues").get("queues"),
        "workers": api.get("/v1/workers/active").get("workers"),
    }


def _job_counts(metrics: str) -> dict[str, JsonValue]:
    return {
        sample.labels["state"]: int(sample.value)
        for family in text_string_to_metric_families(metrics)
        if family.name == "jobhive_jobs"
        for sample in family.samples
    }


def say_status(answer: JsonObject, *, is_json: bool) -> None:
    """JSON, or a paragraph and two tables."""
    status = read_as(StatusView, answer)
    if is_json:
        say_json(answer)
        return
    say_fields(_fields(status))
    _say_under("QUEUE PENDING SCHEDULED WAITING RUNNING OLDEST", [_queue(queue) for queue in status.queues])
    _say_under("WORKER STATE BUSY DONE ERRORS QUEUES SEEN", [_worker(worker) for worker in status.workers])


def _fields(status: StatusView) -> dict[str, str]:
    return {
        "server": f"{status.server} (Jobhive {status.health.version})",
        "store": status.health.store,
        **status.health.checks,
        "jobs": ", ".join(f"{count} {state}" for state, count in status.jobs.items() if count) or "none",
        "workers": str(len(status.workers)) if status.workers else "none; start one with `jobhive worker`",
    }


def _say_under(headings: str, rows: Sequence[Sequence[str]]) -> None:
    if rows:
        say("")
        say_table(headings.split(), rows)


def _queue(queue: QueueView) -> Sequence[str]:
    name = f"{queue.name} (paused)" if queue.is_paused else queue.name
    counts = map(str, (queue.pending, queue.scheduled, queue.waiting, queue.running))
    oldest = queue.oldest_pending_seconds
    return name, *counts, "-" if oldest is None else span(timedelta(seconds=oldest))


def _worker(worker: WorkerView) -> Sequence[str]:
    busy = f"{worker.running} of {worker.slots}"
    done = (str(worker.completed), str(worker.errors))
    return (
        f"{worker.id} {worker.node}:{worker.pid}",
        worker.state,
        busy,
        *done,
        ",".join(worker.queues),
        age(worker.seen_at),
    )
