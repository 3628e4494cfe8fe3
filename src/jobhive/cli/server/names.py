"""Ids and names that the server knows: offered to shells, and to whoever mistyped one."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from pydantic import JsonValue

_LEAST_PART = 4  # characters of an id that say which one is meant
_LIKENESS = 0.9  # ids of jobs created in one minute are alike by two thirds


class Listing(NamedTuple):
    """Where the names of a noun are."""

    path: str
    noun: str
    field: str

    @property
    def newest(self) -> str:
        """Path and query of as many as are worth looking at."""
        return f"{self.path}?limit=100" if self.noun == "jobs" else self.path


JOBS = Listing("/v1/jobs", "jobs", "id")
QUEUES = Listing("/v1/queues", "queues", "name")
WORKERS = Listing("/v1/workers/active", "workers", "id")
KINDS = Listing("/v1/workers/active", "workers", "kinds")  # those that active workers run


def names_in(answer: Mapping[str, JsonValue], listing: Listing) -> list[str]:
    """The names in an answer, each once."""
    return list(dict.fromkeys(_names(answer, listing)))


def near(typed: str, names: Sequence[str]) -> list[str]:
    """The names that may have been meant, three at most."""
    bare = typed.partition("-")[2] or typed
    if len(bare) < _LEAST_PART:
        return []
    parts = [name for name in names if name.endswith(bare) or name.startswith(typed)]
    return (parts or get_close_matches(typed, names, 3, _LIKENESS))[:3]


def _names(answer: Mapping[str, JsonValue], listing: Listing) -> Iterator[str]:
    listed = answer.get(listing.noun)
    for each in listed if isinstance(listed, list) else []:
        value = each.get(listing.field) if isinstance(each, dict) else None
        yield from map(str, value) if isinstance(value, list) else [str(value)]
