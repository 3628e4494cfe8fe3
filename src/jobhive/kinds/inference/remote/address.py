"""Where an inference server is, and as whom it is asked. Pure."""

from contextlib import suppress
from typing import Final, NamedTuple

import httpx2

from jobhive.kinds.inference.backend import ModelUnavailable

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Address(NamedTuple):
    """A server's address without the name and the password that were given in it: it is shown in logs and errors."""

    url: str  # to which `/v1/…` is appended
    login: tuple[str, str] | None  # that name and that password
    is_loopback: bool


def address_in(given: str) -> Address:
    """The parts of an address, with `/v1` or without it. Raises ModelUnavailable for what is none, and repeats none."""
    with suppress(httpx2.InvalidURL):
        url = httpx2.URL(given.rstrip("/").removesuffix("/v1"))
        if url.scheme in {"http", "https"} and url.host and not url.query and not url.fragment:
            login = (url.username, url.password) if url.userinfo else None
            return Address(str(url.copy_with(username=None, password=None)), login, url.host in _LOOPBACK)
    raise ModelUnavailable(
        "the address of the inference server is not http:// or https:// and a host, with no ?query or #fragment; write "
        "--inference-url like http://host:8000 (what was given may hold a password and is not repeated here)"
    )
