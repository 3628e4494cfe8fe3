"""Points with names stand at every edge of the store, do nothing unless armed, and what they are told when they are."""

import ast
import asyncio
import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import jobhive
from jobhive.core.errors import StoreError
from jobhive.failpoints import ARMED, FAILPOINTS, FOLDER, failpoint
from jobhive.store.sqlite import SqliteStore
from jobhive.store.sqlite.statements import sql
from jobhive.testing import insert_one
from jobhive.testing.faults import Pause, armed, failing, reached_in

_PACKAGE = Path(jobhive.__file__).parent
_SQLITE = _PACKAGE / "store" / "sqlite"
_EDGES = frozenset(  # what the operating system is asked for
    {"bind", "create_server", "flock", "fsync", "fdatasync", "link", "rename", "rmdir", "send", "sendall"}
    | {"sendmsg", "sendto", "truncate", "unlink"}
)
_STATEMENTS = frozenset({"run", "all", "one", "value", "many", "changed"})  # methods of `Database`
_TRANSACTIONS = ("BEGIN", "COMMIT", "ROLLBACK")
_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")

_TO_THE_POINT = (
    "from jobhive.failpoints import failpoint; failpoint('wake.bound'); failpoint('wake.bound'); print('on')"
)


def test_there_are_many_and_each_stands_in_one_place() -> None:  # P2
    stand = [name for path in _PACKAGE.rglob("*.py") for name in _points_in(ast.parse(path.read_text()))]
    assert sorted(stand) == sorted(FAILPOINTS)
    assert len(FAILPOINTS) >= 40


@pytest.mark.parametrize("path", sorted(_SQLITE.glob("*.py")), ids=lambda path: path.stem)
def test_every_edge_of_the_store_has_one(path: Path) -> None:  # P2
    bare = [name for name, function in _functions(path) if _is_edge(function) and not list(_points_in(function))]
    assert not bare, f"{path.name}: put a failpoint into {', '.join(bare)}"


@pytest.mark.parametrize(
    ("source", "is_edge"),
    [
        ("def f(path): path.unlink(missing_ok=True)", True),
        ("def f(db): db.script('BEGIN IMMEDIATE')", True),
        ("def f(db): db.run('append', row)", True),
        ("def f(db): db.run(statement, row)", True),
        ("def f(db): return db.all('get', row)", False),
        ("def f(path): path.replace(other)", True),
        ("def f(text): return text.replace('a', 'b')", False),
    ],
)
def test_an_edge_is_seen(source: str, is_edge: bool) -> None:
    [(_, function)] = _functions_in(ast.parse(source))
    assert _is_edge(function) is is_edge


async def test_a_caller_is_answered_only_after_the_commit(tmp_path: Path) -> None:  # P2
    store = SqliteStore(tmp_path / "jobhive.db")
    await store.open()
    pause = Pause()
    with armed("writer.before_commit", pause):
        inserting = asyncio.create_task(insert_one(store))
        await asyncio.to_thread(pause.is_reached.wait)
        assert (await store.jobs.counts())["pending"] == 0
        assert not inserting.done()
        pause.go_on()
        await inserting
    assert (await store.jobs.counts())["pending"] == 1
    await store.close()


async def test_one_that_fails_is_the_callers_error_and_nobody_elses(tmp_path: Path) -> None:  # P9
    store = SqliteStore(tmp_path / "jobhive.db")
    await store.open()
    with armed("act.insert", failing(OSError(errno.EIO, "as the test wants"))):
        with pytest.raises(StoreError):
            await insert_one(store)
        await insert_one(store)
    assert (await store.jobs.counts())["pending"] == 1
    await store.close()


@pytest.mark.parametrize(("action", "code"), [("kill", -signal.SIGKILL), ("error", 1), ("pass", 0)])
def test_a_process_is_told_by_its_environment(action: str, code: int) -> None:
    assert _run({ARMED: f"wake.bound={action}"}).returncode == code


def test_it_may_be_the_second_time() -> None:
    assert _run({ARMED: "wake.bound=kill:2"}).returncode == -signal.SIGKILL
    assert _run({ARMED: "wake.bound=kill:3"}).returncode == 0


def test_one_process_of_many_dies_once(tmp_path: Path) -> None:
    told = {ARMED: "wake.bound=kill", FOLDER: str(tmp_path)}
    assert [_run(told).returncode for _ in range(3)] == [-signal.SIGKILL, 0, 0]
    assert reached_in(tmp_path) == {"wake.bound"}


@pytest.mark.parametrize("told", ["wake.bond=kill", "wake.bound=explode", "wake.bound"])
def test_what_cannot_be_is_said(told: str) -> None:
    done = _run({ARMED: told})
    assert done.returncode == 1
    assert ARMED in done.stderr


def test_a_process_may_stand_still() -> None:
    told = os.environ | {ARMED: "wake.bound=pause"}
    process = subprocess.Popen([sys.executable, "-c", _TO_THE_POINT], env=told, stdout=subprocess.PIPE)
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    process.send_signal(signal.SIGCONT)
    assert process.communicate()[0] == b"on\n"


def test_nothing_is_armed_by_itself() -> None:
    for name in FAILPOINTS:
        failpoint(name)


def _run(changes: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _TO_THE_POINT]
    return subprocess.run(command, env=os.environ | changes, capture_output=True, text=True, check=False)


def _functions(path: Path) -> Iterator[tuple[str, ast.AST]]:
    return _functions_in(ast.parse(path.read_text()))


def _functions_in(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node


def _points_in(tree: ast.AST) -> Iterator[str]:
    for call in _calls(tree):
        if isinstance(call.func, ast.Name) and call.func.id == "failpoint" and isinstance(call.args[0], ast.Constant):
            yield str(call.args[0].value)


def _is_edge(function: ast.AST) -> bool:
    return any(_reaches_out(call) for call in _calls(function))


def _reaches_out(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute):
        return False
    method, words = call.func.attr, call.args[0] if call.args else None
    if method == "script":
        return not isinstance(words, ast.Constant) or str(words.value).startswith(_TRANSACTIONS)
    if method == "replace":
        return len(call.args) == 1 or ast.unparse(call.func.value) == "os"  # a file's, not a text's
    return method in _EDGES or (method in _STATEMENTS and _is_database(call.func.value) and _writes(words))


def _is_database(owner: ast.AST) -> bool:
    return "db" in ast.unparse(owner).split(".")


def _writes(statement: ast.AST | None) -> bool:
    """Also one whose name is found at run time."""
    return not isinstance(statement, ast.Constant) or sql(str(statement.value)).strip().startswith(_WRITES)


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))
