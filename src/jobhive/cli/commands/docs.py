"""`jobhive docs`: short texts about what the commands have in common."""

from typing import Annotated

import typer


def _topics(incomplete: str) -> list[str]:
    from jobhive.cli.screen.topics import TOPICS

    return [topic for topic in TOPICS if topic.startswith(incomplete)]


def docs(
    context: typer.Context,
    topic: Annotated[str | None, typer.Argument(metavar="[TOPIC]", autocompletion=_topics)] = None,
) -> None:
    """Read about a topic; without one, list them: exit-codes, settings, environment, output, jobs, streams.

    \b
    Example: jobhive docs exit-codes
    """
    from jobhive.cli.screen.topics import say_topic, say_topics

    if topic is None:
        say_topics()
    else:
        say_topic(topic, context.find_root().command)
