"""Queues as the terminal shows them."""

from collections.abc import Sequence
from datetime import timedelta

from jobhive.cli.output import note, say_table
from jobhive.cli.screen.form import Form
from jobhive.cli.server.http import JsonObject
from jobhive.cli.server.views import QueueView, read_as, span

QUEUE_COLUMNS = ("QUEUE", "STATE", "PENDING", "SCHEDULED", "WAITING", "RUNNING", "OLDEST", "LIMITS")


def say_queues(answers: Sequence[JsonObject], form: Form) -> None:
    """A listing: a row for each."""
    queues = [read_as(QueueView, answer) for answer in answers]
    form.say_all(answers, lambda: say_table(QUEUE_COLUMNS, [queue_row(queue) for queue in queues]))
    if not queues:
        note("no queue holds open jobs or has settings")


def queue_row(queue: QueueView) -> Sequence[str]:
    """The cells under `QUEUE_COLUMNS`."""
    state = "paused" if queue.is_paused else "open"
    counts = map(str, (queue.pending, queue.scheduled, queue.waiting, queue.running))
    oldest = queue.oldest_pending_seconds
    return queue.name, state, *counts, "-" if oldest is None else span(timedelta(seconds=oldest)), _limits(queue)


def _limits(queue: QueueView) -> str:
    limits = {"running": queue.running_limit, "depth": queue.depth_limit}
    return ", ".join(f"{name} {limit}" for name, limit in limits.items() if limit is not None) or "-"
