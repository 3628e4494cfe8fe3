"""Every verb: its help, its options' variables, and what becomes of wrong input."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperCommand, TyperGroup

from jobhive.cli.root import outcome, root
from tests.cli.program import jobhive

VERBS = {
    "serve", "up", "demo", "run", "stream", "bench", "status", "top", "doctor", "config", "docs", "completion",
    "version",
    "job new", "job ls", "job list", "job show", "job logs", "job watch", "job cancel", "job retry", "job result",
    "job rm", "job delete", "queue ls", "queue list", "queue pause", "queue resume", "queue limit", "queue purge",
    "worker active ls", "worker active list", "worker active get", "worker active retire",
    "db status", "db backup", "db migrate", "db sql", "token new", "token ls", "token list", "token revoke",
    "audit tail", "audit verify",
}  # fmt: skip
WITHOUT_VARIABLE = {"--help", "--version"}


def commands() -> Iterator[tuple[str, TyperCommand]]:
    """All commands of the program that do something, by what is typed for them."""
    waiting: list[tuple[tuple[str, ...], object]] = [((), typer.main.get_command(root))]
    while waiting:
        words, command = waiting.pop()
        if isinstance(command, TyperGroup):
            waiting += [((*words, name), inner) for name, inner in command.commands.items()]
        elif isinstance(command, TyperCommand):
            yield " ".join(words), command


def test_there_are_these_verbs_and_no_others() -> None:
    assert {verb for verb, _ in commands()} == VERBS


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_help_has_an_example_and_a_variable_for_every_option(  # UC7 UC10
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outcome([*verb.split(), "--help"]) == 0
    told = capsys.readouterr().out
    name = verb.replace("list", "ls").replace("delete", "rm")
    assert f"Example: jobhive {name}" in told or f"jobhive {name}" in told.partition("Example: ")[2]
    options = told.partition("\nOptions:\n")[2]
    for parameter in dict(commands())[verb].params:
        option = next((name for name in parameter.opts if name.startswith("-")), None)
        if option and option not in WITHOUT_VARIABLE:
            described = " ".join(options.partition(f"{option} ")[2].partition("\n  -")[0].split())
            assert "env var: JOBHIVE_" in described, option


def test_help_of_the_program_lists_verbs_and_exit_codes() -> None:  # UC3
    done = jobhive("--help")
    assert (done.code, done.err) == (0, "")
    assert all(verb.split()[0] in done.out for verb in VERBS)
    assert "10 the job failed" in " ".join(done.out.split())
    assert "\x1b" not in done.out


@pytest.mark.parametrize("noun", [[], ["job"], ["db"]])
def test_a_noun_alone_shows_its_verbs(noun: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert outcome(noun) == 0
    alone = capsys.readouterr().out
    assert outcome([*noun, "--help"]) == 0
    assert alone == capsys.readouterr().out


def test_help_loads_nothing_heavy() -> None:  # UC10
    heavy = {"fastapi", "starlette", "uvicorn", "httpx2", "rich.console", "structlog", "prometheus_client", "xllamacpp"}
    script = "import sys; from jobhive.cli.root import outcome; outcome(['--help']); print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert heavy & set(done.stdout.split()) == set()


def test_version() -> None:
    done = jobhive("--version")
    assert done.code == 0
    assert done.out.startswith("jobhive 0.")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["srve"], "Did you mean 'serve'"),
        (["job", "sho"], "Did you mean 'show'?"),
        (["job", "ls", "--stat", "failed"], "--state"),
        (["job", "ls", "--state", "done"], "complete"),
        (["job", "ls", "--limit", "0"], "greater than or equal to 1"),
        (["job", "show"], "Missing argument 'ID'"),
        (["job", "rm"], "name the jobs to delete by their ids"),
        (["run"], "Missing argument 'KIND'"),
        (["stream", "job-1", "--after", "-1"], "greater than or equal to 0"),
        (["stream", "job-1", "--after", "x"], "valid integer"),
        (["worker", "--concurrency", "0"], "greater than or equal to 1"),
        (["serve", "--port", "many"], "valid integer"),
        (["serve", "--port", "65536"], "65535"),
        (["--log-level", "loud", "status"], "debug"),
        (["status", "--server", "127.0.0.1:8700"], "http://"),
        (["status", "extra"], "extra"),
    ],
)
def test_wrong_usage_is_one_line_that_says_what_is_right(  # UC3 UC10
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outcome(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error: ")
    assert told in shown.err


def test_a_wrong_setting_in_the_environment_names_its_variable() -> None:  # UC7
    done = jobhive("status", changes={"JOBHIVE_PORT": "many"})
    assert done.code == 2
    assert "JOBHIVE_PORT" in done.err


def test_variables_are_flags() -> None:  # UC7
    flags = jobhive("job", "ls", "--limit", "0")
    variable = jobhive("job", "ls", changes={"JOBHIVE_JOB_LS_LIMIT": "0"})
    assert (variable.code, variable.err) == (flags.code, flags.err)


def test_output_that_nobody_reads_any_more_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "jobhive", "--help"], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert done.stderr == ""


def test_doctor_finds_a_sound_machine_and_leaves_nothing_behind(tmp_path: Path) -> None:  # UC9
    done = jobhive("doctor", "--port", "0", "--json", cwd=tmp_path)
    findings = {finding["name"]: finding for finding in json.loads(done.out)}
    assert list(findings) == ["python", "sqlite", "folder", "store", "server", "model"]
    assert {finding["verdict"] for finding in findings.values()} == {"OK"}, findings
    assert done.code == 0
    assert list(tmp_path.iterdir()) == []
