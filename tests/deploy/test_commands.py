"""The program takes every command line and variable that `deploy/` and its guide name."""

import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from jobhive import Jobhive
from jobhive.cli.root import outcome, root
from jobhive.settings import Settings, variable
from tests.cli.test_tour import commands
from tests.deploy.files import DEPLOY, GUIDE, Deployed, image, programs

_CHILDREN_END_BEYOND_GRACE_SECONDS = 5
_SERVER_ENDS_WITHIN_SECONDS = 9
_RUN = re.compile(r"(?:^|-- |exec worker |/bin/|docker run .* )jobhive (.+)|run --rm server (.+)")
_IN_GUIDE = {"up", "token", "db", "queue", "config", "serve", "worker"}


def _variables() -> set[str]:
    settings = {variable(name) for name in Settings.model_fields}
    options = [each.envvar for _, command in (*commands(), ("", _worker())) for each in command.params]
    return settings | {name for each in options for name in ([each] if isinstance(each, str) else each or [])}


def _worker() -> TyperGroup:
    program = typer.main.get_command(root)
    assert isinstance(program, TyperGroup)
    worker = program.commands["worker"]
    assert isinstance(worker, TyperGroup)
    return worker


def _typed() -> list[tuple[str, ...]]:
    """The words after `jobhive` wherever the guide runs it."""
    text = GUIDE.read_text().replace("\\\n", " ")
    fenced = re.findall(r"^ *\$ (.*)$", text, re.MULTILINE)
    inline = re.findall(r"`((?:docker|kubectl|jobhive) [^`]*)`", text.replace("\n", " "))
    found = [run for line in (*fenced, *inline) if (run := _RUN.search(line))]
    return sorted({tuple(shlex.split((run[1] or run[2]).rstrip(")"), comments=True)) for run in found})


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Settings]:
    """Settings of the programs that would have run."""
    ran: list[Settings] = []
    app = Jobhive(str(tmp_path / "jobhive.db"))
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("JOBHIVE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("jobhive.cli.loading.load_app", lambda spec: app)
    monkeypatch.setattr("jobhive.cli.programs.loop.run_program", lambda settings, program: ran.append(settings))
    return ran


@pytest.mark.parametrize("program", programs(), ids=lambda program: program.where)
def test_a_program_takes_its_command_line_and_its_variables(
    program: Deployed, started: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:  # D8
    for name, value in program.environment.items():
        monkeypatch.setenv(name, value)
    assert outcome(program.arguments) == 0
    [settings] = started
    assert settings.data == Path("/var/lib/jobhive")
    assert settings.port == image().port
    assert settings.host == ("0.0.0.0" if "serve" in program.arguments else "127.0.0.1")


@pytest.mark.parametrize("program", programs(), ids=lambda program: program.where)
def test_a_program_has_longer_to_stop_than_it_takes(program: Deployed) -> None:
    if "serve" in program.arguments:
        assert program.stop_seconds > _SERVER_ENDS_WITHIN_SECONDS
    else:
        [grace] = [each for each in _worker().params if each.name == "grace"]
        given = float(program.environment.get("JOBHIVE_GRACE") or str(grace.default))
        assert program.stop_seconds > given + 2 * _CHILDREN_END_BEYOND_GRACE_SECONDS


@pytest.mark.parametrize("path", [*sorted(path for path in DEPLOY.rglob("*") if path.is_file()), GUIDE], ids=str)
def test_there_are_all_the_variables_that_are_named(path: Path) -> None:
    assert set(re.findall(r"\bJOBHIVE_[A-Z_]+\b", path.read_text())) <= _variables()


@pytest.mark.parametrize("words", _typed(), ids=" ".join)
def test_the_guide_types_commands_that_there_are(words: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert outcome([*words, "--help"]) == 0, capsys.readouterr().err


def test_the_commands_of_the_guide_are_found() -> None:
    assert {words[0] for words in _typed()} == _IN_GUIDE
