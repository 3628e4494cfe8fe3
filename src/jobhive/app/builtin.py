"""The application that runs where no other is named: the kinds that come with Jobhive."""

from importlib.util import find_spec
from pathlib import Path

from jobhive.app.application import Jobhive
from jobhive.settings import Settings, load_settings

GENERATE = "generate"  # name of the kind


def default_app(url: str | None = None) -> Jobhive:
    """The built-in kinds on the settings' store. Raises ModelUnavailable for a model that was named and is unusable."""
    app = Jobhive(url)
    add_generate(app, load_settings())
    return app


def add_generate(app: Jobhive, settings: Settings) -> None:
    """Registers `generate`, served by the inference server that is named, else by the model file, else by the installed
    model; without any of them there is no such kind. Raises ModelUnavailable."""
    from jobhive.kinds.generate import generate_with

    if settings.inference_url is not None:
        from jobhive.app.remote import remote_engine

        app.kinds.add(generate_with(remote_engine(settings.inference_url, settings)))
    elif (path := _model_file(settings.model)) is not None:
        from jobhive.kinds.inference.engine import LocalEngine

        app.kinds.add(generate_with(LocalEngine(path)))


def names_inference(settings: Settings) -> bool:
    """Whether somebody said who is to generate."""
    return settings.model is not None or settings.inference_url is not None


def _model_file(named: str | None) -> Path | None:
    from jobhive.kinds.inference.backend import ModelUnavailable
    from jobhive.kinds.inference.locate import locate_model

    if find_spec("xllamacpp") is None and named is None:
        return None
    try:
        return locate_model(named)
    except ModelUnavailable:
        if named is not None:
            raise
        return None
