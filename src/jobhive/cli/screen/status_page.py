"""The server's state as the terminal asks for it and shows it."""

from collections.abc import Sequence

from jobhive.cli.output import say, say_fields, say_json, say_table
from jobhive.cli.screen.queue_pages import QUEUE_COLUMNS, queue_row
from jobhive.cli.screen.worker_pages import WORKER_COLUMNS, worker_row
from jobhive.cli.server.http import Api, JsonObject
from jobhive.cli.server.overview import job_counts
from jobhive.cli.server.views import StatusView, read_as


def ask_status(api: Api) -> JsonObject:
    """Everything in one object: server, health, jobs, queues, workers."""
    return {
        "server": api.server,
        "health": api.get("/health/deep"),
        "jobs": job_counts(api),
        "queues": api.get("/v1/queues").get("queues"),
        "workers": api.get("/v1/workers/active").get("workers"),
    }


def say_status(answer: JsonObject, *, is_json: bool) -> None:
    """JSON, or a paragraph and two tables."""
    status = read_as(StatusView, answer)
    if is_json:
        say_json(answer)
        return
    say_fields(_fields(status))
    _say_under(QUEUE_COLUMNS, [queue_row(queue) for queue in status.queues])
    _say_under(WORKER_COLUMNS, [worker_row(worker) for worker in status.workers])


def _fields(status: StatusView) -> dict[str, str]:
    return {
        "server": f"{status.server} (Jobhive {status.health.version})",
        "store": status.health.store,
        **status.health.checks,
        "jobs": ", ".join(f"{count} {state}" for state, count in status.jobs.items() if count) or "none",
        "workers": str(len(status.workers)) if status.workers else "none; start one with `jobhive worker`",
    }


def _say_under(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if rows:
        say("")
        say_table(columns, rows)
