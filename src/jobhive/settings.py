"""Settings of the programs: flag > environment (`JOBHIVE_…`) > `./jobhive.toml` > default."""

import os
import tomllib
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, TypedDict, Unpack

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from jobhive.core.errors import JobhiveError

FILE_NAME = "jobhive.toml"

LogFormat = Literal["auto", "human", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]
InferenceDialect = Literal["auto", "llama.cpp", "vllm", "openai"]

_SHOWN_VALUE_LIMIT = 80
_MAY_HOLD_A_PASSWORD = frozenset({"url", "server", "inference_url", "inference_key"})


def _url_in(known: Mapping[str, object]) -> str:
    return f"sqlite:///{known['data']}/jobhive.db"


def _server_at(known: Mapping[str, object]) -> str:
    host = str(known["host"])
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{f'[{reachable}]' if ':' in reachable else reachable}:{known['port']}"


def _seconds(given: object) -> object:
    try:
        return float(given) if isinstance(given, str) else given
    except ValueError:
        return given


def _web_address(given: str) -> str:
    if not given.startswith(("http://", "https://")):
        raise PydanticCustomError("web_address", "Input should begin with http:// or https://")
    return given.rstrip("/")


def _header_value(given: SecretStr) -> SecretStr:
    if not given.get_secret_value().isascii() or not given.get_secret_value().isprintable():
        raise PydanticCustomError("header_value", "Input should be printable ASCII")
    return given


class InvalidSettings(JobhiveError):
    """One or more settings are wrong; all of them are listed with where they came from."""

    code = "INVALID_SETTINGS"


class Settings(BaseModel):
    """What the programs run with; read once at their start and never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Annotated[Path, AfterValidator(Path.expanduser)] = Path(".jobhive")  # folder of everything that is kept
    url: str = Field(default_factory=_url_in, min_length=1)  # the store
    host: str = Field(default="127.0.0.1", min_length=1)  # the server listens here
    port: int = Field(default=8700, ge=0, le=65535)  # 0 = any free one
    server: Annotated[str, AfterValidator(_web_address)] = Field(default_factory=_server_at)  # the terminal asks it
    model: str | None = None  # of kind `generate`: a GGUF file, or a name that the inference server knows
    inference_url: Annotated[str, AfterValidator(_web_address)] | None = None  # server that generates; None = we do
    inference_key: Annotated[SecretStr, AfterValidator(_header_value)] | None = None  # bearer token for it
    inference_dialect: InferenceDialect = "auto"  # of its parameters; auto = as it says of itself
    inference_timeout: float = Field(default=300.0, gt=0, allow_inf_nan=False)  # seconds that it may be silent
    poll_interval: float = Field(default=2.0, gt=0, allow_inf_nan=False)  # seconds between looks without a wake-up
    lease: Annotated[timedelta, BeforeValidator(_seconds), Field(ge=timedelta(seconds=1))] = timedelta(seconds=30)
    log_format: LogFormat = "auto"
    log_level: LogLevel = "info"


class Flags(TypedDict, total=False):
    """Settings given on the command line; None = not given."""

    data: Path | None
    url: str | None
    host: str | None
    port: int | None
    server: str | None
    model: str | None
    inference_url: str | None
    inference_dialect: str | None
    poll_interval: float | None
    lease: float | timedelta | None  # seconds where it is a number
    log_format: str | None
    log_level: str | None


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
    given = _Given()
    given.add(_from_file(Path(FILE_NAME)), lambda _: FILE_NAME)
    given.add(_from_environment(os.environ), variable)
    given.add({name: value for name, value in flags.items() if value is not None}, _flag)
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
