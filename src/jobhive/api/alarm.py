"""Refused calls in the audit log. Each is a write that anybody can cause, so most of a flood are only counted."""

import time

from jobhive.core.audit import Act, entry
from jobhive.core.errors import StoreError
from jobhive.core.rate import Rate, full, take
from jobhive.narration import Episode
from jobhive.store.port import Audit

_RATE = Rate(30, "min")


class Alarm:
    """Tells what was refused, at most thirty times a minute; the next entry says how many were left out."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit
        self._bucket = full(_RATE, time.monotonic())
        self._untold = 0  # since the last entry
        self._trouble = Episode("api", "the audit log")

    async def tell(self, actor: str, act: Act, target: str, **detail: object) -> None:
        """Writes an entry, or counts. The caller is refused whether or not the log can be written."""
        self._bucket, wait = take(self._bucket, _RATE, time.monotonic())
        if wait:
            self._untold += 1
            return
        untold, self._untold = self._untold, 0
        try:
            await self._audit.record([entry(actor, act, target, {**detail, "untold": untold})])
            self._trouble.end()
        except StoreError as error:
            self._untold += untold + 1
            self._trouble.begin(str(error))
