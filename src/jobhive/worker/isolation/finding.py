"""Where a job's function is, in words that another process can follow."""

import asyncio
import importlib
import runpy
import sys
from pathlib import Path
from types import ModuleType

from pydantic import BaseModel, ConfigDict

from jobhive.client.function import JobFunction
from jobhive.client.handler import Handler
from jobhive.core.errors import JobhiveError

_SCRIPT = "__jobhive_main__"  # what the worker's script is called in a process that runs its jobs


class NotIsolatable(JobhiveError):
    """The function cannot be found by another process."""

    code = "NOT_ISOLATABLE"


class Address(BaseModel):
    """A job function by module and name."""

    model_config = ConfigDict(frozen=True)

    module: str  # to import; `__jobhive_main__` for a script
    script: str | None  # path of the file that the worker's process runs, where the function is in it
    is_program: bool  # whether the worker's process runs this module or script; loading it must not run it again
    name: str  # qualified, such as `Reports.render`
    kind: str


def address_of(handler: Handler) -> Address:
    """Raises NotIsolatable, with what to do."""
    function, kind = handler.function, handler.kind.name
    name: str = getattr(function, "__qualname__", repr(function))
    if "<" in name:
        raise NotIsolatable(
            f"{name} cannot run in a process of its own, which must find it by name: make it a named function at the "
            "top level of a module (a decorator under @app.job must use functools.wraps), or leave isolation= out"
        )
    if function.__module__ != "__main__":
        return Address(module=function.__module__, script=None, is_program=False, name=name, kind=kind)
    program = _program()
    if isinstance(program, Path):
        return Address(module=_SCRIPT, script=str(program), is_program=True, name=name, kind=kind)
    return Address(module=program, script=None, is_program=True, name=name, kind=kind)


def handler_at(address: Address) -> Handler:
    """Loads the module, if it was not, and finds the function. Raises NotIsolatable, and what the module raises."""
    found: object = _program_module(address) if address.is_program else importlib.import_module(address.module)
    where = address.script or f"module {address.module!r}"
    for part in address.name.split("."):
        found = getattr(found, part, None)
    if not isinstance(found, JobFunction):
        what = "nothing" if found is None else f"a {type(found).__name__}"
        raise NotIsolatable(
            f"kind {address.kind!r} cannot run in a process of its own: there, {where} has {what} named "
            f"{address.name!r}; write @app.job(isolation='process') directly above that function"
        )
    handler: Handler = found.handler
    if handler.kind.name != address.kind:
        raise NotIsolatable(
            f"kind {address.kind!r} cannot run in a process of its own: in {where} the name {address.name!r} belongs "
            f"to kind {handler.kind.name!r}; give each of the two functions a name of its own"
        )
    return handler


def _program() -> str | Path:
    """What this process runs: a module's name (`python -m …`) or a script's path."""
    main = sys.modules["__main__"]
    if main.__spec__ is not None and main.__spec__.name != "__main__":
        return main.__spec__.name
    script = Path(getattr(main, "__file__", None) or "<none>")
    if not script.is_file():
        raise NotIsolatable(
            "functions of an interactive session cannot run in a process of their own, which must find them in a "
            "file: put them into a module and import it, or leave isolation= out"
        )
    return script


def _program_module(address: Address) -> ModuleType:
    """The worker's program, loaded but not started.

    It is loaded inside a running event loop: a program that starts itself outside of `if __name__ == "__main__":`
    gets an error from asyncio.run there, instead of starting a worker, which would start this process again.
    """
    if address.module in sys.modules:
        return sys.modules[address.module]
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(_loaded(address))
    except (Exception, SystemExit) as error:
        raise NotIsolatable(
            f"{address.script or address.module} cannot be loaded by a process that runs its jobs: "
            f'{type(error).__name__}: {error}; what starts the program belongs under `if __name__ == "__main__":`'
        ) from error
    finally:
        loop.close()


async def _loaded(address: Address) -> ModuleType:
    if address.script is None:
        return importlib.import_module(address.module)
    module = ModuleType(_SCRIPT)
    vars(module).update(runpy.run_path(address.script, run_name=_SCRIPT))
    sys.modules[_SCRIPT] = module  # where pickle and annotations look for its classes
    return module
