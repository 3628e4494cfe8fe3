"""The tests can fail: each bug, put into a copy of the package, is caught by the tests named beside it.

`./dev test -m slow tests/test_seeded_bugs.py` runs them all.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

_ROOT = Path(__file__).parents[1]
_CONFORMANCE = "tests/store/test_sqlite_conformance.py::TestSqliteStore::"
_SQLITE = "store/sqlite/"
_FAILED = 1  # pytest's exit code for tests that ran and failed


class Bug(NamedTuple):
    """One change for the worse."""

    name: str
    file: str  # below the package
    right: str  # stands there once
    wrong: str
    tests: tuple[str, ...]


def _in_sql(name: str, file: str, right: str, wrong: str, *tests: str) -> Bug:
    return Bug(name, f"{_SQLITE}sql/{file}.sql", right, wrong, tuple(_CONFORMANCE + test for test in tests))


BUGS = (
    _in_sql(
        "a result without its token",
        "complete",
        "job.claim = done.value ->> 1",
        "true",
        "test_a_stale_owner_changes_nothing",
    ),
    _in_sql(
        "a move without its token",
        "held",
        "claim = :claim",
        "(claim = :claim OR true)",
        "test_a_stale_owner_changes_nothing",
    ),
    _in_sql(
        "a renewal without its token",
        "renew",
        "claim = :claim",
        "(claim = :claim OR true)",
        "test_a_stale_owner_gives_no_sign",
    ),
    _in_sql(
        "events without their token",
        "advance_stream",
        "claim = :claim",
        "(claim = :claim OR true)",
        "test_a_stale_owner_gives_no_sign",
    ),
    _in_sql(
        "events wherever they come",
        "advance_stream",
        "AND last_seq = :first_seq - 1",
        "AND :first_seq IS NOT NULL",
        "test_a_stream_grows_only_where_it_ends",
    ),
    _in_sql(
        "a claim of what runs",
        "claimable",
        "state = 'pending'",
        "state IN ('pending', 'running')",
        "test_a_limit_bounds_the_claim_over_all_queues",
    ),
    _in_sql(
        "a lease without an end",
        "expired",
        "lease_until < :now",
        "lease_until < :now - :now",
        "test_an_expired_job_is_pending_again",
    ),
    _in_sql(
        "a rescued job under its old token",
        "leave",
        "claim + :void",
        "claim + 0 * :void",
        "test_a_rescued_job_refuses_its_old_owner",
    ),
    _in_sql(
        "a repeated call that is refused",
        "insert",
        "ON CONFLICT (id) DO NOTHING",
        "",
        "test_a_repeated_id_is_a_repeated_call",
    ),
    _in_sql(
        "another life with the old failures",
        "reopen",
        "failures = 0, crashes = 0",
        "crashes = 0",
        "test_a_failed_job_gets_another_life",
    ),
    Bug(
        "an answer before the commit",
        f"{_SQLITE}writer.py",
        '        failpoint("writer.before_commit")\n',
        '        _settle(asks)\n        failpoint("writer.before_commit")\n',
        ("tests/test_failpoints.py::test_a_caller_is_answered_only_after_the_commit",),
    ),
    Bug(
        "commits that are not synced",
        f"{_SQLITE}connection.py",
        "synchronous = EXTRA",
        "synchronous = NORMAL",
        ("tests/store/test_power_cuts.py::test_a_power_cut_takes_nothing_that_was_acknowledged",),
    ),
    Bug(
        "a journal that a power cut brings back",
        f"{_SQLITE}connection.py",
        "synchronous = EXTRA",
        "synchronous = FULL",
        ("tests/store/test_power_cuts.py::test_a_power_cut_takes_nothing_that_was_acknowledged",),
    ),
    Bug(
        "a crash that counts against every job beside it",
        "core/rescue.py",
        "return Evidence.ALONE if begun == 1 else Evidence.IN_COMPANY",
        "return Evidence.ALONE",
        (f"{_CONFORMANCE}test_jobs_beside_each_other_in_a_crash_are_not_blamed",),
    ),
    Bug(
        "a stream that forgets how it ended",
        f"{_SQLITE}operate.py",
        "    append_told(transaction, record.job_id, record.token, told.seq, events)\n",
        "",
        (f"{_CONFORMANCE}test_an_operators_retry_reopens_the_stream",),
    ),
)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_without_a_bug_they_pass(tmp_path: Path) -> None:  # P23
    done = _tested(_copied(tmp_path), sorted({test for bug in BUGS for test in bug.tests}))
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_is_caught(tmp_path: Path, bug: Bug) -> None:  # P23
    copy = _copied(tmp_path)
    path = copy / "src" / "jobhive" / bug.file
    text = path.read_text()
    assert text.count(bug.right) == 1, f"{bug.file} changed: say anew where {bug.name!r} would be"
    path.write_text(text.replace(bug.right, bug.wrong))
    done = _tested(copy, bug.tests)
    assert done.returncode == _FAILED, done.stdout


def _copied(folder: Path) -> Path:
    for name in ("src", "tests"):
        shutil.copytree(_ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(_ROOT / "pyproject.toml", folder)
    return folder


def _tested(copy: Path, tests: list[str] | tuple[str, ...]) -> "subprocess.CompletedProcess[str]":
    """Runs the copy's tests on the copy's package."""
    environment = os.environ | {"PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
    return subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
