"""The application that runs where no other is named: the kinds that come with Jobhive."""

from jobhive.app.application import Jobhive


def default_app(url: str | None = None) -> Jobhive:
    """The built-in kinds on the settings' store."""
    return Jobhive(url)
