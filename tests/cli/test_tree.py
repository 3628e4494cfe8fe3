"""What holds for every command: an example, a variable for each option, quick help, documented exit codes."""

import os
import re
import subprocess
import sys

import pytest
from typer.main import get_command

from jobhive.cli.exits import MEANINGS, Exit
from jobhive.cli.root import outcome, root
from jobhive.cli.screen.environment import commands_of, options_of, variable_of
from tests.cli.program import jobhive

TREE = dict(commands_of(get_command(root)))
VERBS = {path: command for path, command in TREE.items() if not getattr(command, "commands", None)}
HEAVY = ("pydantic", "httpx2", "rich", "fastapi", "apsw", "uvicorn", "structlog", "prometheus_client")


@pytest.mark.parametrize("path", VERBS)
def test_every_help_has_an_example_of_its_command(path: str) -> None:  # UC10
    text = VERBS[path].help or ""
    examples = re.findall(r"Example: (.*)", text)
    assert examples
    assert any(f"{path} " in f"{example} " for example in examples)


@pytest.mark.parametrize("path", TREE)
def test_every_option_has_a_variable_that_its_help_names(path: str, capsys: pytest.CaptureFixture[str]) -> None:  # UC7
    assert outcome([*path.split()[1:], "--help"]) == Exit.OK
    shown = " ".join(capsys.readouterr().out.split())
    for option in options_of(TREE[path]):
        if option.name != "is_version_asked":
            assert f"env var: {variable_of(path, option)}" in shown, option.opts


def test_a_variable_stands_for_its_option() -> None:  # UC7
    assert jobhive("version", changes={"JOBHIVE_SERVER": "nonsense"}).code == 0
    done = jobhive("config", changes={"JOBHIVE_CONFIG_FIELDS": "name"})
    assert done.out.startswith('[{"name": "data"}')
    assert jobhive("config", "--fields", "value", changes={"JOBHIVE_CONFIG_FIELDS": "name"}).out.startswith('[{"value"')


def test_no_option_reads_another_ones_variable() -> None:
    named: dict[str, set[str]] = {}
    for path, command in TREE.items():
        for option in options_of(command):
            named.setdefault(str(variable_of(path, option)), set()).add(option.opts[0])
    named.pop("None")
    assert {name: options for name, options in named.items() if len(options) > 1} == {}


@pytest.mark.parametrize(("arguments", "loaded"), [(["--help"], []), (["job", "ls", "--help"], ["pydantic"])])
def test_help_loads_nothing_heavy(arguments: list[str], loaded: list[str]) -> None:  # UC10
    """Typer itself loads pydantic once it reads a noun's options."""
    code = (
        f"import sys; from jobhive.cli.root import outcome; outcome({arguments!r})\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stderr == f"{loaded}\n"


def test_every_exit_code_has_a_meaning() -> None:  # UC3
    assert set(MEANINGS) == set(Exit)
    assert jobhive("docs", "exit-codes").out.count("\n") == len(Exit)


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [(["jb"], "'job'"), (["job", "lst"], "'ls'"), (["queue", "purg"], "'purge'"), (["job", "ls", "--stat"], "--state")],
)
def test_a_mistyped_command_or_option_is_told_with_the_one_that_was_meant(
    arguments: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:  # UC10
    assert outcome(arguments) == Exit.USAGE
    assert meant in capsys.readouterr().err
