"""From a kind's name and params to a stored job."""

from collections.abc import Mapping

from jobhive.client.options import DEFAULT_OPTIONS, Options, new_jobs
from jobhive.client.registry import Kinds
from jobhive.core.record import Inserted
from jobhive.store.port import SubmitterJobs


class Submitter:
    """Validates by the kind and inserts."""

    def __init__(self, jobs: SubmitterJobs, kinds: Kinds) -> None:
        self._jobs = jobs
        self._kinds = kinds

    async def submit(
        self,
        kind: str,
        params: bytes | str | Mapping[str, object],
        options: Options = DEFAULT_OPTIONS,
        owner: str = "",
        *,
        by: str | None = None,
    ) -> Inserted:
        """Stores one job; `params` is JSON text or a mapping, `by` who asked. Returns once it is durable.

        Raises UnknownKind, InvalidInput, KeyReused, QueueFull.
        """
        known = self._kinds[kind].kind
        model = known.read_params(params) if isinstance(params, bytes | str) else known.check_params(params)
        [inserted] = await self._jobs.insert(new_jobs(known, [known.dump_params(model)], options, owner), by=by)
        return inserted
