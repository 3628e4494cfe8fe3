"""mypy and pyright accept every public form with the types it promises, and refuse wrong uses."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
GOOD, WRONG = "good_uses.py", "wrong_uses.py"

Complaints = dict[str, dict[int, str]]  # by file name and line


def by_line(complaints: list[tuple[str, int, str]]) -> Complaints:
    """What was said of each line, joined."""
    said: Complaints = {GOOD: defaultdict(str), WRONG: defaultdict(str)}
    for file, line, message in complaints:
        said[Path(file).name][line] += message + "\n"
    return said


def run(*command: str | Path) -> str:
    environment = os.environ | {"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}  # it would look for a newer release of itself
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr  # 1: it ran and had complaints
    return done.stdout


def mypy_says() -> Complaints:
    output = run(sys.executable, "-m", "mypy", "--output=json", HERE / GOOD, HERE / WRONG)
    told = [json.loads(line) for line in output.splitlines()]
    return by_line([(each["file"], each["line"], each["message"]) for each in told if each["severity"] == "error"])


def pyright_says(folder: Path) -> Complaints:
    """On copies: the project's own settings keep wrong uses from it."""
    for name in (GOOD, WRONG):
        shutil.copy(HERE / name, folder)
    settings = {"typeCheckingMode": "standard", "strict": [GOOD], "pythonVersion": "3.11"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    output = run(sys.executable, "-m", "pyright", "-p", folder, "--pythonpath", sys.executable, "--outputjson")
    told = json.loads(output)["generalDiagnostics"]
    return by_line([(each["file"], each["range"]["start"]["line"] + 1, each["message"]) for each in told])


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_good_uses_are_accepted_and_wrong_ones_refused(checker: str, tmp_path: Path) -> None:  # S3, B12, UP6
    said = mypy_says() if checker == "mypy" else pyright_says(tmp_path)
    assert said[GOOD] == {}
    lines = (HERE / WRONG).read_text(encoding="utf-8").splitlines()
    marked = {number: line.partition("# E: ")[2] for number, line in enumerate(lines, 1) if "# E: " in line}
    assert said[WRONG].keys() == marked.keys()
    unlike = {
        number: f"{pattern!r} is not in: {said[WRONG][number]}"
        for number, pattern in marked.items()
        if not re.search(pattern, said[WRONG][number], re.IGNORECASE)
    }
    assert unlike == {}
    assert len(marked) > 40
