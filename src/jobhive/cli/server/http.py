"""The server as the terminal sees it: calls that answer JSON or end the command with the right exit code."""

import json
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Self
from urllib.parse import quote, unquote, urlsplit

import httpx2
from pydantic import BaseModel, JsonValue, SecretStr, TypeAdapter, ValidationError

from jobhive.cli.exits import CommandError, Exit, exit_for
from jobhive.cli.server.names import JOBS, WORKERS, names_in, near
from jobhive.settings import load_settings

TIMEOUT_SECONDS = 30.0  # of connecting and of each answer; streams have their own


JsonObject = dict[str, JsonValue]
_object = TypeAdapter(JsonObject)
_LISTED = {"UNKNOWN_JOB": JOBS, "UNKNOWN_WORKER": WORKERS}


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

    def __init__(self, server: str, token: SecretStr | None = None, timeout: float = TIMEOUT_SECONDS) -> None:
        self.server = server
        self.http = open_http(server, timeout)  # closed when the block ends
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

    def patch(self, path: str, body: Mapping[str, object]) -> JsonObject:
        """`PATCH path` with a JSON body."""
        return read_object(self._call("PATCH", path, body=body))

    def delete(self, path: str, **query: str | int | None) -> JsonObject:
        """`DELETE path?query`."""
        return read_object(self._call("DELETE", path, query=query))

    def refusal(self, response: httpx2.Response) -> CommandError:
        """What the server said, and which id may have been meant where there is none of that name."""
        problem = _problem_in(response)
        if problem is None:
            said = f"{response.status_code} {response.reason_phrase}".strip()
            return CommandError(f"{response.url} answers {said}; is it a Jobhive?", exit_for("", response.status_code))
        message = f"{_told(problem)}{self._hint(problem.code, response.url.path)}"
        return CommandError(message, exit_for(problem.code, response.status_code))

    def _hint(self, code: str, path: str) -> str:
        if code not in _LISTED:
            return ""
        listing = _LISTED[code]
        typed = unquote(path.removeprefix(f"{listing.path}/").partition("/")[0])
        meant = near(typed, names_in(self.get(listing.newest), listing))
        return f"; did you mean {' or '.join(meant)}?" if meant else ""

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
            raise self.refusal(response)
        return response


def connect(server: str | None, timeout: float = TIMEOUT_SECONDS) -> Api:
    """The server that was named, or that the settings name; each answer may take `timeout` seconds."""
    settings = load_settings(server=server)
    return Api(settings.server, settings.token, timeout)


def open_http(server: str, timeout: float = TIMEOUT_SECONDS) -> httpx2.Client:
    """A client for that address. Proxies serve the world, not this machine; certificates are read only for https."""
    address = urlsplit(server)
    is_loopback = address.hostname in {"localhost", "127.0.0.1", "::1"}
    context = ssl.create_default_context() if address.scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx2.Client(base_url=server, timeout=timeout, trust_env=not is_loopback, verify=context)


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


def _problem_in(response: httpx2.Response) -> Problem | None:
    try:
        return Problem.model_validate_json(response.content)
    except ValidationError:
        return None


def _told(problem: Problem) -> str:
    """What the problem details (RFC 9457) say."""
    told = [fault for fault in problem.errors if fault.message != problem.detail]
    return problem.detail + "".join(f"\n  {fault.field}: {fault.message}" for fault in told)
