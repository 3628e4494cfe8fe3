"""Datagrams between processes, where one of them stands still."""

import threading
from collections.abc import Collection
from pathlib import Path

from jobhive.store.signals import EVERYTHING
from jobhive.store.sqlite.wake import WakeSocket

DEADLINE_SECONDS = 20.0


def test_who_stood_still_looks_at_everything_for_some_wake_ups_found_no_room(tmp_path: Path) -> None:
    goes_on, has_all = threading.Event(), threading.Event()
    heard = set[str]()

    def hear(topics: Collection[str]) -> None:
        goes_on.wait(DEADLINE_SECONDS)
        heard.update(topics)
        if EVERYTHING in heard:
            has_all.set()

    sleeper, teller = WakeSocket(tmp_path, hear), WakeSocket(tmp_path, lambda _: None)
    sleeper.start()
    teller.start()
    for _ in range(1_000):  # more than any system holds for one socket
        teller.tell_others(["queue:busy"])
    teller.tell_others(["queue:quiet"])
    goes_on.set()
    assert has_all.wait(DEADLINE_SECONDS)
    teller.stop()
    sleeper.stop()
