"""The server as the terminal sees it: calls that answer JSON or end the command with the right exit code."""

import json
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlsplit

import httpx2
from pydantic import BaseModel, JsonValue, SecretStr, TypeAdapter, ValidationError

from jobhive.cli.exits import CommandError, Exit, exit_for
from jobhive.settings import load_settings

TIMEOUT_SECONDS = 30.0  # of connecting and of each answer; streams have their own


JsonObject = dict[str, JsonValue]
_object = TypeAdapter(JsonObject)


class Unreachable(CommandError):
    """Nobody answers at the server's address."""

    def __init__(self, server: str, reason: object) -> None:
        advice = "start it with `jobhive up`, or name another with --server"
        super().__init__(f"no Jobhive answers at {server} ({reason}); {advice}", Exit.UNREACHABLE)


class Fault(BaseModel):
    """One thing wrong with one input field."""

    field: str
    message: str


class Problem(BaseModel):
    """What the terminal reads of problem details."""

    code: str
    detail: str
    errors: list[Fault] = []


class Api:
    """Calls to one server. Raises CommandError for everything but success; its code is the exit code."""

    def __init__(self, server: str, token: SecretStr | None = None) -> None:
        self.server = server
        self.http = open_http(server)  # closed when the block ends
        if token is not None:
            self.http.headers["Authorization"] = f"Bearer {_sendable(token)}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.http.close()

    def get(self, path: str, **query: str | int | None) -> JsonObject:
        """`GET path?query`, without the queries that are None."""
        return read_object(self._call("GET", path, query=query))

    def get_text(self, path: str) -> str:
        """`GET path`, where the answer is no JSON."""
        return self._call("GET", path).text

    def post(self, path: str, body: Mapping[str, object] | None = None) -> JsonObject:
        """`POST path` with a JSON body."""
        return read_object(self._call("POST", path, body=body))

    def delete(self, path: str, **query: str | int | None) -> JsonObject:
        """`DELETE path?query`."""
        return read_object(self._call("DELETE", path, query=query))

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int | None] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> httpx2.Response:
        known = {name: value for name, value in (query or {}).items() if value is not None}
        content = None if body is None else json.dumps(body).encode("ascii")
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            response = self.http.request(method, path, params=known, content=content, headers=headers)
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise Unreachable(self.server, error) from error
        if not response.is_success:
            raise refused(response)
        return response


def connect(server: str | None) -> Api:
    """The server that was named, or that the settings name."""
    settings = load_settings(server=server)
    return Api(settings.server, settings.token)


def open_http(server: str) -> httpx2.Client:
    """A client for that address. Proxies serve the world, not this machine; certificates are read only for https."""
    address = urlsplit(server)
    is_loopback = address.hostname in {"localhost", "127.0.0.1", "::1"}
    context = ssl.create_default_context() if address.scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx2.Client(base_url=server, timeout=TIMEOUT_SECONDS, trust_env=not is_loopback, verify=context)


def _sendable(token: SecretStr) -> str:
    text = token.get_secret_value().strip()
    if not (text.isascii() and text.isprintable()):
        raise CommandError(
            "$JOBHIVE_TOKEN is no token: they begin with jh_ and hold letters, digits, - and _", Exit.AUTH
        )
    return text


def job_path(job_id: str, act: str = "") -> str:
    """Path of a job, or of an act on it, whatever was typed as its id."""
    return f"/v1/jobs/{quote(job_id, safe='')}{act}"


def read_object(response: httpx2.Response) -> JsonObject:
    """The JSON object that was answered; an answer without content is an empty one. Raises CommandError."""
    try:
        return _object.validate_json(response.content or b"{}")
    except ValidationError as error:
        raise CommandError(f"{response.url} answers no JSON object; is it a Jobhive?") from error


def refused(response: httpx2.Response) -> CommandError:
    """What the server's problem details (RFC 9457) say, as an error of the terminal."""
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError:
        said = f"{response.status_code} {response.reason_phrase}".strip()
        return CommandError(f"{response.url} answers {said}; is it a Jobhive?", exit_for("", response.status_code))
    told = [fault for fault in problem.errors if fault.message != problem.detail]
    faults = "".join(f"\n  {fault.field}: {fault.message}" for fault in told)
    return CommandError(f"{problem.detail}{faults}", exit_for(problem.code, response.status_code))
