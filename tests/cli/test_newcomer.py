"""A newcomer's tour: every verb once against one `jobhive up`, with its help, its JSON and a wrong input."""

import json
import socket
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pytest
from typer.main import get_command

from jobhive.cli.root import outcome, root
from jobhive.cli.screen.environment import commands_of
from tests.cli.conftest import APP, HERE, Hive
from tests.cli.program import Background, Done
from tests.cli.test_jobs import NO_JOB

ELSEWHERE = {  # tests of their own: programs that stay or take long, and verbs that open the store
    *("up", "serve", "worker", "demo", "bench"),
    *("db status", "db backup", "db migrate", "db sql"),
    *("token new", "token ls", "token revoke", "audit tail", "audit verify"),
}

JSON = "--json"
# verb → what is typed right, and what is typed wrong with its exit code; ID, WORKER and QUEUE are put in
TOUR: dict[str, tuple[Sequence[str], Sequence[str], int]] = {
    "run": (["add", "-a", "a=1", "-a", "b=2", JSON], ["ad"], 2),
    "stream": (["ID", JSON], [NO_JOB], 3),
    "status": ([JSON], ["--server", "nonsense"], 2),
    "top": (["--once", JSON], ["--interval", "0"], 2),
    "doctor": ([JSON], ["--port", "x"], 2),
    "config": ([JSON], ["--json=nope"], 2),
    "docs": (["exit-codes"], ["nope"], 3),
    "completion": (["bash"], ["tcsh"], 2),
    "version": ([], ["nope"], 2),
    "job new": (["add", "-a", "a=1", "-a", "b=2"], ["add", "-a", "a=x"], 2),
    "job ls": ([JSON], ["--limit", "0"], 2),
    "job show": (["ID", JSON], [NO_JOB], 3),
    "job result": (["ID", JSON], [NO_JOB], 3),
    "job logs": (["ID"], ["ID", "-g", "("], 2),
    "job watch": (["ID"], [NO_JOB], 3),
    "job cancel": (["--queue", "QUEUE", "--all-matching", "-y"], ["ID"], 5),
    "job retry": (["--queue", "QUEUE", "--state", "cancelled", "--all-matching", "-y"], ["ID"], 5),
    "job rm": (["ID", "--dry-run"], ["ID"], 2),
    "queue ls": ([JSON], ["--json=nope"], 2),
    "queue pause": (["QUEUE"], ["a b"], 2),
    "queue limit": (["QUEUE", "--depth", "9"], ["QUEUE", "--depth", "x"], 2),
    "queue resume": (["QUEUE"], ["a b"], 2),
    "queue purge": (["QUEUE", "-y"], ["default", "--nope"], 2),
    "worker active ls": ([JSON], ["--json=nope"], 2),
    "worker active get": (["WORKER", JSON], ["worker-1"], 3),
    "worker active retire": (["WORKER"], ["worker-1"], 3),  # the last: nobody works after it
}


class Tour(NamedTuple):
    """One `jobhive up`, and what its words mean."""

    hive: Hive
    known: dict[str, str]

    def __call__(self, *words: str) -> Done:
        """Runs a command line."""
        return self.hive(*(self.known.get(word, word) for word in words))


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tour]:
    """Everything started by one command, a job that has ended and one that waits."""
    hive = Hive(tmp_path_factory.mktemp("data"))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    changes = {"JOBHIVE_DATA": str(tmp_path_factory.mktemp("up")), "JOBHIVE_APP": APP}
    with Background("up", "--port", port, cwd=HERE, changes=changes) as up:
        up.until('"listens"')
        hive.url = f"http://127.0.0.1:{port}"
        job_id = hive.ended("count", "-a", "n=2")
        assert hive("job", "new", "add", "-a", "a=1", "-a", "b=2", "--queue", "idle").code == 0
        worker = hive("worker", "active", "ls", "-q").out.split()[0]
        yield Tour(hive, {"ID": job_id, "WORKER": worker, "QUEUE": "idle"})
        assert up.stop() == 0


def test_the_tour_leaves_no_verb_out() -> None:
    commands = list(commands_of(get_command(root)))
    verbs = {path.removeprefix("jobhive ") for path, command in commands if not getattr(command, "commands", None)}
    assert set(TOUR) | ELSEWHERE == verbs | {"worker"}  # a noun that is a verb too


@pytest.mark.parametrize("verb", TOUR)
def test_every_verb_does_what_its_help_says_and_refuses_what_is_wrong(
    tour: Tour, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    right, wrong, code = TOUR[verb]
    assert outcome([*verb.split(), "--help"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert "Example: " in told.out
    done = tour(*verb.split(), *right)
    assert done.code == 0, done.err
    assert done.out or done.err
    if JSON in right:
        assert [json.loads(line) for line in done.out.splitlines()]
    refused = tour(*verb.split(), *wrong)
    assert (refused.code, refused.out) == (code, ""), refused
    assert refused.err.startswith("error: ")
    assert "Traceback" not in refused.err
