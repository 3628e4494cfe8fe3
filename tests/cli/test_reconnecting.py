"""A server that goes away in mid-stream costs the reader nothing but time."""

import json
import signal
from pathlib import Path

import pytest

from jobhive.cli.exits import CommandError, Exit
from jobhive.cli.server.follow import Follower
from jobhive.cli.server.http import Api, job_path
from tests.cli.conftest import Hive, pipe


def test_a_reader_outlives_the_server_and_misses_nothing(tmp_path: Path) -> None:  # UC4 D9
    hive, gate = Hive(tmp_path), pipe(tmp_path)
    with hive.worker(), hive.server() as server:
        job_id = hive("job", "new", "count", "-a", "n=60", "-a", f"gate={gate}").out.strip()
        with hive.terminal("stream", job_id, "--json") as terminal:
            terminal.until('"value": 30')
            server.stop(signal.SIGKILL)
            gate.write_text("open")
            terminal.until("connection lost")
            with hive.server():
                assert terminal.end() == 0
    events = [json.loads(line) for line in terminal.shown.splitlines() if line.startswith("{")]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [event["value"] for event in events if event["type"] == "item"] == list(range(1, 61))
    assert events[-1]["type"] == "end"


def test_a_server_that_stops_in_good_order_is_waited_for_too(tmp_path: Path) -> None:  # UC4
    hive, gate = Hive(tmp_path), pipe(tmp_path)
    with hive.worker(), hive.server() as server:
        job_id = hive("job", "new", "talk", "-a", "text=one two three", "-a", f"gate={gate}").out.strip()
        with hive.terminal("stream", job_id) as terminal:
            terminal.until("one")
            assert server.stop() == 0
            gate.write_text("open")
            terminal.until("connection lost")
            with hive.server():
                assert terminal.end() == 0
    assert "is complete" in terminal.shown
    words = [line for line in terminal.shown.splitlines() if "\x1b" not in line]
    assert "".join(words).split() == ["one", "two", "three"]


def test_a_server_that_does_not_come_back_is_given_up(tmp_path: Path) -> None:  # UC3
    hive, troubles = Hive(tmp_path), list[str]()
    with hive.worker(), hive.server() as server, Api(hive.url) as api:
        job_id = hive("job", "new", "hang").out.strip()
        follower = Follower(api, job_path(job_id, "/stream"), 0, 0.2, troubles.append)
        events = iter(follower)
        assert [next(events).type, next(events).type] == ["started", "log"]
        server.stop(signal.SIGKILL)
        with pytest.raises(CommandError) as error:
            next(events)
    assert error.value.code is Exit.UNREACHABLE
    assert len(troubles) == 1
    assert follower.last == 2


def test_without_a_server_every_command_says_how_to_start_one(tmp_path: Path) -> None:  # UC3
    hive = Hive(tmp_path)
    with hive.server():
        pass
    for arguments in (["status"], ["job", "ls"], ["run", "add"], ["stream", "job-1"], ["job", "rm", "-y", "a", "b"]):
        done = hive(*arguments)
        assert (done.code, done.out) == (7, "")
        assert done.err.count("error: ") == 1
        assert "jobhive up" in done.err
