"""`jobhive version`."""


def version() -> None:
    """Print the version.

    \b
    Example: jobhive version
    """
    from importlib.metadata import version as version_of

    from jobhive.cli.output import say

    say(f"jobhive {version_of('jobhive')}")
