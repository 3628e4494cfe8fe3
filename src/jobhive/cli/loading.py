"""What a program runs with: its settings, and the application that `--app module:name` means."""

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Unpack

from jobhive.app import Jobhive, default_app
from jobhive.app.builtin import GENERATE, add_generate, names_inference
from jobhive.app.locate import store_at
from jobhive.cli.exits import CommandError, Exit
from jobhive.core.errors import WrongStoreUrl
from jobhive.settings import Flags, Settings, load_settings, variable

_DEFAULT_NAME = "app"


def settle(**flags: Unpack[Flags]) -> Settings:
    """Loads the settings and puts the flags into the environment: applications and child processes read them there."""
    settings = load_settings(**flags)
    os.environ.update({variable(name): str(value) for name, value in flags.items() if value is not None})
    return settings


def load_app(spec: str | None) -> Jobhive:
    """Imports it, with the current folder first on the path; None = the built-in kinds.

    Raises CommandError; ModelUnavailable for a model or an inference server that is named and cannot be one.
    """
    if spec is None:
        return default_app()
    module_name, _, name = spec.partition(":")
    if not all(part.isidentifier() for part in module_name.split(".")):
        raise CommandError(f"--app is module:name, such as shop.jobs:app, and not {spec!r}", Exit.USAGE)
    app = _named(_imported(module_name), name or _DEFAULT_NAME)
    settings = load_settings()
    _refuse_two_stores(app, settings, spec)
    if names_inference(settings) and GENERATE not in app.kinds:
        add_generate(app, settings)
    return app


def _refuse_two_stores(app: Jobhive, settings: Settings, spec: str) -> None:
    """Else each of many machines would quietly work on a file of its own, in spite of what it was told."""
    if "url" not in settings.model_fields_set:
        return
    told = store_at(settings).url
    if told != app.store.url:
        advice = "write `Jobhive()` there, so that they count, or let them name none (`jobhive config --origins`)"
        message = f"{spec} names the store {app.store.url} in its code, but the settings name {told}; {advice}"
        raise CommandError(message, Exit.USAGE)


def _imported(name: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            message = f"there is no module {name!r} in {here} nor among the installed ones; --app is module:name"
            raise CommandError(message, Exit.USAGE) from error
        raise _broken(name, error) from error
    except WrongStoreUrl:  # clear by itself
        raise
    except Exception as error:
        raise _broken(name, error) from error


def _broken(name: str, error: Exception) -> CommandError:
    advice = "`jobhive --debug …` shows where"
    return CommandError(f"module {name!r} cannot be imported: {type(error).__name__}: {error}; {advice}", Exit.USAGE)


def _named(module: ModuleType, name: str) -> Jobhive:
    found = getattr(module, name, None)
    if isinstance(found, Jobhive):
        return found
    what = f"has no {name!r}" if found is None else f"has {name!r}, which is a {type(found).__name__} and no Jobhive"
    there = ", ".join(f"{module.__name__}:{key}" for key, value in vars(module).items() if isinstance(value, Jobhive))
    advice = f"there is --app {there}" if there else "put `app = Jobhive(…)` into it"
    raise CommandError(f"module {module.__name__!r} {what}; {advice}", Exit.USAGE)
