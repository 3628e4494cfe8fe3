"""The composition root: the only room that sees everything and opens a store."""

from jobhive.app.application import Jobhive
from jobhive.app.builtin import default_app

__all__ = ["Jobhive", "default_app"]
