"""Many jobs at once, queues, and active workers: asked before it is done, done to what was counted."""

import json
from pathlib import Path

import pytest

from jobhive.cli.commands.bulk import CANCEL, do_to_all
from jobhive.cli.exits import CommandError, Exit
from jobhive.cli.server.http import Api
from tests.cli.conftest import Hive


def idle_jobs(hive: Hive, queue: str, count: int) -> list[str]:
    """Jobs that nobody will run."""
    arguments = ("job", "new", "add", "-a", "a=1", "-a", "b=1", "--queue", queue)
    return [hive(*arguments).out.strip() for _ in range(count)]


def test_all_matching_jobs_are_counted_cancelled_retried_and_deleted(hive: Hive) -> None:  # UC6
    ids = idle_jobs(hive, "bulk", 3)
    others = idle_jobs(hive, "others", 1)
    chosen = ("--queue", "bulk", "--all-matching")
    assert hive("job", "cancel", *chosen, "--dry-run")[:2] == (0, "3\n")
    refused = hive("job", "cancel", *chosen)
    assert (refused.code, refused.out) == (2, "")
    assert "Cancel 3 jobs?" in refused.err
    assert "--yes" in refused.err
    assert hive("job", "cancel", *chosen, "-y") == (0, "", "3 cancelled\n")
    assert hive("job", "retry", *chosen, "--state", "cancelled", "-y") == (0, "", "3 retried\n")
    assert hive("job", "retry", *chosen, "-y") == (0, "", "no jobs match\n")  # none of them failed
    assert hive("job", "cancel", *chosen, "--state", "pending", "--kind", "add", "-y").err == "3 cancelled\n"
    with hive.terminal("job", "rm", *chosen) as terminal:
        terminal.until(r"Delete 3 jobs for good\? \[y/N\] ")
        terminal.press("y\n")
        assert terminal.end() == 0
    assert {hive("job", "show", job_id).code for job_id in ids} == {3}
    assert hive("job", "show", *others, "--format", "{state}").out == "pending\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["cancel"], "by their ids"),
        (["rm", "--state", "failed"], "--all-matching"),
        (["retry", "job-1", "--all-matching"], "not both"),
        (["cancel", "--state", "complete", "--all-matching"], "not complete"),
    ],
)
def test_a_choice_that_is_none_is_a_usage_error(hive: Hive, arguments: list[str], told: str) -> None:
    done = hive("job", *arguments)
    assert (done.code, done.out) == (2, "")
    assert told in done.err


def test_a_dry_run_on_ids_does_nothing(hive: Hive) -> None:  # UC6
    [job_id] = idle_jobs(hive, "dry", 1)
    assert hive("job", "cancel", job_id, "--dry-run").out == "1\n"
    assert hive("job", "show", job_id, "--format", "{state}").out == "pending\n"


def test_jobs_that_moved_on_meanwhile_are_left_alone_and_counted(capsys: pytest.CaptureFixture[str]) -> None:  # UC6
    def cancel(_: Api, job_id: str) -> str:
        if job_id != "job-1":
            raise CommandError(f"{job_id} is complete", Exit.CONFLICT if job_id == "job-2" else Exit.NOT_FOUND)
        return f"{job_id} is cancelled"

    with Api("http://127.0.0.1:1") as api:
        do_to_all(api, CANCEL._replace(call=cancel), ["job-1", "job-2", "job-3"], is_agreed=True)
    assert capsys.readouterr().err == "1 cancelled; 2 had moved on meanwhile and were left alone\n"


def test_trouble_in_mid_bulk_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with Api("http://127.0.0.1:1") as api, pytest.raises(CommandError) as error:
        do_to_all(api, CANCEL, ["job-1", "job-2"], is_agreed=True)
    assert error.value.code is Exit.UNREACHABLE
    assert capsys.readouterr() == ("", "")


def test_a_queue_is_held_limited_and_let_go(hive: Hive) -> None:
    idle_jobs(hive, "mail", 2)
    assert hive("queue", "pause", "mail").err == "mail is paused, with 2 waiting and 0 running\n"
    assert (
        hive("queue", "limit", "mail", "--running", "3").err == "mail runs at most 3 at once and lets any number wait\n"
    )
    assert "at most 5 wait" in hive("queue", "limit", "mail", "--depth", "5").err
    [listed] = [each for each in json.loads(hive("queue", "list", "--json").out) if each["name"] == "mail"]
    assert (listed["is_paused"], listed["running_limit"], listed["depth_limit"]) == (True, 3, 5)
    assert "mail\tpaused\t2\t0\t0\t0" in hive("queue", "ls").out
    assert "mail\n" in hive("queue", "ls", "-q").out
    assert hive("queue", "limit", "mail", "--running", "none", "--depth", "none").code == 0
    assert hive("queue", "resume", "mail").err == "mail goes on, with 2 waiting\n"


@pytest.mark.parametrize("arguments", [["limit", "a"], ["limit", "a", "--depth", "0"], ["pause", "a b"], ["pause"]])
def test_what_is_no_queue_and_no_limit_is_a_usage_error(hive: Hive, arguments: list[str]) -> None:
    done = hive("queue", *arguments)
    assert (done.code, done.out) == (2, "")


def test_purging_a_queue_deletes_what_waits_and_leaves_what_runs(hive: Hive) -> None:  # UC6
    ids = idle_jobs(hive, "purged", 2)
    running = hive("job", "new", "hang", "--queue", "default").out.strip()
    with hive.terminal("stream", running) as terminal:
        terminal.until("hanging")
        assert hive("queue", "purge", "purged", "--dry-run").out == "2\n"
        assert hive("queue", "purge", "purged").code == 2
        assert hive("queue", "purge", "purged", "-y") == (0, "", "2 purged\n")
        assert hive("queue", "purge", "default", "-y") == (0, "", "no jobs match\n")
        assert hive("job", "show", running, "--format", "{state}").out == "running\n"
        assert hive("job", "cancel", running).code == 0
        assert terminal.end() == 10
    assert {hive("job", "show", job_id).code for job_id in ids} == {3}


def test_an_active_worker_is_listed_shown_and_retired(tmp_path: Path) -> None:  # O3
    hive = Hive(tmp_path)
    with hive.server(), hive.worker("--queue", "mail") as worker:
        worker_id = hive("worker", "active", "ls", "-q").out.strip()
        shown = json.loads(hive("worker", "active", "get", worker_id, "--json").out)
        assert (shown["id"], shown["pid"], shown["queues"]) == (worker_id, worker.process.pid, ["mail"])
        assert f"id\t{worker_id}\n" in hive("worker", "active", "get", worker_id).out
        assert worker_id in hive("worker", "active", "list").out
        assert hive("worker", "active", "get", "worker-1").code == 3
        assert hive("worker", "active", "retire", "worker-1", worker_id).code == 3
        assert worker.process.wait(30) == 0
        gone = hive("worker", "active", "ls")
        assert (gone.code, gone.out) == (0, "")
        assert "jobhive worker" in gone.err
