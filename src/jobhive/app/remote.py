"""The inference server that the settings name; apart, so that a program without one loads no HTTP client."""

from jobhive.kinds.inference.remote.dialect import Dialect
from jobhive.kinds.inference.remote.engine import RemoteEngine
from jobhive.settings import Settings


def remote_engine(url: str, settings: Settings) -> RemoteEngine:
    """The server at that address, not yet asked. Raises ModelUnavailable for what is no address."""
    key, dialect = settings.inference_key, settings.inference_dialect
    return RemoteEngine(
        url,
        model=settings.model,
        key=None if key is None else key.get_secret_value(),
        dialect=None if dialect == "auto" else Dialect(dialect),
        silence_seconds=settings.inference_timeout,
    )
