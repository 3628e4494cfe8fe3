"""What a supervisor knows of the jobs that one of its processes holds."""

import time

from jobhive.core.receipt import Receipt
from jobhive.worker.line import Claimed, Due, Held, read_report

_REPORTS_MISSED = 3
_SILENT_SECONDS = 5.0  # a process that holds jobs and says nothing for so long is stuck


class Holdings:
    """As the process' reports tell it, whose newest may be old where the process is stuck."""

    def __init__(self, name: str, report_seconds: float) -> None:
        self._name = name  # of the process
        self._report_seconds = report_seconds  # between two whole reports
        self._held: dict[str, int] = {}  # as of the last whole report; tokens by job id
        self._claimed: dict[str, int] = {}  # since then, as far as it was read; many of these are done by now
        self._due: dict[str, Due] = {}
        self._unread: list[bytes] = []  # tells of claims since then
        self._told_all_at = self._heard_at = time.monotonic()  # the last whole report, the last of any sort

    def note(self, report: Held) -> None:
        """Takes a whole report in."""
        self._held, self._claimed, self._due = report.tokens, {}, report.due
        self._unread.clear()
        self._told_all_at = self._heard_at = time.monotonic()

    def put_by(self, line: bytes) -> None:
        """Keeps a line that tells of claims until somebody asks for them, before which the next whole report comes
        nearly always: a busy process claims thousands of jobs a second."""
        self._unread.append(line)
        self._heard_at = time.monotonic()

    def is_stuck(self) -> bool:
        """Whether the process should have said something by now."""
        has_jobs = bool(self._held or self._claimed or self._unread)
        return has_jobs and time.monotonic() - self._heard_at > _SILENT_SECONDS

    def begun(self) -> frozenset[Receipt]:
        """All claims whose handlers may have begun. Some are done, as the store knows."""
        self._read()
        return _receipts(self._held) | _receipts(self._claimed)

    def _read(self) -> None:
        for line in self._unread:
            report = read_report(line, self._name)
            if isinstance(report, Claimed):
                self._claimed |= report.tokens
                self._due |= report.due
        self._unread.clear()

    def to_renew(self) -> frozenset[Receipt]:
        """Claims that may need it. Fresh ones do not: the next whole report leaves out thousands that are done."""
        is_late = time.monotonic() - self._told_all_at > _REPORTS_MISSED * self._report_seconds
        return self.begun() if is_late else _receipts(self._held)

    def overdue(self) -> dict[Receipt, Due]:
        """Attempts that should have ended long ago, if the process is stuck: it cannot end them by itself."""
        if not self.is_stuck():
            return {}
        latest = time.monotonic() - _SILENT_SECONDS
        return {receipt: due for receipt in self.begun() if (due := self._due.get(receipt.job_id)) and due.at < latest}


def _receipts(tokens: dict[str, int]) -> frozenset[Receipt]:
    return frozenset(Receipt(*each) for each in tokens.items())
