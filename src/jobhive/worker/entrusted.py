"""Leases that a supervisor keeps: it is told what is held, and renews that, whatever this process is busy with."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from jobhive.background import Background
from jobhive.core.errors import StoreUnavailable
from jobhive.core.receipt import Claim, Receipt
from jobhive.narration import Episode
from jobhive.worker.attempts import Attempts
from jobhive.worker.child import Post
from jobhive.worker.claimer import Take
from jobhive.worker.lease import TRUSTED_SHARE
from jobhive.worker.limits import ClaimLimits, due_of
from jobhive.worker.line import Claimed, Held, Renewed, seconds_between_reports


class EntrustedLeases(Background):
    """Reports them to the supervisor. Tells `lost` the receipts that are worth nothing any more."""

    name = "leases"

    def __init__(
        self,
        post: Post,
        lease: timedelta,
        attempts: Attempts,
        limits: ClaimLimits,
        lost: Callable[[Sequence[Receipt]], None],
    ) -> None:
        self._post = post
        self._report_seconds = seconds_between_reports(lease)
        self._trusted_seconds = TRUSTED_SHARE * lease.total_seconds()
        self._attempts = attempts
        self._limits = limits
        self._lost = lost
        self._renewed_at = time.monotonic()  # when the last renewal began that the supervisor told of
        self._trouble = Episode(self.name, "jobs in flight")
        self._has_told_of_jobs = False  # in the last report: one without any is not repeated

    def start(self) -> asyncio.Future[None]:
        """Begins to report. The future ends with the loop."""
        self._renewed_at = time.monotonic()
        self._post.on_renewed = self._heed
        return super().start()

    def reported(self, take: Take) -> Take:
        """Takes the same, and tells of it before any handler is called.

        Raises StoreUnavailable while leases are in doubt.
        """

        async def told(limit: int, queues: Sequence[str]) -> Sequence[Claim]:
            if not self._is_trusted():
                raise StoreUnavailable("the supervisor renews no leases at the moment, so none are taken")
            claims = await take(limit, queues)
            if claims:
                tokens = {claim.job_id: claim.token for claim in claims}
                await self._post.say(Claimed.model_construct(tokens=tokens, due=self._limits.due(claims)))
                self._has_told_of_jobs = True
            return claims

        return told

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._report_seconds)
            self._post.listen()  # a loop that was stuck may be here before it hears what was said meanwhile
            if not self._is_trusted() and len(self._attempts):
                self._trouble.begin("the supervisor renews them no more")
                self._attempts.doubt()
            await self._report()

    async def _report(self) -> None:
        if not (len(self._attempts) or self._has_told_of_jobs):
            return
        attempts = self._attempts.holding()
        tokens = {attempt.claim.job_id: attempt.claim.token for attempt in attempts}
        due = {attempt.claim.job_id: due for attempt in attempts if (due := due_of(attempt)) is not None}
        self._has_told_of_jobs = bool(tokens)
        await self._post.say(Held.model_construct(tokens=tokens, due=due))

    def _heed(self, renewed: Renewed) -> None:
        self._renewed_at = renewed.began
        if self._is_trusted():
            self._trouble.end()
        if renewed.lost:
            self._lost([Receipt(*each) for each in renewed.lost.items()])

    def _is_trusted(self) -> bool:
        return time.monotonic() - self._renewed_at < self._trusted_seconds
