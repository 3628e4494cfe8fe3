"""`jobhive job logs` and `jobhive job watch`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jobhive.cli.exits import CommandError, Exit
from jobhive.cli.screen.instants import read_instant
from tests.cli.conftest import Hive, pipe
from tests.cli.test_jobs import NO_JOB

ESC = "at \x1b[2J"


def test_logs_are_the_lines_that_a_job_logged(hive: Hive) -> None:  # UC4
    job_id = hive.ended("count", "-a", "n=3")
    assert hive("job", "logs", job_id) == (0, f"{ESC}1\n{ESC}2\n{ESC}3\n", "")
    assert hive("job", "logs", job_id, "-n", "2").out == f"{ESC}2\n{ESC}3\n"
    assert hive("job", "logs", job_id, "-g", "[13]$").out == f"{ESC}1\n{ESC}3\n"
    assert hive("job", "logs", job_id, "-f", "-n", "1").out == f"{ESC}3\n"
    assert hive("job", "logs", job_id, "--since", "1h", "--until", "30m").out == ""
    assert hive("job", "logs", job_id, "--since", "1h").out.count("\n") == 3
    time, _, line = hive("job", "logs", job_id, "-t", "-n", "1").out.partition(" ")
    assert datetime.fromisoformat(time).tzinfo
    assert line == f"{ESC}3\n"


def test_narration_is_part_of_the_log_and_a_new_attempt_is_remarked(hive: Hive) -> None:  # UC4, O9
    done = hive("job", "logs", hive.ended("tell", "-a", "failures=1"))
    assert done.out == "counting the north\ncounting the north\n"
    assert "attempt   2 follows" in done.err


def test_logs_of_several_jobs_are_in_the_order_of_time_and_say_whose_they_are(hive: Hive) -> None:
    first, second = hive.ended("count", "-a", "n=1"), hive.ended("count", "-a", "n=1")
    assert hive("job", "logs", second, first).out == f"{first} {ESC}1\n{second} {ESC}1\n"
    with hive.terminal("job", "logs", second, first) as terminal:
        assert terminal.end() == 0
    assert first[-8:] in terminal.shown
    assert first not in terminal.shown
    assert "\x1b[2J" not in terminal.shown


def test_without_following_a_running_job_is_not_waited_for(hive: Hive, tmp_path: Path) -> None:
    gate = pipe(tmp_path)
    job_id = hive("job", "new", "count", "-a", "n=2", "-a", f"gate={gate}").out.strip()
    with hive.terminal("stream", job_id) as terminal:
        terminal.until("50%")
        assert hive("job", "logs", job_id).out == f"{ESC}1\n"
        gate.write_text("open")
        assert terminal.end() == 0


def test_ctrl_c_detaches_and_the_printed_command_goes_on_from_there(hive: Hive, tmp_path: Path) -> None:  # UC4
    gate = pipe(tmp_path)
    job_id = hive("job", "new", "count", "-a", "n=2", "-a", f"gate={gate}").out.strip()
    with hive.terminal("job", "logs", "-f", job_id) as terminal:
        terminal.until("J1")
        terminal.press("\x03")
        assert terminal.end() == 130
    program, *resume = terminal.until(r"jobhive job logs job-\w+ --follow --after \d+").split()
    assert program == "jobhive"
    with hive.terminal(*resume) as terminal:
        gate.write_text("open")
        assert terminal.end() == 0
    assert "J2" in terminal.shown
    assert "J1" not in terminal.shown


def test_a_job_without_lines_is_remarked_and_wrong_input_refused(hive: Hive) -> None:
    job_id = hive.ended("add", "-a", "a=1", "-a", "b=1")
    silent = hive("job", "logs", job_id)
    assert (silent.code, silent.out) == (0, "")
    assert "jobhive stream" in silent.err
    assert hive("job", "logs", NO_JOB).code == 3
    assert hive("job", "logs", job_id, "-g", "(").code == 2
    assert hive("job", "logs", job_id, "--since", "lately").code == 2
    assert hive("job", "logs", job_id, "-f", "--until", "1m").code == 2


def test_instants_are_typed_as_spans_or_as_times() -> None:
    for text, span in (("10m", timedelta(minutes=10)), ("1h30m", timedelta(hours=1.5)), ("2d", timedelta(days=2))):
        instant = read_instant(text)
        assert instant is not None
        assert abs(datetime.now(UTC) - span - instant) < timedelta(minutes=1)
    assert read_instant("2026-01-31T14:00+02:00") == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert read_instant(None) is None
    for wrong in ("", "10", "10x", "m", "-5m", "2026-13-01"):
        with pytest.raises(CommandError) as error:
            read_instant(wrong)
        assert error.value.code is Exit.USAGE


def test_watch_prints_a_line_when_a_job_changes(hive: Hive) -> None:  # UC5
    job_id, failed = hive.ended("count", "-a", "n=2"), hive.ended("boom")
    watched = hive("job", "watch", job_id, failed)
    assert watched.code == 0
    assert watched.out.splitlines()[0] == f"{job_id} complete attempt 1 100 % counting 2 of 2"
    assert watched.out.splitlines()[1].startswith(f"{failed} failed attempt 1 failed: ValueError")
    assert hive("job", "watch", "--exit-status", job_id, failed).code == 10
    assert hive("job", "watch", "--exit-status", job_id).code == 0
    assert hive("job", "watch", NO_JOB).code == 3


def test_watch_on_a_terminal_follows_until_the_end_and_can_be_left(hive: Hive, tmp_path: Path) -> None:  # UC5
    gate = pipe(tmp_path)
    job_id = hive("job", "new", "count", "-a", "n=2", "-a", f"gate={gate}").out.strip()
    with hive.terminal("job", "watch", job_id) as terminal:
        terminal.until("50 % counting")
        terminal.press("\x03")
        assert terminal.end() == 130
    assert f"jobhive job watch {job_id}" in terminal.shown
    with hive.terminal("job", "watch", job_id, "--interval", "0.1") as terminal:
        terminal.until("running")
        gate.write_text("open")
        assert terminal.end() == 0
    assert "complete" in terminal.shown
