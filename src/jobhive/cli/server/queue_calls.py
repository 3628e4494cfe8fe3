"""What the terminal asks of the server about queues."""

from urllib.parse import quote

from pydantic import JsonValue, TypeAdapter

from jobhive.cli.exits import CommandError, Exit
from jobhive.cli.server.http import Api, JsonObject
from jobhive.cli.server.views import QueueView, read_as

_objects = TypeAdapter(list[JsonObject])


def list_queues(api: Api) -> list[JsonObject]:
    """All queues that hold open jobs or have settings."""
    return _objects.validate_python(api.get("/v1/queues").get("queues"))


def pause_queue(api: Api, name: str) -> str:
    """Holds it; says what came of it."""
    queue = read_as(QueueView, api.post(_path(name, "/pause")))
    return f"{queue.name} is paused, with {queue.depth} waiting and {queue.running} running"


def resume_queue(api: Api, name: str) -> str:
    """Lets it go on; says what came of it."""
    queue = read_as(QueueView, api.post(_path(name, "/resume")))
    return f"{queue.name} goes on, with {queue.depth} waiting"


def limit_queue(api: Api, name: str, limits: JsonObject) -> str:
    """Sets its limits; says what they are now."""
    queue = read_as(QueueView, api.patch(_path(name), limits))
    return f"{queue.name} runs {_bound(queue.running_limit)} at once and lets {_bound(queue.depth_limit)} wait"


def read_limits(*, running: str | None, depth: str | None) -> JsonObject:
    """The limits as they were typed. Raises CommandError where there are none."""
    typed = {"running": running, "depth": depth}
    limits: JsonObject = {f"{name}_limit": _limit(name, text) for name, text in typed.items() if text is not None}
    if not limits:
        raise CommandError("say which limit: --running NUMBER, --depth NUMBER, or `none` for no limit", Exit.USAGE)
    return limits


def _limit(name: str, text: str) -> JsonValue:
    if text == "none":
        return None
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    raise CommandError(f"--{name} {text!r} is no limit: write a number above 0, or none", Exit.USAGE)


def _bound(limit: int | None) -> str:
    return "any number" if limit is None else f"at most {limit}"


def _path(name: str, act: str = "") -> str:
    return f"/v1/queues/{quote(name, safe='')}{act}"
