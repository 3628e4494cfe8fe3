"""A newcomer's tour: every verb once against one `jobhive up`, with its help, its JSON and a wrong input."""

import json
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from typer.main import get_command

from jobhive.cli.root import root
from jobhive.cli.screen.environment import commands_of
from tests.cli.conftest import APP, HERE, Hive
from tests.cli.program import Background
from tests.cli.test_jobs import NO_JOB

ELSEWHERE = {"up", "serve", "worker", "demo", "bench"}  # programs that stay or take long: tests of their own

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


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hive]:
    """One `jobhive up`."""
    hive = Hive(tmp_path_factory.mktemp("data"))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    changes = {"JOBHIVE_DATA": str(tmp_path_factory.mktemp("up")), "JOBHIVE_APP": APP}
    with Background("up", "--port", port, cwd=HERE, changes=changes) as up:
        up.until('"listens"')
        hive.url = f"http://127.0.0.1:{port}"
        assert hive("run", "add", "-a", "a=1", "-a", "b=1").code == 0  # a worker is there
        yield hive
        assert up.stop() == 0


def test_the_tour_leaves_no_verb_out() -> None:
    verbs = {path.removeprefix("jobhive ") for path, command in commands_of(get_command(root)) if not below(command)}
    nouns_that_are_verbs = {"worker"}
    assert set(TOUR) | ELSEWHERE == verbs | nouns_that_are_verbs


def below(command: object) -> bool:
    return bool(getattr(command, "commands", None))


def test_every_verb_does_what_its_help_says_and_refuses_what_is_wrong(tour: Hive, tmp_path: Path) -> None:
    job_id = tour("job", "new", "count", "-a", "n=2").out.strip()
    assert tour("job", "result", job_id, "--timeout", "30").code == 0
    tour("job", "new", "add", "-a", "a=1", "-a", "b=2", "--queue", "idle")
    worker = tour("worker", "active", "ls", "-q").out.split()[0]
    known = {"ID": job_id, "WORKER": worker, "QUEUE": "idle"}
    for verb, (right, wrong, code) in TOUR.items():
        _try(tour, verb, [known.get(each, each) for each in right], [known.get(each, each) for each in wrong], code)


def _try(tour: Hive, verb: str, right: Sequence[str], wrong: Sequence[str], code: int) -> None:
    helped = tour(*verb.split(), "--help")
    assert (helped.code, helped.err) == (0, ""), verb
    assert "Example: jobhive" in helped.out or 'Example: eval "$(jobhive' in helped.out
    done = tour(*verb.split(), *right)
    assert done.code == 0, f"{verb}: {done.err}"
    assert done.out or done.err
    if JSON in right:
        assert [json.loads(line) for line in done.out.splitlines()]
    refused = tour(*verb.split(), *wrong)
    assert (refused.code, refused.out) == (code, ""), f"{verb} {wrong}: {refused}"
    assert refused.err.startswith("error: ")
    assert "Traceback" not in refused.err
