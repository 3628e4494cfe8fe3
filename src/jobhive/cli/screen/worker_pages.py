"""Active workers as the terminal shows them."""

from collections.abc import Sequence
from datetime import datetime

from jobhive.cli.output import note, say_fields, say_table
from jobhive.cli.screen.form import Form
from jobhive.cli.server.http import JsonObject
from jobhive.cli.server.views import WorkerView, age, read_as, since

WORKER_COLUMNS = ("WORKER", "WHERE", "STATE", "BUSY", "DONE", "ERRORS", "QUEUES", "SEEN")


def say_workers(answers: Sequence[JsonObject], form: Form) -> None:
    """A listing: a row for each."""
    workers = [read_as(WorkerView, answer) for answer in answers]
    form.say_all(answers, lambda: say_table(WORKER_COLUMNS, [worker_row(worker) for worker in workers]))
    if not workers:
        note("no worker is active; start one with `jobhive worker`")


def say_worker(answer: JsonObject, form: Form) -> None:
    """One worker: its fields."""
    worker = read_as(WorkerView, answer)
    form.say_one(answer, lambda: say_fields(_fields(worker)))


def worker_row(worker: WorkerView) -> Sequence[str]:
    """The cells under `WORKER_COLUMNS`."""
    where, busy = f"{worker.node}:{worker.pid}", f"{worker.running}/{worker.slots}"
    done = (str(worker.completed), str(worker.errors))
    return worker.id, where, _state(worker), busy, *done, ", ".join(worker.queues), since(worker.seen_at)


def _fields(worker: WorkerView) -> dict[str, str]:
    return {
        "id": worker.id,
        "name": worker.name,
        "node": worker.node,
        "pid": str(worker.pid),
        "state": _state(worker),
        "queues": ", ".join(worker.queues),
        "kinds": ", ".join(worker.kinds),
        "busy": f"{worker.running} of {worker.slots}",
        "completed": str(worker.completed),
        "errors": str(worker.errors),
        "started": _instant(worker.started_at),
        "seen": _instant(worker.seen_at),
    }


def _state(worker: WorkerView) -> str:
    return f"{worker.state} (retiring)" if worker.is_retiring else worker.state


def _instant(instant: datetime) -> str:
    return f"{instant.astimezone():%Y-%m-%d %H:%M:%S %Z} ({age(instant)})"
