"""Settings of the programs: flag > environment (`JOBHIVE_…`) > `./jobhive.toml` > default."""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, TypedDict, Unpack

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    SecretStr,
    ValidationError,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from jobhive.core.errors import JobhiveError
from jobhive.core.kind import Keep
from jobhive.core.states import State

FILE_NAME = "jobhive.toml"

LogFormat = Literal["auto", "human", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]
InferenceDialect = Literal["auto", "llama.cpp", "vllm", "openai"]

_SPAN = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<unit>[smhd]?)")
_UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}

_SHOWN_VALUE_LIMIT = 80
_PASSWORD = re.compile(r"(://[^/@:]*:).*(?=@)|((?:password|token|secret)=)[^&]*", re.IGNORECASE)
_MAY_HOLD_A_PASSWORD = frozenset({"url", "server", "token", "inference_url", "inference_key"})


def _url_in(known: Mapping[str, object]) -> str:
    return f"sqlite:///{known['data']}/jobhive.db"


def _server_at(known: Mapping[str, object]) -> str:
    host = str(known["host"])
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{f'[{reachable}]' if ':' in reachable else reachable}:{known['port']}"


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:
        raise PydanticCustomError("home_folder", "Input should begin with the name of a user who has a home") from None


def _seconds(given: object) -> object:
    try:
        return float(given) if isinstance(given, str) else given
    except ValueError:
        return given


def _span(given: object) -> object:
    """`30d`, `12h`, `15m`, `90s`, or a number of seconds."""
    if isinstance(given, str) and (written := _SPAN.fullmatch(given.strip())):
        return float(written["number"]) * _UNIT_SECONDS[written["unit"]]
    return given


Kept = Annotated[
    timedelta | None,
    BeforeValidator(_span),
    Field(ge=timedelta(0), le=timedelta(days=100 * 366)),
]


def _web_address(given: str) -> str:
    if not given.startswith(("http://", "https://")):
        raise PydanticCustomError("web_address", "Input should begin with http:// or https://")
    return given.rstrip("/")


def _header_value(given: SecretStr) -> SecretStr:
    written = given.get_secret_value()
    if not written.isascii() or not written.isprintable() or " " in written:
        raise PydanticCustomError("header_value", "Input should be printable ASCII without spaces")
    return given


class InvalidSettings(JobhiveError):
    """One or more settings are wrong; all of them are listed with where they came from."""

    code = "INVALID_SETTINGS"


