"""The server as the terminal sees it: calls that answer JSON or end the command with the right exit code."""

import json
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlsplit

import httpx2

from jobhive.cli.exits import CommandError, Exit, exit_for
from jobhive.narration.printable import printable

TIMEOUT_SECONDS = 30.0  # of connecting and of each answer; streams have their own

type_error = "the server's answer has another form than this program knows; is it a Jobhive of the same version?"


class Unreachable(CommandError):
    """Nobody answers at the server's address."""

    def __init__(self, server: str, reason: object) -> None:
        advice = "start it with `jobhive up`, or name another with --server"
        super().__init__(f"no Jobhive answers at {server} ({reason}); {advice}", Exit.UNREACHABLE)


class Api:
    """Calls to one server. Raises CommandError for everything but success; its code is the exit code."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.http = open_http(server)  # closed when the block ends

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.http.close()

    def get(self, path: str, **query: str | int | None) -> dict[str, object]:
        """`GET path?query`, without the queries that are None."""
        return self._call("GET", path, query=query)

    def post(self, path: str, body: Mapping[str, object] | None = None) -> dict[str, object]:
        """`POST path` with a JSON body."""
        return self._call("POST", path, body=body)

    def delete(self, path: str, **query: str | int | None) -> dict[str, object]:
        """`DELETE path?query`."""
        return self._call("DELETE", path, query=query)

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int | None] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> dict[str, object]:
        known = {name: value for name, value in (query or {}).items() if value is not None}
        content = None if body is None else json.dumps(body).encode("ascii")
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            response = self.http.request(method, path, params=known, content=content, headers=headers)
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise Unreachable(self.server, error) from error
        if not response.is_success:
            raise refused(response)
        return _object(response)


def open_http(server: str) -> httpx2.Client:
    """A client for that address. Proxies serve the world, not this machine; certificates are read only for https."""
    address = urlsplit(server)
    is_loopback = address.hostname in {"localhost", "127.0.0.1", "::1"}
    context = ssl.create_default_context() if address.scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx2.Client(base_url=server, timeout=TIMEOUT_SECONDS, trust_env=not is_loopback, verify=context)


def job_path(job_id: str, act: str = "") -> str:
    """Path of a job, or of an act on it, whatever was typed as its id."""
    return f"/v1/jobs/{quote(job_id, safe='')}{act}"


def refused(response: httpx2.Response) -> CommandError:
    """What the server's problem details (RFC 9457) say, as an error of the terminal."""
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    match problem:
        case {"code": str(code), "detail": str(detail), **more}:
            return CommandError(f"{detail}{_listed(more.get('errors'))}", exit_for(code, response.status_code))
        case _:
            said = f"{response.status_code} {response.reason_phrase}"
            return CommandError(f"{response.url} answers {said}; is it a Jobhive?", exit_for("", response.status_code))


def _listed(errors: object) -> str:
    if not isinstance(errors, list):
        return ""
    return "".join(f"\n  {error['field']}: {error['message']}" for error in errors)


def _object(response: httpx2.Response) -> dict[str, object]: ...
