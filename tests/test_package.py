"""The package's face: what it offers, and how little it loads."""

import ast
import subprocess
import sys
from pathlib import Path

import jobhive

_HEAVY = ("apsw", "fastapi", "pydantic", "rich", "structlog", "typer", "uvicorn", "xllamacpp")


def test_what_type_checkers_see_is_what_there_is() -> None:
    stub = Path(jobhive.__file__).with_suffix(".pyi").read_text()
    named = {
        alias.name for node in ast.walk(ast.parse(stub)) if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert named == set(dir(jobhive))
    assert all(getattr(jobhive, name).__name__ for name in named if name != "Job")


def test_a_star_brings_all_of_it() -> None:
    brought: dict[str, object] = {}
    exec("from jobhive import *", brought)
    assert brought.keys() - {"__builtins__"} == set(dir(jobhive))


def test_importing_it_loads_nothing_heavy() -> None:
    look = f"import sys, jobhive; print(*[name for name in {_HEAVY!r} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout
    assert loaded.split() == []


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(jobhive, "Unheard")