class Settings(BaseModel):
    """What the programs run with; read once at their start and never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Annotated[Path, AfterValidator(_expanded)] = Field(
        default=Path(".jobhive"), description="Folder of everything that is kept."
    )
    url: str = Field(default_factory=_url_in, min_length=1, description="The store; by default in the data folder.")
    host: str = Field(default="127.0.0.1", min_length=1, description="The server listens here.")
    port: int = Field(default=8700, ge=0, le=65535, description="And at this port; 0 = any free one.")
    server: Annotated[str, AfterValidator(_web_address)] = Field(
        default_factory=_server_at, description="The terminal asks the server of this address."
    )
    token: SecretStr | None = Field(default=None, description="The terminal shows it to the server.")
    allowed_hosts: str = Field(
        default="", description="Further names under which clients reach the server, with commas between them."
    )
    model: str | None = Field(
        default=None,
        description="GGUF file that kind `generate` runs, by default the one that is installed; or a model of the "
        "inference server, by default its only one.",
    )
    inference_url: Annotated[str, AfterValidator(_web_address)] | None = Field(
        default=None, description="Server that generates instead, with OpenAI's completions."
    )
    inference_key: Annotated[SecretStr, AfterValidator(_header_value)] | None = Field(
        default=None, description="Shown to that server as a bearer token."
    )
    inference_dialect: InferenceDialect = Field(
        default="auto", description="Parameters that it knows beyond OpenAI's; auto: as it says of itself."
    )
    inference_timeout: float = Field(
        default=300.0, gt=0, allow_inf_nan=False, description="Seconds that it may say nothing."
    )
    poll_interval: float = Field(
        default=2.0, gt=0, allow_inf_nan=False, description="Seconds between looks without a wake-up."
    )
    lease: Annotated[timedelta, BeforeValidator(_seconds), Field(ge=timedelta(seconds=1))] = Field(
        default=timedelta(seconds=30), description="Seconds that a claim holds without renewal."
    )
    retain_complete: Kept = Field(
        default=None, description="How long complete jobs are kept where their kind says nothing; by default for ever."
    )
    retain_failed: Kept = Field(default=None, description="The same for failed jobs.")
    retain_cancelled: Kept = Field(default=None, description="The same for cancelled jobs.")
    log_format: LogFormat = Field(default="auto", description="Form of the log; auto is human on a terminal.")
    log_level: LogLevel = Field(default="info", description="Least important lines of the log to show.")

    @property
    def keep(self) -> Keep:
        """How long ended jobs are kept, by state."""
        return {
            State.COMPLETE: self.retain_complete,
            State.FAILED: self.retain_failed,
            State.CANCELLED: self.retain_cancelled,
        }


class Flags(TypedDict, total=False):
    """Settings given on the command line; None = not given."""

    data: Path | None
    url: str | None
    host: str | None
    port: int | None
    server: str | None
    allowed_hosts: str | None
    model: str | None
    inference_url: str | None
    inference_dialect: str | None
    poll_interval: float | None
    lease: float | timedelta | None  # seconds where it is a number
    log_format: str | None
    log_level: str | None


class Origin(NamedTuple):
    """One setting: what it is, and the place that said so."""

    name: str
    value: JsonValue
    origin: str  # a variable, the file, or `default`
    meaning: str


class _Given(dict[str, object]):
    """Values by setting, each with the place it came from."""

    def __init__(self) -> None:
        super().__init__()
        self.origins: dict[str, str] = {}

    def add(self, values: Mapping[str, object], origin: Callable[[str], str]) -> None:
        """Overrules what was added before; `origin` says where a setting of that name was found."""
        self.update(values)
        self.origins.update({name: origin(name) for name in values})


def load_settings(**flags: Unpack[Flags]) -> Settings:
    """Settings as the flags, the environment and the file in the current directory say. Raises InvalidSettings."""
    return _validated(_gathered(flags))


def explain_settings() -> list[Origin]:
    """Every setting and where its value comes from, without flags; passwords are masked. Raises InvalidSettings."""
    given = _gathered({})
    settings = _validated(given)
    told = settings.model_dump(mode="json") | {"lease": settings.lease.total_seconds()}
    return [
        Origin(name, without_password(value), given.origins.get(name, "default"), str(field.description or ""))
        for (name, value), field in zip(told.items(), Settings.model_fields.values(), strict=True)
    ]


def without_password(value: JsonValue) -> JsonValue:
    """The value; of an address with a password in it, everything but that."""
    return _PASSWORD.sub(r"\1\2***", value) if isinstance(value, str) else value


def _gathered(flags: Mapping[str, object]) -> _Given:
    given = _Given()
    given.add(_from_file(Path(FILE_NAME)), lambda _: FILE_NAME)
    given.add(_from_environment(os.environ), variable)
    given.add({name: value for name, value in flags.items() if value is not None}, _flag)
    return given


def _validated(given: _Given) -> Settings:
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        raise InvalidSettings("; ".join(_complaints(error, given))) from None


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"JOBHIVE_{name.upper()}"


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _from_file(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or not TOML
        raise InvalidSettings(f"{FILE_NAME} cannot be read: {error}; correct it or move it away") from error


def _from_environment(environment: Mapping[str, str]) -> dict[str, object]:
    return {name: value for name in Settings.model_fields if (value := environment.get(variable(name)))}


def _complaints(error: ValidationError, given: _Given) -> list[str]:
    return [_complaint(details, given) for details in error.errors() if details["type"] != "default_factory_not_called"]


def _complaint(details: ErrorDetails, given: _Given) -> str:
    name = str(details["loc"][0])
    if details["type"] == "extra_forbidden":
        return f"{given.origins[name]} has no setting {name!r}; there are {', '.join(sorted(Settings.model_fields))}"
    shown = "" if name in _MAY_HOLD_A_PASSWORD else f", not {repr(given[name])[:_SHOWN_VALUE_LIMIT]}"
    return f"setting {name!r} from {given.origins[name]}: {details['msg']}{shown}"
