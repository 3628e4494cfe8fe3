"""The application that runs where no other is named: the kinds that come with Jobhive."""

from importlib.util import find_spec

from jobhive.app.application import Jobhive
from jobhive.settings import load_settings

GENERATE = "generate"  # name of the kind


def default_app(url: str | None = None) -> Jobhive:
    """The built-in kinds on the settings' store. Raises ModelUnavailable for a model that was named and is unusable."""
    app = Jobhive(url)
    add_generate(app, load_settings().model)
    return app


def add_generate(app: Jobhive, model: str | None) -> None:
    """Registers `generate` for the model file, or for the installed model; without either there is no such kind."""
    from jobhive.kinds.generate import generate_with
    from jobhive.kinds.inference.backend import ModelUnavailable
    from jobhive.kinds.inference.engine import LocalEngine
    from jobhive.kinds.inference.locate import locate_model

    if find_spec("xllamacpp") is None and model is None:
        return
    try:
        path = locate_model(model)
    except ModelUnavailable:
        if model is not None:
            raise
        return
    app.kinds.add(generate_with(LocalEngine(path)))
