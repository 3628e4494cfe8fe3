"""HTTP: what clients, browsers and the terminal call. Importing it loads FastAPI."""

from jobhive.api.app import create_api
from jobhive.api.serve import CannotListen, PortInUse, Server
from jobhive.api.services import Services

__all__ = ["CannotListen", "PortInUse", "Server", "Services", "create_api"]
