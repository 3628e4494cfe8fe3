"""The edges of the storage engines, at which a failpoint has to stand, and the points that stand there."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import jobhive
from jobhive.store.postgres.statements import sql as postgres_sql
from jobhive.store.sqlite.statements import sql as sqlite_sql

_PACKAGE = Path(jobhive.__file__).parent
_STORE = _PACKAGE / "store"
_SYSTEM = frozenset(  # what the operating system is asked for
    {"bind", "create_server", "flock", "fsync", "fdatasync", "link", "rename", "rmdir", "send", "sendall"}
    | {"sendmsg", "sendto", "truncate", "unlink"}
)
_DATABASE = frozenset({"run", "all", "one", "value", "many", "changed"})  # methods of `Database`
_SERVER = frozenset({"add_listener", "execute", "transaction"})  # methods of the driver of a server
_TRANSACTIONS = ("BEGIN", "COMMIT", "ROLLBACK")
_WRITES = re.compile(r"\b(INSERT|DELETE|REPLACE)\b|(?<!FOR )\bUPDATE\b")


class Engine(NamedTuple):
    """One storage engine."""

    name: str
    sql: Callable[[str], str]  # the text of a statement
    calls: frozenset[str]  # methods that reach out, whatever they are given

    @property
    def folder(self) -> Path:
        """Its room."""
        return _STORE / self.name

    @property
    def files(self) -> dict[str, Path]:
        """Its own and those that it shares, by their names below `store/`."""
        found = [*_STORE.glob("*.py"), *self.folder.glob("*.py")]
        return {str(path.relative_to(_STORE).with_suffix("")): path for path in sorted(found)}


SQLITE = Engine("sqlite", sqlite_sql, _SYSTEM)
POSTGRES = Engine("postgres", postgres_sql, _SYSTEM | _SERVER)
ENGINES = (SQLITE, POSTGRES)


def engine_of(url: str) -> Engine:
    """The engine of a store at this URL."""
    return POSTGRES if url.startswith("postgresql") else SQLITE


def points(engine: Engine) -> list[str]:
    """Those that stand in a program on this engine, as often as they do."""
    others = [other.folder for other in ENGINES if other is not engine]
    files = [path for path in _PACKAGE.rglob("*.py") if path.parent not in others]
    return [name for path in files for name in _points_in(ast.parse(path.read_text()))]


def bare(engine: Engine, path: Path) -> list[str]:
    """Functions of the file that reach out, and where no point stands."""
    functions = functions_in(path.read_text())
    return [name for name, function in functions if is_edge(engine, function) and not list(_points_in(function))]


def functions_in(source: str) -> Iterator[tuple[str, ast.AST]]:
    """All functions by name, also those within others."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node


def is_edge(engine: Engine, function: ast.AST) -> bool:
    """Whether it asks for what can be half done: of the operating system, of a server, or of the database."""
    return any(_reaches_out(engine, call) for call in _calls(function))


def _points_in(tree: ast.AST) -> Iterator[str]:
    for call in _calls(tree):
        if isinstance(call.func, ast.Name) and call.func.id == "failpoint" and isinstance(call.args[0], ast.Constant):
            yield str(call.args[0].value)


def _reaches_out(engine: Engine, call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute):
        return False
    method, words = call.func.attr, call.args[0] if call.args else None
    if method == "script":
        return not isinstance(words, ast.Constant) or str(words.value).startswith(_TRANSACTIONS)
    if method == "replace":
        return len(call.args) == 1 or ast.unparse(call.func.value) == "os"  # a file's, not a text's
    return method in engine.calls or (method in _DATABASE and _is_database(call.func.value) and _writes(engine, words))


def _is_database(owner: ast.AST) -> bool:
    return "db" in ast.unparse(owner).split(".")


def _writes(engine: Engine, statement: ast.AST | None) -> bool:
    """Also one whose name is found at run time."""
    return not isinstance(statement, ast.Constant) or bool(_WRITES.search(engine.sql(str(statement.value))))


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))
