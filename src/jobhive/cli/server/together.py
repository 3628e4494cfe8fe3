"""Several streams followed at once."""

from collections.abc import Iterator, Mapping
from queue import SimpleQueue
from threading import Thread

from jobhive.cli.server.follow import Follower, Told

_Heard = tuple[str, Told | Exception | None]  # whose, and what: an event, trouble that ended it, or its end


def follow_together(followers: Mapping[str, Follower]) -> Iterator[tuple[str, Told]]:
    """The events of all, as they come, until all have ended. Raises what ended one of them before its time."""
    heard: SimpleQueue[_Heard] = SimpleQueue()
    for job_id, follower in followers.items():
        Thread(target=_follow, args=(job_id, follower, heard), daemon=True).start()
    open_streams = len(followers)
    while open_streams:
        job_id, told = heard.get()
        if told is None:
            open_streams -= 1
        elif isinstance(told, Exception):
            raise told
        else:
            yield job_id, told


def _follow(job_id: str, follower: Follower, heard: SimpleQueue[_Heard]) -> None:
    try:
        for told in follower:
            heard.put((job_id, told))
        heard.put((job_id, None))
    except Exception as error:  # told by whoever listens, in the thread that can be interrupted
        heard.put((job_id, error))
