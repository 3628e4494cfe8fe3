"""An application behind the HTTP API; apart, so that a program without a server loads no web framework."""

from importlib.metadata import version

from jobhive.api.services import Services
from jobhive.app.application import Jobhive
from jobhive.client.submit import Submitter
from jobhive.streams.reader import StreamReader


def services_of(app: Jobhive, allowed_hosts: frozenset[str] = frozenset()) -> Services:
    """What the API of this application stands on."""
    return Services(
        store=app.store,
        kinds=app.kinds,
        submitter=Submitter(app.store.jobs, app.kinds),
        reader=StreamReader(app.store),
        allowed_hosts=allowed_hosts,
        version=version("jobhive"),
    )
