"""What the terminal reads of the server's answers; whatever else they hold goes through `--json` untouched."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from jobhive.cli.exits import CommandError
from jobhive.core.states import State

V = TypeVar("V", bound=BaseModel)


class ErrorView(BaseModel):
    """Why an attempt failed."""

    type: str
    code: str
    message: str


class AttemptView(BaseModel):
    """An attempt that did not complete the job."""

    attempt: int
    outcome: str
    started_at: datetime
    ended_at: datetime
    worker: str | None = None
    error: ErrorView | None = None


class JobView(BaseModel):
    """A job; what its state does not have is None."""

    id: str
    kind: str
    queue: str
    state: State
    params: JsonValue
    priority: int
    attempt: int
    max_retries: int
    created_at: datetime
    owner: str = ""
    failures: int = 0
    crashes: int = 0
    key: str | None = None
    run_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    worker: str | None = None
    progress: JsonValue = None
    result: JsonValue = None
    error: ErrorView | None = None
    reason: str | None = None
    cancel_requested: bool = False
    attempts: list[AttemptView] = []  # not in listings
    sse_url: str = ""


class HealthView(BaseModel):
    """The server and its store."""

    version: str
    store: str
    checks: dict[str, str]


class QueueView(BaseModel):
    """A queue's figures."""

    name: str
    pending: int
    scheduled: int
    waiting: int
    running: int
    depth: int = 0
    oldest_pending_seconds: float | None
    running_limit: int | None = None
    depth_limit: int | None = None
    is_paused: bool


class WorkerView(BaseModel):
    """An active worker."""

    id: str
    name: str = ""
    node: str
    pid: int
    state: str
    queues: list[str]
    kinds: list[str] = []
    slots: int
    running: int
    completed: int
    errors: int
    started_at: datetime
    seen_at: datetime
    is_retiring: bool = False


class StatusView(BaseModel):
    """All that `status` tells."""

    server: str
    health: HealthView
    jobs: dict[str, int]  # by state
    queues: list[QueueView]
    workers: list[WorkerView]


def read_as(view: type[V], answer: Mapping[str, JsonValue]) -> V:
    """The answer as that view. Raises CommandError where it has another form."""
    try:
        return view.model_validate(answer)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise CommandError(
            f"the server's answer is not understood ({where}: {first['msg']}); is it as new as this program?"
        ) from error


def since(instant: datetime) -> str:
    """The time that has passed: `4 s`."""
    return span(max(datetime.now(UTC) - instant, timedelta(0)))


def age(instant: datetime) -> str:
    """How long ago, or how long until then: `4 s ago`, `in 3 min`."""
    passed = datetime.now(UTC) - instant
    return f"{span(passed)} ago" if passed >= timedelta(0) else f"in {span(-passed)}"


def span(duration: timedelta) -> str:
    """A duration in its largest unit: `850 ms`, `4 s`, `3 min`, `2 h`, `5 d`."""
    seconds = duration.total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    for unit, length, limit in (("s", 1, 60), ("min", 60, 3600), ("h", 3600, 86400)):
        if seconds < limit:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds / 86400:.0f} d"
