"""What `run` and `job new` have in common: a job asked of the server."""

from typing import NamedTuple

from jobhive.cli.http import Api
from jobhive.cli.params import read_params


class Wish(NamedTuple):
    """A job as its command line describes it; None = as the kind says."""

    kind: str
    arguments: list[str] | None
    params: str | None
    queue: str | None
    priority: int | None
    delay: float | None
    key: str | None
    max_retries: int | None


def ask(api: Api, wish: Wish) -> dict[str, object]:
    """Creates the job; the answer has `job_id` and `sse_url`. Raises CommandError."""
    ...
